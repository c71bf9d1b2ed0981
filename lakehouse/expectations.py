"""The gate: Great Expectations judges what one scan measured, and stops publication. The only module that imports it."""

import functools
import os
import threading
from collections.abc import Mapping, Sequence

from lakehouse.checks import Measured
from lakehouse.errors import CheckFailed

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

_LOCK = threading.Lock()


@functools.cache
def _batch_definition() -> object:
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    return (
        context.data_sources.add_pandas("measured")
        .add_dataframe_asset("rules")
        .add_batch_definition_whole_dataframe("all")
    )


def failed_rules(measured: Measured, tolerance: Mapping[str, float] | None = None) -> list[str]:
    """Names of the rules that the batch breaks beyond its tolerance (share of rows; default none).

    The suite runs on the measurements, one column for each rule, not on the rows: the scan was done by Spark once.
    """
    import pandas as pd
    from great_expectations import ExpectationSuite
    from great_expectations.expectations.core.expect_column_max_to_be_between import ExpectColumnMaxToBeBetween

    if not measured.violations:
        return []
    allowed = {rule: (tolerance or {}).get(rule, 0.0) * measured.rows for rule in measured.violations}
    with _LOCK:
        batch = _batch_definition().get_batch({"dataframe": pd.DataFrame([measured.violations])})  # type: ignore[attr-defined]
        suite = ExpectationSuite(
            name=measured.table,
            expectations=[ExpectColumnMaxToBeBetween(column=rule, max_value=limit) for rule, limit in allowed.items()],
        )
        outcome = batch.validate(suite)
    return [r.expectation_config.kwargs["column"] for r in outcome.results if not r.success]


def gate(measured: Measured, failed: Sequence[str]) -> None:
    """Raise :class:`CheckFailed` when rules failed, naming table, rules and how many rows break them."""
    if failed:
        counts = ", ".join(f"{rule}: {measured.violations[rule]} of {measured.rows} rows" for rule in failed)
        raise CheckFailed(f"publication stopped, {counts}", table=measured.table, rule=failed[0])
