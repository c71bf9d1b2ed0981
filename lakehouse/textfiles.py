"""Lines of small text files that Spark and Delta write about themselves, on a local disk or on an object store."""

from collections.abc import Callable
from pathlib import Path

from pyspark.errors import AnalysisException
from pyspark.sql import SparkSession

Lines = Callable[[str], list[str] | None]


def reader(spark: SparkSession) -> Lines:
    """A function from a path to its lines, or to None where there is no such file."""

    def lines(path: str) -> list[str] | None:
        if "://" not in path:
            local = Path(path)
            return local.read_text(encoding="utf-8").split("\n") if local.exists() else None
        try:
            return [row[0] for row in spark.read.text(path).collect()]
        except AnalysisException:
            return None

    return lines
