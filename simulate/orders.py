"""What is bought: one row an order with its lines, drawn from each person's rate, life, taste and the campaigns."""

from pyspark.sql import DataFrame

from simulate import assortment, campaigns
from simulate.assortment import CAFE_SIZE, PRODUCTS, Range
from simulate.brand import CITIES, DAY, Brand
from simulate.dice import Dice, lookup
from simulate.people import active

SLOTS_PER_ORDER = 6
LINES = "array<struct<line:int,sku:int,qty:int,cents:int,off:int>>"
COUPON_RATE = 0.10
COUPON_CENTS = 300
TASTE_LOYALTY = 0.65
PAIR_LOYALTY = 0.60
# The hours in which people buy, by weight: the morning, lunch, the afternoon, the evening.
HOURS = (
    7,
    7,
    8,
    8,
    8,
    8,
    9,
    9,
    9,
    10,
    11,
    12,
    12,
    12,
    13,
    13,
    14,
    14,
    15,
    15,
    15,
    16,
    17,
    18,
    18,
    19,
    19,
    20,
    21,
    22,
)
# How a person spreads orders over the channels that the person has.
WEIGHTS = {
    "app": (0.18, "reg_app IS NOT NULL"),
    "coffee": (0.22, "reg_coffee IS NOT NULL"),
    "mall": (0.14, "reg_mall IS NOT NULL"),
    "web": (0.10, "reg_web IS NOT NULL"),
    "tiger": (0.26, "has_tiger"),
    "dog": (0.22, "has_dog"),
    "pos": (0.45, "true"),
}
_KEPT = (
    "id", "head", "city", "home", "phone_owner", "device_owner", "taste", "tablet", "member_at", "members",
    "app_accounts", "reg_app", "reg_coffee", "reg_mall", "reg_web", "has_tiger", "has_dog",
)  # fmt: skip


def orders(people: DataFrame, brand: Brand, dice: Dice) -> DataFrame:
    """One row an order, keyed by ``oid``; ``at`` is seconds from the first day's start, ``lines`` holds cents.

    A person's orders are an inhomogeneous Poisson process, thinned from evenly drawn slots: the rate times the season,
    times the lift of a campaign, while the person is active. ``channel`` is north, south, app, coffee, mall, web, tiger or dog.
    """
    slots = f"cast({SLOTS_PER_ORDER} * ceil(rate * {brand.years!r}D) AS INT)"
    return (
        people.where("kind = 'person'")
        .selectExpr("*", f"explode(sequence(1, {slots})) AS slot", f"{slots} AS slots")
        .selectExpr("*", f"{dice.below(brand.days, 'order.day', 'id', 'slot')} AS day")
        .where(f"{active('day')} AND {_happens(brand, dice)}")
        .selectExpr(*_KEPT, "slot", "day", f"{_moment(dice)} AS at", f"{dice.bits('order', 'id', 'slot')} AS number")
        .selectExpr("*", "lower(lpad(hex(number), 16, '0')) AS oid", f"{_channel(dice)} AS wanted")
        .selectExpr("*", *_place(brand, dice))
        .selectExpr("*", *_basket(dice))
        .selectExpr("*", f"{_lines(brand, dice)} AS lines")
        .drop("wanted", "slot", "half", "size", "first", "second", "third", "has_tiger", "has_dog")
    )


def _happens(brand: Brand, dice: Dice) -> str:
    season = f"(1 + 0.15D * cos(6.283D * ({brand.start.timetuple().tm_yday} + day) / 365))"
    weekend = f"IF(pmod(day + {brand.start.weekday()}, 7) >= 5, 1.15D, 0.95D)"
    rate = f"rate * {brand.years!r}D / slots * {season} * {weekend} * {campaigns.lift(brand, dice, 'day')}"
    return dice.chance(f"({rate})", "order.happens", "id", "slot")


def _moment(dice: Dice) -> str:
    second = dice.below(3600, "order.second", "id", "slot")
    return f"day * {DAY}L + 3600 * {dice.pick(HOURS, 'order.hour', 'id', 'slot')} + {second}"


def _channel(dice: Dice) -> str:
    reached, branches = "0D", []
    for channel, (weight, condition) in WEIGHTS.items():
        reached += f" + IF({condition}, {weight!r}D, 0D)"
        branches.append((channel, reached))
    throw = f"{dice.share('order.channel', 'number')} * ({reached})"
    return f"CASE {' '.join(f'WHEN {throw} < {upto} THEN {channel!r}' for channel, upto in branches)} ELSE 'pos' END"


def _place(brand: Brand, dice: Dice) -> list[str]:
    early = " OR ".join(f"(wanted = '{name}' AND at < reg_{name})" for name in ("app", "coffee", "mall", "web"))
    away = f"{dice.below(brand.stores, 'order.away', 'number')}"
    neighbour = f"city + {CITIES} * {dice.below(brand.stores // CITIES, 'order.branch', 'number')}"
    throw = dice.share("order.store", "number")
    store = f"CASE WHEN {throw} < 0.75 THEN home WHEN {throw} < 0.93 THEN {neighbour} ELSE {away} END"
    till = f"IF(pmod(store, {CITIES}) < {assortment.NORTHERN_CITIES}, 'north', 'south')"
    return [
        f"{store} AS store",
        f"IF(wanted = 'pos' OR {early}, {till}, wanted) AS channel",
        f"{dice.chance(COUPON_RATE, 'order.coupon', 'number')} AS coupon",
    ]


def _basket(dice: Dice) -> list[str]:
    half = f"""CASE WHEN channel = 'coffee' THEN 0 WHEN channel IN ('mall', 'tiger', 'dog') THEN 1
        WHEN {dice.chance(0.72, "basket.half", "number")} THEN 0 ELSE 1 END"""
    size = dice.pick((1, 1, 1, 1, 2, 2, 2, 2, 3, 3), "basket.size", "number")
    count = f"IF(half = 0, {CAFE_SIZE}, {len(PRODUCTS) - CAFE_SIZE})"
    base = f"IF(half = 0, 0, {CAFE_SIZE})"
    partner = f"IF({dice.chance(PAIR_LOYALTY, 'basket.pair', 'number')}, {pair('first')}, {_other('second', base, count, dice)})"
    return [
        f"{half} AS half",
        f"{size} AS size",
        f"{wish(dice, 'half', 'basket.first', 'number')} AS first",
        f"{partner} AS second",
        f"{_other('third', base, count, dice)} AS third",
    ]


def wish(dice: Dice, half: str, salt: str, *keys: str) -> str:
    """SQL over a row with ``taste``: the index of a product that the person wants, mostly one of the taste's favourites."""
    which = dice.below(4, f"{salt}.which", *keys)
    cafe, retail = (assortment.favourite(range_, "taste", which) for range_ in Range)
    any_cafe = dice.below(CAFE_SIZE, f"{salt}.cafe", *keys)
    any_retail = f"{CAFE_SIZE} + {dice.below(len(PRODUCTS) - CAFE_SIZE, f'{salt}.retail', *keys)}"
    loyal = dice.chance(TASTE_LOYALTY, f"{salt}.loyal", *keys)
    return f"IF({loyal}, IF({half} = 0, {cafe}, {retail}), IF({half} = 0, {any_cafe}, {any_retail}))"


def pair(sku: str) -> str:
    """SQL: the index of the product that goes with the one at an index."""
    return lookup(assortment.PAIRS, sku)


def _other(salt: str, base: str, count: str, dice: Dice) -> str:
    return f"cast({base} + pmod(first - {base} + 1 + {dice.below(f'({count} - 1)', f'basket.{salt}', 'number')}, {count}) AS INT)"


def _lines(brand: Brand, dice: Dice) -> str:
    first, second, third = (_line(brand, dice, *place) for place in enumerate(("first", "second", "third")))
    return f"""cast(CASE WHEN size = 1 THEN array({first}) WHEN size = 2 OR second = third THEN array({first}, {second})
        ELSE array({first}, {second}, {third}) END AS {LINES})"""


def _line(brand: Brand, dice: Dice, number: int, sku: str) -> str:
    qty = dice.pick((1, 1, 1, 1, 1, 1, 1, 2, 2, 3), "basket.qty", "number", str(number))
    cents = assortment.cents_of(brand, sku, "day")
    coupon = f" + IF(coupon AND {cents} >= 1500, {COUPON_CENTS}, 0)" if number == 0 else ""
    off = f"{cents} * {qty} * {assortment.off_percent(sku, 'day')} DIV 100{coupon}"
    return f"named_struct('line', {number}, 'sku', {sku}, 'qty', {qty}, 'cents', {cents}, 'off', cast({off} AS INT))"
