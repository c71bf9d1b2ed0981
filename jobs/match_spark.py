"""``kith match --backend spark``: the model is trained on a sample in this process, everything else runs on Spark."""

import json
import math
import shutil
from pathlib import Path

import duckdb
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from identity.match import Matched, MatchSettings, Records, cuts, match, read_records
from identity.match.distributed import blocked, clustered, prepared, scored, without_shared
from identity.match.model import splink_settings
from jobs.context import Context
from jobs.match import Match
from jobs.match_report import Page, write_page
from lakehouse.errors import SettingsError, SourceError
from lakehouse.settings import load_settings

SAMPLE = 200 * 2**20
"""Bytes of text that the model is trained on, about a million records; a match of two records needs both in the sample."""


def run_on_spark(run: Match, env: str | None, spark: SparkSession | None = None) -> None:
    """Match and write ``out`` as :meth:`Match.run` does; clusters and pairs are folders of Parquet.

    Records are sampled by a hash of their ids. Columns, model, and which files are free of duplicates are those of the
    sample; so are the pictures of the report, and it says so. Raises :class:`SettingsError` for labels and columns of
    unique values, which need one process, and what :meth:`Match.run` raises.
    """
    settings = run.settings()
    if run.labels or settings.unique:
        raise SettingsError(
            "labels and unique columns need the backend duckdb", key="unique" if settings.unique else "labels"
        )
    run.out.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect()
    size = sum(file.stat().st_size for file in run.files if file.is_file())
    records = read_records(con, run.files, run.id_column, settings, one_in=max(1, math.ceil(size / SAMPLE)))
    run.say(f"{records.n:,} records are the sample that the model is trained on")
    matched = match(con, records, settings, run.say)
    ids = tuple(str(row[0]) for row in con.execute("SELECT id FROM raw ORDER BY rid").fetchall())
    write_page(run.out / "report.html", Page(con, records, matched, cuts(matched), ids, None))
    (run.out / "model.json").write_text(json.dumps(splink_settings(matched.model), indent=1) + "\n", encoding="utf-8")
    session = spark or Context(load_settings(env, spark_size="m")).spark
    work = run.out / ".work"
    try:
        _spread(session, run, settings, con, records, matched, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _spread(
    spark: SparkSession,
    run: Match,
    settings: MatchSettings,
    con: duckdb.DuckDBPyConnection,
    records: Records,
    matched: Matched,
    work: Path,
) -> None:
    schema = con.sql("SELECT * FROM prepared LIMIT 0").to_arrow_table().schema
    raw = _raw(spark, run, records, settings)
    without_shared(prepared(raw, records.fields, schema), matched.fields).write.mode("overwrite").parquet(
        f"{work}/prepared"
    )
    everyone = spark.read.parquet(f"{work}/prepared")
    _refuse_twice(everyone, run.files[0])
    run.say("prepared")
    across = len(matched.free) == len(records.sources) > 1
    passes = [
        blocked(everyone, matched.fields, loose=p.name == "loose", max_block=p.max_block, across_only=across)
        for p in matched.passes
    ]
    pairs = passes[0] if len(passes) == 1 else passes[0].unionByName(passes[1]).dropDuplicates()
    pairs.write.mode("overwrite").parquet(f"{work}/pairs")
    run.say("blocked")
    edges = scored(spark, everyone, spark.read.parquet(f"{work}/pairs"), matched.fields, matched.model)
    edges.write.mode("overwrite").parquet(f"{work}/edges")
    edges = spark.read.parquet(f"{work}/edges")
    run.say("scored")
    found = clustered(spark, edges, everyone, matched.limits, matched.free, str(work))
    _land(found, run.out / "clusters.parquet")
    owner = spark.read.parquet(str(run.out / "clusters.parquet"))
    strong = edges.where(F.col("weight") >= matched.limits.threshold)
    for side in "lr":
        strong = strong.join(owner.toDF(f"id_{side}", f"cluster_{side}"), on=f"id_{side}", how="inner")
    together = F.col("cluster_l") == F.col("cluster_r")
    _land(strong.where(together).select("id_l", "id_r", "match_probability"), run.out / "pairs.parquet")
    reason = F.lit("guard: the two clusters do not agree on the whole, or a rule keeps them apart").alias("reason")
    _land(strong.where(~together).select("id_l", "id_r", "match_probability", reason), run.out / "cut.parquet")
    run.say(f"clusters and pairs in {run.out}")


def _land(frame: DataFrame, place: Path) -> None:
    if place.is_file():
        place.unlink()
    frame.write.mode("overwrite").parquet(str(place))


def _raw(spark: SparkSession, run: Match, records: Records, settings: MatchSettings) -> DataFrame:
    """The files as one frame ``(id, source, <field>…)``, columns as the sample's were recognised."""
    frames = []
    for number, file in enumerate(run.files):
        is_parquet = file.suffix in (".parquet", ".pq")
        frame = (
            spark.read.parquet(str(file))
            if is_parquet
            else spark.read.csv(str(file), header=True, escape='"', multiLine=True)
        )
        there = {name.strip(): name for name in frame.columns}
        names = {c.field: c.name.strip() for c in records.columns if c.field and c.file == file.name}
        cells = [_text(there.get(names.get(field, "")), field) for field, _ in records.fields]
        ident = F.trim(F.col(f"`{there[run.id_column.strip()]}`").cast("string"))
        ident = F.concat(F.lit(f"{file.stem}:"), ident) if settings.qualify_ids else ident
        frames.append(frame.select(ident.alias("id"), F.lit(number).alias("source"), *cells))
    union = frames[0]
    for frame in frames[1:]:
        union = union.unionByName(frame)
    return union


def _text(name: str | None, field: str) -> Column:
    value = (
        F.lit(None).cast("string") if name is None else F.nullif(F.trim(F.col(f"`{name}`").cast("string")), F.lit(""))
    )
    return value.alias(field)


def _refuse_twice(everyone: DataFrame, file: Path) -> None:
    twice = everyone.groupBy("id").agg(F.count("*").alias("n")).where((F.col("n") > 1) | F.col("id").isNull()).limit(1)
    found = twice.first()
    if found:
        raise SourceError(
            f"the id {found['id']!r} is empty or stands there {found['n']} times", file=file, rule="unique id"
        )
