"""Every notebook of the documentation runs from its first cell to its last, and shows what it says."""

import json
from pathlib import Path

import pytest

from benchmarks.notebook import run
from lakehouse.settings import ROOT

DATA = ROOT.parent / "shared" / "data"
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_with_its_outputs(path: Path) -> None:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert not [output for cell in code for output in cell["outputs"] if output["output_type"] == "error"]


@pytest.mark.slow
@pytest.mark.real
@pytest.mark.skipif(not DATA.is_dir(), reason=f"SKIPPED: no data at {DATA}")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path) -> None:
    found = run(path)
    shown = "".join("".join(output.get("text", [])) for cell in found["cells"] for output in cell.get("outputs", []))
    for said in (
        "duration: ",
        "Womens E-Mail: usable",
        "Mens E-Mail: no usable uplift",
        "the best tenth by expected value",
    ):
        assert said in shown


def test_a_cell_that_fails_ends_the_run(tmp_path: Path) -> None:
    cells = [
        {"cell_type": "code", "source": ["x = 1\n", "print(x)\n", "x + 1"]},
        {"cell_type": "code", "source": ["1 / 0"]},
    ]
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps({"cells": cells[:1]}), encoding="utf-8")
    printed, result = run(path)["cells"][0]["outputs"]
    assert (printed["text"], result["data"]["text/plain"]) == (["1\n"], ["2"])
    path.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    with pytest.raises(ZeroDivisionError):
        run(path)
