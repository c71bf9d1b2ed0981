"""Who subscribes to the paid club, which terms of 30 days they pay, and the true chance that each term is the last."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from simulate import identifiers as ids
from simulate.brand import DAY
from simulate.dice import Dice
from simulate.people import active
from simulate.voices import called
from simulate.world import World, named, struct

TERM_DAYS = 30
TAKEN = 0.85
"""Share of those with a member number or an account of the app who ever subscribe."""
BY_HAND = 0.30
"""Share of subscribers who pay each term by hand; the others' terms renew by themselves."""
INTRODUCTORY_TERMS = 3
WEEKLY_USE = (0.10, 0.80)
"""The chance that a benefit is used in a week of a term: the least, and what the person's keenness (0 to 1) adds to it."""
USE_WHEN_GONE = 0.2
"""What the chance is multiplied with while the person is no customer."""
COMES_BACK, COMES_BACK_WHEN_GONE = 0.25, 0.02
"""The chance that who has lapsed pays again, for each term that passes."""
OPENING_DAYS, WAITING_DAYS = 60, 20
"""Within how many days people subscribe: who is registered when the club opens on the first day, and who registers later."""

# The log odds that a term is the last one: these, summed.
BASE = -0.6
NOT_BOUGHT = 0.9  # nothing bought in the 45 days before its end
BOUGHT = -0.9  # each order in them, three at most
BENEFIT = -0.75  # each benefit used in the term
PRICE_RISE = 1.3  # the next term is the first at the full price
PAYS_BY_HAND = 1.0
CALLED = 1.2  # a call to the service in the term
TENURE = -0.08  # each term's time since the first, eight at most
BOUGHT_DAYS = 45

_WEEKS = "sequence(0, 3)"
_WALK = """aggregate(slots, named_struct('inside', true, 'paid', cast(array() AS array<int>)), (s, x) -> named_struct(
    'inside', IF(s.inside, x.stays, x.comes_back), 'paid', IF(s.inside, array_append(s.paid, x.slot), s.paid))).paid"""


def terms(world: World) -> DataFrame:
    """One row a term that was paid, keyed by ``id`` and ``slot``; days count from the first simulated day.

    ``slot`` counts the terms' time since the person's first one, paid or not, and ``term_no`` the paid ones. A term covers
    ``[begins, ends)``; ``uses`` are the days on which benefits were used, ``lapse_probability`` the true chance that it is
    the last one, ``stays`` how that fell out, ``continues`` whether the one before it was paid, too.
    """
    told = ("id", "subscription_id", "member_no", "app_user", "by_hand")
    return (
        _slots(world)
        .selectExpr(*told, "slots", f"{_WALK} AS paid")
        .selectExpr(*told, "paid", "inline(filter(slots, x -> array_contains(paid, x.slot)))")
        .selectExpr("*", "size(filter(paid, x -> x <= slot)) AS term_no")
        .selectExpr("*", "array_contains(paid, slot - 1) AS continues")
        .drop("paid", "comes_back", "orders", "calls")
    )


def subscribers(world: World) -> DataFrame:
    """One row a person who ever subscribes: ``first``, the day on which, and the account by which the club knows them.

    ``member_no`` or ``app_user``, whichever the person had first, the other is null; ``by_hand`` who pays each term.
    """
    brand, dice = world.brand, world.dice
    wait = [dice.below(days, "club.wait", "id") for days in (OPENING_DAYS, WAITING_DAYS)]
    by_member = "coalesce(member_at <= reg_app, member_at IS NOT NULL)"
    columns = {
        "subscription_id": f"concat('S', {dice.code('club.subscription', 'id')})",
        "member_no": f"IF({by_member}, {ids.member_no('id')}, NULL)",
        "app_user": f"IF({by_member}, NULL, {ids.app_user('id')})",
        "by_hand": dice.chance(BY_HAND, "club.by_hand", "id"),
        "keenness": dice.share("club.keenness", "id"),
        "first": f"cast(IF(since < 0, {wait[0]}, since DIV {DAY} + 1 + {wait[1]}) AS INT)",
    }
    return (
        world.people.where("kind = 'person'")
        .selectExpr("id", "joined", "dropout", "returned", "member_at", "reg_app", "least(member_at, reg_app) AS since")
        .where(f"since IS NOT NULL AND {dice.chance(TAKEN, 'club.taken', 'id')}")
        .selectExpr("*", *named(columns))
        .where(f"first < {brand.days}")
    )


def _slots(world: World) -> DataFrame:
    """Subscribers with ``slots``, an array of the terms that they may pay, each as if the one before it had been paid."""
    last = f"({world.brand.days - 1} - first) DIV {TERM_DAYS}"
    bought = world.orders.groupBy("id").agg(F.collect_list("day").alias("bought"))
    calls = called(world).groupBy("id").agg(F.collect_list("day").alias("called"))
    frame = (
        subscribers(world)
        .join(bought, on="id", how="left")
        .join(calls, on="id", how="left")
        .selectExpr("*", f"transform(sequence(0, {last}), k -> named_struct('slot', cast(k AS INT))) AS slots")
    )
    known: list[str] = ["slot"]
    for step in (_calendar(), _behaviour(world.dice), _odds(), _outcome(world.dice)):
        fields = struct({**{name: f"x.{name}" for name in known}, **step})
        frame = frame.withColumn("slots", F.expr(f"transform(slots, x -> {fields})"))
        known += step
    return frame


def _calendar() -> dict[str, str]:
    begins = f"first + {TERM_DAYS} * x.slot"
    return {"begins": begins, "ends": f"{begins} + {TERM_DAYS}"}


def _behaviour(dice: Dice) -> dict[str, str]:
    least, keen = WEEKLY_USE
    here = f"IF({active('(x.begins + 7 * w)')}, 1D, {USE_WHEN_GONE!r}D)"
    used = dice.chance(f"({least!r}D + {keen!r}D * keenness) * {here}", "club.used", "id", "x.slot", "w")
    day = f"x.begins + 7 * w + {dice.below(7, 'club.used.on', 'id', 'x.slot', 'w')}"
    return {
        "uses": f"transform(filter({_WEEKS}, w -> {used}), w -> {day})",
        "orders": f"size(filter(coalesce(bought, array()), d -> d >= x.ends - {BOUGHT_DAYS} AND d < x.ends))",
        "calls": "exists(coalesce(called, array()), d -> d >= x.begins AND d < x.ends)",
    }


def _odds() -> dict[str, str]:
    reasons = [
        f"{BASE!r}D",
        f"IF(x.orders = 0, {NOT_BOUGHT!r}D, {BOUGHT!r}D * least(x.orders, 3))",
        f"{BENEFIT!r}D * size(x.uses)",
        f"IF(x.slot = {INTRODUCTORY_TERMS - 1}, {PRICE_RISE!r}D, 0D)",
        f"IF(by_hand, {PAYS_BY_HAND!r}D, 0D)",
        f"IF(x.calls, {CALLED!r}D, 0D)",
        f"{TENURE!r}D * least(x.slot, 8)",
    ]
    return {"lapse_probability": f"1 / (1 + exp(-({' + '.join(reasons)})))"}


def _outcome(dice: Dice) -> dict[str, str]:
    back = f"IF({active('x.ends')}, {COMES_BACK!r}D, {COMES_BACK_WHEN_GONE!r}D)"
    return {
        "stays": f"NOT {dice.chance('x.lapse_probability', 'club.lapses', 'id', 'x.slot')}",
        "comes_back": dice.chance(back, "club.back", "id", "x.slot"),
    }
