"""The orders of the two marketplaces: nested, phones masked, and the recipient is not always the buyer."""

from pyspark.sql import DataFrame

from simulate import assortment, dirt, smudge
from simulate import identifiers as ids
from simulate.brand import DAY
from simulate.dice import Dice
from simulate.world import World, named, struct

TIGER_FIELDS = (
    "order_id", "status", "created_at", "paid_at", "updated_at", "buyer", "recipient", "items", "payment", "currency",
)  # fmt: skip
DOG_FIELDS = ("orderNo", "state", "gmtCreate", "gmtModified", "buyerId", "receiver", "lines", "totalCent")
TO_FAMILY = 0.10
TO_FRIEND = 0.08
PHONE_IN_FULL = 0.08
CANCELLED = 0.04
REFUNDED = 0.03
_TOTAL = "aggregate(lines, 0, (sum, l) -> sum + l.cents * l.qty - l.off)"


def order_no(market: str) -> str:
    """SQL over an order: its number at a marketplace, ``tiger`` or ``dog``."""
    return f"concat('{market[0].upper()}', oid)"


def tiger_orders(world: World) -> DataFrame:
    """One row an order of Tiger and delivery in which it is new or changed; amounts in yuan."""
    brand, dice = world.brand, world.dice
    lines = struct(
        {
            "line": "l.line + 1",
            "sku": assortment.sku_code("l.sku"),
            "title": assortment.title("l.sku"),
            "qty": "l.qty",
            "price": assortment.money("l.cents"),
            "discount": assortment.money("l.off"),
        }
    )
    recipient = {
        "name": "receiver_name",
        "phone": "shown_phone",
        "province": assortment.province("receiver_city"),
        "city": assortment.city_name("receiver_city"),
        "district": ids.district(dice, "receiver_head"),
        "detail": ids.street(dice, "receiver_head"),
    }
    nick = f"concat(substring({ids.tiger_account(dice, 'id')}, 3, 2), '***')"
    paid = brand.moment("at + 40")
    columns = {
        "order_id": order_no("tiger"),
        "status": _state("closed", "paid", "refunded", "finished"),
        "created_at": brand.moment("at"),
        "paid_at": f"IF(cancelled, NULL, {paid})",
        "updated_at": brand.moment("changed_at"),
        "buyer": struct({"account": ids.tiger_account(dice, "id"), "nick": nick}),
        "recipient": struct(recipient),
        "items": f"transform(lines, l -> {lines})",
        "payment": struct(
            {
                "amount": assortment.money(_TOTAL),
                "method": dice.pick(("tigerpay", "card", "credit"), "tiger.pay", "number"),
            }
        ),
        "currency": "'CNY'",
    }
    return _orders(world, "tiger").selectExpr(*named(columns), "delivery")


def dog_orders(world: World) -> DataFrame:
    """One row an order of Dog and delivery in which it is new or changed; amounts in cents, times in ms since 1970."""
    brand, dice = world.brand, world.dice
    lines = struct(
        {
            "lineId": "l.line + 1",
            "skuId": assortment.sku_code("l.sku"),
            "skuName": assortment.title("l.sku"),
            "count": "l.qty",
            "unitPriceCent": "l.cents",
            "discountCent": "l.off",
        }
    )
    place = [
        assortment.province("receiver_city"),
        assortment.city_name("receiver_city"),
        ids.district(dice, "receiver_head"),
    ]
    address = f"concat_ws(' ', {', '.join(place)}, {ids.street(dice, 'receiver_head')})"
    columns = {
        "orderNo": order_no("dog"),
        "state": _state("CANCELLED", "WAIT_SHIP", "REFUNDED", "FINISHED"),
        "gmtCreate": f"({brand.epoch}L + at) * 1000L",
        "gmtModified": f"({brand.epoch}L + changed_at) * 1000L",
        "buyerId": ids.dog_account("id"),
        "receiver": struct({"fullName": "receiver_name", "mobile": "shown_phone", "address": address}),
        "lines": f"transform(lines, l -> {lines})",
        "totalCent": _TOTAL,
    }
    return _orders(world, "dog").selectExpr(*named(columns), "delivery")


def _state(cancelled: str, paid: str, refunded: str, finished: str) -> str:
    later = f"IF(refunded, {refunded!r}, {finished!r})"
    return f"CASE WHEN cancelled THEN {cancelled!r} WHEN version = 0 THEN {paid!r} ELSE {later} END"


def _orders(world: World, market: str) -> DataFrame:
    brand, dice = world.brand, world.dice
    arrives = f"cast(changed_at DIV {DAY} AS INT) + {smudge.lateness(dice, f'{market}.late', 'number')}"
    finished = f"({2 * DAY} + {dice.below(3 * DAY, f'{market}.finished', 'number')})"
    seen_later = f"cast((at + {finished}) DIV {DAY} AS INT) >= {brand.history_days}"
    return (
        world.orders.where(f"channel = '{market}'")
        .selectExpr("*", f"{dice.chance(CANCELLED, f'{market}.cancelled', 'number')} AS cancelled")
        .selectExpr("*", "explode(IF(cancelled, array(0), array(0, 1))) AS version")
        # The export of the history holds each order once, in its latest state.
        .where(f"version = 1 OR cancelled OR {seen_later}")
        .selectExpr("*", f"at + IF(version = 1, {finished}, 60) AS changed_at")
        .selectExpr("*", f"{brand.delivery(arrives)} AS delivery")
        .where(f"delivery <= {brand.increments}")
        .selectExpr(
            "*",
            f"{dice.chance(REFUNDED, f'{market}.refunded', 'number')} AS refunded",
            f"{_receiver(world)} AS receiver",
        )
        .selectExpr("*", f"IF(receiver IN (id, head), head, {ids.household(dice, 'receiver')}) AS receiver_head")
        .selectExpr("*", *named(_delivered_to(dice, market)))
        .selectExpr("*", f"{_shown(dice, market)} AS shown_phone")
    )


def _receiver(world: World) -> str:
    dice, throw = world.dice, world.dice.share("receiver", "number")
    friend = f"cast({dice.below(world.brand.people, 'friend', 'id', 'number % 3')} AS BIGINT)"
    return f"CASE WHEN {throw} < {TO_FAMILY} THEN head WHEN {throw} < {TO_FAMILY + TO_FRIEND} THEN {friend} ELSE id END"


def _delivered_to(dice: Dice, market: str) -> dict[str, str]:
    return {
        "receiver_city": dice.below(len(assortment.LOCATIONS), "city", "receiver_head"),
        "receiver_name": smudge.name(
            dice, f"{market}.name", f"({ids.full_name(dice, 'receiver', 'receiver_head')})", "number"
        ),
        "receiver_phone": ids.phone(f"({ids.phone_owner(dice, 'receiver', 'receiver_head')})"),
    }


def _shown(dice: Dice, market: str) -> str:
    full = dice.chance(PHONE_IN_FULL, f"{market}.full", "number")
    missing = dice.chance(dirt.PHONE_MISSING, f"{market}.missing", "number")
    return f"CASE WHEN {missing} THEN NULL WHEN {full} THEN receiver_phone ELSE {ids.masked('receiver_phone')} END"
