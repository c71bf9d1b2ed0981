"""What every source is made from: the session, the brand, its chance, and the two frames of people and orders."""

from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession

from simulate.brand import Brand
from simulate.dice import Dice


@dataclass(frozen=True)
class World:
    """One simulated brand: ``people`` (see ``people.people``) and ``orders`` (see ``orders.orders``) are its base frames."""

    spark: SparkSession
    brand: Brand
    dice: Dice
    people: DataFrame
    orders: DataFrame


def named(columns: Mapping[str, str]) -> list[str]:
    """Select expressions from names and SQL expressions."""
    return [f"{expression} AS `{name}`" for name, expression in columns.items()]


def struct(columns: Mapping[str, str]) -> str:
    """SQL: a struct from names and SQL expressions."""
    return f"named_struct({', '.join(f'{name!r}, {expression}' for name, expression in columns.items())})"
