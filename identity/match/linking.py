"""Splink at work: the levels of pairs by its SQL on DuckDB, and its own prediction with a trained model."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from identity.match.model import Gammas, Model, splink_settings

if TYPE_CHECKING:
    from splink import Linker

Rids = NDArray[np.int32]


def linker_of(con: duckdb.DuckDBPyConnection, model: Model, pairs: str) -> "Linker":
    """A Splink linker over the table ``prepared``, which will score the pairs of the table ``pairs (rid_l, rid_r)``."""
    from splink import DuckDBAPI, Linker

    api: Any = DuckDBAPI(con)
    linker = Linker(api.register("prepared"), splink_settings(model), log_level=None, validate_settings=False)
    con.execute(f"""CREATE OR REPLACE TABLE blocked AS
        SELECT '0' AS match_key, rid_l AS join_key_l, rid_r AS join_key_r FROM {pairs}""")
    linker.table_management.register_blocked_pairs_for_predict(api.register("blocked"))
    return linker


def levels_of(con: duckdb.DuckDBPyConnection, model: Model, pairs: str) -> tuple[Rids, Rids, Gammas]:
    """The pairs of a table and their levels (pairs × comparisons), in the order of the two records."""
    frame = linker_of(con, model, pairs).inference.predict(warning_mode="never")
    gammas = [f'CAST("{c.gamma}" AS tinyint) AS g{i}' for i, c in enumerate(model.comparisons)]
    found = con.execute(f"SELECT rid_l, rid_r, {', '.join(gammas)} FROM {frame.physical_name} ORDER BY rid_l, rid_r").fetchnumpy()
    frame.drop_table_from_database_and_remove_from_cache()
    columns: Sequence[NDArray[np.int8]] = [found[f"g{i}"] for i in range(len(model.comparisons))]
    return found["rid_l"], found["rid_r"], np.stack(columns, axis=1)
