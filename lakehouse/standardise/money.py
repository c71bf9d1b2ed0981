"""Money: currencies as ISO 4217 codes, and written amounts as plain decimals."""

import re

from lakehouse.standardise.texts import BLANKS, is_blank, narrow, one_of
from lakehouse.standardise.verdict import Rule, extracted, let, matches, or_invalid, quoted, replaced

CODES = tuple(
    re.findall(
        "[A-Z]{3}",
        """
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF
        CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL
        HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD
        MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG
        QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD
        TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
        """,
    )
)
"""Currencies in use (ISO 4217)."""
WORDS = {
    "CNY": "rmb cnh yuan renminbi 元 圆 块 人民币 人民币元 元人民币 cn¥ ￥cny",
    "USD": "us$ usd$ dollar dollars 美元 美金",
    "EUR": "€ euro euros 欧元",
    "GBP": "£ pound pounds sterling 英镑",
    "JPY": "yen 円 日元 日圆 jp¥",
    "HKD": "hk$ 港元 港币 港幣",
    "TWD": "nt$ ntd 新台币 新臺幣 台币",
    "KRW": "₩ won 韩元",
    "INR": "₹ rupee rupees rs 卢比",
    "RUB": "₽ rouble ruble 卢布",
    "AUD": "a$ au$ 澳元",
    "CAD": "c$ ca$ 加元",
    "SGD": "s$ sg$ 新加坡元",
    "MOP": "mop$ 澳门元",
    "THB": "฿ baht 泰铢",
    "CHF": "sfr 瑞士法郎",
    "VND": "₫ 越南盾",
    "BRL": "r$",
}
UNITS = {"亿": 100_000_000, "千万": 10_000_000, "百万": 1_000_000, "万": 10_000, "千": 1000, "k": 1000, "m": 1_000_000}
NUMBER_SIGNS = rf"[{BLANKS}\d,.+()万亿千百整-]"
DASHES = "\u2010\u2011\u2012\u2013\u2212"


def currency(text: str, yen: str = "CNY", dollar: str = "USD") -> str:
    """SQL of the verdict on a currency, given alone or with an amount."""
    words = {w: code for code, listed in WORDS.items() for w in listed.split()} | {"¥": yen, "￥": yen, "$": dollar}
    pairs = ", ".join(f"{quoted(w)}, '{code}'" for w, code in words.items())
    judged = (
        f"CASE WHEN upper(_word) IN {one_of(CODES)} THEN upper(_word) "
        f"ELSE {or_invalid(f'try_element_at(map({pairs}), _word)', 'unknown_currency')} END"
    )
    word = f"lower({replaced(narrow(text), NUMBER_SIGNS)})"
    return f"CASE WHEN {is_blank(text)} THEN NULL ELSE {let('_word', word, judged)} END"


def amount(text: str, decimal: str = "auto") -> str:
    """SQL of the verdict on an amount of money."""
    unit_pattern = f"({'|'.join(sorted(UNITS, key=len, reverse=True))})$"
    plain = replaced(f"translate(lower({narrow(text)}), '，．{DASHES}', ',.-----')", f"[{BLANKS}'’_]+")
    signed = replaced(replaced(plain, _signs()), r"^[(](.*)[)]$|^(.*\d)-$", "-$1$2")
    pairs = ", ".join(f"'{word}', CAST({factor} AS DECIMAL(12, 0))" for word, factor in UNITS.items())
    unit = extracted("_signed", rf"\d{unit_pattern}")
    factor = f"coalesce(try_element_at(map({pairs}), {unit}), 1)"
    number = let("_number", replaced("_signed", unit_pattern), _pointed(decimal))
    exact = f"CAST(CAST(try_cast({number} AS DECIMAL(24, 6)) * {factor} AS DECIMAL(36, 6)) AS STRING)"
    kept = replaced(exact, r"[.]0+$|(?<=[.]\d{1,5})0+$")
    value = or_invalid(let("_signed", signed, kept), "not_an_amount")
    return f"CASE WHEN {is_blank(text)} THEN NULL ELSE {value} END"


def _signs() -> str:
    """Signs and words of currencies at either end, and the 元 behind 万."""
    words = sorted({w for listed in WORDS.values() for w in listed.split()} | {"¥", "$"} | {c.lower() for c in CODES})
    longest = "|".join(_escaped(w) for w in sorted(words, key=lambda w: (-len(w), w)))
    return rf"(?:{longest})(?=[-+(\d,.])|(?<=[\d)万亿千百km.-])(?:{longest})整?$|整$"


def _escaped(word: str) -> str:
    return word.replace("$", "[$]").replace(".", "[.]")


def _pointed(decimal: str) -> str:
    """Thousands out, a point before the decimals; null where the written form is neither.

    ``auto``: the last of two different signs is the decimal one; a single sign is one unless exactly three digits follow a
    comma ('1,234' is a thousand, '1,23' and '1.234' are not).
    """
    point = r"^[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:[.]\d*)?(?<=\d)[.]?$"
    comma = r"^[-+]?(?:\d{1,3}(?:[.]\d{3})+|\d+)?(?:,\d*)?(?<=\d),?$"
    as_point = f"if({matches('_number', point)}, replace(_number, ',', ''), NULL)"
    as_comma = f"if({matches('_number', comma)}, replace(replace(_number, '.', ''), ',', '.'), NULL)"
    if decimal == "point":
        return as_point
    if decimal == "comma":
        return as_comma
    return f"coalesce({as_point}, {as_comma})"


RULES = (
    Rule(
        "currency",
        currency,
        "A currency as its ISO 4217 code, from codes, signs and words; ¥ and $ by option.",
        options={"yen": ("CNY", "JPY"), "dollar": ("USD", "AUD", "CAD", "HKD", "NZD", "SGD", "TWD")},
    ),
    Rule(
        "amount",
        amount,
        "An amount of money as a decimal: '1,234.56', '1.234,56 €', '(12.00)', '1.2万元'.",
        options={"decimal": ("auto", "point", "comma")},
    ),
)
