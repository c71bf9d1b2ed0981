"""``kith contract``: contracts to and from the Open Data Contract Standard, and what a change of them breaks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click

from jobs.scoring import score_table
from lakehouse.compatibility import Change, compare
from lakehouse.contract_text import module_text, quality_text
from lakehouse.errors import KithError
from lakehouse.odcs import document, written
from lakehouse.odcs_reader import read_file
from lakehouse.quality import Quality, load_quality
from lakehouse.settings import ROOT, Settings, load_settings
from lakehouse.table import Table
from lakehouse.tables import gold, ops, silver
from ml.spec import load_specs

PATH = click.Path(path_type=Path)
SUFFIX = ".odcs.yaml"
SNAPSHOT = ROOT / "contracts"


@click.group()
def contract() -> None:
    """Data contracts: export and import as ODCS v3.1, and check a change against the published ones."""


def every_contract() -> dict[str, Table]:
    """The contracts of silver, gold and ops, and of the scores of the models, by name."""
    scores = [score_table(spec) for spec in load_specs(ROOT / "conf" / "models").values()]
    return {table.name: table for table in (*silver.ALL, *gold.ALL, *ops.ALL, *scores)}


def chosen(names: Sequence[str]) -> list[Table]:
    """The named contracts, all where none is named. Raises :class:`KithError` for a name that is no table's."""
    known = every_contract()
    for name in names:
        if name not in known:
            raise KithError("there is no such table; `kith tables` lists them", table=name)
    return [known[name] for name in names] or list(known.values())


@contract.command()
@click.argument("tables", nargs=-1)
@click.option("--out", type=PATH, default=SNAPSHOT, help="Folder (default: contracts, the published ones).")
@click.option("--server/--no-server", default=False, help="Say where the environment's lake stands, too.")
@click.pass_obj
def export(env: str | None, tables: tuple[str, ...], out: Path, server: bool) -> None:
    """Write the contracts of TABLES (all by default) as ODCS v3.1 files, with the rules of conf/quality."""
    settings = load_settings(env)
    extra = load_quality(Path(settings.conf) / "quality")
    out.mkdir(parents=True, exist_ok=True)
    for table in chosen(tables):
        rules = extra[table.name].rules if table.name in extra else ()
        where = _server(settings, table) if server else None
        (out / f"{table.name}{SUFFIX}").write_text(written(document(table, rules, where)), encoding="utf-8")
    if not tables:
        _forget(out)
    click.echo(f"{len(chosen(tables))} contracts in {out}")


def _server(settings: Settings, table: Table) -> dict[str, object]:
    path = f"{settings.lake_path}/{table.layer}/{table.entity}"
    name: dict[str, object] = {"server": settings.env, "environment": settings.env, "format": "delta"}
    if settings.is_object_store:
        return name | {"type": "s3", "location": path.replace("s3a://", "s3://", 1)}
    return name | {"type": "local", "path": path}


def _forget(out: Path) -> None:
    """Take away the files of tables that are no more."""
    known = every_contract()
    for path in out.glob(f"*{SUFFIX}"):
        if path.name.removesuffix(SUFFIX) not in known:
            path.unlink()


@contract.command("import")
@click.argument("file", type=PATH)
@click.option("--as", "kind", type=click.Choice(["module", "quality"]), default="module", show_default=True)
@click.option("--out", type=PATH, default=None, help="Folder for the text (default: standard output).")
def import_(file: Path, kind: str, out: Path | None) -> None:
    """Read an ODCS FILE: print each table as a Python contract, or its rules as a file of conf/quality."""
    for imported in read_file(file):
        table = imported.table
        text = module_text(table) if kind == "module" else quality_text(table.rules)
        name = f"{table.entity}.py" if kind == "module" else f"{table.name}.yml"
        if out is None:
            click.echo(text)
        else:
            out.mkdir(parents=True, exist_ok=True)
            (out / name).write_text(text, encoding="utf-8")
            click.echo(f"written: {out / name}")
        for note in imported.notes:
            click.echo(f"note: {table.name}: {note}", err=True)


@contract.command()
@click.option("--against", type=PATH, default=SNAPSHOT, help="Folder of the published contracts (default: contracts).")
@click.pass_obj
def check(env: str | None, against: Path) -> None:
    """Compare the code's contracts with the published ones; a breaking change that is not declared exits with 1.

    A change is declared by raising `version` of the Table; then `kith contract export` publishes it.
    """
    extra = load_quality(Path(load_settings(env).conf) / "quality")
    found = changes(against, [as_published(table, extra) for table in every_contract().values()])
    for change in found:
        click.echo(str(change))
    failing = [change for change in found if change.fails]
    if failing:
        names = ", ".join(sorted({change.table for change in failing}))
        click.echo(
            f"{len(failing)} breaking: raise `version` of {names} in lakehouse/tables, then `kith contract export`"
        )
        raise SystemExit(1)
    click.echo(
        f"{len(found)} changes to publish: `kith contract export`" if found else "the contracts are as published"
    )


def as_published(table: Table, extra: Mapping[str, Quality]) -> Table:
    """The contract with the rules that ``conf/quality`` adds, as `kith contract export` writes it."""
    return replace(table, rules=(*table.rules, *extra[table.name].rules)) if table.name in extra else table


def changes(published: Path, tables: Iterable[Table]) -> list[Change]:
    """What has changed since the contracts were published. Raises :class:`KithError` where none were."""
    files = sorted(published.glob(f"*{SUFFIX}"))
    if not files:
        raise KithError("no contracts were published here: `kith contract export`", file=published)
    old = [imported.table for file in files for imported in read_file(file)]
    return compare(old, tables)
