"""``kith contract``: the published contracts hold in CI, and every command does what it says."""

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from jobs.cli import cli
from jobs.contract_command import changes, every_contract
from lakehouse.errors import KithError
from lakehouse.tables import gold


def test_the_contracts_are_as_published() -> None:
    told = CliRunner().invoke(cli, ["contract", "check"])
    assert told.output == "the contracts are as published\n", (
        "raise `version` where it breaks, then `kith contract export`"
    )


def test_a_breaking_change_fails_and_names_table_column_and_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    table = gold.MART_RFM
    narrower = replace(table, columns=tuple(c for c in table.columns if c.name != "tier"))
    known = every_contract() | {table.name: narrower}
    monkeypatch.setattr("jobs.contract_command.every_contract", lambda: known)
    told = CliRunner().invoke(cli, ["contract", "check"])
    assert told.exit_code == 1
    assert "breaking  gold.mart_rfm column tier: removed" in told.output
    assert "raise `version` of gold.mart_rfm" in told.output
    known[table.name] = replace(narrower, version=2)
    told = CliRunner().invoke(cli, ["contract", "check"])
    assert told.exit_code == 0
    assert "declared  gold.mart_rfm column tier: removed" in told.output


def test_contracts_are_exported_and_read_again(tmp_path: Path) -> None:
    told = CliRunner().invoke(cli, ["contract", "export", "gold.mart_rfm", "--out", str(tmp_path), "--server"])
    assert told.output == f"1 contracts in {tmp_path}\n"
    (file,) = tmp_path.iterdir()
    assert "server: local" in file.read_text(encoding="utf-8")
    told = CliRunner().invoke(cli, ["contract", "import", str(file)])
    assert 'MART_RFM = Table(\n    "gold.mart_rfm",' in told.output
    told = CliRunner().invoke(cli, ["contract", "import", str(file), "--as", "quality", "--out", str(tmp_path / "q")])
    assert (tmp_path / "q" / "gold.mart_rfm.yml").exists()
    told = CliRunner().invoke(cli, ["contract", "export", "gold.nothing", "--out", str(tmp_path)])
    assert isinstance(told.exception, KithError)


def test_an_export_of_all_forgets_tables_that_are_no_more(tmp_path: Path) -> None:
    (tmp_path / "gold.gone.odcs.yaml").write_text("x", encoding="utf-8")
    CliRunner().invoke(cli, ["contract", "export", "--out", str(tmp_path)], catch_exceptions=False)
    assert {path.name.removesuffix(".odcs.yaml") for path in tmp_path.iterdir()} == set(every_contract())
    with pytest.raises(KithError, match="no contracts were published"):
        changes(tmp_path / "nowhere", [])
