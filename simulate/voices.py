"""What people say: calls to the service, reviews on the marketplaces, and answers to surveys."""

from pyspark.sql import DataFrame

from simulate import assortment, smudge, words
from simulate import identifiers as ids
from simulate.brand import DAY
from simulate.dice import lookup
from simulate.market import order_no
from simulate.orders import HOURS
from simulate.world import World, named

CALL_FIELDS = ("call_id", "phone", "member_no", "started_at", "seconds", "transcript")
REVIEW_FIELDS = ("review_id", "platform", "account", "sku", "rating", "text", "at")
ANSWER_FIELDS = ("answer_id", "survey_id", "email", "phone", "question", "answer", "nps", "at")
CALLS_PER_YEAR = 0.3
REVIEWED = 0.25
SURVEY_EVERY_DAYS = 90
ANSWERED = 0.08


def calls(world: World) -> DataFrame:
    """One row a call to the service; the phone is the caller's, the member number only where it was asked."""
    brand, dice = world.brand, world.dice
    member = f"member_at < begun AND {dice.chance(0.45, 'call.member', 'id', 'slot')}"
    columns = {
        "call_id": call_id(world),
        "phone": smudge.phone(dice, "call.phone", "clean_phone", "id", "slot"),
        "member_no": f"IF({member}, {ids.member_no('id')}, NULL)",
        "started_at": brand.moment("begun"),
        "seconds": f"20 + {dice.below(600, 'call.seconds', 'id', 'slot')}",
        "transcript": dice.pick(words.CALLS, "call.words", "id", "slot"),
    }
    return called(world).selectExpr(*named(columns), f"{brand.delivery('day')} AS delivery")


def called(world: World) -> DataFrame:
    """Who called when: ``id``, ``slot``, ``day``, ``begun`` in seconds and the clean phone."""
    brand, dice = world.brand, world.dice
    hour = dice.pick(HOURS, "call.hour", "id", "slot")
    return (
        world.people.where("kind = 'person'")
        .selectExpr(
            "id",
            "joined",
            "member_at",
            "phone_owner",
            f"explode(sequence(1, cast(ceil({brand.years!r}D * 2) AS INT))) AS slot",
        )
        .where(dice.chance(CALLS_PER_YEAR / 2, "calls", "id", "slot"))
        .selectExpr(
            "*",
            f"{dice.below(brand.days, 'call.day', 'id', 'slot')} AS day",
            f"{ids.phone('phone_owner')} AS clean_phone",
        )
        .where("day >= joined")
        .selectExpr("*", f"day * {DAY}L + 3600 * {hour} + {dice.below(3600, 'call.at', 'id', 'slot')} AS begun")
    )


def call_id(world: World) -> str:
    """SQL: the key of a call."""
    return f"concat('L', {world.dice.code('call', 'id', 'slot')})"


def reviews(world: World) -> DataFrame:
    """One row a review of the first article of an order on a marketplace, some days after it."""
    brand, dice = world.brand, world.dice
    account = f"IF(channel = 'tiger', {ids.tiger_account(dice, 'id')}, {ids.dog_account('id')})"
    good, bad = (
        dice.pick(words.GOOD_REVIEWS, "review.good", "number"),
        dice.pick(words.BAD_REVIEWS, "review.bad", "number"),
    )
    columns = {
        "review_id": review_id(),
        "platform": "channel",
        "account": account,
        "sku": assortment.sku_code("get(lines, 0).sku"),
        "rating": "rating",
        "text": f"IF(rating >= 4, {good}, {bad})",
        "at": brand.instant("written * 1000L"),
    }
    return (
        reviewed(world)
        .selectExpr("*", f"{dice.pick((5, 5, 5, 5, 4, 4, 4, 3, 2, 1), 'rating', 'number')} AS rating")
        .selectExpr("*", f"at + {3 * DAY} + {dice.below(6 * DAY, 'review.after', 'number')} AS written")
        .selectExpr(*named(columns), f"{brand.delivery(f'cast(written DIV {DAY} AS INT)')} AS delivery")
        .where(f"delivery <= {brand.increments}")
    )


def reviewed(world: World) -> DataFrame:
    """The orders that are reviewed, whether or not the review falls into the simulated days."""
    return world.orders.where(f"channel IN ('tiger', 'dog') AND {world.dice.chance(REVIEWED, 'reviewed', 'number')}")


def review_id() -> str:
    """SQL over an order: the key of its review."""
    return f"concat('V-', {order_no('tiger')})"


def answers(world: World) -> DataFrame:
    """One row an answer: each quarter some people are asked two questions and how likely they recommend the brand (0-10)."""
    brand, dice = world.brand, world.dice
    by_mail = dice.chance(0.6, "answer.mail", "id", "survey")
    left = "coalesce(dropout <= day, false)"
    columns = {
        "answer_id": answer_id(world),
        "survey_id": "concat('Q', lpad(cast(survey AS STRING), 3, '0'))",
        "email": f"IF({by_mail}, {smudge.email(dice, 'answer.address', 'clean_email', 'id', 'survey', missing=0.0)}, NULL)",
        "phone": f"IF({by_mail}, NULL, {smudge.phone(dice, 'answer.phone', 'clean_phone', 'id', 'survey')})",
        "question": lookup(words.QUESTIONS, "item"),
        "answer": dice.pick(words.ANSWERS, "answer.words", "id", "survey", "item"),
        "nps": f"IF({left}, {dice.below(8, 'nps.low', 'id')}, 5 + {dice.below(6, 'nps', 'id', 'survey')})",
        "at": brand.moment(f"day * {DAY}L + 43200 + {dice.below(30_000, 'answer.at', 'id', 'survey')} + item * 20"),
    }
    return answered(world).selectExpr(*named(columns), f"{brand.delivery('day')} AS delivery")


def answered(world: World) -> DataFrame:
    """Who answered which survey when: ``id``, ``survey``, ``item`` (0, 1) and ``day``, with clean phone and e-mail address."""
    brand, dice = world.brand, world.dice
    surveys = f"sequence(0, {(brand.days - 1) // SURVEY_EVERY_DAYS})"
    day = f"survey * {SURVEY_EVERY_DAYS} + {dice.below(20, 'answer.day', 'id', 'survey')}"
    return (
        world.people.where("kind = 'person'")
        .selectExpr("id", "joined", "dropout", "phone_owner", f"explode({surveys}) AS survey")
        .where(dice.chance(ANSWERED, "answers", "id", "survey"))
        .selectExpr(
            "*",
            f"{day} AS day",
            f"{ids.phone('phone_owner')} AS clean_phone",
            f"{ids.email(dice, 'id')} AS clean_email",
        )
        .where(f"day >= joined AND day < {brand.days}")
        .selectExpr("*", "explode(array(0, 1)) AS item")
    )


def answer_id(world: World) -> str:
    """SQL: the key of an answer."""
    return f"concat('N', {world.dice.code('answer', 'id', 'survey', 'item')})"
