"""The masters of the resource planning system: products, stores, prices and promotions."""

from pyspark.sql import DataFrame

from simulate import assortment
from simulate.assortment import BRANDS, CATEGORIES, LOCATIONS, PRODUCTS
from simulate.brand import CITIES, DAY
from simulate.dice import lookup
from simulate.messages import numbers
from simulate.world import World, named

PRODUCT_FIELDS = (
    "sku", "name", "category", "subcategory", "brand", "price_band", "unit", "gtin", "launched_on", "status", "updated_at",
)  # fmt: skip
STORE_FIELDS = (
    "store_id",
    "name",
    "format",
    "region",
    "province",
    "city",
    "lat",
    "lon",
    "opened_on",
    "updated_at",
)
PRICE_FIELDS = ("sku", "price", "currency", "valid_from", "valid_to", "updated_at")
PROMOTION_FIELDS = (
    "promotion_id",
    "name",
    "kind",
    "category",
    "discount_pct",
    "starts_on",
    "ends_on",
    "updated_at",
)
CHANGED_A_DAY = 0.04
KNOWN_BEFORE_DAYS = 7


def products(world: World) -> DataFrame:
    """One row an article, and one more in each increment in which its status changes."""
    brand, dice = world.brand, world.dice
    band = "CASE WHEN cents < 2500 THEN 'low' WHEN cents < 9000 THEN 'middle' ELSE 'high' END"
    columns = {
        "sku": assortment.sku_code("number"),
        "name": assortment.title("number"),
        "category": assortment.category("number"),
        "subcategory": lookup([product.subcategory for product in PRODUCTS], "number"),
        "brand": lookup([BRANDS.get(product.category, "Maison Kith") for product in PRODUCTS], "number"),
        "price_band": band,
        "unit": lookup([product.unit for product in PRODUCTS], "number"),
        "gtin": lookup([assortment.gtin(index) for index in range(len(PRODUCTS))], "number"),
        "launched_on": brand.day(f"(-1 - {dice.below(900, 'launched', 'number')})"),
        "status": "IF(delivery = 0, 'active', 'phase_out')",
        "updated_at": _updated(world),
    }
    cents = f"{lookup([product.cents for product in PRODUCTS], 'number')} AS cents"
    return _versions(world, len(PRODUCTS), "product").selectExpr("*", cents).selectExpr(*named(columns), "delivery")


def stores(world: World) -> DataFrame:
    """One row a store, and one more in each increment in which it is changed; positions in degrees."""
    brand, dice = world.brand, world.dice
    spot = {
        "lat": f"{lookup([place.lat for place in LOCATIONS], 'city')} + {dice.share('store.lat', 'number')} * 0.2D",
        "lon": f"{lookup([place.lon for place in LOCATIONS], 'city')} + {dice.share('store.lon', 'number')} * 0.2D",
    }
    shop = "IF(delivery = 0, '店', '店（新装）')"
    columns = {
        "store_id": assortment.store_id("number"),
        "name": f"concat({assortment.city_name('city')}, cast(number DIV {CITIES} + 1 AS STRING), {shop})",
        "format": assortment.store_format("number"),
        "region": lookup([place.region for place in LOCATIONS], "city"),
        "province": assortment.province("city"),
        "city": assortment.city_name("city"),
        **{name: f"cast({expression} AS DECIMAL(9,5))" for name, expression in spot.items()},
        "opened_on": brand.day(f"(-30 - {dice.below(2500, 'opened', 'number')})"),
        "updated_at": _updated(world),
    }
    city = f"cast(pmod(number, {CITIES}) AS INT) AS city"
    return _versions(world, brand.stores, "store").selectExpr("*", city).selectExpr(*named(columns), "delivery")


def prices(world: World) -> DataFrame:
    """Two rows an article: the price before and after the rise in the middle of the history."""
    brand = world.brand
    first, last = brand.day("-365"), "'9999-12-31'"
    columns = {
        "sku": assortment.sku_code("number"),
        "price": assortment.money(assortment.cents_of(brand, "number", f"(later * {brand.midyear})")),
        "currency": "'CNY'",
        "valid_from": f"IF(later = 0, {first}, {brand.day(str(brand.midyear))})",
        "valid_to": f"IF(later = 0, {brand.day(str(brand.midyear - 1))}, {last})",
        "updated_at": brand.moment(f"IF(later = 0, -30, {brand.midyear} - 10) * {DAY}L"),
    }
    rows = numbers(world, len(PRODUCTS)).selectExpr("number", "explode(array(0, 1)) AS later")
    return rows.selectExpr(*named(columns), "0 AS delivery")


def promotions(world: World) -> DataFrame:
    """One row a promotion: some per cent off a category for some days; known a week before."""
    brand = world.brand
    start = f"({assortment.PROMOTION_FROM} + {assortment.PROMOTION_EVERY} * number)"
    category = lookup(CATEGORIES, f"cast(number % {len(CATEGORIES)} AS INT)")
    percent = lookup(assortment.PROMOTION_PERCENTS, f"cast(number % {len(assortment.PROMOTION_PERCENTS)} AS INT)")
    columns = {
        "promotion_id": "concat('PR', lpad(cast(number AS STRING), 3, '0'))",
        "name": f"concat({category}, ' -', cast({percent} AS STRING), '%')",
        "kind": "'percent_off'",
        "category": category,
        "discount_pct": percent,
        "starts_on": brand.day(start),
        "ends_on": brand.day(f"({start} + {assortment.PROMOTION_DAYS - 1})"),
        "updated_at": brand.moment(f"({start} - {KNOWN_BEFORE_DAYS}) * {DAY}L"),
    }
    count = max(0, (brand.days - assortment.PROMOTION_FROM - 1) // assortment.PROMOTION_EVERY + 1)
    known = f"{brand.delivery(f'({start} - {KNOWN_BEFORE_DAYS})')} AS delivery"
    return numbers(world, count).selectExpr(*named(columns), known)


def _versions(world: World, count: int, what: str) -> DataFrame:
    changed = world.dice.chance(CHANGED_A_DAY, f"{what}.changes", "number", "delivery")
    every = f"explode(sequence(0, {world.brand.increments})) AS delivery"
    return numbers(world, count).selectExpr("number", every).where(f"delivery = 0 OR {changed}")


def _updated(world: World) -> str:
    day = f"IF(delivery = 0, -1, delivery + {world.brand.history_days - 1})"
    return world.brand.moment(f"{day} * {DAY}L + 3600 * (6 + number % 4)")
