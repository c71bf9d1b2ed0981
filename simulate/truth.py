"""What is really so: who is who, at what rate people buy, whose each record is, and what campaigns do; no job reads it."""

from pyspark.sql import DataFrame

from simulate import ads, campaigns, crm, events, market, messages, pos, voices
from simulate import identifiers as ids
from simulate.assortment import TASTES
from simulate.brand import DAY
from simulate.dice import Dice, lookup
from simulate.visits import APP, CHANNELS, COFFEE, MALL, SECOND_ACCOUNT_AFTER_DAYS, WEB
from simulate.world import World, named


def persons(world: World) -> DataFrame:
    """``person_id, household_id, purchase_rate (orders a year), dropout_on, returned_on, taste, joined_on`` (days as DATE)."""
    start = world.brand.start.isoformat()
    columns = {
        "person_id": ids.person_id("id"),
        "household_id": "concat('H', lpad(cast(head AS STRING), 9, '0'))",
        "purchase_rate": "rate",
        "dropout_on": f"date_add(DATE'{start}', dropout)",
        "returned_on": f"date_add(DATE'{start}', returned)",
        "taste": lookup(TASTES, "taste"),
        "joined_on": f"date_add(DATE'{start}', joined)",
    }
    return world.people.where("kind = 'person'").selectExpr(*named(columns))


def identifiers(world: World) -> DataFrame:
    """``person_id, id_type, value``, clean: what each person uses; what several people use is there once for each of them.

    A person has what is listed whether or not a record shows it. Nothing of bots and test users is listed.
    """
    return (
        world.people.where("kind = 'person'")
        .selectExpr("id", f"explode({_held(world)}) AS held")
        .where("held.value IS NOT NULL")
        .selectExpr(f"{ids.person_id('id')} AS person_id", "held.id_type AS id_type", "held.value AS value")
    )


def _held(world: World) -> str:
    dice, end = world.dice, f"{world.brand.days * DAY}L"
    apart = SECOND_ACCOUNT_AFTER_DAYS * DAY
    single = {
        "phone": [ids.phone("phone_owner"), ids.second_phone(dice, "id")],
        "email": [ids.email(dice, "id")],
        "member_no": [
            _if(f"member_at < {end}", ids.member_no("id")),
            _if(f"members = 2 AND member_at + {crm.SECOND_AFTER_DAYS * DAY} < {end}", ids.member_no("id", "1")),
        ],
        "app_user": [
            _if(f"reg_app < {end}", ids.app_user("id")),
            _if(f"app_accounts = 2 AND reg_app + {apart} < {end}", ids.app_user("id", "1")),
        ],
        "coffee_openid": [_if(f"reg_coffee < {end}", ids.openid(dice, "coffee", "id"))],
        "mall_openid": [_if(f"reg_mall < {end}", ids.openid(dice, "mall", "id"))],
        "unionid": [_if(f"reg_coffee < {end} OR reg_mall < {end}", ids.unionid(dice, "id"))],
        "web_user": [_if(f"reg_web < {end}", ids.web_user("id"))],
        "tiger_account": [_if("has_tiger", ids.tiger_account(dice, "id"))],
        "dog_account": [_if("has_dog", ids.dog_account("id"))],
        "device": [
            ids.device(dice, "device_owner"),
            _if("tablet AND (sees_coffee OR sees_mall)", ids.tablet(dice, "home")),
        ],
        "anonymous_app": [_if("sees_app", events.anonymous_id(dice, APP, "0"))],
        "anonymous_coffee": _anonymous(dice, "coffee"),
        "anonymous_mall": _anonymous(dice, "mall"),
    }
    rows = [
        f"named_struct('id_type', '{kind}', 'value', {value})" for kind, values in single.items() for value in values
    ]
    return f"concat(array({', '.join(rows)}), {_cookies(world)})"


def _if(condition: str, value: str) -> str:
    return f"IF({condition}, {value}, NULL)"


def _anonymous(dice: Dice, name: str) -> list[str]:
    channel = COFFEE if name == "coffee" else MALL
    own, shared = events.anonymous_id(dice, channel, "0"), ids.tablet_anonymous(dice, name, "home")
    return [_if(f"sees_{name}", own), _if(f"tablet AND sees_{name}", shared)]


def _cookies(world: World) -> str:
    dice, last = world.dice, events.cookie(world.dice, str(world.brand.days - 1))
    value = ids.anonymous(dice, WEB.name, "id", "k")
    each = f"transform(sequence(0, {last}), k -> named_struct('id_type', 'anonymous_web', 'value', {value}))"
    return f"IF(sees_web, {each}, cast(array() AS array<struct<id_type:string,value:string>>))"


def record_owners(world: World) -> DataFrame:
    """``source, record_key, person_id``: whose each receipt, order, membership, send, call, review, answer and click is.

    ``source`` is the folder ``<source>/<object>`` and the key that source's own. For a marketplace's order the owner is the
    buyer, whoever receives it. Records of bots have no owner.
    """
    order_key = f"CASE channel {' '.join(f'WHEN {name!r} THEN {key}' for name, (_, key) in _BOUGHT.items())} END"
    order_source = (
        f"CASE channel {' '.join(f'WHEN {name!r} THEN {source!r}' for name, (source, _) in _BOUGHT.items())} END"
    )
    bought = world.orders.where(f"channel IN {tuple(_BOUGHT)}")
    parts = [
        bought.selectExpr(f"{order_source} AS source", f"{order_key} AS record_key", "id"),
        _owned(voices.reviewed(world), "review/review", voices.review_id()),
        _owned(crm.memberships(world), "crm/member", ids.member_no("id", "account")),
        _owned(messages.chosen(world), "campaign/send", "send_id"),
        _owned(voices.called(world), "service/call", voices.call_id(world)),
        _owned(voices.answered(world), "survey/answer", voices.answer_id(world)),
        _owned(ads.clicked(world).where("kind = 'person'"), "ads/click", ads.click_id(world)),
    ]
    owners = parts[0]
    for part in parts[1:]:
        owners = owners.unionByName(part)
    return owners.selectExpr("source", "record_key", f"{ids.person_id('id')} AS person_id").coalesce(world.brand.tasks)


_BOUGHT = {
    "north": ("pos/receipt_north", pos.receipt_no("north")),
    "south": ("pos/receipt_south", pos.receipt_no("south")),
    "tiger": ("market_tiger/order", market.order_no("tiger")),
    "dog": ("market_dog/order", market.order_no("dog")),
    **{channel.name: (f"{channel.source}/event", "concat('O', oid)") for channel in CHANNELS},
}


def _owned(frame: DataFrame, source: str, key: str) -> DataFrame:
    return frame.selectExpr(f"'{source}' AS source", f"{key} AS record_key", "id")


def campaign_effects(world: World) -> DataFrame:
    """``campaign_id, uplift``: by which share the treated buy more often on the 14 days after a campaign was sent."""
    rows = messages.numbers(world, campaigns.count(world.brand))
    return rows.selectExpr(
        f"{campaigns.campaign_id('number')} AS campaign_id",
        f"cast({campaigns.uplift('number')} AS DOUBLE) AS uplift",
    )
