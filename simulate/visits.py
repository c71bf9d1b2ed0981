"""When people open the app, the mini-programs and the web site: browsing, ordering and registering, one row a visit."""

from dataclasses import dataclass

from pyspark.sql import DataFrame

from simulate import orders as buying
from simulate.brand import DAY
from simulate.people import ORDERS_PER_YEAR, active
from simulate.world import World, named

FROM_AD = 0.14
BOT_VISITS_PER_YEAR = 120.0
SECOND_ACCOUNT_AFTER_DAYS = 40
AD_CHANNELS = ("douyin", "wechat", "baidu", "xiaohongshu")
_COLUMNS = (
    "id", "kind", "head", "home", "phone_owner", "device_owner", "taste", "tablet", "reg", "accounts",
    "what", "visit", "at", "steps", "lines", "oid", "store", "coupon", "account", "ad",
)  # fmt: skip


@dataclass(frozen=True)
class Channel:
    """A place that people open on a device: its short name, its source folder and how often who has it opens it."""

    name: str
    source: str
    visits_per_year: float
    half: str
    advertised: bool = False


APP = Channel("app", "app", 9.0, "0")
COFFEE = Channel("coffee", "miniprogram_coffee", 9.0, "0")
MALL = Channel("mall", "miniprogram_mall", 7.0, "1", advertised=True)
WEB = Channel("web", "web", 8.0, "1", advertised=True)
CHANNELS = (APP, COFFEE, MALL, WEB)


def visits(world: World, channel: Channel) -> DataFrame:
    """One row a visit to a channel, keyed by ``visit``: ``what`` is browse, order or register, ``steps`` its events.

    ``at`` is seconds from the first day's start; ``ad`` the index of the advertisement that led here, or null.
    """
    return browsing(world, channel).unionByName(_ordering(world, channel)).unionByName(_registering(world, channel))


def browsing(world: World, channel: Channel) -> DataFrame:
    """The visits without an order; also before registration, and before the first purchase."""
    brand, dice, name = world.brand, world.dice, channel.name
    keen = f"(0.5D + rate / {2 * ORDERS_PER_YEAR!r}D)"
    yearly = f"IF(kind = 'bot', {BOT_VISITS_PER_YEAR!r}D, {channel.visits_per_year!r}D * {keen})"
    hour = dice.pick((8, *buying.HOURS, 21, 22, 22, 23), f"{name}.hour", "id", "slot")
    ad = (
        f"IF({dice.chance(FROM_AD if channel.advertised else 0, f'{name}.ad', 'id', 'slot')}, {_ad(world, name)}, NULL)"
    )
    return (
        world.people.where(f"sees_{name}")
        .selectExpr("*", f"{yearly} * {brand.years!r}D AS expected")
        .selectExpr("*", "explode(sequence(1, cast(3 * ceil(expected) AS INT))) AS slot")
        .selectExpr("*", f"{dice.below(brand.days, f'{name}.day', 'id', 'slot')} AS day")
        .where(
            f"{dice.chance('expected / (3 * ceil(expected))', f'{name}.visit', 'id', 'slot')} AND {active('(day + 20)')}"
        )
        .selectExpr(
            "*",
            *_seat(channel),
            "'browse' AS what",
            f"{dice.bits(f'{name}.browse', 'id', 'slot')} AS visit",
            f"day * {DAY}L + 3600 * {hour} + {dice.below(3600, f'{name}.second', 'id', 'slot')} AS at",
            f"1 + {dice.below(5, f'{name}.steps', 'id', 'slot')} AS steps",
            f"cast(NULL AS {buying.LINES}) AS lines",
            "cast(NULL AS STRING) AS oid",
            "home AS store",
            "false AS coupon",
            f"{ad} AS ad",
        )
        .selectExpr("*", f"{_account(world, channel)} AS account")
        .select(*_COLUMNS)
    )


def _seat(channel: Channel) -> list[str]:
    accounts = "app_accounts" if channel.name == "app" else "1"
    return [f"reg_{channel.name} AS reg", f"{accounts} AS accounts"]


def _ad(world: World, name: str) -> str:
    return world.dice.below(len(AD_CHANNELS), f"{name}.ad.channel", "id", "slot")


def _account(world: World, channel: Channel) -> str:
    second = f"accounts = 2 AND at >= greatest(reg, 0) + {SECOND_ACCOUNT_AFTER_DAYS * DAY}L"
    return f"IF({second} AND {world.dice.chance(0.4, f'{channel.name}.account', 'visit')}, 1, 0)"


def _ordering(world: World, channel: Channel) -> DataFrame:
    steps = "3 * size(lines) + 2 + IF(coupon, 1, 0)"
    made = {
        "kind": "'person'",
        "what": "'order'",
        "visit": "number",
        "steps": steps,
        "ad": "cast(NULL AS INT)",
    }
    return (
        world.orders.where(f"channel = '{channel.name}'")
        .selectExpr("*", *_seat(channel), *named(made))
        .selectExpr("*", f"{_account(world, channel)} AS account")
        .select(*_COLUMNS)
    )


def _registering(world: World, channel: Channel) -> DataFrame:
    soon = world.dice.below(45 * DAY, f"{channel.name}.login", "id")
    made = {
        "what": "'register'",
        "visit": world.dice.bits(f"{channel.name}.register", "id", "account"),
        "at": f"IF(reg < 0, cast({soon} AS BIGINT), reg) + account * {SECOND_ACCOUNT_AFTER_DAYS * DAY}L",
        "steps": "1",
        "lines": f"cast(NULL AS {buying.LINES})",
        "oid": "cast(NULL AS STRING)",
        "store": "home",
        "coupon": "false",
        "ad": "cast(NULL AS INT)",
    }
    return (
        world.people.where(f"reg_{channel.name} IS NOT NULL")
        .selectExpr("*", *_seat(channel))
        .selectExpr("*", "explode(sequence(0, accounts - 1)) AS account")
        .selectExpr("*", *named(made))
        .where(f"at < {world.brand.days * DAY}")
        .select(*_COLUMNS)
    )
