"""The campaigns of the brand: their master, what was sent to whom, and what came back."""

from pyspark.sql import DataFrame

from simulate import campaigns
from simulate import identifiers as ids
from simulate.brand import DAY
from simulate.crm import memberships
from simulate.dice import Dice, lookup
from simulate.world import World, named

CAMPAIGN_FIELDS = (
    "campaign_id", "name", "goal", "channel", "starts_on", "ends_on", "budget", "holdout_share", "updated_at",
)  # fmt: skip
SEND_FIELDS = ("send_id", "campaign_id", "channel", "member_no", "phone", "template_id", "sent_at", "arm")
RECEIPT_FIELDS = ("send_id", "event", "at")
RECEIPTS = ("delivered", "opened", "clicked", "unsubscribed", "complained")
DELIVERED, OPENED, CLICKED, UNSUBSCRIBED, COMPLAINED = 0.96, 0.34, 0.10, 0.008, 0.0015
PLANNED_DAYS = 5
SEND_HOUR = 10 * 3600


def campaign_master(world: World) -> DataFrame:
    """One row a campaign, delivered some days before it is sent."""
    brand = world.brand
    start = campaigns.starts(brand, "number")
    columns = {
        "campaign_id": campaigns.campaign_id("number"),
        "name": f"concat({_nth(campaigns.NAMES)}, ' ', cast(number + 1 AS STRING))",
        "goal": _nth(campaigns.GOALS),
        "channel": _channel(),
        "starts_on": brand.day(start),
        "ends_on": brand.day(f"({start} + {campaigns.EFFECT_DAYS})"),
        "budget": f"cast(5000 + 1000 * (number % 7) + {brand.people} DIV 4 AS DECIMAL(12,2))",
        "holdout_share": f"cast({campaigns.HOLDOUT_SHARE} AS DECIMAL(4,2))",
        "updated_at": brand.moment(f"({start} - {PLANNED_DAYS}) * {DAY}L + 32400"),
    }
    return numbers(world, campaigns.count(brand)).selectExpr(
        *named(columns), f"{brand.delivery(f'({start} - {PLANNED_DAYS})')} AS delivery"
    )


def numbers(world: World, count: int) -> DataFrame:
    """The whole numbers below a count as ``number`` (INT), in one task."""
    return world.spark.range(0, count, 1, 1).selectExpr("cast(id AS INT) AS number")


def sends(world: World) -> DataFrame:
    """One row a membership that a campaign chose, with its arm; the held out got nothing. Double members are in twice."""
    brand, variant = world.brand, world.dice.below(2, "template", "send_id")
    columns = {
        "send_id": "send_id",
        "campaign_id": campaigns.campaign_id("number"),
        "channel": _channel(),
        "member_no": ids.member_no("id", "account"),
        "phone": f"IF({_channel()} = 'sms', {ids.phone('phone_owner')}, NULL)",
        "template_id": f"concat('T', cast(number % 6 + 1 AS STRING), '-', cast({variant} AS STRING))",
        "sent_at": brand.moment("sent"),
        "arm": "IF(held_out, 'holdout', 'treatment')",
    }
    return chosen(world).selectExpr(*named(columns), f"{brand.delivery('day')} AS delivery")


def chosen(world: World) -> DataFrame:
    """Who is in which campaign: ``id``, ``account``, ``number``, ``held_out``, ``sent`` (seconds) and ``send_id``."""
    brand, dice = world.brand, world.dice
    sent = f"day * {DAY}L + {SEND_HOUR} + {dice.below(7200, 'sent', 'id', 'account', 'number')}"
    return (
        memberships(world)
        .selectExpr("id", "phone_owner", "account", "since", "member_at", f"explode({_all(world)}) AS number")
        .selectExpr("*", f"{campaigns.starts(brand, 'number')} AS day")
        .where(f"since < day * {DAY}L AND {campaigns.in_audience(brand, dice, 'number')}")
        .selectExpr("*", f"{sent} AS sent", f"{campaigns.is_held_out(dice, 'number')} AS held_out")
        .selectExpr("*", f"concat('M', {dice.code('send', 'id', 'account', 'number')}) AS send_id")
    )


def receipts(world: World) -> DataFrame:
    """One row a reaction to a message: delivered, opened, clicked, unsubscribed or complained."""
    brand, dice = world.brand, world.dice
    least = "element_at(array(20L, 3600L, 3700L, 4000L, 9000L), reaction + 1)"
    delay = f"{least} + {dice.below(40_000, 'reacts.after', 'send_id')} * least(reaction, 1)"
    return (
        chosen(world)
        .where("NOT held_out")
        .selectExpr("send_id", "sent", f"{_reactions(dice)} AS reactions")
        .selectExpr("send_id", "sent", "explode(reactions) AS reaction")
        .selectExpr("send_id", "reaction", f"sent + {delay} AS seconds")
        .selectExpr(
            "send_id",
            f"{lookup(RECEIPTS, 'reaction')} AS event",
            f"{brand.instant('seconds * 1000L')} AS at",
            f"{brand.delivery(f'cast(seconds DIV {DAY} AS INT)')} AS delivery",
        )
        .where(f"delivery <= {brand.increments}")
    )


def _all(world: World) -> str:
    return (
        f"sequence(0, {campaigns.count(world.brand) - 1})"
        if campaigns.count(world.brand)
        else "cast(array() AS array<int>)"
    )


def _nth(values: tuple[str, ...]) -> str:
    return lookup(values, f"cast(pmod(number, {len(values)}) AS INT)")


def _channel() -> str:
    return _nth(campaigns.CHANNELS)


def _reactions(dice: Dice) -> str:
    arrives = dice.chance(DELIVERED, "delivered", "send_id")
    depth = dice.share("reacts", "send_id")
    rare = dice.share("reacts.rarely", "send_id")
    parts = [
        "array(0)",
        f"IF({depth} < {OPENED}, array(1), array())",
        f"IF({depth} < {CLICKED}, array(2), array())",
        f"IF({rare} < {UNSUBSCRIBED}, array(3), array())",
        f"IF({rare} < {COMPLAINED}, array(4), array())",
    ]
    return f"IF({arrives}, concat({', '.join(parts)}), cast(array() AS array<int>))"
