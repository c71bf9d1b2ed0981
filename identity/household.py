"""Who lives with whom: ties between people by what they share, and the households that these ties make."""

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from identity.components import Components
from identity.components.keys import extend_keys, keyed_edges
from identity.configuration import read_rules
from identity.identifiers import lookup

SURNAME = "surname"
COMPOUND = ("欧阳", "上官", "司马", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "夏侯", "司徒")
"""Surnames of two characters that are in use; all others of a Chinese name are its first character."""
EPSILON = 1e-9


class Tie(BaseModel):
    """Something that two people may share.

    ``weight``: what it counts, once a pair; ``weight_once`` (default: the same) where one of the two was seen with it a single
    time. ``max_people``: people who may share one value before it says nothing.
    ``min_share``: the least share that a value must have in a person's own of this name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    weight: float = Field(gt=0, le=1)
    weight_once: float | None = Field(default=None, gt=0, le=1)
    max_people: int = Field(ge=2, le=50)
    min_share: float = Field(default=0.0, ge=0, le=1)

    @property
    def least_weight(self) -> float:
        """What it counts where one of the two was seen with it once."""
        return self.weight if self.weight_once is None else self.weight_once


class HouseholdRules(BaseModel):
    """The whole of `conf/household.yml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    threshold: float = Field(gt=0)
    max_people: int = Field(ge=2)
    surname: float = Field(default=0.0, ge=0, le=1)
    ties: tuple[Tie, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        names = [tie.name for tie in self.ties]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"ties declared twice: {', '.join(twice)}")
        most = sum(tie.weight for tie in self.ties) + self.surname
        if most < self.threshold:
            raise ValueError(
                f"all ties together weigh {most:g}, less than the threshold: nobody would live with anybody"
            )
        return self


def load_household(path: str | Path) -> HouseholdRules:
    """Read `conf/household.yml`; raises :class:`SettingsError` that names file, key and rule."""
    return read_rules(path, HouseholdRules, "household rules")


def surname(name: Column) -> Column:
    """The surname of a normalised name, lower case: of a Latin one its last word, of a Chinese one its first character or two."""
    two, one = F.substring(name, 1, 2), F.substring(name, 1, 1)
    chinese = F.when(two.isin(*COMPOUND), two).otherwise(one)
    latin = F.lower(F.element_at(F.split(name, " "), -1))
    return F.when(name.rlike(r"^[A-Za-z]"), F.when(name.contains(" "), latin)).when(F.length(name) > 1, chinese)


def ties(shared: DataFrame, surnames: DataFrame, rules: HouseholdRules) -> DataFrame:
    """``(src, dst, evidence, weight)``: pairs of people (``src < dst``) whose ties weigh enough; each pair once.

    ``shared``: ``(one_id, name, value, n)``, how often a person was seen with a value; rows of one person, name and value are
    summed. ``surnames``: ``(one_id, surname)``, any number a person. ``evidence``: the names of what they share, sorted.
    """
    pairs = _pairs(_private(shared, rules), rules)
    named = pairs if not rules.surname else pairs.unionByName(_namesakes(pairs, surnames, rules))
    return (
        named.groupBy("src", "dst")
        .agg(F.array_sort(F.collect_list("name")).alias("evidence"), F.sum("weight").alias("weight"))
        .where(F.col("weight") >= rules.threshold - EPSILON)
    )


def _private(shared: DataFrame, rules: HouseholdRules) -> DataFrame:
    """``(one_id, name, value, n)`` of the values that are a person's own often enough and that few people share."""
    own = Window.partitionBy("one_id", "name")
    summed = shared.groupBy("one_id", "name", "value").agg(F.sum("n").alias("n"))
    main = summed.withColumn("share", F.col("n") / F.sum("n").over(own)).where(
        F.col("share") >= _of(rules, "min_share") - EPSILON
    )
    crowd = main.withColumn("people", F.count("*").over(Window.partitionBy("name", "value")))
    return crowd.where(F.col("people").between(2, _of(rules, "max_people"))).select("one_id", "name", "value", "n")


def _of(rules: HouseholdRules, attribute: str) -> Column:
    """The attribute of the tie in column ``name``; null for a name that the rules do not have, which then ties nobody."""
    return lookup({tie.name: getattr(tie, attribute) for tie in rules.ties}, F.col("name"))


def _pairs(private: DataFrame, rules: HouseholdRules) -> DataFrame:
    """``(src, dst, name, weight)``: each pair of people once for each kind of thing that they share."""
    one = private.select("name", "value", F.col("one_id").alias("src"), F.col("n").alias("src_n"))
    other = private.select("name", "value", F.col("one_id").alias("dst"), F.col("n").alias("dst_n"))
    both = one.join(other, on=["name", "value"], how="inner").where(F.col("src") < F.col("dst"))
    is_lasting = F.least("src_n", "dst_n") > 1
    weight = F.when(is_lasting, _of(rules, "weight")).otherwise(_of(rules, "least_weight"))
    return both.groupBy("src", "dst", "name").agg(F.max(weight).alias("weight"))


def _namesakes(pairs: DataFrame, surnames: DataFrame, rules: HouseholdRules) -> DataFrame:
    """Of the pairs those with a common surname, as one more thing that they share."""
    named = surnames.where(F.col("surname").isNotNull()).distinct()
    src, dst = (named.withColumnRenamed("one_id", end) for end in ("src", "dst"))
    return (
        pairs.select("src", "dst")
        .distinct()
        .join(src, on="src", how="inner")
        .join(dst, on=["dst", "surname"], how="inner")
        .select("src", "dst")
        .distinct()
        .select("src", "dst", F.lit(SURNAME).alias("name"), F.lit(rules.surname).alias("weight"))
    )


def numbered(pairs: DataFrame) -> tuple[DataFrame, DataFrame]:
    """``(keys (token, key: long), edges (src: long, dst: long))`` of tied pairs: what the engines of components take."""
    people = pairs.select(F.explode(F.array("src", "dst")).alias("token"))
    keys = extend_keys(people.select("token", F.lit(0).cast("long").alias("key")).limit(0), people)
    keys = keys.localCheckpoint()
    return keys, keyed_edges(pairs.withColumnsRenamed({"src": "src_token", "dst": "dst_token"}), keys)


def households(
    keys: DataFrame, edges: DataFrame, engine: Components, rules: HouseholdRules
) -> tuple[DataFrame, DataFrame]:
    """``(people, components)``: everybody in a tie as ``(one_id, component, n_people, fence_reason)``, and what the engine found.

    A component over the cap is no household: its people have the reason, in words with numbers.
    """
    components = engine(edges).localCheckpoint()
    size = F.count("*").over(Window.partitionBy("component"))
    people = components.join(keys.withColumnRenamed("key", "vertex"), on="vertex", how="inner").withColumn(
        "n_people", size
    )
    reason = F.concat(F.lit("tied people are "), "n_people", F.lit(f", max_people {rules.max_people}"))
    return (
        people.select(
            F.col("token").alias("one_id"),
            "component",
            "n_people",
            F.when(F.col("n_people") > rules.max_people, reason).alias("fence_reason"),
        ),
        components,
    )
