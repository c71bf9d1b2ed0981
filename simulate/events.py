"""The events of the app, the mini-programs and the web site, in the Segment spec with e-commerce event names (version 2)."""

from pyspark.sql import DataFrame

from simulate import assortment, dirt, smudge, words
from simulate import identifiers as ids
from simulate.dice import Dice, lookup, quoted
from simulate.orders import wish
from simulate.visits import AD_CHANNELS, Channel, visits
from simulate.world import World, named, struct

FIELDS = (
    "type", "event", "messageId", "anonymousId", "userId", "originalTimestamp", "timestamp", "sentAt", "receivedAt",
    "context", "properties", "traits",
)  # fmt: skip
LOGGED_IN = 0.85
AGAIN_IDENTIFIED = 0.15
ON_TABLET = 0.30
COOKIE_DAYS = 150
_PROGRAMS = {"app": "Kith App", "coffee": "Kith Coffee", "mall": "Kith Mall", "web": "Kith Web"}
_LIBRARIES = {"app": "analytics-kotlin", "coffee": "mp-sdk", "mall": "mp-sdk", "web": "analytics.js"}


def events(world: World, channel: Channel) -> DataFrame:
    """One row an event of a channel: the fields of the Segment spec, and ``delivery``.

    ``userId`` is null until the person logs in. ``receivedAt`` decides the delivery: some devices send a day or two late.
    """
    dice = world.dice
    return (
        visits(world, channel)
        .selectExpr(
            "*",
            "explode(sequence(0, steps - 1)) AS step",
            f"{_known(dice)} AS known",
            *named(_hardware(dice, channel)),
        )
        .selectExpr("*", f"{_what(dice)} AS what_happened", f"{_line_index()} AS line_index")
        .selectExpr(
            "*",
            f"{_sku(dice, channel)} AS sku",
            "get(lines, line_index) AS line",
            *named(_clocks(dice, channel)),
        )
        .selectExpr("*", *named(_values(dice, channel)))
        .selectExpr(*named(_message(world, channel)))
        .where(f"delivery <= {world.brand.increments}")
    )


def user_id(dice: Dice, channel: Channel, account: str = "0") -> str:
    """SQL: the account of a person (``id``) in a channel."""
    if channel.name == "app":
        return ids.app_user("id", account)
    return ids.web_user("id") if channel.name == "web" else ids.openid(dice, channel.name, "id")


def device(dice: Dice, channel: Channel) -> str:
    """SQL: the device id that a channel sees for a person's device; browsers have none."""
    return "cast(NULL AS STRING)" if channel.name == "web" else ids.device(dice, "device_owner")


def anonymous_id(dice: Dice, channel: Channel, day: str) -> str:
    """SQL: the anonymous id of a person's device on a day; browsers lose theirs when cookies are cleared."""
    if channel.name != "web":
        return ids.anonymous(dice, channel.name, "device_owner")
    return ids.anonymous(dice, "web", "id", cookie(dice, day))


def cookie(dice: Dice, day: str) -> str:
    """SQL: how often a person (``id``) has cleared cookies by a day."""
    return f"cast(({day} + {dice.below(COOKIE_DAYS, 'cookie', 'id')}) DIV {COOKIE_DAYS} AS INT)"


def _known(dice: Dice) -> str:
    logged_in = dice.chance(LOGGED_IN, "login", "visit")
    return f"coalesce(at >= reg, false) AND (what != 'browse' OR {logged_in}) OR what = 'register'"


def _hardware(dice: Dice, channel: Channel) -> dict[str, str]:
    shared = (
        f"tablet AND {dice.chance(ON_TABLET, 'on.tablet', 'visit')}" if channel.name in {"coffee", "mall"} else "false"
    )
    agents = words.BROWSERS if channel.name == "web" else words.PHONES
    return {
        "on_tablet": shared,
        "day": "cast(at DIV 86400 AS INT)",
        "agent": dice.pick(agents, "agent", "device_owner"),
    }


def _what(dice: Dice) -> str:
    again = f"known AND {dice.chance(AGAIN_IDENTIFIED, 'identify.again', 'visit')}"
    searches, adds = dice.chance(0.35, "search", "visit"), dice.chance(0.35, "add", "visit")
    return f"""CASE WHEN what = 'register' OR (step = 0 AND what = 'browse' AND {again}) THEN 'identify'
        WHEN step = 0 THEN 'open'
        WHEN what = 'browse' AND step = 1 AND {searches} THEN 'Products Searched'
        WHEN what = 'browse' AND step = steps - 1 AND step > 1 AND {adds} THEN 'Product Added'
        WHEN what = 'browse' THEN 'Product Viewed'
        WHEN step <= 2 * size(lines) THEN IF(step % 2 = 1, 'Product Viewed', 'Product Added')
        WHEN step = 2 * size(lines) + 1 THEN 'Checkout Started'
        WHEN coupon AND step = 2 * size(lines) + 2 THEN 'Coupon Redeemed'
        ELSE 'Order Completed' END"""


def _line_index() -> str:
    completed = "step - 2 * size(lines) - 2 - IF(coupon, 1, 0)"
    return f"CASE WHEN what = 'order' AND step > 0 THEN IF(step <= 2 * size(lines), (step - 1) DIV 2, {completed}) END"


def _sku(dice: Dice, channel: Channel) -> str:
    wished = wish(dice, channel.half, "browse.sku", "visit", "step DIV 2")
    about = "what_happened LIKE 'Product %'"
    return f"IF(what = 'order', get(lines, cast(line_index AS INT)).sku, IF({about}, {wished}, NULL))"


def _clocks(dice: Dice, channel: Channel) -> dict[str, str]:
    skewed = dice.chance(dirt.CLOCK_SKEWED, "skewed", "device_owner")
    skew = f"IF({skewed}, 60000L * ({dice.below(360, 'skew', 'device_owner')} - 180), 0L)"
    late = f"{smudge.lateness(dice, f'{channel.name}.late', 'visit')} * 86400000L"
    return {
        "true_ms": f"at * 1000L + step * 17000L + {dice.below(9000, 'pause', 'visit', 'step')}",
        "skew_ms": skew,
        "hold_ms": f"{late} + 20 + {dice.below(2000, 'hold', 'visit', 'step')}",
        "net_ms": f"30 + {dice.below(400, 'net', 'visit', 'step')}",
    }


def _values(dice: Dice, channel: Channel) -> dict[str, str]:
    first = ids.phone("phone_owner")
    return {
        "received_ms": "true_ms + hold_ms + net_ms",
        "is_track": "what_happened NOT IN ('identify', 'open')",
        "clean_phone": f"coalesce({ids.second_phone(dice, 'id')}, {first})" if channel.name == "mall" else first,
        "clean_email": ids.email(dice, "id"),
        "full_name": ids.full_name(dice, "id", "head"),
    }


def _message(world: World, channel: Channel) -> dict[str, str]:
    brand, dice = world.brand, world.dice
    view = "page" if channel.name == "web" else "screen"
    person = f"IF(on_tablet, {ids.tablet_anonymous(dice, channel.name, 'home')}, {anonymous_id(dice, channel, 'day')})"
    return {
        "type": f"CASE what_happened WHEN 'identify' THEN 'identify' WHEN 'open' THEN '{view}' ELSE 'track' END",
        "event": "IF(is_track, what_happened, NULL)",
        "messageId": f"concat('{channel.name[0]}-', {dice.code('message', 'visit', 'step')})",
        "anonymousId": person,
        "userId": f"IF(known, {user_id(dice, channel, 'account')}, NULL)",
        "originalTimestamp": brand.instant("true_ms + skew_ms"),
        "timestamp": brand.instant("true_ms + net_ms"),
        "sentAt": brand.instant("true_ms + skew_ms + hold_ms"),
        "receivedAt": brand.instant("received_ms"),
        "context": _context(dice, channel),
        "properties": f"IF(is_track, {_properties(world)}, NULL)",
        "traits": f"IF(what_happened = 'identify', {_traits(dice, channel)}, NULL)",
        "delivery": brand.delivery("cast(received_ms DIV 86400000 AS INT)"),
    }


def _context(dice: Dice, channel: Channel) -> str:
    seen = f"IF(on_tablet, {ids.tablet(dice, 'home')}, {device(dice, channel)})"
    system = "IF(agent LIKE '%iPhone%', 'ios', 'android')"
    kind = "'browser'" if channel.name == "web" else f"IF(on_tablet, 'tablet', {system})"
    address = ", ".join(f"cast({dice.below(250, f'ip.{part}', 'head')} + 1 AS STRING)" for part in range(3))
    source = lookup(AD_CHANNELS, "ad")
    version = dice.pick(("5.1.0", "5.2.0", "5.2.1", "5.3.0"), "version", "device_owner")
    campaign = struct({"source": source, "medium": "'cpc'", "name": f"concat('AD-', {source})"})
    path = "IF(sku IS NULL, '/', concat('/p/', " + assortment.sku_code("sku") + "))"
    page = struct(
        {
            "url": f"concat('https://shop.example.com', {path})",
            "referrer": f"concat('https://', {source}, '.example.com/')",
        }
    )
    grants = struct(
        {
            "advertising": dice.chance(0.7, "cookie.ads", "id"),
            "analytics": dice.chance(0.9, "cookie.stats", "id"),
        }
    )
    fields = {
        "device": struct({"id": seen, "type": kind}),
        "ip": f"concat_ws('.', '36', {address})",
        "app": struct({"name": quoted(_PROGRAMS[channel.name]), "version": version}),
        "library": struct({"name": quoted(_LIBRARIES[channel.name]), "version": "'2.4.0'"}),
        "campaign": f"IF(ad IS NOT NULL, {campaign}, NULL)",
        "page": page if channel.name == "web" else f"IF(false, {page}, NULL)",
        "userAgent": f"IF(kind = 'bot', {quoted(words.BOT_AGENT)}, agent)",
        "consent": f"IF(what_happened = 'identify', {struct({'categoryPreferences': grants})}, NULL)",
    }
    return struct(fields)


def _properties(world: World) -> str:
    paid = assortment.money("(line.cents * line.qty - line.off) DIV line.qty")
    listed = assortment.money(assortment.cents_of(world.brand, "sku", "day"))
    completed = "what_happened = 'Order Completed'"
    fields = {
        "sku": assortment.sku_code("sku"),
        "category": assortment.category("sku"),
        "price": f"IF({completed}, {paid}, {listed})",
        "quantity": "IF(what_happened = 'Product Viewed', NULL, coalesce(line.qty, IF(sku IS NULL, NULL, 1)))",
        "order_id": "IF(what_happened IN ('Order Completed', 'Checkout Started', 'Coupon Redeemed'), concat('O', oid), NULL)",
        "query": f"IF(what_happened = 'Products Searched', {world.dice.pick(words.QUERIES, 'query', 'visit')}, NULL)",
        "store_id": f"IF({completed}, {assortment.store_id('store')}, NULL)",
        "currency": "IF(sku IS NULL, NULL, 'CNY')",
    }
    return struct(fields)


def _traits(dice: Dice, channel: Channel) -> str:
    shown = {
        "app": (0.92, 0.3, 0.0),
        "coffee": (0.75, 0.0, 0.85),
        "mall": (0.6, 0.1, 0.85),
        "web": (0.35, 1.0, 0.0),
    }
    phone, mail, union = shown[channel.name]
    keys = (f"trait.{channel.name}", "id", "account")
    dirty = smudge.phone(dice, f"{channel.name}.phone", "clean_phone", "id", "account")
    gives_mail = dice.chance(mail, f"{keys[0]}.mail", *keys[1:])
    typed = smudge.email(dice, f"{channel.name}.email", "clean_email", "id", missing=0.0)
    fields = {
        "phone": f"IF({dice.chance(phone, f'{keys[0]}.phone', *keys[1:])}, {dirty}, NULL)",
        "email": f"CASE WHEN kind = 'test' THEN 'test@example.com' WHEN {gives_mail} THEN {typed} END",
        "name": f"IF(kind = 'test', '测试用户', {smudge.name(dice, f'{channel.name}.name', 'full_name', 'id')})",
        "unionid": f"IF({dice.chance(union, f'{keys[0]}.union', 'id')}, {ids.unionid(dice, 'id')}, NULL)",
    }
    return struct(fields)
