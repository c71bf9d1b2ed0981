"""The rules of the room, read from its text: no clock, one MLflow module, nothing of the other rooms."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOM = Path(__file__).parents[2] / "ml"
FILES = sorted(ROOM.rglob("*.py"))
CLOCKS = {
    "now",
    "utcnow",
    "today",
    "time",
    "time_ns",
    "perf_counter",
    "current_date",
    "current_timestamp",
    "curdate",
    "localtimestamp",
    "unix_timestamp",
    "rand",
    "randn",
}


def _calls(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                yield node.func.attr
            elif isinstance(node.func, ast.Name):
                yield node.func.id


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


def _name(path: Path) -> str:
    return path.relative_to(ROOM).as_posix()


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_no_file_reads_the_clock_or_rolls_dice_on_spark(path: Path) -> None:
    assert CLOCKS.isdisjoint(_calls(ast.parse(path.read_text(encoding="utf-8"))))


@pytest.mark.parametrize("path", sorted((ROOM / "features").rglob("*.py")), ids=_name)
def test_no_sql_of_a_feature_reads_the_clock(path: Path) -> None:
    """A call that stands in a text (``F.expr("current_date()")``) is a call all the same."""
    assert list(_clocks_in_texts(ast.parse(path.read_text(encoding="utf-8")))) == []


def _clocks_in_texts(tree: ast.AST) -> Iterator[str]:
    texts = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    yield from (found for text in texts for found in re.findall(r"\b(\w+)\s*\(", text) if found.lower() in CLOCKS)


def test_the_scan_would_see_a_clock_in_a_text() -> None:
    assert list(_clocks_in_texts(ast.parse("x = F.expr('datediff(CURRENT_DATE(), d)')"))) == ["CURRENT_DATE"]


def test_the_scan_would_see_a_clock() -> None:
    assert set(_calls(ast.parse("x = F.current_date()\ny = datetime.now(UTC)"))) & CLOCKS == {
        "current_date",
        "now",
    }


def test_only_the_registry_knows_mlflow() -> None:
    knows = {_name(path) for path in FILES if "mlflow" in set(_imports(ast.parse(path.read_text(encoding="utf-8"))))}
    assert knows == {"registry.py"}


def test_the_model_that_mlflow_carries_imports_nothing_of_ours() -> None:
    tree = ast.parse((ROOM / "models" / "boosted.py").read_text(encoding="utf-8"))
    assert {"ml", "lakehouse", "jobs", "identity"}.isdisjoint(_imports(tree))
