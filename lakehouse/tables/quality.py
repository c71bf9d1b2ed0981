"""Contracts of what quality checks leave: results by rule, profiles by column, and every row that broke a rule."""

from lakehouse.table import Column, DataClass, Pii, Table

T = DataClass.TECHNICAL


def _c(name: str, type_: str, comment: str, *, required: bool = False, pii: Pii = Pii.NONE) -> Column:
    return Column(name, type_, comment, required=required, pii=pii, data_class=T)


DQ_RESULT = Table(
    "ops.dq_result",
    "Results of the gates: one row for each rule, and each anomaly judged, of each checked batch.",
    (
        _c("run_id", "string", "the invocation of kith run", required=True),
        _c("table", "string", "the table whose candidate rows were checked", required=True),
        _c("rule", "string", "the rule; anomaly:<column>.<metric> against history", required=True),
        _c("rows", "bigint", "rows checked", required=True),
        _c("violations", "bigint", "rows that break the rule; of what is asserted of all rows 0 or 1", required=True),
        _c("passed", "boolean", "whether the gate let it pass", required=True),
        _c("checked_at", "timestamp", "when (UTC)", required=True),
        _c("severity", "string", "stop or warn"),
        _c("allowed", "double", "violations that are tolerated"),
        _c("value", "double", "the statistic that was measured, where it is one"),
        _c("low", "double", "its lower bound"),
        _c("high", "double", "its upper bound"),
        _c("part", "string", "source of the batch, where the table has several"),
    ),
    change_feed=False,
)

DQ_PROFILE = Table(
    "ops.dq_profile",
    "What the columns of each checked batch were like: the history that anomalies are found against.",
    (
        _c("run_id", "string", "the invocation of kith run", required=True),
        _c("table", "string", "the table whose candidate rows were profiled", required=True),
        _c("part", "string", "source of the batch, where the table has several"),
        _c("column", "string", "the column; * is the batch as a whole", required=True),
        _c("rows", "bigint", "rows of the batch", required=True),
        _c("nulls", "bigint", "rows without a value"),
        _c("distinct", "bigint", "distinct values, approximately"),
        _c("mean", "double", "mean; of booleans the share of true"),
        _c("deciles", "array<double>", "the least value, nine deciles, the greatest value"),
        _c("day", "date", "the day that the batch counts for", required=True),
        _c("measured_at", "timestamp", "when (UTC)", required=True),
    ),
    change_feed=False,
)

DQ_FAILURE = Table(
    "ops.dq_failure",
    "Every row that broke a rule which failed, as it would have been published.",
    (
        _c("run_id", "string", "the invocation of kith run", required=True),
        _c("table", "string", "the table that the row was meant for", required=True),
        _c("rule", "string", "the rule that it breaks", required=True),
        _c("severity", "string", "stop or warn", required=True),
        _c("key", "string", "the row's key, as JSON"),
        _c("record", "string", "the row, as JSON", pii=Pii.DIRECT),
        _c("found_at", "timestamp", "when (UTC)", required=True),
    ),
    cluster_by=("rule",),
    change_feed=False,
)

ALL = (DQ_RESULT, DQ_PROFILE, DQ_FAILURE)
