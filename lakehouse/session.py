"""The only place that builds a Spark session, and the only one that reaches behind Spark's public API."""

import json
import os
import sys
from pathlib import Path

from py4j.java_gateway import JavaObject
from py4j.protocol import Py4JJavaError
from pyspark.sql import DataFrame, SparkSession

from lakehouse.errors import SettingsError
from lakehouse.settings import Settings

JAVA_OPTIONS = "spark.driver.extraJavaOptions"
CLASSES = (
    "io.delta.tables.DeltaTable",
    "java.net.URI",
    "org.apache.spark.api.python.PythonUtils",
    "org.apache.hadoop.fs.FileSystem",
    "org.apache.spark.sql.api.python.PythonSQLUtils",
    "org.apache.spark.sql.classic.SparkSession",
    "org.apache.spark.sql.delta.DeltaLog",
    "org.apache.spark.sql.execution.streaming.sources.PythonForeachBatchHelper",
    "org.apache.spark.sql.expressions.Window",
    "org.apache.spark.sql.functions",
    "org.apache.spark.sql.streaming.Trigger",
    "org.apache.spark.util.Utils",
    "py4j.reflection.TypeUtil",
)
DELTA = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.session.timeZone": "UTC",
    "spark.databricks.delta.schema.autoMerge.enabled": "false",
}


def jar_paths(settings: Settings) -> list[str]:
    """The jars that a session is started with: Delta and the readers always, those for S3 and GraphFrames where they are.

    Raises :class:`SettingsError` when Delta's jars are not there.
    """
    root = Path(settings.jars)
    folders = [root / name for name in ("delta", "sources", "s3", "graphframes")]
    extra = os.environ.get("KITH_GRAPHFRAMES_JARS", "")
    jars = [str(jar) for folder in folders for jar in sorted(folder.glob("*.jar"))]
    if not any("delta-spark" in jar for jar in jars):
        raise SettingsError("Delta's jars are not there: run `make setup`", file=folders[0])
    return jars + [path for path in extra.split(os.pathsep) if path]


def spark_conf(settings: Settings) -> dict[str, str]:
    """The session's configuration: ``conf/spark/<size>.conf`` over what Delta needs and what keeps it offline."""
    conf = dict(DELTA)
    conf["spark.jars"] = ",".join(jar_paths(settings))
    conf["spark.driver.memory"] = settings.driver_memory
    conf["spark.checkpoint.dir"] = f"{settings.lake_path}/_checkpoints/spark"
    conf |= _object_store()
    conf["spark.sql.warehouse.dir"] = f"{settings.home}/warehouse"
    log4j = f"-Dlog4j2.configurationFile={Path(settings.conf) / 'spark' / 'log4j2.properties'}"
    own = f"-Dderby.system.home={settings.home}/derby {log4j}"
    path = Path(settings.conf) / "spark" / f"{settings.spark_size}.conf"
    if not path.exists():
        raise SettingsError("there is no such session size", file=path)
    for line in path.read_text(encoding="utf-8").splitlines():
        words = line.split(None, 1)
        if len(words) == 2 and not line.startswith("#"):
            conf[words[0]] = words[1].strip()
    conf[JAVA_OPTIONS] = f"{own} {conf.get(JAVA_OPTIONS, '')}".strip()
    return conf


def _object_store() -> dict[str, str]:
    """Where S3A finds a store that is not Amazon's: as boto3 does, by ``AWS_ENDPOINT_URL``."""
    address = os.environ.get("AWS_ENDPOINT_URL")
    own = {"spark.hadoop.fs.s3a.endpoint": address, "spark.hadoop.fs.s3a.path.style.access": "true"} if address else {}
    return {name: value for name, value in own.items() if value}


def build_session(settings: Settings, app: str = "kith") -> SparkSession:
    """Start (or join) the Spark session. Workers run this very interpreter, else they lose pandas and pyarrow."""
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    os.environ.setdefault("PYARROW_IGNORE_TIMEZONE", "1")
    if settings.spark_master.startswith("local"):
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    builder = SparkSession.builder.appName(app)
    if "SPARK_SUBMIT_MODE" not in os.environ:
        builder = builder.master(settings.spark_master)
    for key, value in spark_conf(settings).items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    _remember_classes(spark)
    _without_sidecars(spark)
    return spark


def _remember_classes(spark: SparkSession) -> None:
    """Look up once what PySpark and Delta look up by name at each call: a miss scans every jar (7 % of a short run)."""
    jvm = _jvm(spark)
    for name in CLASSES:  # asked for by full name, by short name (PySpark imports some packages) and part by part
        found = getattr(jvm, name)
        jvm.__dict__[name] = jvm.__dict__[name.rpartition(".")[2]] = found
        package = jvm
        for part in name.split("."):
            found = getattr(package, part)
            package.__dict__[part] = found
            package = found


def _without_sidecars(spark: SparkSession) -> None:
    """No ``.crc`` file beside each file on a local disk: Parquet has its own checksums, and each costs a ``chmod``."""
    jvm = _jvm(spark)
    local = jvm.java.net.URI.create("file:///")
    jvm.org.apache.hadoop.fs.FileSystem.get(local, spark._jsc.hadoopConfiguration()).setWriteChecksum(False)


def _jvm(spark: SparkSession) -> JavaObject:
    gateway = spark.sparkContext._gateway
    if gateway is None:
        raise SettingsError("a classic (not Connect) session is needed here")
    return gateway.jvm


def _snapshot(spark: SparkSession, path: str) -> JavaObject:
    log = _jvm(spark).org.apache.spark.sql.delta.DeltaLog.forTable(spark._jsparkSession, path)
    return log.unsafeVolatileSnapshot()


def table_version(spark: SparkSession, path: str) -> int:
    """The Delta version of the table at ``path`` that this driver last saw; -1 where there is none. No Spark job."""
    return int(_snapshot(spark, path).version())


def table_properties(spark: SparkSession, path: str) -> dict[str, str]:
    """The table's properties as this driver last saw them. No Spark job, unlike DESCRIBE DETAIL (seconds)."""
    found: dict[str, str] = json.loads(_snapshot(spark, path).metadata().json())["metaData"].get("configuration", {})
    return found


def count_rows(frame: DataFrame) -> int:
    """How many rows a frame has, by a plain job over its partitions: no second query is planned and compiled to count them."""
    return int(frame._jdf.queryExecution().toRdd().count())


def guessed_bytes(frame: DataFrame) -> int:
    """How large Spark takes a frame to be, before anything is computed."""
    return int(str(frame._jdf.queryExecution().optimizedPlan().stats().sizeInBytes()))


def run_seconds(spark: SparkSession, group: str) -> float:
    """Executor run time in seconds, over all tasks of the Spark jobs of a job group."""
    return sum(float(stage.executorRunTime()) / 1e3 for stage in _stages(spark, group))


def cpu_seconds(spark: SparkSession, group: str) -> float:
    """CPU seconds of the JVM's task threads, with what it took to receive plans and tables, of a job group's Spark jobs."""
    return sum(
        float(stage.executorCpuTime() + stage.executorDeserializeCpuTime()) / 1e9 for stage in _stages(spark, group)
    )


def _stages(spark: SparkSession, group: str) -> list[JavaObject]:
    """The stages of a job group that ran and that the session still remembers."""
    context = spark.sparkContext
    store, tracker = context._jsc.sc().statusStore(), context.statusTracker()
    infos = map(tracker.getJobInfo, tracker.getJobIdsForGroup(group))
    stages = {stage for info in infos if info is not None for stage in info.stageIds}
    return [stage for number in stages if (stage := _stage(store, number)) is not None]


def _stage(store: JavaObject, number: int) -> JavaObject | None:
    try:
        return store.lastStageAttempt(number)
    except Py4JJavaError:  # a stage that was skipped, or that the store no longer holds
        return None


def remove(spark: SparkSession, path: str) -> None:
    """Delete a file or folder with all that is in it, on any file system; nothing if it is not there."""
    where = _jvm(spark).org.apache.hadoop.fs.Path(path)
    where.getFileSystem(spark._jsc.hadoopConfiguration()).delete(where, True)


def reads_s3a(spark: SparkSession) -> bool:
    """Whether the jars for ``s3a://`` addresses are in the session."""
    return "hadoop-aws" in spark.sparkContext.getConf().get("spark.jars", "")


def names(spark: SparkSession, folder: str) -> list[str]:
    """Names of what is in a folder, on any file system, sorted; none where there is no such folder."""
    where = _jvm(spark).org.apache.hadoop.fs.Path(folder)
    files = where.getFileSystem(spark._jsc.hadoopConfiguration())
    return sorted(status.getPath().getName() for status in files.listStatus(where)) if files.exists(where) else []


def write_text(spark: SparkSession, path: str, text: str) -> None:
    """Write a small file whole or not at all, on any file system: under a hidden name, then renamed."""
    folder, _, name = path.rpartition("/")
    jvm = _jvm(spark)
    draft, where = (jvm.org.apache.hadoop.fs.Path(folder, found) for found in (f".{name}.draft", name))
    files = where.getFileSystem(spark._jsc.hadoopConfiguration())
    stream = files.create(draft, True)
    stream.write(bytearray(text.encode()))
    stream.close()
    if not files.rename(draft, where):
        raise OSError(f"{draft} cannot be renamed to {where}")


def root_message(error: Exception) -> str:
    """The first line of what an exception says; of the JVM's own exception where it comes from there."""
    text = (
        str(error.java_exception.toString()) if isinstance(error, Py4JJavaError) else f"{type(error).__name__}: {error}"
    )
    return text.strip().split("\n", 1)[0]
