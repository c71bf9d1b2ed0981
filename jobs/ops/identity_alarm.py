"""The job of ops.identity_alarm."""

from pathlib import Path

from pyspark.sql import DataFrame

from identity.alarms import alarming
from identity.identifiers import load_rules
from lakehouse.job import Group, Resource, job
from lakehouse.load import Replace
from lakehouse.settings import Settings
from lakehouse.tables import ops, silver


@job(
    writes=ops.IDENTITY_ALARM,
    reads={
        "identity_map": silver.IDENTITY_MAP,
        "edges": silver.IDENTITY_EDGE,
        "fences": silver.IDENTITY_FENCE,
        "settings": Resource.SETTINGS,
    },
    load=Replace(),
    group=Group.OPS,
    cadence="weekly",
)
def identity_alarm(identity_map: DataFrame, *, edges: DataFrame, fences: DataFrame, settings: Settings) -> DataFrame:
    """Name the people who look like a weld of several, by the limits of `alarms` in conf/identity.yml."""
    rules = load_rules(Path(settings.conf) / "identity.yml")
    cut = fences.select("src_token", "dst_token", "rule_id")
    followed = edges.where("is_merging").join(cut, on=cut.columns, how="left_anti")
    found = alarming(identity_map.where("is_current").select("token", "one_id"), followed, rules.alarms)
    return found.select(*ops.IDENTITY_ALARM.column_names)
