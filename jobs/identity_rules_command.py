"""``kith identity check`` and ``kith identity import``: the rules validated offline, or converted from another system's."""

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from identity.identifiers import IdentifierType, IdentityRules, load_rules
from identity.imported import Imported, format_of, import_rules
from identity.imported.completed import refused_example
from identity.imported.parts import read_parts
from identity.rulesfile import RulesError
from jobs.display import say
from lakehouse.errors import SettingsError
from lakehouse.settings import load_settings
from lakehouse.sources.spec import Source, load_sources

PATH = click.Path(path_type=Path)


@click.command()
@click.argument("file", required=False, type=PATH)
@click.pass_obj
def check(env: str | None, file: Path | None) -> None:
    """Validate identity rules offline: every fault with its line, or a table of the types.

    FILE: by default the environment's identity.yml, which is then held against its sources too.
    """
    settings = load_settings(env)
    path = file or Path(settings.conf) / "identity.yml"
    try:
        rules = load_rules(path)
    except RulesError as error:
        for fault in error.faults:
            click.echo(f"{path}:{fault.line}: {fault.key}: {fault.rule}")
        _hint(path)
        raise SystemExit(1) from error
    click.echo("\n".join(summary(rules)))
    for kind in rules.identifiers:
        if example := refused_example(kind.name, kind.valid_regexp):
            click.echo(f"note: {kind.name}.valid_regexp refuses values as cleaning leaves them, like {example}")
    if file is None:
        sources = load_sources(settings.sources_path)
        unknown = list(unknown_names(rules, sources))
        for line in [*unknown, *unseen_types(rules, sources)]:
            click.echo(line)
        if unknown:
            raise SystemExit(1)


@click.command("import")
@click.argument("file", type=PATH)
@click.option("--out", type=PATH, default=None, help="File for the rules (default: standard output).")
@click.option("--sources", type=PATH, default=None, help="Folder for the identifiers: block of each source.")
@click.option("--entity", default=None, help="Which entity, or which canonical id, where FILE has several.")
def import_(file: Path, out: Path | None, sources: Path | None, entity: str | None) -> None:
    """Convert a Treasure Data unify.yml or a RudderStack Profiles project, and say what has no counterpart.

    FILE: the unify.yml, or any file of the project, or their folder. What was lost, changed or guessed is printed by line.
    """
    imported = import_rules(file, entity)
    rules = _proven(imported)
    texts = {out: imported.files.rules} if out else {}
    if sources:
        texts |= {sources / f"{name}.yml": text for name, text in imported.files.sources.items()}
    _write(texts)
    blocks = {} if sources else imported.files.sources
    if out is None:
        click.echo(imported.files.rules + "".join(_commented(blocks)), nl=False)
    else:
        click.echo("\n".join(summary(rules)))
        click.echo("".join(f"\nconf/sources/{name}.yml\n{text}" for name, text in blocks.items()), nl=False)
    for note in imported.notes:
        click.echo(str(note), err=True)
    click.echo(_counts(imported), err=True)


def summary(rules: IdentityRules) -> Iterator[str]:
    """A table in lines, one for each identifier type, in the order in which it becomes the centre of a record."""
    head = ("type", "kind", "strength", "merges", "priority", "weight", "degree", "of a type", "besides")
    rows = [head, *(_row(kind) for kind in sorted(rules.identifiers, key=lambda kind: rules.ranks[kind.name]))]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _row(kind: IdentifierType) -> tuple[str, ...]:
    return (
        kind.name,
        kind.kind,
        kind.strength,
        "yes" if kind.is_merging else "no",
        str(kind.priority),
        f"{kind.weight:g}",
        str(kind.max_degree),
        "-" if kind.max_same_type is None else str(kind.max_same_type),
        ", ".join([*_fences(kind), *_hygiene(kind)]),
    )


def _fences(kind: IdentifierType) -> Iterator[str]:
    if kind.is_verified:
        yield "verified"
    if kind.unique_per_person:
        yield "one a person"
    if kind.degree_window_days:
        yield f"degree in {kind.degree_window_days} days"
    if kind.edge_ttl_days:
        yield f"expires after {kind.edge_ttl_days} days"
    if kind.max_gap_days:
        yield f"used within {kind.max_gap_days} days"
    if kind.same_type_told:
        yield "same type told"
    yield from _witnesses(kind)
    if kind.level:
        yield kind.level


def _witnesses(kind: IdentifierType) -> Iterator[str]:
    if kind.witnesses > 1:
        yield f"{kind.witnesses} witnesses"
    if kind.main_share:
        yield f"share {kind.main_share:g}"
    if kind.vouched_by:
        yield f"vouched by {', '.join(kind.vouched_by)}"


def _hygiene(kind: IdentifierType) -> Iterator[str]:
    if kind.valid_regexp:
        yield "shape"
    if kind.invalid_texts or kind.invalid_regexp:
        yield f"{len(kind.invalid_texts) + bool(kind.invalid_regexp)} refused"


def unknown_names(rules: IdentityRules, sources: Mapping[str, Source]) -> Iterator[str]:
    """Each identifier that a source shows and the rules do not know (the run would stop there), each voucher that is none."""
    known = {kind.name for kind in rules.identifiers}
    for source in sources.values():
        for position, block in enumerate(source.identifiers):
            for name in sorted(set(block.ids) - known):
                yield f"{source.name}.yml: identifiers[{position}].ids.{name}: no such identifier type in the rules"
    for kind in rules.identifiers:
        for name in sorted(set(kind.vouched_by) - set(sources)):
            yield f"identifiers[{kind.name}].vouched_by: there is no source {name}"


def unseen_types(rules: IdentityRules, sources: Mapping[str, Source]) -> Iterator[str]:
    """Each type of the rules that no source shows; harmless, and often a misspelt name."""
    shown = {name for source in sources.values() for block in source.identifiers for name in block.ids}
    for kind in rules.identifiers:
        if kind.name not in shown:
            yield f"note: no source shows the identifier type {kind.name}"


def _hint(path: Path) -> None:
    """Say so where the file is another system's."""
    try:
        found = format_of(read_parts(path))
    except SettingsError:
        return
    if found:
        click.echo(f"this looks like another system's file ({found}): kith identity import {path}")


def _proven(imported: Imported) -> IdentityRules:
    """The rules as our own loader reads them: what it would refuse is never written."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "identity.yml"
        path.write_text(imported.files.rules, encoding="utf-8")
        return load_rules(path)


def _write(texts: Mapping[Path, str]) -> None:
    """Write new files; one that is there stops it before any is written."""
    for path in texts:
        if path.exists():
            raise SettingsError("the file is there already and is not written over", file=path)
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        click.echo(f"written: {path}", err=True)


def _commented(blocks: Mapping[str, str]) -> Iterator[str]:
    for name, text in blocks.items():
        yield f"\n# conf/sources/{name}.yml\n"
        yield from (f"# {line.removeprefix('# ')}\n" for line in text.splitlines())


def _counts(imported: Imported) -> str:
    kinds = Counter(note.kind for note in imported.notes)
    found = ", ".join(f"{kinds[kind]} {kind}" for kind in ("lost", "changed", "guessed"))
    return f"{imported.format}: {len(imported.files.sources)} sources; {found}"


@click.command()
@click.argument("conf", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--page", type=click.Path(path_type=Path, dir_okay=False), help="Write a page with pictures (HTML).")
@click.pass_obj
def simulate(env: str | None, conf: Path, page: Path | None) -> None:
    """What the rules of CONF would do to the lake as it is: merges, splits, examples. Nothing is written."""
    from jobs import whatif
    from jobs.context import Context
    from lakehouse.settings import load_settings

    found = whatif.simulate(Context(load_settings(env, spark_size="m")), conf)
    for line in whatif.lines(found):
        say(line)
    if page:
        page.write_text(whatif.page(found), encoding="utf-8")
        say(f"page: {page}")
