"""How much memory one executor's Python worker may take: what decides whether a graph fits the forest."""

import os

from pyspark.sql import SparkSession

from lakehouse.errors import SettingsError

UNITS = {"b": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}


def worker_bytes(spark: SparkSession) -> int:
    """Bytes a Python worker may use: its limit, else the executor's overhead, else half a local machine."""
    for key in ("spark.executor.pyspark.memory", "spark.executor.memoryOverhead"):
        value = spark.conf.get(key, None)
        if value:
            return size_bytes(value, key)
    if str(spark.conf.get("spark.master", "local")).startswith("local"):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    heap = size_bytes(str(spark.conf.get("spark.executor.memory", "1g")), "spark.executor.memory")
    return max(384 * 2**20, heap // 10)


def size_bytes(text: str, key: str) -> int:
    """Bytes of a Spark size, ``2g`` or ``512`` (MiB); :class:`SettingsError` with ``key`` if it is none."""
    number = text.strip().lower().removesuffix("b") if not text.strip().isdigit() else f"{text.strip()}m"
    unit = UNITS.get(number[-1:], 0)
    if not unit or not number[:-1].isdigit():
        raise SettingsError(f"not a size: {text!r}", key=key)
    return int(number[:-1]) * unit
