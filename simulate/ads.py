"""The clicks on advertisements that brought people to the mall and the web site, and what the advertisements cost."""

from pyspark.sql import DataFrame

from simulate import assortment
from simulate import identifiers as ids
from simulate.brand import DAY
from simulate.dice import lookup, quoted
from simulate.events import anonymous_id
from simulate.visits import AD_CHANNELS, MALL, WEB, browsing
from simulate.world import World, named

CLICK_FIELDS = (
    "click_id",
    "campaign_id",
    "channel",
    "device_id",
    "anonymous_id",
    "clicked_at",
    "landing_url",
    "cost",
)
SPEND_FIELDS = ("day", "channel", "campaign_id", "impressions", "clicks", "cost", "currency")
ANONYMOUS_ID_KNOWN = 0.85
CLICKS_PER_THOUSAND = 12
_HOSTS = {"mall": "mall.example.com", "web": "shop.example.com"}


def clicks(world: World) -> DataFrame:
    """One row a click that led to a visit; the anonymous id is the visit's, the device id the phone's; bots click too."""
    brand = world.brand
    return (
        clicked(world)
        .selectExpr(*named(_columns(world)), f"{brand.delivery('day')} AS delivery")
        .where(f"delivery <= {brand.increments}")
    )


def spend(world: World) -> DataFrame:
    """One row a day and channel: what was shown, clicked and paid for; statistics only, no person."""
    brand = world.brand
    columns = {
        "day": brand.day("day"),
        "channel": "channel",
        "campaign_id": "concat('AD-', channel)",
        "impressions": f"clicks * 1000 DIV {CLICKS_PER_THOUSAND} + pmod(day * 37, 83)",
        "clicks": "clicks",
        "cost": assortment.money("cents"),
        "currency": "'CNY'",
    }
    return (
        clicked(world)
        .selectExpr("day", f"{_channel()} AS channel", f"{_cents(world)} AS cents")
        .groupBy("day", "channel")
        .agg({"cents": "sum", "channel": "count"})
        .withColumnsRenamed({"sum(cents)": "cents", "count(channel)": "clicks"})
        .selectExpr(*named(columns), f"{brand.delivery('day')} AS delivery")
    )


def clicked(world: World) -> DataFrame:
    """Visits that advertisements brought: ``id``, ``visit``, ``day``, ``clicked`` in seconds, ``host``, ids of the device."""
    parts = []
    for channel in (MALL, WEB):
        ids_seen = f"{anonymous_id(world.dice, channel, 'day')} AS anonymous_id"
        came = browsing(world, channel).where("ad IS NOT NULL").selectExpr("*", f"cast(at DIV {DAY} AS INT) AS day")
        seen = (ids_seen, f"{quoted(_HOSTS[channel.name])} AS host")
        parts.append(came.selectExpr("id", "kind", "device_owner", "visit", "ad", "day", "at - 3 AS clicked", *seen))
    return parts[0].unionByName(parts[1])


def click_id(world: World) -> str:
    """SQL: the key of a click."""
    return f"concat('X', {world.dice.code('click', 'visit')})"


def _channel() -> str:
    return lookup(AD_CHANNELS, "ad")


def _cents(world: World) -> str:
    return f"60 + 40 * ad + {world.dice.below(150, 'click.cost', 'visit')}"


def _columns(world: World) -> dict[str, str]:
    brand, dice = world.brand, world.dice
    known = dice.chance(ANONYMOUS_ID_KNOWN, "click.known", "visit")
    return {
        "click_id": click_id(world),
        "campaign_id": f"concat('AD-', {_channel()})",
        "channel": _channel(),
        "device_id": f"IF(kind = 'bot', NULL, {ids.device(dice, 'device_owner')})",
        "anonymous_id": f"IF({known}, anonymous_id, NULL)",
        "clicked_at": brand.instant("clicked * 1000L"),
        "landing_url": f"concat('https://', host, '/lp?utm_source=', {_channel()}, '&utm_medium=cpc')",
        "cost": assortment.money(_cents(world)),
    }
