"""The dry run: every job analysed on empty frames of its inputs' contracts, and every table compared with its contract."""

from collections.abc import Callable
from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.context import Context
from jobs.mapped import feeding
from lakehouse.deliveries import DELETED
from lakehouse.errors import ContractError
from lakehouse.job import AsOf, Changed, Group, Job, Mapped, New, Read, Resource
from lakehouse.settings import Settings
from lakehouse.sources.mapping import mapped, observed
from lakehouse.table import Table
from lakehouse.tables import silver


def empty(spark: SparkSession, table: Table) -> DataFrame:
    """An empty frame of a contract's shape."""
    return spark.createDataFrame([], table.schema_ddl)


def rehearse(job: Job, spark: SparkSession, settings: Settings) -> DataFrame:
    """The job's result on empty inputs: what it would land, without any data."""
    result = job.transform(**{name: _stand_in(job, read, spark, settings) for name, read in job.reads.items()})
    if not isinstance(result, DataFrame):
        raise ContractError("the transform returned no DataFrame", job=job.name)
    return result


def _stand_in(
    job: Job, read: Read, spark: SparkSession, settings: Settings
) -> DataFrame | date | Settings | dict[str, int]:
    match read:
        case Table() | New():
            return _image(spark, read)
        case Changed():
            return spark.createDataFrame([], "kind string, key string")
        case Mapped():
            lineage = "" if job.writes.column_names[-1] == "_row_hash" else ", _file string, _row bigint"
            return spark.createDataFrame([], job.writes.schema_ddl + lineage)
        case AsOf.DAY:
            return date(2025, 1, 1)
        case Resource.SETTINGS:
            return settings
        case Resource.VERSIONS:
            return {}


def _image(spark: SparkSession, read: Table | New) -> DataFrame:
    if isinstance(read, Table):
        return empty(spark, read)
    rows = empty(spark, read.table)
    return rows.withColumn(DELETED, F.lit(False)) if read.deletions else rows


def mismatches(job: Job, result: DataFrame) -> list[str]:
    """How the result's columns differ from the contract's."""
    found = {f.name: f.dataType.simpleString() for f in result.schema.fields}
    wanted = {f.name: f.dataType.simpleString() for f in empty(result.sparkSession, job.writes).schema.fields}
    own = {"valid_to", "is_current"} if "is_current" in wanted and "is_current" not in found else set()
    missing = [f"column {name} is missing" for name in wanted if name not in found and name not in own]
    other = [f"column {n} is {found[n]}, contract {t}" for n, t in wanted.items() if n in found and found[n] != t]
    return missing + other


def plan_jobs(context: Context, jobs: list[Job], say: Callable[[str], None]) -> int:
    """Analyse the jobs and compare the tables; prints a line for each and returns the number of problems."""
    problems = 0
    for job in jobs:
        try:
            found = [] if job.group is Group.BRONZE else mismatches(job, rehearse(job, context.spark, context.settings))
            found += _source_problems(context, job)
        except Exception as error:  # noqa: BLE001 - whatever a job raises is what a dry run is to tell
            found = [str(error).split("\n", 1)[0]]
        drifts = [str(drift) for drift in context.lake.drift(job.writes)]
        problems += len(found)
        state = "new table" if not context.lake.exists(job.writes) else "; ".join(drifts) or "as its contract"
        say(f"{'[red]broken[/]' if found else 'ok'} {job.name}: {'; '.join(found) or state}")
    return problems


def _source_problems(context: Context, job: Job) -> list[str]:
    """Analysis errors of the source mappings that feed the job."""
    if Mapped() not in job.reads.values():
        return []
    problems = []
    for source in feeding(context.sources, job.writes):
        project = observed if job.writes is silver.IDENTIFIER_OBSERVATION else mapped
        try:
            project(source, job.writes, empty(context.spark, source.table), b"0" * 32)
        except Exception as error:  # noqa: BLE001 - the same for a mapping
            problems.append(f"{source.name}.yml: {str(error).split(chr(10), 1)[0]}")
    return problems
