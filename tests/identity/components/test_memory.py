"""Sizes as Spark writes them."""

import pytest

from identity.components.memory import size_bytes
from lakehouse.errors import SettingsError


@pytest.mark.parametrize(
    ("text", "size"),
    [("2g", 2 * 2**30), ("512m", 512 * 2**20), ("512", 512 * 2**20), (" 1T ", 2**40), ("64kb", 64 * 2**10)],
)
def test_sizes_are_read(text: str, size: int) -> None:
    assert size_bytes(text, "spark.executor.memory") == size


@pytest.mark.parametrize("text", ["", "much", "1.5g", "g"])
def test_what_is_no_size_is_refused_with_its_key(text: str) -> None:
    with pytest.raises(SettingsError, match=r"spark\.executor\.memory"):
        size_bytes(text, "spark.executor.memory")
