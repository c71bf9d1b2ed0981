"""The contract of what is known of the sources' fields, and of every change of them."""

from lakehouse.table import Column, DataClass, Rule, Table


def _c(name: str, type_: str, comment: str, *, required: bool = False) -> Column:
    return Column(name, type_, comment, required=required, data_class=DataClass.TECHNICAL)


SCHEMA_DRIFT = Table(
    "ops.schema_drift",
    "Every field that a source was ever seen to have, and each change since: new, gone, of another type, back.",
    (
        _c("source", "string", "source and object", required=True),
        _c("field", "string", "path of the field: properties.price, lines[].sku", required=True),
        _c("kind", "string", "first (in the first delivery), new, gone, retyped, back", required=True),
        _c("was", "string", "the kinds of values that it had"),
        _c("now", "string", "the kind that it has: string, number, boolean, time, object, array, mixed"),
        _c("file", "string", "a file that shows it, where one can be told"),
        _c("first_seen_at", "timestamp", "when the delivery was landed (UTC)", required=True),
        _c("batch_id", "bigint", "the landing stream's batch", required=True),
        _c("run_id", "string", "the invocation of kith run", required=True),
    ),
    rules=(Rule("kind_known", "kind IN ('first', 'new', 'gone', 'retyped', 'back')"),),
    change_feed=False,
)
