"""Who there is: one row a person with lifecycle, taste, household and registrations, and the bots and testers beside them."""

from pyspark.sql import DataFrame, SparkSession

from simulate import identifiers as ids
from simulate.assortment import TASTES
from simulate.brand import CITIES, DAY, Brand
from simulate.dice import Dice
from simulate.world import named

ORDERS_PER_YEAR = 11.0
MEAN_LIFE_DAYS = 700.0
RETURN_RATE = 0.35
JOINED_BEFORE_DAYS = 400
SECOND_MEMBERSHIP = 0.06
SECOND_APP_ACCOUNT = 0.05
TABLET_USER = 0.03
SHARED_DEVICE = 0.10
# For each channel: the share of people who ever open it, and the share of those who register there.
SEATS = {"app": (0.46, 0.88), "coffee": (0.55, 0.90), "mall": (0.40, 0.80), "web": (0.45, 0.55)}
ACCOUNTS = {"tiger": 0.34, "dog": 0.28}
MEMBERS = 0.62


def people(spark: SparkSession, brand: Brand, dice: Dice) -> DataFrame:
    """One row a person or guest, keyed by ``id``; ``kind`` is person, bot or test.

    Days count from the first simulated day and may be negative; ``reg_<channel>`` and ``member_at`` are seconds from its
    start, null for who never registers. ``sees_<channel>`` says who opens a channel at all.
    """
    total = brand.people + brand.guests
    return (
        spark.range(0, total, 1, brand.tasks)
        .selectExpr("id", *named(_household(brand, dice)))
        .selectExpr("*", *named(_nature(brand, dice)))
        .selectExpr("*", *named(_lifecycle(brand, dice)))
        .selectExpr("*", *named(_registrations(dice)))
    )


def _household(brand: Brand, dice: Dice) -> dict[str, str]:
    guest = f"CASE WHEN id < {brand.people} THEN 'person' WHEN id % 2 = 0 THEN 'bot' ELSE 'test' END"
    return {"kind": guest, "head": f"IF(id < {brand.people}, {ids.household(dice, 'id')}, id)"}


def _nature(brand: Brand, dice: Dice) -> dict[str, str]:
    city = dice.below(CITIES, "city", "head")
    branch = dice.below(brand.stores // CITIES, "store", "head")
    joined = f"{dice.below(JOINED_BEFORE_DAYS + brand.days, 'joined', 'id')} - {JOINED_BEFORE_DAYS}"
    rate = dice.gamma(ORDERS_PER_YEAR, "rate", "id")
    return {
        "city": city,
        "home": f"{city} + {CITIES} * {branch}",
        "phone_owner": ids.phone_owner(dice, "id", "head"),
        "device_owner": f"IF({dice.chance(SHARED_DEVICE, 'device.shared', 'id')}, head, id)",
        "taste": dice.below(len(TASTES), "taste", "id"),
        "joined": f"IF(kind = 'person', {joined}, -{JOINED_BEFORE_DAYS})",
        "rate": f"IF(kind = 'person', least({rate}, 90D), 0D)",
    }


def _lifecycle(brand: Brand, dice: Dice) -> dict[str, str]:
    dropout = f"joined + 1 + cast({dice.exponential(MEAN_LIFE_DAYS, 'life', 'id')} AS INT)"
    back = f"40 + cast({dice.exponential(80.0, 'pause', 'id')} AS INT)"
    returns = f"dropout IS NOT NULL AND {dice.chance(RETURN_RATE, 'returns', 'id')}"
    return {
        "dropout": f"IF(kind = 'person' AND {dropout} < {brand.days}, {dropout}, NULL)",
        "returned": f"IF({returns} AND dropout + {back} < {brand.days}, dropout + {back}, NULL)",
        "tablet": f"kind = 'person' AND {dice.chance(TABLET_USER, 'tablet.user', 'id')}",
    }


def _registrations(dice: Dice) -> dict[str, str]:
    columns = {
        "member_at": _since(dice, "member", f"kind = 'person' AND {dice.chance(MEMBERS, 'member', 'id')}", 60),
        "members": f"IF({dice.chance(SECOND_MEMBERSHIP, 'member.second', 'id')}, 2, 1)",
        "app_accounts": f"IF({dice.chance(SECOND_APP_ACCOUNT, 'app.second', 'id')}, 2, 1)",
    }
    for channel, (opened, registered) in SEATS.items():
        guest = {"app": "kind = 'test'", "web": "kind = 'bot'"}.get(channel, "false")
        seat = f"IF(kind = 'person', {dice.chance(opened, f'seat.{channel}', 'id')}, {guest})"
        signs = f"IF(kind = 'person', {dice.chance(registered, f'register.{channel}', 'id')}, kind = 'test')"
        columns[f"sees_{channel}"] = seat
        columns[f"reg_{channel}"] = _since(dice, channel, f"sees_{channel} AND {signs}", 120)
    for market, rate in ACCOUNTS.items():
        columns[f"has_{market}"] = f"kind = 'person' AND {dice.chance(rate, f'account.{market}', 'id')}"
    return columns


def _since(dice: Dice, what: str, condition: str, within_days: int) -> str:
    wait = f"cast({dice.share(f'since.{what}', 'id')} * {within_days * DAY} AS BIGINT)"
    return f"IF({condition}, joined * {DAY}L + {wait}, NULL)"


def active(day: str) -> str:
    """SQL over a person's row: whether the person is a customer on a day, between joining and lapse or after the return."""
    return f"({day} >= joined AND (dropout IS NULL OR {day} < dropout OR coalesce({day} >= returned, false)))"
