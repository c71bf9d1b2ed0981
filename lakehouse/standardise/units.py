"""Quantities with units, turned into one unit of their kind."""

from decimal import Decimal

from lakehouse.standardise.money import DASHES
from lakehouse.standardise.texts import BLANKS, is_blank, narrow
from lakehouse.standardise.verdict import Rule, extracted, let, quoted, refused, replaced

KINDS: dict[str, dict[str, str]] = {
    "volume": {
        "ml": "1 毫升 millilitre milliliter millilitres milliliters cc",
        "cl": "10 厘升",
        "dl": "100 分升",
        "l": "1000 升 公升 litre liter litres liters ltr",
        "fl oz": "29.5735295625 floz 液量盎司",
        "gal": "3785.411784 gallon gallons 加仑",
    },
    "mass": {
        "g": "1 克 gram grams gr",
        "mg": "0.001 毫克",
        "kg": "1000 公斤 千克 kilo kilos kilogram kilograms kgs",
        "斤": "500 市斤 jin",
        "两": "50 市两 liang",
        "t": "1000000 吨 tonne tonnes",
        "lb": "453.59237 lbs pound pounds 磅",
        "oz": "28.349523125 ounce ounces 盎司",
    },
    "length": {
        "m": "1 米 公尺 metre meter metres meters",
        "mm": "0.001 毫米",
        "cm": "0.01 厘米 公分",
        "km": "1000 公里 千米 kilometre kilometer kilometres kilometers",
        "里": "500 华里 市里",
        "in": "0.0254 inch inches 英寸",
        "ft": "0.3048 foot feet 英尺",
        "mi": "1609.344 mile miles 英里",
    },
}
"""Of each kind the units: factor to the kind's first unit (NIST SP 811; 斤, 两 and 里 as in China since 1959) and other words."""

WRITTEN = r"^([-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:[.]\d+)?)([^\d.,+-].*)?$"


def quantity(text: str, kind: str, unit: str) -> str:
    """SQL of the verdict on a quantity of that kind, as a decimal number of ``unit``."""
    number = f"try_cast(replace({extracted('_plain', WRITTEN, 1)}, ',', '') AS DECIMAL(20, 6))"
    factor = f"try_element_at(map({_factors(kind, unit)}), {extracted('_plain', WRITTEN, 2)})"
    shown = replaced("CAST(CAST(_number * _factor AS DECIMAL(38, 6)) AS STRING)", r"[.]0+$|(?<=[.]\d{1,5})0+$")
    judged = (
        f"CASE WHEN _number IS NULL THEN {refused('invalid', 'not_a_quantity')} "
        f"WHEN _number < 0 THEN {refused('invalid', 'negative')} "
        f"WHEN _factor IS NULL THEN {refused('invalid', 'unknown_unit')} ELSE {shown} END"
    )
    plain = f"translate(lower({replaced(narrow(text), f'[{BLANKS}]+')}), '．{DASHES}', '.-----')"
    read = let("_plain", plain, let("_number", number, let("_factor", factor, judged)))
    return f"CASE WHEN {is_blank(text)} THEN NULL ELSE {read} END"


def _factors(kind: str, unit: str) -> str:
    """Words and factors to ``unit``; a number without unit is of that unit."""
    to = Decimal(KINDS[kind][unit].split()[0])
    found = {"": Decimal(1)}
    for name, listed in KINDS[kind].items():
        factor, *words = listed.split()
        found |= dict.fromkeys((name.replace(" ", ""), *words), Decimal(factor) / to)
    return ", ".join(f"{quoted(word)}, CAST('{factor:.12f}' AS DECIMAL(20, 12))" for word, factor in found.items())


def volume(text: str, unit: str = "ml") -> str:
    """SQL of the verdict on a volume."""
    return quantity(text, "volume", unit)


def mass(text: str, unit: str = "g") -> str:
    """SQL of the verdict on a mass."""
    return quantity(text, "mass", unit)


def length(text: str, unit: str = "m") -> str:
    """SQL of the verdict on a length."""
    return quantity(text, "length", unit)


RULES = (
    Rule("volume", volume, "A volume as a number of ml: 500ml, 1.5 L, 2升.", options={"unit": tuple(KINDS["volume"])}),
    Rule("mass", mass, "A mass as a number of g: 250g, 1.5 kg, 3斤, 8 oz.", options={"unit": tuple(KINDS["mass"])}),
    Rule("length", length, "A length as a number of m: 30cm, 5 km, 6 ft.", options={"unit": tuple(KINDS["length"])}),
)
