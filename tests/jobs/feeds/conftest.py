"""One lake for the tests of a file: to make the tables of a new one takes longer than most of these tests."""

import pytest
from pyspark.sql import SparkSession

from tests.small_lake import SmallLake


@pytest.fixture(scope="module")
def shared(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> SmallLake:
    """A lake in which each test has a source of its own."""
    return SmallLake(spark, tmp_path_factory.mktemp("feeds"))
