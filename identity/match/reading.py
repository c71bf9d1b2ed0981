"""Files of records as one table in DuckDB: each column recognised, columns of several files brought together by what they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from identity.match.kinds import Kind, Shape, normal, recognise
from identity.match.settings import MatchSettings
from lakehouse.errors import SourceError

if TYPE_CHECKING:
    import pyarrow as pa

SAMPLE = 20_000
_DATE = r"^\d{4}[-/.]?\d{1,2}[-/.]?\d{1,2}([ T].*)?$|^\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}$"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file: its name, what it was taken for and why, and the field of the match that it fills ('' = none)."""

    file: str
    name: str
    kind: Kind
    why: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class Records:
    """All records, in the table ``raw (rid, source, id, <field>…)``: all text but ``rid`` (0..n-1 by source and id) and
    ``source`` (which file). ``fields`` are names with kinds; ``ids_are_whole`` says that all ids are plain whole numbers.
    """

    n: int
    sources: tuple[str, ...]
    fields: tuple[tuple[str, Kind], ...]
    columns: tuple[Column, ...]
    ids_are_whole: bool


def read_records(
    con: duckdb.DuckDBPyConnection,
    files: Sequence[Path],
    id_column: str,
    settings: MatchSettings,
    *,
    one_in: int = 1,
) -> Records:
    """Read CSV and Parquet files into the table ``raw`` of ``con``; one record in so many, by a hash of the id.

    Raises :class:`SourceError` naming file, row and rule where a file cannot be read or has no rows, has no column
    ``id_column``, has an empty id or the same id twice; where an id stands in two files, unless the settings say
    ``qualify_ids``; and where no column can be used.
    """
    for number, file in enumerate(files):
        _load(con, file, number)
        if one_in > 1:
            name = _q(_id_name(_names(con, number), id_column, file))
            con.execute(f"DELETE FROM file{number} WHERE hash(CAST({name} AS varchar)) % {one_in} <> 0")
    return _records(con, files, id_column, settings)


def read_table(con: duckdb.DuckDBPyConnection, table: "pa.Table", id_column: str, settings: MatchSettings) -> Records:
    """The same for one Arrow table, so that tables of the lake are matched by the same rules."""
    con.register("given_table", table)
    con.execute("CREATE TABLE file0 AS SELECT * FROM given_table")
    return _records(con, [Path("table")], id_column, settings)


def _records(con: duckdb.DuckDBPyConnection, files: Sequence[Path], id_column: str, settings: MatchSettings) -> Records:
    columns = []
    for number, file in enumerate(files):
        names = _names(con, number)
        if not con.execute(f"SELECT 1 FROM file{number} LIMIT 1").fetchall():
            raise SourceError("the file has no rows", file=file, rule="not empty")
        id_name = _id_name(names, id_column, file)
        _check_ids(con, number, id_name, file)
        columns.append(_recognised(con, number, file, [name for name in names if name != id_name], settings))
    named = _named(columns)
    fields = _fields(named)
    if not fields:
        raise SourceError("no column can be used; name kinds in the settings", file=files[0], rule="columns")
    _union(con, files, id_column, named, list(fields), settings)
    _check_across(con, files)
    whole = r"regexp_full_match(id, '0|-?[1-9][0-9]{0,17}')"
    n, ids_are_whole = con.execute(f"SELECT count(*), bool_and({whole}) FROM raw").fetchall()[0]
    flat = tuple(column for part in named for column in part)
    return Records(int(n), tuple(file.name for file in files), tuple(fields.items()), flat, bool(ids_are_whole))


def _load(con: duckdb.DuckDBPyConnection, file: Path, number: int) -> None:
    if not file.is_file():
        raise SourceError("there is no such file", file=file, rule="readable")
    try:
        name = _text(str(file))
        is_parquet = file.suffix in (".parquet", ".pq")
        read = f"read_parquet('{name}')" if is_parquet else f"read_csv('{name}', all_varchar = true, header = true)"
        con.execute(f"CREATE TABLE file{number} AS SELECT * FROM {read}")
    except (duckdb.Error, UnicodeDecodeError) as error:
        said = str(error).split("\n", 1)[0]
        rule = "not empty" if file.stat().st_size == 0 else "readable"
        raise SourceError(f"the file cannot be read: {said}", file=file, rule=rule) from error


def _names(con: duckdb.DuckDBPyConnection, number: int) -> list[str]:
    return [str(row[0]) for row in con.execute(f"DESCRIBE file{number}").fetchall()]


def _id_name(names: Sequence[str], id_column: str, file: Path) -> str:
    for name in names:
        if name.strip() == id_column.strip():
            return name
    there = ", ".join(name.strip() for name in names)
    raise SourceError(f"there is no column {id_column!r}; there are {there}", file=file, rule="id column")


def _check_ids(con: duckdb.DuckDBPyConnection, number: int, name: str, file: Path) -> None:
    ids = f"SELECT row_number() OVER () AS line, trim(CAST({_q(name)} AS varchar)) AS id FROM file{number}"
    empty = con.execute(f"SELECT min(line) FROM ({ids}) WHERE coalesce(id, '') = ''").fetchall()[0][0]
    if empty is not None:
        raise SourceError("a record has no id", file=file, row=empty, rule="id not empty")
    twice = con.execute(
        f"SELECT id, list_sort(list(line))[2] AS line FROM ({ids}) GROUP BY id HAVING count(*) > 1 ORDER BY line"
    )
    found = twice.fetchone()
    if found:
        raise SourceError(
            f"the id {found[0]!r} stands here for the second time", file=file, row=found[1], rule="unique id"
        )


def _recognised(
    con: duckdb.DuckDBPyConnection, number: int, file: Path, names: Sequence[str], settings: MatchSettings
) -> list[Column]:
    said = {normal(name): kind for name, kind in settings.columns.items()}
    shapes = _shapes(con, number, names)
    found = []
    for name, shape in zip(names, shapes, strict=True):
        asked = said.get(normal(name))
        kind, why = (asked, "by the settings") if asked else recognise(name, shape)
        found.append(Column(file.name, name, kind, why))
    return found


def _shapes(con: duckdb.DuckDBPyConnection, number: int, names: Sequence[str]) -> list[Shape]:
    parts: list[str] = []
    for name in names:
        value = f"nullif(trim(CAST({_q(name)} AS varchar)), '')"
        words = f"len(string_split_regex({value}, '\\s+'))"
        parts += [
            f"count({value}), count(DISTINCT {value}), coalesce(avg({words}), 0)",
            f"coalesce(avg(CAST({words} > 3 AS int)), 0)",
            *[
                f"coalesce(avg(CAST(regexp_matches({value}, '{regexp}') AS int)), 0)"
                for regexp in (r"\pL", r"^[^@\s]+@[^@\s]+$", _DATE, r"^[\d.,-]+$", r"^\+?[\d()\s./-]{7,20}$")
            ],
        ]
    if not parts:
        return []
    row = con.execute(f"SELECT {', '.join(parts)} FROM (SELECT * FROM file{number} LIMIT {SAMPLE})").fetchall()[0]
    return [Shape(*row[at : at + 9]) for at in range(0, len(row), 9)]


def _named(files: Sequence[Sequence[Column]]) -> list[list[Column]]:
    """Each column with its field: by its own name where the first file has it too, else by kind and place among its kind."""
    if len(files) == 1:
        return [[_with_field(c, normal(c.name).replace(" ", "_")) for c in files[0]]]
    names = set.intersection(*[{normal(c.name) for c in part} for part in files])
    named = []
    for part in files:
        seen: dict[Kind, int] = {}
        row = []
        for column in part:
            own = normal(column.name)
            if own not in names:
                seen[column.kind] = seen.get(column.kind, 0) + 1
                own = f"{column.kind.value}_{seen[column.kind]}"
            row.append(_with_field(column, own.replace(" ", "_")))
        named.append(row)
    return named


def _with_field(column: Column, field: str) -> Column:
    kept = "" if column.kind is Kind.IGNORE else field
    return Column(column.file, column.name, column.kind, column.why, kept)


def _fields(named: Sequence[Sequence[Column]]) -> dict[str, Kind]:
    """Fields in the order of the first file; where files disagree on a kind, text wins, as it holds for anything."""
    fields: dict[str, Kind] = {}
    for part in named:
        for column in part:
            if column.field:
                before = fields.get(column.field, column.kind)
                fields[column.field] = before if before is column.kind else Kind.TEXT
    return fields


def _union(
    con: duckdb.DuckDBPyConnection,
    files: Sequence[Path],
    id_column: str,
    named: Sequence[Sequence[Column]],
    fields: Sequence[str],
    settings: MatchSettings,
) -> None:
    parts = []
    for number, (file, columns) in enumerate(zip(files, named, strict=True)):
        there = {column.field: column.name for column in columns if column.field}
        names = _names(con, number)
        prefix = f"'{_text(file.stem)}:' || " if settings.qualify_ids else ""
        ident = f"{prefix}trim(CAST({_q(_id_name(names, id_column, file))} AS varchar)) AS id"
        cells = [f"{_value(there.get(field))} AS {_q(field)}" for field in fields]
        parts.append(f"SELECT {number} AS source, {', '.join([ident, *cells])} FROM file{number}")
    ranked = "row_number() OVER (ORDER BY source, length(id), id) - 1"
    con.execute(f"CREATE TABLE raw AS SELECT CAST({ranked} AS int) AS rid, * FROM ({' UNION ALL '.join(parts)})")


def _value(name: str | None) -> str:
    return "CAST(NULL AS varchar)" if name is None else f"nullif(trim(CAST({_q(name)} AS varchar)), '')"


def _check_across(con: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> None:
    if len(files) < 2:
        return
    twice = con.execute(
        "SELECT id, min(source), max(source) FROM raw GROUP BY id HAVING count(*) > 1 ORDER BY id LIMIT 1"
    )
    found = twice.fetchone()
    if found:
        said = (
            f"the id {found[0]!r} stands in {files[found[1]].name} too; set `qualify_ids: true` to write ids as file:id"
        )
        raise SourceError(said, file=files[found[2]], rule="unique id over all files")


def _q(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return value.replace("'", "''")
