"""``kith source check``: source files against their own rules, against data, and against what was committed last."""

import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from jobs.source_drafting import id_types
from lakehouse.errors import SourceError
from lakehouse.samples.columns import ColumnFacts, measure_columns
from lakehouse.samples.formats import find_format
from lakehouse.samples.reading import ITEM, Sample, read_sample
from lakehouse.samples.sourcefile import landed_format
from lakehouse.settings import Settings
from lakehouse.sources.changes import Change, changes
from lakehouse.sources.faults import Fault, faults_of
from lakehouse.sources.mapping import FIELD
from lakehouse.sources.spec import MAPPED, Source, load_source
from lakehouse.table import Column

CASTS = {"timestamp": ("time", "date"), "date": ("time", "date"), "int": ("integer",), "bigint": ("integer",)}
NUMBERS = ("integer", "decimal")
HARD = 0.01


@dataclass(frozen=True, slots=True)
class Finding:
    """What a data file says against its source: ``is_fatal`` where files or rows like it go to quarantine."""

    file: Path
    key: str
    text: str
    is_fatal: bool

    def __str__(self) -> str:
        return f"{self.file}: {self.key}: {self.text}"


def all_faults(settings: Settings, names: Sequence[str]) -> list[Fault]:
    """Faults of the named source files, of all where none is named."""
    folder = settings.sources_path
    paths = [folder / f"{name}.yml" for name in names] or sorted(folder.glob("*.yml"))
    known = id_types(settings)
    return [fault for path in paths for fault in faults_of(path, known)]


def against_data(source: Source, path: Path) -> Iterator[Finding]:
    """A data file held against a source file: its format, the columns that are required or mapped, and their values."""
    found = find_format(path)
    kind, options = landed_format(found)
    if kind != source.format:
        yield Finding(path, "format", f"the file is {kind}, the source says {source.format}", is_fatal=True)
        return
    for name in sorted({*options, *source.options} & {"encoding", "sep"}):
        stated = source.options.get(name, {"encoding": "utf-8", "sep": ","}[name])
        actual = options.get(name, {"encoding": "utf-8", "sep": ","}[name])
        if stated.lower() != actual.lower():
            yield Finding(path, f"options.{name}", f"the file has {actual}, the source says {stated}", is_fatal=True)
    sample = read_sample(path)
    for name in source.required:
        if name not in sample.columns:
            yield Finding(path, "required", f"the file has no column {name}", is_fatal=True)
    facts = {fact.name: fact for fact in measure_columns(sample)}
    for table in source.maps:
        for mapping in source.mappings(table):
            for column in MAPPED[table].columns:
                cell = mapping.columns.get(column.name)
                yield from _mapped(path, f"maps.{table}.columns.{column.name}", column, cell, sample, facts)


def _mapped(
    path: Path, key: str, column: Column, cell: object, sample: Sample, facts: dict[str, ColumnFacts]
) -> Iterator[Finding]:
    """The fields that a cell names are there; one that is taken as it is has values of the column's type."""
    text = cell if isinstance(cell, str) else str(getattr(cell, "source", ""))
    fields = [_path(match) for match in FIELD.finditer(text)]
    for name in fields:
        if not any(_is_at(known, name) for known in sample.columns):
            needed = column.required and len(fields) == 1
            yield Finding(path, key, f"the file has no field {name}", is_fatal=needed)
    fact = (
        facts.get(fields[0]) if len(fields) == 1 and isinstance(cell, str) and FIELD.fullmatch(cell.strip()) else None
    )
    if fact is None:
        return
    if column.required and fact.full < 1 - HARD:
        yield Finding(
            path, key, f"{1 - fact.full:.1%} of the records have no value, and one is required", is_fatal=True
        )
    expected = CASTS.get(column.type, NUMBERS if column.type.startswith(("decimal", "double")) else ())
    if expected and fact.kind not in (*expected, *(("boolean",) if column.type == "int" else ())):
        such = f", such as {fact.examples[0]}" if fact.examples and not fact.is_personal else ""
        yield Finding(path, key, f"{fact.name} holds no {column.type}{such}", is_fatal=column.required)


def _is_at(known: str, name: str) -> bool:
    """Whether a sample's column is the field, lies below it, or is a field of a list's items."""
    return known == name or known.startswith((f"{name}.", f"{name}{ITEM}")) or known.endswith(f"{ITEM}.{name}")


def _path(match: re.Match[str]) -> str:
    """The path of a field as samples name it; of an exploded item its last part is looked for in any list."""
    return re.sub(r"\['([^']+)'\]", r".\1", match[2]).removeprefix(".")


def against_former(settings: Settings, name: str, against: Path | None) -> list[Change] | None:
    """Changes of a source file against a file, the file of that name in a folder, or the one committed last.

    None where there was none before. Raises :class:`SourceError` where the former file cannot be read.
    """
    path = settings.sources_path / f"{name}.yml"
    if against:
        former = against / path.name if against.is_dir() else against
        text = former.read_text(encoding="utf-8") if former.is_file() else None
    else:
        text = committed(path)
    if text is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        old = Path(folder) / path.name
        old.write_text(text, encoding="utf-8")
        return changes(load_source(old), load_source(path))


def committed(path: Path) -> str | None:
    """A file as git's HEAD has it; None where it is new, or no git keeps it."""
    words = ["git", "-C", str(path.parent), "show", f"HEAD:./{path.name}"]
    found = subprocess.run(words, capture_output=True, check=False)
    return found.stdout.decode("utf-8") if found.returncode == 0 else None


def dropped(settings: Settings, against: Path | None) -> list[str]:
    """Sources that were there before and are no more."""
    folder = settings.sources_path
    if against and not against.is_dir():
        return []
    if against:
        before = {path.stem for path in against.glob("*.yml")}
    else:
        words = ["git", "-C", str(folder), "ls-tree", "--name-only", "HEAD", "./"]
        found = subprocess.run(words, capture_output=True, check=False, text=True)
        before = {Path(line).stem for line in found.stdout.splitlines() if line.endswith(".yml")}
    return sorted(before - {path.stem for path in folder.glob("*.yml")})


def parted(settings: Settings, words: Sequence[str]) -> tuple[list[str], list[Path]]:
    """Names of sources and paths of data, told apart. Raises :class:`SourceError` for what is neither."""
    names = [word for word in words if (settings.sources_path / f"{word}.yml").is_file()]
    paths = [Path(word) for word in words if word not in names]
    for path in paths:
        if not path.is_file():
            raise SourceError("neither a source nor a file", file=path)
    if paths and len(names) != 1:
        raise SourceError("data is held against one source: name it", key=" ".join(names) or None)
    return names, paths
