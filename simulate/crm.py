"""The member master of the customer relationship system: new and changed members, one snapshot a delivery."""

from pyspark.sql import DataFrame

from simulate import assortment, dirt, smudge
from simulate import identifiers as ids
from simulate.brand import DAY
from simulate.dice import Dice
from simulate.world import World, named

FIELDS = (
    "member_no", "name", "gender", "birth_date", "phone", "email", "city", "address", "store_id", "status", "joined_at",
    "updated_at",
)  # fmt: skip
CHANGED_A_DAY = 0.02
SECOND_AFTER_DAYS = 60


def members(world: World) -> DataFrame:
    """One row a membership and delivery in which it is new or changed; some people are members twice, with two numbers.

    A change is a new phone, a move, or a new status. ``joined_at`` may lie before the first simulated day.
    """
    return _written(world).selectExpr(*named(_columns(world)), "delivery")


def memberships(world: World) -> DataFrame:
    """One row a membership within the simulated days, with ``account`` (0 or 1) and ``since`` in seconds."""
    return (
        world.people.where("member_at IS NOT NULL")
        .selectExpr("*", "explode(sequence(0, members - 1)) AS account")
        .selectExpr("*", f"member_at + account * {SECOND_AFTER_DAYS * DAY}L AS since")
        .where(f"since < {world.brand.days * DAY}L")
    )


def _written(world: World) -> DataFrame:
    brand, dice = world.brand, world.dice
    fresh = f"delivery = {brand.delivery(f'cast(floor(since / {DAY}) AS INT)')}"
    changes = dice.chance(CHANGED_A_DAY, "member.changes", "id", "account", "delivery")
    changed = f"delivery > 0 AND since < {DAY}L * (day - 1) AND {changes}"
    moved = dice.below(4, "member.change", "id", "account", "delivery")
    return (
        memberships(world)
        .selectExpr("*", f"explode(sequence(0, {brand.increments})) AS delivery")
        .selectExpr("*", f"delivery + {brand.history_days - 1} AS day")
        .where(f"({fresh}) OR ({changed})")
        .selectExpr("*", f"IF({fresh}, -1, {moved}) AS change")
        .selectExpr("*", *named(_facts(world)))
    )


def _facts(world: World) -> dict[str, str]:
    dice = world.dice
    other = f"coalesce({ids.second_phone(dice, 'id')}, {ids.phone('phone_owner')})"
    return {
        "clean_phone": f"IF(change = 0 OR account = 1, {other}, {ids.phone('phone_owner')})",
        "clean_email": ids.email(dice, "id"),
        "clean_name": ids.full_name(dice, "id", "head"),
        "born_on": ids.birth_date(dice, "id"),
        "latest": _latest(world),
        "gone": "coalesce(dropout <= day AND (returned IS NULL OR returned > day), false)",
    }


def _latest(world: World) -> str:
    dice, end = world.dice, f"{world.brand.history_days * DAY}L"
    within = f"since + cast({dice.share('member.touched', 'id', 'account')} * ({end} - since) AS BIGINT)"
    on_day = f"day * {DAY}L + 7200 + {dice.below(70_000, 'member.second', 'id', 'account', 'delivery')}"
    return f"CASE WHEN delivery = 0 THEN {within} WHEN change < 0 THEN since ELSE {on_day} END"


def _columns(world: World) -> dict[str, str]:
    brand, dice = world.brand, world.dice
    swapped = dice.chance(dirt.FIELDS_SWAPPED, "member.swap", "id", "account")
    phone = smudge.phone(dice, "member.phone", "clean_phone", "id", "account")
    name = smudge.name(dice, "member.name", "clean_name", "id", "account")
    street = ids.street(dice, "head", "IF(change = 1, 1, 0)")
    place = f"concat({assortment.city_name('city')}, {ids.district(dice, 'head')}, {street})"
    return {
        "member_no": ids.member_no("id", "account"),
        "name": f"IF({swapped}, {phone}, {name})",
        "gender": ids.gender(dice, "id"),
        "birth_date": smudge.birth_date(dice, "member.birth", "born_on", "id"),
        "phone": f"IF({swapped}, {name}, {phone})",
        "email": smudge.email(dice, "member.mail", "clean_email", "id", "account"),
        "city": _city(dice),
        "address": f"IF({dice.chance(0.2, 'member.address', 'id')}, NULL, {place})",
        "store_id": assortment.store_id("home"),
        "status": "CASE WHEN change = 2 THEN 'frozen' WHEN gone THEN 'lapsed' ELSE 'active' END",
        "joined_at": brand.moment("since"),
        "updated_at": brand.moment("latest"),
    }


def _city(dice: Dice) -> str:
    plain = assortment.city_name("city")
    ways = [(0.08, "CAST(NULL AS STRING)"), (0.15, f"concat({plain}, '市')"), (0.03, f"concat(' ', {plain})")]
    return smudge.cases(dice, "member.city", ("id", "account"), plain, ways)
