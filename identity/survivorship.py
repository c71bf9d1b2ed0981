"""Who to believe: of the values that sources claim for a person's attribute, which one survives, and by which rule."""

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from identity.configuration import read_rules
from identity.identifiers import lookup

RuleName = Literal["validity", "source_priority", "frequency", "recency"]
STATUSES = {"valid": 0, "repaired": 1, "suspect": 2}
"""Verdicts of the standardisation rules from best to worst; a claim without a verdict counts as valid, any other one as worst."""
WORST = len(STATUSES)
LATEST = (1 << 63) - 1
CLAIM = ("one_id", "attribute", "value", "source", "record_id", "updated_at", "status")
GROUP = ("one_id", "attribute")


class Attribute(BaseModel):
    """How one attribute survives.

    ``order``: the rules, the first one that tells two values apart decides. ``column`` of the records holds the value
    (default: ``name``), ``status`` the verdict on it, where there is one. ``sources``: from the most to the least believed,
    for this attribute (default: the file's own list).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    order: tuple[RuleName, ...] = Field(min_length=1)
    column: str = ""
    status: str = ""
    sources: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _rules_are_said_once(self) -> Self:
        if len(set(self.order)) != len(self.order):
            raise ValueError("a rule stands in the order twice: the second one could never decide")
        return self

    @property
    def value_column(self) -> str:
        """The column of the records that holds the value."""
        return self.column or self.name


class Survivorship(BaseModel):
    """The whole of `conf/survivorship.yml`: the sources in the order in which they are believed, and the attributes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sources: tuple[str, ...] = ()
    attributes: tuple[Attribute, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        for what, names in (("attributes", [one.name for one in self.attributes]), ("sources", list(self.sources))):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{what} declared twice: {', '.join(twice)}")
        return self

    def sources_of(self, attribute: Attribute) -> tuple[str, ...]:
        """The sources of an attribute, most believed first."""
        return attribute.sources or self.sources


def load_survivorship(path: str | Path) -> Survivorship:
    """Read `conf/survivorship.yml`; raises :class:`SettingsError` that names file, key and rule."""
    return read_rules(path, Survivorship, "survivorship rules")


def ranked(claims: DataFrame, rules: Survivorship) -> DataFrame:
    """Every value that is claimed for a person's attribute, once, from the one that survives (``rank`` 1) downwards.

    ``claims``: ``(one_id, attribute, value, source, record_id, updated_at, status)`` and any other columns, which are carried
    along with the record that speaks best for a value; rows without a value are passed over; an attribute that the rules do not
    know stops the query. Output: ``one_id, attribute, value, rank, is_survivor, why, n_records``, and ``source, record_id,
    updated_at, status`` and the other columns of that best record. ``n_records``: records that say so. ``why``: the rule that
    told a value from its rival (the survivor from the second, any other from the survivor), ``only`` where there was none,
    ``tie`` where all rules are even and the lesser text stands first. The order of rows plays no part.
    """
    scored = _values(claims, rules).withColumn("scores", _scores(rules, F.col("n_records")))
    by_score = Window.partitionBy(*GROUP).orderBy("scores", "value")
    every = by_score.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    placed = scored.select(
        "*",
        F.row_number().over(by_score).cast("int").alias("rank"),
        F.first("scores").over(every).alias("_first"),
        F.nth_value("scores", 2).over(every).alias("_second"),
    )
    return placed.select(
        *GROUP,
        "value",
        "rank",
        (F.col("rank") == 1).alias("is_survivor"),
        _why(rules).alias("why"),
        "n_records",
        *[name for name in claims.columns if name not in (*GROUP, "value")],
    )


def _values(claims: DataFrame, rules: Survivorship) -> DataFrame:
    """One row a value, with its best record: how many records say so counts for all of them alike, so it waits."""
    rest = [name for name in claims.columns if name not in (*GROUP, "value")]
    first = [name for name in ("source", "record_id") if name in rest]
    others = [name for name in rest if name not in first]
    best = F.struct(_scores(rules, F.lit(0)).alias("scores"), *first, *others)
    return (
        claims.where(F.col("value").isNotNull())
        .groupBy(*GROUP, "value")
        .agg(F.count_distinct("source", "record_id").alias("n_records"), F.min(best).alias("best"))
        .select(*GROUP, "value", "n_records", *[F.col(f"best.{name}").alias(name) for name in rest])
    )


def _scores(rules: Survivorship, n_records: Column) -> Column:
    """What the rules of the row's attribute say, in their order: whole numbers, the least is the best."""
    unknown = F.raise_error(F.concat(F.lit("attribute not in the survivorship rules: "), "attribute"))
    scores = unknown.cast("array<bigint>")
    for attribute in rules.attributes:
        own = F.array(*[_score(name, rules.sources_of(attribute), n_records) for name in attribute.order])
        scores = F.when(F.col("attribute") == attribute.name, own).otherwise(scores)
    return scores


def _score(rule: RuleName, sources: tuple[str, ...], n_records: Column) -> Column:
    places: dict[str, object] = {name: place for place, name in enumerate(sources)}
    verdict = lookup(dict(STATUSES), F.coalesce("status", F.lit("valid")))
    scores = {
        "validity": F.coalesce(verdict, F.lit(WORST)),
        "source_priority": F.coalesce(lookup(places, F.col("source")), F.lit(len(places))) if places else F.lit(0),
        "frequency": -n_records,
        "recency": F.coalesce(-F.unix_micros("updated_at"), F.lit(LATEST)),
    }
    return scores[rule].cast("bigint")


def _why(rules: Survivorship) -> Column:
    """The first rule in which a value and its rival differ."""
    rival = F.when(F.col("rank") == 1, F.col("_second")).otherwise(F.col("_first"))
    differs = F.array_position(F.zip_with("scores", rival, lambda own, other: own != other), F.lit(True))
    orders = [item for one in rules.attributes for item in (F.lit(one.name), F.array(*map(F.lit, one.order)))]
    order = F.create_map(*orders)[F.col("attribute")]
    decided = F.when(differs > 0, F.get(order, differs.cast("int") - 1)).otherwise("tie")
    return F.when(F.col("_second").isNull(), "only").otherwise(decided)
