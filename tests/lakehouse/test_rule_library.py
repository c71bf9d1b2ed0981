"""The whole rule library on hand-made texts (``rule_cases.yml``), the parts of a verdict, options and what is refused."""

from collections import defaultdict
from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from typing import TypedDict

import pyarrow as pa
import pytest
import yaml
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.errors import SourceError
from lakehouse.standardise.hard import HARD, Judge, settle_batch
from lakehouse.standardise.rules import BUILT_IN, FAMILIES, rule
from lakehouse.standardise.verdict import MARK, STATUSES, column_name, quoted

FAMILY = {one.name: family.__name__.rpartition(".")[2] for family in FAMILIES for one in family.RULES}


class Block(TypedDict, total=False):
    """Texts for one rule with some options, and what it makes of each."""

    rule: str
    options: dict[str, str]
    cases: list[list[str | None]]


BLOCKS: list[Block] = yaml.safe_load((Path(__file__).parent / "rule_cases.yml").read_text(encoding="utf-8"))
OLDER = {"name_phone", "full_name", "code"}  # their cases are in test_standardise


def _blocks(family: str) -> Iterator[tuple[int, Block]]:
    return ((n, block) for n, block in enumerate(BLOCKS) if FAMILY[block["rule"]] == family)


def _judged(spark: SparkSession, n: int, block: Block) -> DataFrame:
    asked = pa.table({"text": [case[0] for case in block["cases"]]})
    verdict = rule(block["rule"])("text", **block.get("options", {}))
    return spark.createDataFrame(asked).select(F.lit(n).alias("n"), "text", verdict.alias("r"))


@pytest.mark.parametrize("family", sorted(set(FAMILY.values())))
def test_a_family_of_rules_gives_value_status_and_reason(spark: SparkSession, family: str) -> None:
    frames = [_judged(spark, n, block) for n, block in _blocks(family)]
    rows = reduce(DataFrame.unionByName, frames).select("n", "text", "r.*").collect() if frames else []
    found: dict[int, dict[str, list[str | None]]] = defaultdict(dict)
    for row in rows:
        found[row["n"]][row["text"]] = [row["text"], row["value"], row["status"], row["reason"]]
    wrong = [
        (block["rule"], found[n][str(case[0])], case)
        for n, block in _blocks(family)
        for case in block["cases"]
        if found[n][str(case[0])] != case
    ]
    assert wrong == []


def test_every_rule_has_cases_and_every_status_is_one_of_five() -> None:
    assert {block["rule"] for block in BLOCKS} | OLDER == set(BUILT_IN)
    assert {case[2] for block in BLOCKS for case in block["cases"]} == set(STATUSES) - {"missing"}


def test_a_value_is_given_if_and_only_if_it_can_be_used() -> None:
    for block in BLOCKS:
        for _, value, status, reason in block["cases"]:
            assert (value is not None) == (status in {"valid", "repaired"})
            assert reason is not None or value is not None


def test_an_option_that_is_not_there_is_told_with_rule_and_key() -> None:
    with pytest.raises(SourceError, match="no option region") as told:
        rule("phone").verdict("text", region="GB")
    assert told.value.where == {"rule": "phone", "key": "region"}
    with pytest.raises(SourceError, match="'XX' is none of") as told:
        rule("phone").verdict("text", default_region="XX")
    assert told.value.where == {"rule": "phone", "key": "default_region"}


def test_a_rule_reads_a_column_and_no_expression(spark: SparkSession) -> None:
    assert column_name(F.col("a.b")) == "a.b"
    with pytest.raises(SourceError, match="this is an expression"):
        rule("code")(F.concat(F.col("a"), F.col("b")))


def test_a_literal_survives_sql(spark: SparkSession) -> None:
    for text in ("it's", "a\\d", "\\'", '"', "\\u0041", "line\nbreak", "％ 中"):
        assert spark.range(1).select(F.expr(quoted(text)).alias("t")).collect()[0]["t"] == text


def test_hard_texts_of_a_batch_are_judged_once_each() -> None:
    asked: list[str] = []

    def judge(text: str) -> str:
        asked.append(text)
        return f"{text}!"

    batch = pa.array(["x", f"{HARD}a", None, f"{HARD}b", f"{HARD}a", f"{MARK}invalid"])
    assert settle_batch(batch, Judge(judge)).to_pylist() == ["x", "a!", None, "b!", "a!", f"{MARK}invalid"]
    assert asked == ["a", "b"]
    easy = pa.array(["x", None], pa.string())
    assert settle_batch(easy, Judge(judge)) is easy
    assert settle_batch(pa.array([], pa.string()), Judge(judge)).to_pylist() == []
