"""The phone rule beside a plain Python UDF with phonenumbers, on phone texts as shops have them.

    python -m benchmarks.rules [--rows 5e6] [--distinct 2e6] [--region CN] [--share 1]

Of the distinct texts 80 % are mainland mobiles in eight spellings, 9 % numbers of ten other countries, 6 % landlines, 5 %
masked, short or no numbers; how often one comes is skewed, and each comes once at least. Both read the same Parquet, give value,
status and reason, and write nowhere. Both have run before on a small part, in the same session of two cores. `--share` lets the
UDF do only that part of the rows and multiplies. The values of both are compared, row by row, on 200,000 distinct texts.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import phonenumbers
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.session import build_session
from lakehouse.settings import load_settings
from lakehouse.standardise.rules import rule
from lakehouse.standardise.verdict import read

REGIONS = ("US", "GB", "HK", "JP", "DE", "SG", "AU", "FR", "KR", "TW")
FILES = 8


def texts(count: int) -> Iterator[str]:
    """Phone texts, the same ones each time; a few come twice."""
    draw = random.Random(6)
    abroad = {region: _example(region) for region in REGIONS}
    for _ in range(count):
        kind = draw.random()
        if kind < 0.80:
            yield _mobile(draw)
        elif kind < 0.89:
            region = draw.choice(REGIONS)
            national = abroad[region][:-5] + f"{draw.randrange(10**5):05}"
            sign = draw.choice(("+", "+", "+", "00"))
            code = phonenumbers.country_code_for_region(region)
            yield f"{sign}{code}{draw.choice((' ', '', '-'))}{national}"
        elif kind < 0.95:
            area, rest = draw.choice((("010", 8), ("021", 8), ("0571", 8), ("0755", 8), ("0311", 8), ("0838", 7)))
            yield f"{area}{draw.choice(('-', '', ' '))}{draw.randrange(2, 9)}{draw.randrange(10 ** (rest - 1)):0{rest - 1}}"
        else:
            yield _junk(draw)


def _example(region: str) -> str:
    found = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    assert found is not None, region
    return str(found.national_number)


def _mobile(draw: random.Random) -> str:
    start = draw.choice((130, 131, 135, 136, 137, 138, 139, 150, 151, 158, 159, 176, 177, 180, 186, 188, 189, 198))
    digits = f"{start}{draw.randrange(10**8):08}"
    grouped = f"{digits[:3]} {digits[3:7]} {digits[7:]}"
    forms = (
        digits,
        f"+86{digits}",
        f"+86 {grouped}",
        grouped,
        grouped.replace(" ", "-"),
        f"86{digits}",
        f"0086{digits}",
    )
    wide = digits.translate({ord(str(n)): chr(0xFF10 + n) for n in range(10)})
    return draw.choices((*forms, wide), (50, 12, 10, 10, 8, 5, 3, 2))[0]


def _junk(draw: random.Random) -> str:
    number = f"{draw.randrange(10**11):011}"
    return draw.choice((f"{number[:3]}****{number[7:]}", number[: draw.randrange(3, 10)], f"none {number[:2]}", number))


def write(folder: Path, rows: int, distinct: int) -> None:
    """Parquet files of ``(text)``: every distinct text, and the rest drawn with a skew."""
    known = pa.array(list(texts(distinct)), pa.string())
    draw = np.random.default_rng(6)
    more = (distinct * draw.beta(0.6, 2.4, rows - distinct)).astype(np.int64)
    order = draw.permutation(np.concatenate([np.arange(distinct), more]))
    for n, part in enumerate(np.array_split(order, FILES)):
        pq.write_table(pa.table({"text": known.take(pa.array(part))}), folder / f"{n}.parquet")


def ours(frame: DataFrame, region: str) -> DataFrame:
    """The rule as mappings run it: a verdict, and its parts."""
    options = {"default_region": region} if region else {}
    judged = frame.withColumn("_verdict", rule("phone").verdict("text", **options))
    return judged.select("text", *[F.expr(sql).alias(part) for part, sql in read("_verdict", "text").items()])


def standardise(text: str | None, region: str) -> tuple[str | None, str, str | None]:
    """What one writes who knows phonenumbers, a text at a time."""
    if text is None or not text.strip():
        return None, "missing", "blank"
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None, "invalid", "not_a_phone"
    if not phonenumbers.is_valid_number(number):
        return None, "invalid", "not_in_use"
    value = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return value, "valid" if value == text else "repaired", None


def plain_udf(frame: DataFrame, region: str) -> DataFrame:
    """The same by a plain Python UDF."""
    by_row: Callable[[str], Column] = F.udf(  # noqa: TID251 - it is what the rule is measured against
        lambda text: standardise(text, region), "struct<value: string, status: string, reason: string>"
    )
    return frame.select("text", by_row("text").alias("r")).select("text", "r.*")


def seconds(frame: DataFrame) -> float:
    """Seconds to compute every row of a frame."""
    started = time.perf_counter()
    frame.write.format("noop").mode("overwrite").save()
    return time.perf_counter() - started


def agreement(frame: DataFrame, region: str) -> str:
    """How many of some distinct texts have the same value by both."""
    some = frame.distinct().limit(200_000).localCheckpoint()
    other = plain_udf(some, region).select("text", F.col("value").alias("other"))
    both = ours(some, region).join(other, on="text", how="inner").localCheckpoint()
    differ = both.where((F.col("value") != F.col("other")) | (F.col("value").isNotNull() & F.col("other").isNull()))
    refused = both.where(F.col("value").isNull() & F.col("other").isNotNull())
    reasons = {row["reason"]: row["count"] for row in refused.groupBy("reason").count().collect()}
    examples = [f"{row['text']} as {row['value']}, not {row['other']}" for row in differ.limit(5).collect()]
    return f"{both.count():,} texts: {differ.count():,} with another value {examples}; only the rule refuses {reasons}"


def main() -> None:
    """Print seconds of both, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=float, default=5e6)
    parser.add_argument("--distinct", type=float, default=2e6)
    parser.add_argument("--region", default="CN")
    parser.add_argument("--share", type=float, default=1.0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), int(asked.rows), int(asked.distinct))
        spark = build_session(load_settings(None, home=folder, spark_size="m"), "kith-benchmark-rules")
        run(spark, folder, asked.region, asked.share)
        spark.stop()


def run(spark: SparkSession, folder: str, region: str, share: float) -> None:
    """All measurements in one session."""
    rows = spark.read.parquet(f"{folder}/*.parquet")
    small = spark.read.parquet(f"{folder}/0.parquet").limit(100_000)
    total = rows.count()
    for warm in (ours(small, region), ours(small, ""), plain_udf(small, region)):
        seconds(warm)
    part = rows.where(F.xxhash64("text") % 1000 < int(1000 * share)) if share < 1 else rows
    by_rule = sorted(seconds(ours(rows, region)) for _ in range(3))
    by_sql = sorted(seconds(ours(rows, "")) for _ in range(3))
    by_udf = seconds(plain_udf(part, region)) / share
    print(
        f"{total:,} rows; the best of three for the rule, one run of the UDF"
        + (f" on {share:.0%}" if share < 1 else "")
    )
    print(f"plain Python UDF with phonenumbers  {by_udf:8.1f} s")
    print(f"rule phone, default_region {region}      {by_rule[0]:8.2f} s  {by_udf / by_rule[0]:6.1f} times faster")
    print(f"rule phone, without a region        {by_sql[0]:8.2f} s  {by_udf / by_sql[0]:6.1f} times faster")
    print(f"all runs of the rule: {', '.join(f'{s:.2f}' for s in by_rule)} s")
    print(agreement(rows, region))


if __name__ == "__main__":
    main()
