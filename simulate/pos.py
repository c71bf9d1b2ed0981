"""The receipts of the tills: the northern region's system, which gains a column, and the southern one's in Chinese."""

from pyspark.sql import DataFrame

from simulate import assortment, dirt, smudge
from simulate import identifiers as ids
from simulate.brand import DAY
from simulate.dice import Dice
from simulate.world import World, named

NORTH_FIELDS = (
    "receipt_no", "line_no", "store_id", "sold_at", "member_no", "phone", "sku", "qty", "unit_price", "discount", "amount",
    "pay_method",
)  # fmt: skip
NORTH_FIELDS_LATER = (*NORTH_FIELDS, "coupon_code")
SOUTH_FIELDS = (
    "小票号",
    "行号",
    "门店",
    "销售日期",
    "销售时间",
    "会员手机",
    "商品编码",
    "商品名称",
    "数量",
    "单价",
    "金额",
)
SHOWS_CARD = 0.62
SHOWS_PHONE = 0.28
SOUTH_GIVES_PHONE = 0.70


def receipts_north(world: World) -> DataFrame:
    """One row a line of a northern receipt as the tills wrote it until the middle of the history: no coupon code."""
    return _north(world).where(f"day < {world.brand.midyear}").select(*NORTH_FIELDS, "delivery")


def receipts_north_later(world: World) -> DataFrame:
    """The lines from the middle of the history on, with ``coupon_code``."""
    return _north(world).where(f"day >= {world.brand.midyear}").select(*NORTH_FIELDS_LATER, "delivery")


def receipts_south(world: World) -> DataFrame:
    """One row a line of a southern receipt: date and time apart, no member number, the amount after discount."""
    brand = world.brand
    lines = {
        "小票号": receipt_no("south"),
        "行号": "line + 1",
        "门店": assortment.store_id("store"),
        "销售日期": brand.moment("at", "yyyy/MM/dd"),
        "销售时间": brand.moment("at", "HH:mm"),
        "会员手机": smudge.phone(world.dice, "south.phone", "phone", "number"),
        "商品编码": assortment.sku_code("sku"),
        "商品名称": assortment.title("sku"),
        "数量": "qty",
        "单价": assortment.money("cents"),
        "金额": assortment.money("cents * qty - off"),
    }
    return _lines(world, "south", SOUTH_GIVES_PHONE).selectExpr(*named(lines), "delivery")


def receipt_no(region: str) -> str:
    """SQL over an order: the number of its receipt in a region's tills."""
    return f"concat('{region[0].upper()}', oid)"


def _lines(world: World, region: str, gives_phone: float) -> DataFrame:
    brand, dice = world.brand, world.dice
    till = world.orders.where(f"channel = '{region}'")
    given = f"member_at < at AND {dice.chance(gives_phone, f'{region}.gives', 'number')}"
    kept = ("number", "oid", "id", "store", "day", "at", "coupon", "member_at", "members", "inline(lines)")
    return till.selectExpr(
        *kept,
        f"IF({given}, {ids.phone('phone_owner')}, NULL) AS phone",
        f"{brand.delivery('day + ' + smudge.lateness(dice, f'{region}.late', 'number'))} AS delivery",
    ).where(f"delivery <= {brand.increments}")


def _north(world: World) -> DataFrame:
    brand, dice = world.brand, world.dice
    card = f"member_at < at AND {dice.chance(SHOWS_CARD, 'north.card', 'number')}"
    which = f"IF(members = 2 AND at > member_at + {60 * DAY}L AND {dice.chance(0.4, 'north.second', 'number')}, 1, 0)"
    swapped = dice.chance(dirt.FIELDS_SWAPPED, "north.swap", "number")
    mistyped = dice.chance(dirt.DATE_MISTYPED, "north.date", "number")
    sold, sku = brand.moment("at"), assortment.sku_code("sku")
    lines = {
        "receipt_no": receipt_no("north"),
        "line_no": "line + 1",
        "store_id": assortment.store_id("store"),
        "sold_at": f"IF({mistyped}, replace({sold}, '-', '-3'), {sold})",
        "member_no": f"IF({swapped}, written, card)",
        "phone": f"IF({swapped}, card, written)",
        "sku": f"IF({dice.chance(dirt.SKU_LOWERED, 'north.sku', 'number', 'line')}, lower({sku}), {sku})",
        "qty": "qty",
        "unit_price": assortment.money("cents"),
        "discount": assortment.money("off"),
        "amount": assortment.money("cents * qty - off"),
        "pay_method": dice.pick(("wechat", "wechat", "alipay", "card", "cash", "WeChat Pay"), "north.pay", "number"),
        "coupon_code": f"IF(coupon, concat('CP', upper({_short(dice)})), NULL)",
    }
    return (
        _lines(world, "north", SHOWS_PHONE)
        .selectExpr("*", f"IF({card}, {ids.member_no('id', which)}, NULL) AS card")
        .selectExpr("*", f"{smudge.phone(dice, 'north.phone', 'phone', 'number')} AS written")
        .selectExpr(*named(lines), "day", "delivery")
    )


def _short(dice: Dice) -> str:
    return f"substring({dice.code('coupon.code', 'number')}, 1, 8)"
