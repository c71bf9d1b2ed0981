"""The billing system of the paid club: terms begun, renewed, cancelled and lapsed, and benefits used, one row a statement."""

from pyspark.sql import DataFrame

from simulate import identifiers as ids
from simulate import smudge
from simulate.assortment import money
from simulate.brand import DAY, Brand
from simulate.dice import Dice
from simulate.subscriptions import INTRODUCTORY_TERMS, terms
from simulate.world import World, named, struct

FIELDS = (
    "event_id", "subscription_id", "member_no", "app_user", "event", "plan", "term_no", "term_starts_on", "term_ends_on",
    "price", "renewal_price", "currency", "auto_renew", "at", "recorded_at",
)  # fmt: skip
INTRODUCTORY_CENTS, CENTS = 1200, 1800
PAID_EARLY_DAYS = 5
"""Who pays by hand does so within so many days before the term begins."""
CANCELLED = 0.4
"""Share of the terms of those whose terms renew by themselves and who lapse that are cancelled before their end."""
RESUMED = 0.03
"""Share of those whose terms renew that are cancelled, and taken up again before their end."""
CORRECTED = 0.02
"""Share of the payments by hand that were typed with ten times the price, and corrected one to three days later."""
_USED, _LAPSED, _CANCELLED, _RESUMED = "'used'", "'lapsed'", "'cancelled'", "'resumed'"


def subscription_events(world: World) -> DataFrame:
    """One row a statement of the billing system; of a corrected one a row for each version, with the same ``event_id``.

    ``at`` is when it happened, ``recorded_at`` when the system had it: a day or two later for late ones, and for
    corrections when they were made. Deliveries go by ``recorded_at``.
    """
    brand, dice = world.brand, world.dice
    late = smudge.lateness(dice, "club.late", "id", "slot", "told.event", "told.at")
    return (
        terms(world)
        .selectExpr("*", f"explode({_told(dice)}) AS told")
        .where(f"told.at < {brand.days * DAY}L")
        .selectExpr("*", f"{_is_corrected(dice)} AS corrected")
        .selectExpr("*", "explode(IF(corrected, array(0, 1), array(0))) AS version")
        .selectExpr("*", f"told.at + IF(version = 1, {_until_corrected(dice)}, {DAY} * {late}) AS recorded")
        .selectExpr(*named(_columns(brand, dice)), f"{brand.delivery(f'cast(recorded DIV {DAY} AS INT)')} AS delivery")
        .where(f"delivery <= {brand.increments}")
    )


def subscription_terms(world: World) -> DataFrame:
    """The truth: ``person_id, subscription_id, term_no, starts_on, ends_on, lapse_probability, is_last`` of each term.

    ``is_last`` is whether the person does not go on, told also of terms that end after the last simulated day.
    """
    start = world.brand.start.isoformat()
    columns = {
        "person_id": ids.person_id("id"),
        "subscription_id": "subscription_id",
        "term_no": "term_no",
        "starts_on": f"date_add(DATE'{start}', begins)",
        "ends_on": f"date_add(DATE'{start}', ends)",
        "lapse_probability": "lapse_probability",
        "is_last": "NOT stays",
    }
    return terms(world).selectExpr(*named(columns))


def _told(dice: Dice) -> str:
    """SQL over a term: what the billing system states of it, an array of ``event`` and ``at`` (seconds)."""
    early = f"IF(by_hand AND continues, {dice.below(PAID_EARLY_DAYS, 'club.paid', 'id', 'slot')}, 0)"
    paid = f"(begins - {early}) * {DAY}L + IF(by_hand OR NOT continues, {_hour(dice, 'club.paid.at')}, 300)"
    is_paid, used = "IF(continues, 'renewed', 'started')", f"d * {DAY}L + {_hour(dice, 'club.used.at', 'd')}"
    parts = [
        f"array({_event(is_paid, paid)})",
        f"transform(uses, d -> {_event(_USED, used)})",
        _cancelled(dice),
        f"IF(stays, array(), array({_event(_LAPSED, f'ends * {DAY}L + 300')}))",
    ]
    return f"concat({', '.join(parts)})"


def _cancelled(dice: Dice) -> str:
    """SQL: cancellations of terms that would renew by themselves, some of which are taken back."""
    lost = f"NOT stays AND NOT by_hand AND {dice.chance(CANCELLED, 'club.cancelled', 'id', 'slot')}"
    won = f"stays AND NOT by_hand AND {dice.chance(RESUMED, 'club.resumed', 'id', 'slot')}"
    gone, doubt, again = (
        f"(ends - {before} + {dice.below(days, f'club.{what}.on', 'id', 'slot')}) * {DAY}L + {_hour(dice, f'club.{what}.at')}"
        for what, before, days in (("cancelled", 12, 11), ("doubted", 20, 8), ("resumed", 11, 10))
    )
    taken_back = f"array({_event(_CANCELLED, doubt)}, {_event(_RESUMED, again)})"
    return f"CASE WHEN {lost} THEN array({_event(_CANCELLED, gone)}) WHEN {won} THEN {taken_back} ELSE array() END"


def _event(name: str, at: str) -> str:
    return struct({"event": name, "at": f"cast({at} AS BIGINT)"})


def _hour(dice: Dice, salt: str, *keys: str) -> str:
    return f"(32400 + {dice.below(43_200, salt, 'id', 'slot', *keys)})"


def _is_corrected(dice: Dice) -> str:
    """SQL: whether a clerk mistyped the price of a payment."""
    mistyped = dice.chance(CORRECTED, "club.corrected", "id", "slot")
    return f"by_hand AND told.event IN ('started', 'renewed') AND {mistyped}"


def _until_corrected(dice: Dice) -> str:
    return f"{DAY}L * (1 + {dice.below(3, 'club.corrected.after', 'id', 'slot')})"


def _columns(brand: Brand, dice: Dice) -> dict[str, str]:
    cents = f"IF(slot < {INTRODUCTORY_TERMS}, {INTRODUCTORY_CENTS}, {CENTS})"
    next_cents = f"IF(slot + 1 < {INTRODUCTORY_TERMS}, {INTRODUCTORY_CENTS}, {CENTS})"
    return {
        "event_id": f"concat('B', {dice.code('club.event', 'id', 'slot', 'told.event', 'told.at')})",
        "subscription_id": "subscription_id",
        "member_no": "member_no",
        "app_user": "app_user",
        "event": "told.event",
        "plan": "'monthly'",
        "term_no": "term_no",
        "term_starts_on": brand.day("begins"),
        "term_ends_on": brand.day("ends"),
        "price": money(f"{cents} * IF(corrected AND version = 0, 10, 1)"),
        "renewal_price": money(next_cents),
        "currency": "'CNY'",
        "auto_renew": "NOT by_hand",
        "at": brand.moment("told.at"),
        "recorded_at": brand.moment("recorded"),
    }
