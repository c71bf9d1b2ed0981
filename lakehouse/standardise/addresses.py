"""Postal addresses: one written form, and the province, city and district of a Chinese address by the list of GB/T 2260."""

import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from lakehouse.standardise.names import han_characters
from lakehouse.standardise.texts import BLANKS, composed, is_blank, one_of
from lakehouse.standardise.verdict import Rule, extracted, let, matches, or_invalid, quoted, refused, replaced

SUFFIX = r"(?:特别行政区|壮族自治区|回族自治区|维吾尔自治区|自治区|省|市)$"
CITY_SUFFIX = r"(?:[一-鿿]{1,6}族自治州|地区|盟|市)$"
CITIES = ("11", "12", "31", "50")
"""Regions that are a city themselves: Beijing, Tianjin, Shanghai, Chongqing."""
DUMMIES = ("无", "暂无", "不详", "未知", "测试", "test", "unknown", "na", "none", "地址")
REPLACED = (
    ("^(?:中国|中华人民共和国)(?=[一-鿿])", ""),
    ("號", "号"),
    (r"(?<=\d)[#＃](?=[楼栋幢室\d]|$)", "号"),
    ("-{2,}", "-"),
)
BETWEEN = r"(?<=[一-鿿]) (?=[一-鿿\d])|(?<=\d) (?=[一-鿿])"
POINTS = r"[,，、;；。]+(?=[一-鿿])|[,，、;；。 ]+$"
LETTERS = r"\p{L}{2}"
DISTRICT = "^(?:市辖区)?([一-鿿]{1,12}?(?:自治县|自治旗|新区|[区县市旗]))"


@cache
def regions() -> dict[str, tuple[str, str, str]]:
    """Regions in force by code: province, city and district, the latter two empty for the levels above."""
    text = files("stdnum").joinpath("cn", "loc.dat").read_text(encoding="utf-8")
    text = text.translate(
        str.maketrans(*han_characters("simplified"))
    )  # Hong Kong and Macau stand there in traditional
    found: dict[str, tuple[str, str, str]] = {}
    province = head = city = ""
    for line in text.splitlines():
        if match := re.match(r'(\d\d) province="([^"]+)"', line):
            head, province, city = match[1], match[2], ""
            found[f"{head}0000"] = (province, "", "")
        elif match := re.match(r'  (\d{4}) county="([^"]+)"', line):
            name = _in_force(match[2])
            if match[1].endswith("00"):
                city = province if head in CITIES else name
            if name and match[1] != "0000":
                found[head + match[1]] = (province, city, "" if match[1].endswith("00") else name)
    return found


def _in_force(names: str) -> str:
    """The name that a region has now, of ``[-1988]one,[1989-]other``; empty where it is gone."""
    current = [re.sub(r"^\[\d*-\]", "", name) for name in names.split(",") if not re.match(r"\[\d*-\d+\]", name)]
    return current[-1] if current else ""


@cache
def province_names() -> dict[str, str]:
    """Full names of provinces by full and short name: 浙江 and 浙江省 are 浙江省."""
    full = [province for province, city, _ in regions().values() if not city]
    return {name: one for one in full for name in (re.sub(SUFFIX, "", one), one)}


@cache
def city_names() -> dict[str, tuple[str, str]]:
    """City and province by full and short name of cities; a short name that two share is left out."""
    cities = sorted({(city, province) for province, city, _ in regions().values() if city and city not in NOT_CITIES})
    shorts = Counter(re.sub(CITY_SUFFIX, "", city) for city, _ in cities)
    found = {city: (city, province) for city, province in cities}
    for city, province in cities:
        short = re.sub(CITY_SUFFIX, "", city)
        if shorts[short] == 1 and len(short) > 1:
            found.setdefault(short, (city, province))
    return found


SHORT_CITIES = ("北京市", "天津市", "上海市", "重庆市", "北京", "天津", "上海", "重庆")
NOT_CITIES = ("市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划", "省直辖县级行政单位")


def _words(names: Iterable[str]) -> str:
    return "|".join(sorted(names, key=lambda n: (-len(n), n)))


def _plain(text: str) -> str:
    """No blanks between Chinese characters, single ones elsewhere, width as in Latin."""
    single = replaced(composed(text), f"[{BLANKS}]+", " ")
    return replaced(replaced(single, BETWEEN), POINTS)


def address(text: str) -> str:
    """SQL of the verdict on an address."""
    value = "_plain"
    for pattern, form in REPLACED:
        value = replaced(value, pattern, form)
    judged = (
        f"CASE WHEN lower(_plain) IN {one_of(DUMMIES)} THEN {refused('suspect', 'placeholder')} "
        f"WHEN char_length(_plain) < 4 OR NOT {matches('_plain', LETTERS)} THEN {refused('invalid', 'not_an_address')} "
        f"ELSE {value} END"
    )
    return f"CASE WHEN {is_blank(text)} THEN NULL ELSE {let('_plain', _plain(text), judged)} END"


def _head() -> str:
    """Province and city at the beginning of an address: groups 1 and 2. 吉林市 is a city, and 朝阳区 no city of 朝阳."""
    provinces = f"(?:{_words(name for name in province_names() if name not in SHORT_CITIES)})(?!市)"
    cities = f"(?:{_words(city_names())})(?![区县市])"
    return f"^(?:中国|中华人民共和国)?({_words(SHORT_CITIES)}|{provinces})?(?:自治区)?({cities})?"


def _table(pairs: dict[str, str]) -> str:
    listed = ", ".join(f"{quoted(one)}, {quoted(other)}" for one, other in pairs.items())
    return f"map({listed})"


def province(text: str) -> str:
    """SQL of the verdict on the province of an address, by its name or by its city's."""
    named = f"try_element_at({_table(province_names())}, {extracted('_plain', _head(), 1)})"
    by_city = (
        f"try_element_at({_table({n: p for n, (_, p) in city_names().items()})}, {extracted('_plain', _head(), 2)})"
    )
    return _found(text, f"coalesce({named}, {by_city})", "no_province")


def city(text: str) -> str:
    """SQL of the verdict on the city of an address."""
    found = f"try_element_at({_table({n: c for n, (c, _) in city_names().items()})}, {extracted('_plain', _head(), 2)})"
    itself = {short: full for short, full in province_names().items() if full.endswith("市")}
    one = f"try_element_at({_table(itself)}, {extracted('_plain', _head(), 1)})"
    return _found(text, f"coalesce({one}, {found})", "no_city")


def _found(text: str, value: str, reason: str) -> str:
    return f"CASE WHEN {is_blank(text)} THEN NULL ELSE {let('_plain', _plain(text), or_invalid(value, reason))} END"


def district(text: str) -> str:
    """SQL of the verdict on the district or county of an address."""
    names = sorted({d for _, _, d in regions().values() if d and d not in NOT_CITIES})
    known = f",{','.join(names)},"
    judged = (
        f"CASE WHEN _found = '' THEN {refused('invalid', 'no_district')} "
        f"WHEN instr({quoted(known)}, concat(',', _found, ',')) > 0 THEN _found "
        f"ELSE {refused('suspect', 'unknown_district')} END"
    )
    found = let("_found", extracted(replaced("_plain", _head()), DISTRICT), judged)
    return f"CASE WHEN {is_blank(text)} THEN NULL ELSE {let('_plain', _plain(text), found)} END"


RULES = (
    Rule("address", address, "An address in one form: width, blanks, punctuation, house numbers."),
    Rule("province", province, "The province of a Chinese address, by its full name, from the province or the city."),
    Rule("city", city, "The city of a Chinese address, by its full name."),
    Rule(
        "district",
        district,
        "The district or county of a Chinese address; one that GB/T 2260 does not know is suspect.",
    ),
)
