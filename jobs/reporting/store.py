"""The lake's tables without Spark: which are there, at which version, with how many rows, and the small ones' content."""

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, QueryBuilder

from lakehouse.table import Table

Row = dict[str, Any]


class Shelf:
    """Delta tables below one root, opened by their logs; what grows with customers is never read through it.

    Credentials of an object store come from the environment, as deltalake takes them.
    """

    def __init__(self, root: str, tables: Iterable[Table]) -> None:
        self.root = root.rstrip("/").replace("s3a://", "s3://")
        self.tables = {table.name: table for table in tables}
        self._opened = cache(self._open)

    def version(self, name: str) -> int | None:
        """The table's Delta version; None where it is not there."""
        opened = self._opened(name)
        return None if opened is None else int(opened.version())

    def versions(self) -> dict[str, int]:
        """The version of each table that is there, by name."""
        found = {name: self.version(name) for name in sorted(self.tables)}
        return {name: version for name, version in found.items() if version is not None}

    def count(self, name: str) -> int | None:
        """Rows from the files' statistics, less what deletion vectors hide; None where there is no table."""
        opened = self._opened(name)
        if opened is None:
            return None
        files = pa.table(opened.get_add_actions(flatten=True))
        return int(pc.sum(files.column("num_records")).as_py() or 0) - _hidden(opened)

    def columns(self, name: str) -> frozenset[str]:
        """Names of the columns that the table has as it stands; none where it is not there."""
        opened = self._opened(name)
        return frozenset() if opened is None else frozenset(field.name for field in opened.schema().fields)

    def select(self, name: str, columns: Sequence[str], where: str = "", group: Sequence[str] = ()) -> list[Row]:
        """Rows of a table of the platform's own, as dicts; none where the table is not there.

        ``columns`` and ``where`` are SQL; ``group`` names the columns that are grouped by.
        """
        opened = self._opened(name)
        if opened is None:
            return []
        text = f"SELECT {', '.join(columns)} FROM t"
        text += f" WHERE {where}" if where else ""
        text += f" GROUP BY {', '.join(group)}" if group else ""
        found = pa.table(QueryBuilder().register("t", opened).execute(text))
        rows: list[Row] = found.to_pylist()
        return rows

    def _open(self, name: str) -> DeltaTable | None:
        layer, _, entity = name.partition(".")
        path = f"{self.root}/{layer}/{entity}"
        if "://" not in path and not Path(path, "_delta_log").is_dir():
            return None
        return DeltaTable(path) if DeltaTable.is_deltatable(path) else None


def _hidden(opened: DeltaTable) -> int:
    """Rows that deletion vectors take out of the files."""
    masks = pa.table(opened.deletion_vectors()).column("selection_vector")
    kept = pc.sum(pc.list_flatten(masks).cast(pa.int64())).as_py() or 0
    return int(pc.sum(pc.list_value_length(masks)).as_py() or 0) - int(kept)
