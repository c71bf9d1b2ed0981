"""Slices of people in which models must be fair, out of what the customer dimension knows: gender and tier of the city."""

from collections.abc import Mapping
from itertools import chain
from pathlib import Path

import yaml
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.errors import SettingsError
from lakehouse.settings import Settings

OTHER = "other"


def attributes(customers: DataFrame, settings: Settings) -> DataFrame:
    """``(one_id, known_since, gender, city_tier)`` of gold.dim_customer, null where unknown; since the first registration.

    No model learns from it. Who registered after a cut-off is in no slice there: who comes back is asked who they are, so that
    a slice of those who are known today would hold those who bought, and no honest prediction would seem fair in it.
    """
    tiers = load_tiers(Path(settings.conf) / "city_tiers.yml")
    listed = F.create_map(*[F.lit(text) for text in chain(*tiers.items())])[F.col("city")] if tiers else F.lit(None)
    tier = F.when(F.col("city").isNotNull(), F.coalesce(listed, F.lit(OTHER)))
    since = F.col("joined_at").alias("known_since")
    return customers.select("one_id", since, "gender", tier.alias("city_tier"))


def load_tiers(path: Path) -> Mapping[str, str]:
    """The tier of each city that ``conf/city_tiers.yml`` lists; empty where there is no such file.

    Raises ``SettingsError``, which names the file and the tier, for one that is no list of names and for a city in two tiers.
    """
    if not path.exists():
        return {}
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"not YAML: {error}", file=path) from error
    if not isinstance(told, dict):
        raise SettingsError("tiers with lists of cities are expected", file=path)
    found: dict[str, str] = {}
    for tier, cities in told.items():
        if not isinstance(cities, list) or not all(isinstance(city, str) for city in cities):
            raise SettingsError("a list of cities is expected", file=path, key=str(tier))
        twice = sorted({city for city in cities if city in found or cities.count(city) > 1})
        if twice:
            raise SettingsError(f"{', '.join(twice)} is listed twice", file=path, key=str(tier))
        found |= dict.fromkeys(cities, str(tier))
    return found
