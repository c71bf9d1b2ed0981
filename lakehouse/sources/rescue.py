"""Rescued data: the fields of a record that its source file does not declare, or whose values are not of the declared type.

The payload holds every field anyway; ``_rescued_data`` says which of them nobody agreed on, as Databricks' Auto Loader does.
"""

from collections.abc import Mapping
from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

RESCUED = "_rescued_data"


def rescued(fields: Mapping[str, str]) -> Column:
    """JSON of what is not as declared, of a column ``payload``; null where all is, or nothing is declared.

    ``fields`` are paths and Spark types. Whole top-level fields are rescued where they are undeclared, single paths where their
    values do not cast; null values cast to anything.
    """
    if not fields:
        return F.lit(None).cast("string")
    top = {path.partition(".")[0].partition("[")[0] for path in fields}
    record = F.try_variant_get("payload", "$", "map<string,variant>")
    undeclared = F.map_filter(record, lambda name, _: ~name.isin(*sorted(top)))
    wrong = [_wrong(path, type_) for path, type_ in fields.items() if "[]" not in path]
    pairs = reduce(
        F.concat,
        [F.map_entries(undeclared), F.array_compact(F.array(*wrong))] if wrong else [F.map_entries(undeclared)],
    )
    return F.when(F.size(pairs) > 0, F.to_json(F.map_from_entries(pairs)))


def _wrong(path: str, type_: str) -> Column:
    """The entry of a field whose value does not cast."""
    place = "$" + "".join(f"['{part}']" for part in path.split("."))
    value = F.try_variant_get("payload", place, "variant")
    text = F.try_variant_get("payload", place, "string")
    casts = (
        F.try_variant_get("payload", place, type_).isNotNull() | F.coalesce(text, F.lit("")).try_cast(type_).isNotNull()
    )
    is_null = F.is_variant_null(value)
    entry = F.struct(F.lit(path).alias("key"), value.alias("value"))
    return F.when(value.isNotNull() & ~is_null & ~casts, entry)
