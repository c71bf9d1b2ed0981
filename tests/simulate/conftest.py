"""One small brand, generated once for all tests of the simulation, and one of twice its size."""

import pytest
from pyspark.sql import SparkSession

from simulate import Brand, generate
from tests.simulate.staged import Staged

SMALL = Brand(people=200)


@pytest.fixture(scope="session")
def staged(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Staged:
    """The brand of 200 people."""
    out = tmp_path_factory.mktemp("brand")
    generate(spark, SMALL, str(out))
    return Staged(out)


@pytest.fixture(scope="session")
def doubled(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Staged:
    """The same brand with 400 people."""
    out = tmp_path_factory.mktemp("brand-doubled")
    generate(spark, Brand(people=400), str(out))
    return Staged(out)
