"""Pairs in local Parquet or CSV files, and their components as Parquet, by Arrow in this process."""

import csv
import itertools
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from identity.components.unionfind import CHUNK, Longs, Pair
from lakehouse.errors import SourceError

CANONICAL = r"^(0|-?[1-9][0-9]{0,17})$"
"""Text that is a number and nothing else: ``7`` is, ``007`` is another id."""
HEADERS = {"src", "dst", "source", "target", "from", "to", "id1", "id2", "id_a", "id_b", "id_l", "id_r"}
DELIMITERS = ",\t;|"
GROUP = 1 << 20
ROWS_A_FILE = 1 << 25
WAITING = 4
"""Row groups that may wait for the disk."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of longs, to be read as often as needed; text is numbered in its own order, so that the least stays the least."""

    path: Path
    n_edges: int
    source: ds.Dataset
    names: pa.Array | None = None
    """Text ids in order: the id that a number stands for. None where ids are longs."""

    def read(self) -> Iterator[Pair]:
        """Batches ``(src, dst)``; :class:`SourceError` at a null end (a lost id would split a component silently)."""
        for batch in self.source.to_batches(batch_size=CHUNK):
            ends = [batch.column(i).cast(pa.int64()) for i in range(2)]
            refuse_nulls(sum(end.null_count for end in ends), self.path)
            yield ends[0].to_numpy(), ends[1].to_numpy()


def edge_files(path: Path) -> list[Path]:
    """The file, or the data files of the folder; :class:`SourceError` where there is none."""
    files = [path] if path.is_file() else sorted(f for f in path.rglob("*") if f.is_file() and f.name[0] not in "._")
    if not files:
        raise SourceError("there is no such file, or nothing in the folder", file=path)
    return files


def open_pairs(path: Path) -> Pairs:
    """The two columns of a Parquet or CSV file, or of a folder of such files.

    A CSV's delimiter is that of its first line; that line is a header where it names ends (src, dst, from, to …) or where
    only the lines after it are numbers. Integers in Parquet are streamed; all else is held as text, and is longs where every
    id is a plain whole number. :class:`SourceError` names the file, and the row of a CSV that has not two columns.
    """
    files = edge_files(path)
    if files[0].suffix != ".parquet":
        return _of_text(pa.concat_tables([_csv(file) for file in files]), path)
    source = ds.dataset(files, format="parquet")
    _refuse_width(len(source.schema), path)
    if all(pa.types.is_signed_integer(kind) for kind in source.schema.types):
        return Pairs(path, source.count_rows(), source)
    return _of_text(source.to_table().cast(pa.schema([(name, pa.string()) for name in source.schema.names])), path)


def write_components(chunks: Iterable[Pair], names: pa.Array | None, folder: Path) -> None:
    """Write ``(id, component)`` as Parquet files into ``folder``, made once the first are known, on a thread of their own."""
    kind = pa.int64() if names is None else pa.string()
    schema = pa.schema([("id", kind), ("component", kind)])
    waiting: deque[Future[None]] = deque()
    rows = 0
    groups = _grouped(chunks)
    with ThreadPoolExecutor(1) as disk:
        for number in itertools.count():
            group = next(groups, None)
            if group is None and number:
                return
            folder.mkdir(exist_ok=True)
            with pq.ParquetWriter(folder / f"part-{number:05d}.parquet", schema, use_dictionary=False) as writer:
                while group is not None:
                    waiting.append(disk.submit(writer.write_table, _table(group, names, schema)))
                    if len(waiting) > WAITING:
                        waiting.popleft().result()
                    rows += len(group[0])
                    if rows >= (number + 1) * ROWS_A_FILE:
                        break
                    group = next(groups, None)
                while waiting:
                    waiting.popleft().result()


def read_components(folder: Path, names: pa.Array | None) -> Iterator[Pair]:
    """What :func:`write_components` wrote, as longs again."""
    for batch in ds.dataset(folder, format="parquet").to_batches(batch_size=CHUNK):
        columns = batch.columns if names is None else [pc.index_in(side, names) for side in batch.columns]
        vertices, labels = (side.cast(pa.int64()).to_numpy() for side in columns)
        yield vertices, labels


def refuse_nulls(n: int, path: Path) -> None:
    """Raise :class:`SourceError` where an end is null: a lost id would split a component silently."""
    if n:
        raise SourceError(f"null ends of edges: {n:,}", file=path, rule="both ends are there")


def dialect(path: Path) -> tuple[str, bool]:
    """The delimiter of a CSV file, and whether its first line is a header."""
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        lines = [line for line, _ in zip(file, range(2), strict=False)]
    delimiter = max(DELIMITERS, key=(lines or [""])[0].count)
    first, *rest = csv.reader(lines, delimiter=delimiter) if lines else [[]]
    are_names = bool(first) and all(name.strip().lower() in HEADERS for name in first)
    numbers = [all(_is_number(cell) for cell in row) for row in (first, *rest)]
    _refuse_width(len(first), path)
    return delimiter, are_names or (len(numbers) == 2 and not numbers[0] and numbers[1])


def _csv(path: Path) -> pa.Table:
    delimiter, has_header = dialect(path)
    names = ["src", "dst"]
    try:
        return pyarrow.csv.read_csv(
            path,
            pyarrow.csv.ReadOptions(column_names=names, skip_rows=int(has_header)),
            pyarrow.csv.ParseOptions(delimiter=delimiter),
            pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), null_values=[""], strings_can_be_null=True
            ),
        )
    except pa.ArrowInvalid as error:
        if "Empty CSV file" in str(error):
            return pa.table({name: pa.array([], pa.string()) for name in names})
        raise SourceError(str(error), file=path, rule="two columns") from error


def _of_text(table: pa.Table, path: Path) -> Pairs:
    table = table.rename_columns(["src", "dst"])
    refuse_nulls(sum(column.null_count for column in table.columns), path)
    if all(pc.all(pc.match_substring_regex(column, CANONICAL), min_count=0).as_py() for column in table.columns):
        longs = table.cast(pa.schema([("src", pa.int64()), ("dst", pa.int64())]))
        return Pairs(path, table.num_rows, ds.dataset(longs))
    ends = pa.chunked_array([*table["src"].chunks, *table["dst"].chunks], pa.string())
    coded = ends.dictionary_encode().combine_chunks()
    order = pc.sort_indices(coded.dictionary)
    place = np.empty(len(order), dtype=np.int64)
    place[order.to_numpy()] = np.arange(len(order))
    ranks: Longs = place[coded.indices.to_numpy()]
    ordered = pa.table({"src": ranks[: table.num_rows], "dst": ranks[table.num_rows :]})
    return Pairs(path, table.num_rows, ds.dataset(ordered), coded.dictionary.take(order))


def _table(group: Pair, names: pa.Array | None, schema: pa.Schema) -> pa.Table:
    columns = [pa.array(side) if names is None else names.take(pa.array(side)) for side in group]
    return pa.Table.from_arrays(columns, schema=schema)


def _grouped(chunks: Iterable[Pair]) -> Iterator[Pair]:
    held: list[Pair] = []
    n = 0
    for chunk in chunks:
        held.append(chunk)
        n += len(chunk[0])
        if n >= GROUP:
            yield _concatenated(held)
            held, n = [], 0
    if held:
        yield _concatenated(held)


def _concatenated(held: list[Pair]) -> Pair:
    return np.concatenate([one for one, _ in held]), np.concatenate([other for _, other in held])


def _is_number(text: str) -> bool:
    return text.strip().lstrip("-").isdigit()


def _refuse_width(columns: int, path: Path) -> None:
    if columns != 2:
        raise SourceError(f"a file of edges has two columns, this has {columns}", file=path)
