"""The same match on Spark, for files beyond one process: prepared in Arrow batches, scored by Splink, guarded by component."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from identity.components import choose
from identity.components.keys import extend_keys, keyed_edges
from identity.match.candidates import WIDE_KEYS, key_rows_sql
from identity.match.comparisons import SPARK, comparisons
from identity.match.guards import Limits, Rule, guarded_clusters
from identity.match.hygiene import shared_sql
from identity.match.kinds import Kind
from identity.match.model import Model, splink_settings
from identity.match.preparation import Field, prepare

KEYS = "id string, source int, field int, key string"


def prepared(raw: DataFrame, fields: Sequence[tuple[str, Kind]], example: pa.Schema) -> DataFrame:
    """``raw (id, source, <field>…)``, all text but ``source``, as the prepared records of :func:`prepare`, with ``id``.

    ``example`` is the schema of prepared records in DuckDB, which Spark's is made from.
    """

    def batches(parts: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for part in parts:
            con = duckdb.connect(config={"threads": 1})
            con.register("given", pa.Table.from_batches([part]))
            con.execute("CREATE TABLE raw AS SELECT row_number() OVER () AS rid, * FROM given")
            prepare(con, fields)
            con.execute("CREATE TABLE named AS SELECT raw.id, p.* EXCLUDE (rid) FROM prepared p JOIN raw USING (rid)")
            yield from con.sql("SELECT * FROM named").to_arrow_table().to_batches()

    return raw.mapInArrow(batches, _spark_schema(example))


def without_shared(records: DataFrame, fields: Sequence[Field]) -> DataFrame:
    """Records without the contacts and ids that many different people share (see :mod:`identity.match.hygiene`)."""
    for field in fields:
        sql = shared_sql(field, fields, "{records}").replace('"', "`")
        if sql:
            shared = records.sparkSession.sql(sql, records=records).withColumnRenamed(field.name, "_shared")
            joined = records.join(F.broadcast(shared), on=F.col(field.name) == F.col("_shared"), how="left")
            emptied = {field.name, f"{field.name}_local", f"{field.name}_bits"} & set(records.columns)
            kept = [
                F.when(F.col("_shared").isNull(), F.col(n)).alias(n) if n in emptied else F.col(n)
                for n in records.columns
            ]
            records = joined.select(*kept)
    return records


def _spark_schema(schema: pa.Schema) -> str:
    kinds = {pa.string(): "string", pa.int32(): "int", pa.int64(): "long", pa.float64(): "double"}
    named = [("id", "string")] + [
        (item.name, kinds.get(item.type, "array<string>")) for item in schema if item.name != "rid"
    ]
    return ", ".join(f"`{name}` {kind}" for name, kind in named)


def blocked(
    records: DataFrame, fields: Sequence[Field], *, loose: bool, max_block: int, across_only: bool
) -> DataFrame:
    """``(id_l, id_r)``, each pair once: the blocking of :func:`identity.match.candidates.block`, as frames."""

    def batches(parts: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        sql = key_rows_sql(fields, loose=loose, owner="id")
        for part in parts:
            con = duckdb.connect(config={"threads": 1})
            con.register("prepared", pa.Table.from_batches([part]))
            keyed = f"SELECT id, source, CAST(field AS int) AS field, CAST(key AS varchar) AS key FROM ({sql})"
            yield from con.sql(keyed).to_arrow_table().to_batches()

    keys = records.mapInArrow(batches, KEYS)
    counted = keys.join(keys.groupBy("key").agg(F.count("*").alias("n")).where("n > 1"), on="key", how="inner")
    texts = [number for number, field in enumerate(fields) if field.kind is Kind.TEXT]
    blocks = counted.where(F.col("n") <= max_block).select("id", "source", "key")
    blocks = blocks.unionByName(_split_wide(counted.where(F.col("n") > max_block), texts, max_block))
    one, other = blocks.alias("l"), blocks.alias("r")
    apart = F.col("l.source") != F.col("r.source") if across_only else F.lit(1) == F.lit(1)
    pairs = one.join(
        other, on=(F.col("l.key") == F.col("r.key")) & (F.col("l.id") < F.col("r.id")) & apart, how="inner"
    )
    return pairs.select(F.col("l.id").alias("id_l"), F.col("r.id").alias("id_r")).dropDuplicates()


def _split_wide(wide: DataFrame, texts: Sequence[int], max_block: int) -> DataFrame:
    """Keys too wide for a block, two by two."""
    rank = F.row_number().over(Window.partitionBy("id").orderBy("n", "key"))
    few = wide.select("*", rank.alias("rank")).where(F.col("rank") <= WIDE_KEYS)
    a, b = few.alias("a"), few.alias("b")
    other_field = (F.col("a.field") != F.col("b.field")) | F.col("a.field").isin(list(texts) or [-1])
    joined = a.join(
        b, on=(F.col("a.id") == F.col("b.id")) & (F.col("a.key") < F.col("b.key")) & other_field, how="inner"
    )
    both = joined.select("a.id", "a.source", F.concat_ws("&", "a.key", "b.key").alias("key"))
    sizes = both.groupBy("key").agg(F.count("*").alias("n")).where(F.col("n").between(2, max_block))
    return both.join(sizes.select("key"), on="key", how="inner").select("id", "source", "key")


def scored(
    spark: SparkSession, records: DataFrame, pairs: DataFrame, fields: Sequence[Field], model: Model
) -> DataFrame:
    """``(id_l, id_r, weight, match_probability)`` of pairs by Splink on Spark with the trained model; weights in bits."""
    from splink import Linker, SparkAPI

    same = Model(tuple(comparisons(fields, SPARK)), model.prior, model.m, model.u)
    settings = {**splink_settings(same), "unique_id_column_name": "id", "retain_matching_columns": False}
    # Splink's own functions come in a jar of its own; the comparisons ask for what Spark has.
    api: Any = SparkAPI(  # type: ignore[no-untyped-call]
        spark_session=spark, register_udfs_automatically=False, break_lineage_method="parquet"
    )
    linker = Linker(api.register(records), settings, log_level=None, validate_settings=False)
    asked = pairs.select(
        F.lit("0").alias("match_key"), F.col("id_l").alias("join_key_l"), F.col("id_r").alias("join_key_r")
    )
    linker.table_management.register_blocked_pairs_for_predict(api.register(asked))
    found: DataFrame = linker.inference.predict(warning_mode="never").as_spark_dataframe()
    return found.select("id_l", "id_r", F.col("match_weight").alias("weight"), "match_probability")


def clustered(
    spark: SparkSession, edges: DataFrame, records: DataFrame, limits: Limits, apart: Sequence[int], work: str
) -> DataFrame:
    """``(id, cluster_id)`` of every record; ``edges (id_l, id_r, weight)`` are all scored pairs, ``records (id, source)``.

    Components of the strong pairs come from the engine that the identities use; each is guarded on its own, in Arrow.
    ``apart`` are the files that are free of duplicates. Keys of records are kept in the folder ``work``.
    """
    strong = edges.where(F.col("weight") >= limits.threshold).select(
        F.col("id_l").alias("src_token"), F.col("id_r").alias("dst_token")
    )
    nothing = spark.createDataFrame([], "token string, key long")
    tokens = strong.select(F.explode(F.array("src_token", "dst_token")).alias("token"))
    extend_keys(nothing, tokens).write.mode("overwrite").parquet(f"{work}/keys")
    keys = spark.read.parquet(f"{work}/keys")
    finder = choose(spark, n_vertices=keys.count(), work=f"{work}/components")
    finder(keyed_edges(strong, keys)).write.mode("overwrite").parquet(f"{work}/found")
    finder.release()
    labels = spark.read.parquet(f"{work}/found").join(keys, on=F.col("vertex") == F.col("key"), how="inner")
    member = labels.select(F.col("token").alias("id"), "component")
    guarded = (
        _inside(edges, member, records, apart)
        .groupBy("component")
        .applyInArrow(_guard(limits), "id string, cluster_id string")
    )
    name = F.coalesce("cluster_id", "id").alias("cluster_id")
    return records.select("id").join(guarded, on="id", how="left").select("id", name)


def _inside(edges: DataFrame, member: DataFrame, records: DataFrame, apart: Sequence[int]) -> DataFrame:
    """Scored pairs of one component, with the file of each end where that is free of duplicates, else -1."""
    own: Column = reduce(lambda rest, n: F.when(F.col("source") == n, F.lit(n)).otherwise(rest), apart, F.lit(-1))
    ends = member.join(records.select("id", own.alias("file")), on="id", how="inner")
    sides = [
        ends.select(*[F.col(name).alias(f"{name}_{side}") for name in ("id", "component", "file")]) for side in "lr"
    ]
    both = edges.join(sides[0], on="id_l", how="inner").join(sides[1], on="id_r", how="inner")
    kept = both.where(F.col("component_l") == F.col("component_r"))
    return kept.select(F.col("component_l").alias("component"), "id_l", "id_r", "weight", "file_l", "file_r")


def _guard(limits: Limits) -> Callable[[pa.Table], pa.Table]:
    def clusters(table: pa.Table) -> pa.Table:
        one, other = (table[name].to_numpy(zero_copy_only=False).astype(str) for name in ("id_l", "id_r"))
        ids, codes = np.unique(np.concatenate([one, other]), return_inverse=True)
        left, right = codes[: len(one)].astype(np.int64), codes[len(one) :].astype(np.int64)
        files = np.full(len(ids), -1, dtype=np.int64)
        files[left], files[right] = table["file_l"].to_numpy(), table["file_r"].to_numpy()
        rule = Rule("one record of a file without duplicates", files, is_apart=True)
        found = guarded_clusters(len(ids), left, right, table["weight"].to_numpy(), rules=[rule], limits=limits)
        return pa.table({"id": pa.array(ids.tolist()), "cluster_id": pa.array(ids[found].tolist())})

    return clusters
