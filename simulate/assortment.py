"""What the brand sells, where and at what price: constants, and SQL that looks them up by index and day."""

from dataclasses import dataclass
from enum import IntEnum

from simulate.brand import CITIES, Brand
from simulate.dice import lookup


@dataclass(frozen=True)
class Product:
    """One article: a title, where it belongs, and its first price in cents of a yuan."""

    title: str
    category: str
    subcategory: str
    unit: str
    cents: int


@dataclass(frozen=True)
class City:
    """A city with its province, the half of the country that it lies in, and its position in degrees."""

    name: str
    province: str
    region: str
    lat: float
    lon: float


class Range(IntEnum):
    """The two halves of the assortment: what is made at the counter and what is sold in a box."""

    CAFE = 0
    RETAIL = 1


_MENU = {
    ("coffee", "espresso", "杯"): "美式咖啡:2200 浓缩咖啡:1800 澳白:2600 冷萃咖啡:2800",
    (
        "coffee",
        "milk coffee",
        "杯",
    ): "拿铁:2700 燕麦拿铁:3000 卡布奇诺:2700 摩卡:2900 焦糖玛奇朵:3000 生椰拿铁:2800",
    ("coffee", "pour over", "杯"): "手冲耶加雪菲:3800 手冲瑰夏:5800",
    ("tea", "milk tea", "杯"): "抹茶拿铁:2800 红茶拿铁:2500 桂花乌龙:2300",
    ("tea", "fruit tea", "杯"): "柠檬红茶:2200 葡萄冰茶:2400 桃桃乌龙:2400",
    ("pastry", "bread", "个"): "可颂:1500 杏仁可颂:1900 肉桂卷:1700 贝果:1600 法棍三明治:2600",
    ("pastry", "cake", "块"): "巴斯克蛋糕:2900 提拉米苏:3200 布朗尼:2200 柠檬塔:2600 司康:1800",
    (
        "beans",
        "single origin",
        "袋",
    ): "耶加雪菲咖啡豆:9800 瑰夏咖啡豆:19800 云南小粒咖啡豆:6800 哥伦比亚咖啡豆:8800",
    ("beans", "blend", "袋"): "意式拼配咖啡豆:7800 低因咖啡豆:8600 挂耳咖啡:5900 冻干咖啡:8900",
    ("ware", "cup", "个"): "马克杯:8900 随行杯:15900 保温杯:19900",
    ("ware", "brewing", "件"): "手冲壶:25900 滤纸:2900 手摇磨豆机:32900",
    ("grocery", "snack", "盒"): "蔓越莓曲奇:4900 黑巧克力:5900 坚果礼盒:12900",
    ("grocery", "milk", "箱"): "燕麦奶:7900 厚乳:6900 茶包礼盒:9900",
}
PRODUCTS = tuple(
    Product(title.split(":")[0], *kind[:2], kind[2], int(title.split(":")[1]))
    for kind, titles in _MENU.items()
    for title in titles.split()
)
CAFE_SIZE = sum(product.category in {"coffee", "tea", "pastry"} for product in PRODUCTS)
CATEGORIES = ("coffee", "tea", "pastry", "beans", "ware", "grocery")
BRANDS = {"coffee": "Harbour Roast", "beans": "Harbour Roast", "ware": "Harbour Home"}
SKUS = tuple(f"{product.category[:2].upper()}{1001 + index}" for index, product in enumerate(PRODUCTS))

# Tastes: what a person reaches for, at the counter and on the shelf, by the position of the product above.
TASTES = ("black", "milky", "tea", "barista", "sweet", "giver")
_FAVOURITES = {
    Range.CAFE: ((0, 1, 3, 10), (4, 5, 6, 9), (12, 13, 15, 17), (2, 10, 11, 3), (8, 7, 23, 24), (4, 14, 19, 27)),
    Range.RETAIL: ((28, 32, 34, 31), (35, 45, 46, 32), (47, 42, 36, 43), (29, 39, 41, 40), (42, 43, 46, 35), (44, 37, 38, 47)),
}  # fmt: skip
# What goes with what: the partner of each product, inside its own half of the assortment.
PAIRS = (
    18, 27, 20, 22, 18, 20, 19, 25, 24, 18, 23, 26, 23, 27, 26, 27, 26, 25, 4, 6, 5, 0, 0, 12, 8, 7, 15, 13,
    40, 39, 36, 40, 41, 39, 37, 45, 32, 34, 47, 28, 28, 29, 43, 42, 47, 34, 35, 44,
)  # fmt: skip

LOCATIONS = (
    City("北京", "北京市", "north", 39.90, 116.40),
    City("天津", "天津市", "north", 39.13, 117.20),
    City("大连", "辽宁省", "north", 38.91, 121.60),
    City("沈阳", "辽宁省", "north", 41.80, 123.43),
    City("青岛", "山东省", "north", 36.07, 120.38),
    City("西安", "陕西省", "north", 34.34, 108.94),
    City("上海", "上海市", "south", 31.23, 121.47),
    City("杭州", "浙江省", "south", 30.27, 120.16),
    City("广州", "广东省", "south", 23.13, 113.26),
    City("深圳", "广东省", "south", 22.54, 114.06),
    City("成都", "四川省", "south", 30.57, 104.07),
    City("武汉", "湖北省", "south", 30.59, 114.31),
)
NORTHERN_CITIES = sum(city.region == "north" for city in LOCATIONS)

PROMOTION_EVERY, PROMOTION_DAYS, PROMOTION_FROM = 30, 10, 10
PROMOTION_PERCENTS = (10, 15, 20)


def gtin(index: int) -> str:
    """The 13-digit article number of a product, with a valid check digit (GS1 General Specifications, 7.9)."""
    body = f"690123{index + 1:06d}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return f"{body}{-total % 10}"


def raised(cents: int) -> int:
    """The price after the rise in the middle of the year: 5 per cent more, in steps of ten cents."""
    return cents + cents // 200 * 10


def cents_of(brand: Brand, sku: str, day: str) -> str:
    """SQL: the list price in cents of the product at an index on a day."""
    before = lookup([product.cents for product in PRODUCTS], sku)
    after = lookup([raised(product.cents) for product in PRODUCTS], sku)
    return f"IF({day} < {brand.midyear}, {before}, {after})"


def off_percent(sku: str, day: str) -> str:
    """SQL: by how many per cent a promotion lowers the price of a product on a day, mostly 0."""
    number = f"(({day} - {PROMOTION_FROM}) DIV {PROMOTION_EVERY})"
    category = lookup([CATEGORIES.index(product.category) for product in PRODUCTS], sku)
    runs = f"{day} >= {PROMOTION_FROM} AND pmod({day} - {PROMOTION_FROM}, {PROMOTION_EVERY}) < {PROMOTION_DAYS}"
    percent = lookup(PROMOTION_PERCENTS, f"cast(pmod({number}, {len(PROMOTION_PERCENTS)}) AS INT)")
    return f"IF({runs} AND {category} = pmod({number}, {len(CATEGORIES)}), {percent}, 0)"


def favourite(range_: Range, taste: str, which: str) -> str:
    """SQL: the index of one of a taste's four favourites in a half of the assortment."""
    flat = [sku for favourites in _FAVOURITES[range_] for sku in favourites]
    return lookup(flat, f"{taste} * 4 + {which}")


def sku_code(sku: str) -> str:
    """SQL: the article code of the product at an index."""
    return lookup(SKUS, sku)


def title(sku: str) -> str:
    """SQL: the title of the product at an index."""
    return lookup([product.title for product in PRODUCTS], sku)


def category(sku: str) -> str:
    """SQL: the category of the product at an index."""
    return lookup([product.category for product in PRODUCTS], sku)


def money(cents: str) -> str:
    """SQL: cents as a decimal amount of yuan."""
    return f"cast(({cents}) / 100 AS DECIMAL(10,2))"


def store_id(store: str) -> str:
    """SQL: the code of the store at an index."""
    return f"concat('S', lpad(cast({store} AS STRING), 5, '0'))"


def city_name(city: str) -> str:
    """SQL: the name of the city at an index."""
    return lookup([place.name for place in LOCATIONS], city)


def province(city: str) -> str:
    """SQL: the province of the city at an index."""
    return lookup([place.province for place in LOCATIONS], city)


def store_format(store: str) -> str:
    """SQL: whether the store at an index belongs to the chain, a franchisee or a dealer."""
    formats = ("chain", "franchise", "chain", "chain", "dealer", "chain", "franchise")
    return lookup(formats, f"cast(pmod({store} DIV {CITIES} + {store} * 3, {len(formats)}) AS INT)")
