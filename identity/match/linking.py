"""Splink at work: the levels of pairs by its SQL on DuckDB, and its own prediction with a trained model."""

from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from identity.match.model import Gammas, Model, splink_settings

SLICE = 2_000_000
"""Pairs that are compared at once: Splink writes their values out, some kilobytes for each pair of long records."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Pairs of records (``rid``) with the levels of their comparisons (pairs × comparisons)."""

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    gammas: Gammas


class Levels:
    """Splink over the table ``prepared``: it says at which level each comparison of a pair stands."""

    def __init__(self, con: duckdb.DuckDBPyConnection, model: Model) -> None:
        from splink import DuckDBAPI, Linker

        self.con, self.model = con, model
        self.api: Any = DuckDBAPI(con)
        settings = splink_settings(model, frequencies=False)
        self.linker = Linker(self.api.register("prepared"), settings, log_level=None, validate_settings=False)

    def of(self, pairs: str) -> Compared:
        """The pairs of a table ``(rid_l, rid_r)`` with their levels, in the order of the two records."""
        number = self.con.execute(f"SELECT count(*) FROM {pairs}").fetchall()[0][0]
        slices = max(1, -(-number // SLICE))
        parts = [self._slice(f"{pairs} WHERE rid_l % {slices} = {at}" if slices > 1 else pairs) for at in range(slices)]
        if len(parts) == 1:
            return parts[0]
        left, right = (np.concatenate([getattr(part, end) for part in parts]) for end in ("left", "right"))
        order = np.lexsort((right, left))
        return Compared(left[order], right[order], np.concatenate([part.gammas for part in parts])[order])

    def _slice(self, pairs: str) -> Compared:
        self.con.execute(f"""CREATE OR REPLACE TABLE blocked AS
            SELECT '0' AS match_key, rid_l AS join_key_l, rid_r AS join_key_r FROM {pairs}""")
        self.linker.table_management.register_blocked_pairs_for_predict(self.api.register("blocked"))
        frame = self.linker.inference.predict(warning_mode="never")
        gammas = [f'CAST("{c.gamma}" AS tinyint) AS g{i}' for i, c in enumerate(self.model.comparisons)]
        ends = "CAST(rid_l AS bigint) AS l, CAST(rid_r AS bigint) AS r"
        sql = f"SELECT {ends}, {', '.join(gammas)} FROM {frame.physical_name} ORDER BY l, r"
        found = self.con.execute(sql).fetchnumpy()
        frame.drop_table_from_database_and_remove_from_cache()
        left, right = (np.asarray(found[end], dtype=np.int64) for end in ("l", "r"))
        columns = [np.asarray(found[f"g{i}"], dtype=np.int8) for i in range(len(gammas))]
        return Compared(left, right, np.stack(columns, axis=1))
