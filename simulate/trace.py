"""The way of each boxed article from the factory to the shelf, by scans of its own QR code: one item, one code."""

from pyspark.sql import DataFrame

from simulate import assortment
from simulate import identifiers as ids
from simulate.assortment import CAFE_SIZE
from simulate.brand import CITIES, DAY
from simulate.world import World, named

FIELDS = ("code", "sku", "batch_no", "node_type", "node_id", "scanned_at", "openid", "phone")
NODES = ("factory", "warehouse", "dealer", "store", "consumer")
# The longest way from the factory to the till, and by how many days before the sale each scan happens at least.
LEAD_DAYS = (45, 38, 24, 6)
CONSUMER_SCANS = 0.35
UNSOLD = 0.20


def code() -> str:
    """SQL over a line of an order: the code on the box that was sold."""
    return "concat('Q', upper(oid), cast(line AS STRING), cast(unsold AS STRING))"


def scans(world: World) -> DataFrame:
    """One row a scan of a boxed article at the factory, warehouse, dealer, store, and sometimes by the consumer.

    Some codes never reach a consumer: boxes that are still on the shelf. Goods for marketplaces skip dealer and store;
    only stores that are not the chain's own are supplied by a dealer.
    """
    brand = world.brand
    return (
        units(world)
        .selectExpr("*", "explode(sequence(0, 4)) AS node")
        .where(_passes(world))
        .selectExpr("*", f"{_scanned(world)} AS scanned")
        .selectExpr(*named(_columns(world)), f"{brand.delivery(f'cast(floor(scanned / {DAY}) AS INT)')} AS delivery")
        .where(f"delivery <= {brand.increments}")
    )


def units(world: World) -> DataFrame:
    """One row a box: each line of boxed articles that was sold, and now and then (``unsold`` 1) one that was not."""
    twin = world.dice.chance(UNSOLD, "unsold", "number", "line")
    kept = (
        "number",
        "oid",
        "id",
        "phone_owner",
        "reg_coffee",
        "reg_mall",
        "channel",
        "store",
        "at",
        "inline(lines)",
    )
    return (
        world.orders.selectExpr(*kept)
        .where(f"sku >= {CAFE_SIZE}")
        .selectExpr("*", f"explode(IF({twin}, array(0, 1), array(0))) AS unsold")
    )


def _passes(world: World) -> str:
    scanned = world.dice.chance(CONSUMER_SCANS, "consumer.scans", "number", "line")
    shelved = "channel NOT IN ('tiger', 'dog', 'mall', 'web')"
    dealt = f"{shelved} AND {assortment.store_format('store')} != 'chain'"
    return f"CASE node WHEN 2 THEN {dealt} WHEN 3 THEN {shelved} WHEN 4 THEN unsold = 0 AND {scanned} ELSE true END"


def _scanned(world: World) -> str:
    dice = world.dice
    lead = f"get(array({', '.join(str(days) for days in LEAD_DAYS)}), node) * {DAY}L"
    before = f"at - {lead} + {dice.below(4 * DAY, 'scan', 'number', 'line', 'unsold', 'node')}"
    after = f"at + 3600 + {dice.below(4 * DAY, 'scan.home', 'number', 'line')}"
    return f"IF(node = 4, {after}, {before})"


def _columns(world: World) -> dict[str, str]:
    brand, dice = world.brand, world.dice
    place = f"lpad(cast(pmod(store, {CITIES}) AS STRING), 2, '0')"
    depot = f"CASE node WHEN 0 THEN 'F01' WHEN 1 THEN concat('W', {place}) WHEN 2 THEN concat('D', {place}) WHEN 3 THEN {{}} END"
    gives = dice.below(10, "scan.gives", "number", "line")
    coffee, mall = (ids.openid(dice, program, "id") for program in ("coffee", "mall"))
    account = f"CASE WHEN reg_coffee < at THEN {coffee} WHEN reg_mall < at THEN {mall} END"
    made = f"cast(floor((at - {LEAD_DAYS[0] * DAY}) / {7 * DAY}) AS INT)"
    return {
        "code": code(),
        "sku": assortment.sku_code("sku"),
        "batch_no": f"concat('B', cast({made} + 100 AS STRING), '-', cast(sku AS STRING))",
        "node_type": f"get(array({', '.join(repr(node) for node in NODES)}), node)",
        "node_id": depot.format(assortment.store_id("store")),
        "scanned_at": brand.moment("scanned"),
        "openid": f"IF(node = 4 AND {gives} < 8, {account}, NULL)",
        "phone": f"IF(node = 4 AND {gives} >= 6, {ids.phone('phone_owner')}, NULL)",
    }
