"""A sample's records as one Arrow table of texts, nested fields by their paths, read by Arrow and DuckDB without Spark."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from lakehouse.errors import SourceError
from lakehouse.samples.formats import Format, find_format

ITEM = "[]"
REPLACED = "\ufffd"


@dataclass(frozen=True)
class Sample:
    """``rows`` has one string column a field, named by its path (``a.b``, and ``lines[].sku`` for fields of list items,
    which stand for the first item). ``malformed`` counts lines that are no records, ``replaced`` signs that are no text.
    """

    path: Path
    format: Format
    rows: pa.Table
    malformed: int = 0
    replaced: int = 0
    lists: tuple[str, ...] = ()
    typed: frozenset[str] = frozenset()

    @property
    def columns(self) -> tuple[str, ...]:
        """Paths of the fields, in the order of the file."""
        return tuple(self.rows.column_names)


def read_sample(path: Path) -> Sample:
    """Read a sample whole. Raises :class:`SourceError` naming file, row and rule where it cannot be read."""
    found = find_format(path)
    readers = {"csv": _csv, "tsv": _csv, "jsonl": _json, "json": _json, "parquet": _parquet, "excel": _excel}
    try:
        sample = readers[found.kind](path, found)
    except (pa.ArrowException, duckdb.Error) as error:
        raise SourceError(f"cannot be read as {found.kind}: {str(error).partition(chr(10))[0]}", file=path) from error
    if not sample.rows.num_rows:
        raise SourceError("the sample has a header and no record", file=path, rule="empty_file")
    return sample


def _csv(path: Path, found: Format) -> Sample:
    bad: list[int] = []

    def skip(row: pacsv.InvalidRow) -> str:
        bad.append(row.expected_columns)
        return "skip"

    source, replaced = _utf8(path, found)
    table = pacsv.read_csv(
        source,
        pacsv.ReadOptions(column_names=list(found.header), skip_rows_after_names=1, block_size=1 << 24),
        pacsv.ParseOptions(delimiter=found.separator, newlines_in_values=True, invalid_row_handler=skip),
        pacsv.ConvertOptions(
            column_types=dict.fromkeys(found.header, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
            check_utf8=False,
        ),
    )
    return Sample(path, found, table, malformed=len(bad), replaced=replaced)


def _utf8(path: Path, found: Format) -> tuple[pa.BufferReader, int]:
    """The file's content as UTF-8, and how many signs are none of its encoding."""
    data = path.read_bytes()
    try:
        text = data.decode(found.encoding)
        replaced = 0
    except UnicodeDecodeError:
        text = data.decode(found.encoding, "replace")
        replaced = text.count(REPLACED)
    del data
    return pa.BufferReader(text.removeprefix("\ufeff").encode("utf-8")), replaced


def _json(path: Path, found: Format) -> Sample:
    with tempfile.TemporaryDirectory() as folder:
        plain, replaced = path, 0
        if found.encoding != "utf-8" or found.has_bom:
            content, replaced = _utf8(path, found)
            plain = Path(folder) / "sample.json"
            plain.write_bytes(content.read())
        layout = "newline_delimited" if found.kind == "jsonl" else "auto"
        options = f"format='{layout}', ignore_errors={'true' if found.kind == 'jsonl' else 'false'}"
        name = str(plain).replace("'", "''")
        with duckdb.connect() as session:
            query = f"FROM read_json('{name}', {options}, dateformat='-', timestampformat='-', sample_size=50000)"
            table = session.sql(query).to_arrow_table()
    whole, malformed = _records(table)
    return _flat(path, found, whole, malformed, replaced)


def _records(table: pa.Table) -> tuple[pa.Table, int]:
    """Lines that DuckDB could not read come as rows without any value."""
    with duckdb.connect() as session:
        session.register("t", table)
        some = " OR ".join(f'"{name.replace(chr(34), chr(34) * 2)}" IS NOT NULL' for name in table.column_names)
        good = session.sql(f"FROM t WHERE {some}").to_arrow_table()
    return good, table.num_rows - good.num_rows


def _parquet(path: Path, found: Format) -> Sample:
    return _flat(path, found, pq.read_table(path), 0, 0)


def _excel(path: Path, _: Format) -> Sample:
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_path(path)
    for name in book.sheet_names:
        rows = [row for row in book.get_sheet_by_name(name).to_python() if any(cell != "" for cell in row)]
        if len(rows) > 1:
            header = [str(cell).strip() for cell in rows[0]]
            texts = [[_cell(row[n]) if n < len(row) else None for row in rows[1:]] for n in range(len(header))]
            table = pa.table(dict(zip(header, [pa.array(t, pa.string()) for t in texts], strict=True)))
            return Sample(path, Format("excel", header=tuple(header)), table)
    raise SourceError("no sheet has a header and a record", file=path, rule="empty_file")


def _cell(value: object) -> str | None:
    if value is None or value == "":
        return None
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _flat(path: Path, found: Format, table: pa.Table, malformed: int, replaced: int) -> Sample:
    fields = [part for name in table.column_names for part in _leaves(name, table.column(name).combine_chunks())]
    texts = {name: _text(column) for name, column in fields}
    typed = frozenset(name for name, column in fields if not pa.types.is_string(column.type))
    lists = tuple(dict.fromkeys(name.partition(ITEM)[0] for name in texts if ITEM in name))
    return Sample(path, found, pa.table(texts), malformed, replaced, lists, typed)


def _leaves(name: str, column: pa.Array) -> Iterator[tuple[str, pa.Array]]:
    """Fields of a column by path; of a list of structs the fields of its first item."""
    if pa.types.is_struct(column.type):
        for field, part in zip(column.type, column.flatten(), strict=True):
            yield from _leaves(f"{name}.{field.name}", part)
    elif pa.types.is_list(column.type) and pa.types.is_struct(column.type.value_type):
        with duckdb.connect() as session:
            session.register("t", pa.table({"c": column}))
            first = session.sql("SELECT c[1] AS c FROM t").to_arrow_table().column("c").combine_chunks()
        yield from ((f"{name}{ITEM}{path.removeprefix(name)}", part) for path, part in _leaves(name, first))
    else:
        yield name, column


def _text(column: pa.Array) -> pa.Array:
    """A column as text: times as ISO, lists and what else Arrow does not write as JSON-like text."""
    if pa.types.is_string(column.type):
        return column
    with duckdb.connect() as session:
        session.register("t", pa.table({"c": column}))
        return session.sql("SELECT CAST(c AS VARCHAR) AS c FROM t").to_arrow_table().column("c").combine_chunks()
