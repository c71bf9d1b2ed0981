"""Codes that check themselves: ID cards, goods, cards, firms, handsets and bank accounts, their check digits reckoned in SQL."""

import re
from functools import cache
from importlib.resources import files

from lakehouse.standardise.texts import BLANKS, is_blank, narrow
from lakehouse.standardise.verdict import Rule, let, matches, quoted, refused, replaced

ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
ID_CHECKS = "10X98765432"
FIRM_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
FIRM_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
REPEATED = r"^(.)\1*$"
ID_SHAPE = r"^(?:\d{15}|\d{17}[\dX])$"
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _compact(text: str) -> str:
    return f"upper({replaced(narrow(text), f'[{BLANKS}-]+')})"


def _weighted(code: str, weights: tuple[int, ...], signs: str = LETTERS) -> str:
    """The sum of each sign's number times its weight."""
    listed = ", ".join(map(str, weights))
    number = f"(instr('{signs}', sign) - 1) * weight"
    products = f"zip_with(split(left({code}, {len(weights)}), ''), array({listed}), (sign, weight) -> {number})"
    return f"aggregate({products}, CAST(0 AS BIGINT), (sum, one) -> sum + one)"


def _judged(text: str, shape: str, holds: str, *, reason: str, value: str = "_code") -> str:
    """Missing, of a wrong shape, of one repeated sign, with a wrong check digit, or the code."""
    judged = (
        f"CASE WHEN NOT {matches('_code', shape)} THEN {refused('invalid', reason)} "
        f"WHEN {matches('_code', REPEATED)} THEN {refused('suspect', 'placeholder')} "
        f"WHEN {holds} THEN {value} ELSE {refused('invalid', 'check_digit')} END"
    )
    return f"CASE WHEN {is_blank(text)} THEN NULL ELSE {let('_code', _compact(text), judged)} END"


def luhn_sum(code: str) -> str:
    """SQL of the sum of Luhn's formula (ISO/IEC 7812-1 annex B); a code is right where it ends in 0."""
    digits = f"transform(split(reverse({code}), ''), (sign, place) -> CAST(sign AS BIGINT) * (1 + place % 2))"
    return f"aggregate({digits}, CAST(0 AS BIGINT), (sum, one) -> sum + if(one > 9, one - 9, one))"


def card_number(text: str) -> str:
    """SQL of the verdict on the number of a payment card."""
    return _judged(text, r"^[1-9]\d{11,18}$", f"{luhn_sum('_code')} % 10 = 0", reason="not_a_card_number")


def imei(text: str) -> str:
    """SQL of the verdict on the number of a handset; 14 digits get their check digit."""
    next_sum = luhn_sum("concat(_code, '0')")
    whole = f"if(char_length(_code) = 14, concat(_code, (10 - {next_sum} % 10) % 10), _code)"
    holds = f"(char_length(_code) = 14 OR {luhn_sum('_code')} % 10 = 0)"
    return _judged(text, r"^\d{14,15}$", holds, reason="not_an_imei", value=whole)


def gtin(text: str, digits: str = "as_written") -> str:
    """SQL of the verdict on a GTIN-8, -12, -13 or -14."""
    weights = tuple(3 if place % 2 == 0 else 1 for place in range(13))
    padded = "lpad(_code, 14, '0')"
    holds = f"(10 - {_weighted(padded, weights)} % 10) % 10 = CAST(right(_code, 1) AS INT)"
    return _judged(
        text, r"^(?:\d{8}|\d{12,14})$", holds, reason="not_a_gtin", value=padded if digits == "14" else "_code"
    )


def iban(text: str) -> str:
    """SQL of the verdict on an IBAN: country, length and remainder; the bank's own check digits are not looked at."""
    turned = "split(concat(substr(_code, 5), left(_code, 4)), '')"
    number = f"(instr('{LETTERS}', sign) - 1)"
    step = f"(rest, sign) -> (rest * if({number} > 9, 100, 10) + {number}) % 97"
    return _judged(text, iban_shape(), f"aggregate({turned}, CAST(0 AS BIGINT), {step}) = 1", reason="not_an_iban")


@cache
def iban_shape() -> str:
    """Countries that have IBANs, and the form of the rest of theirs (SWIFT's registry, as python-stdnum carries it)."""
    text = files("stdnum").joinpath("iban.dat").read_text(encoding="utf-8")
    signs = {"n": r"\d", "a": "[A-Z]", "c": "[A-Z0-9]"}
    shapes = []
    for country, form in re.findall(r'^([A-Z]{2}) .*?bban="([^"]+)"', text, re.MULTILINE):
        parts = re.findall(r"(\d+)!([nac])", form)
        shapes.append(country + r"\d\d" + "".join(f"{signs[kind]}{{{length}}}" for length, kind in parts))
    return f"^(?:{'|'.join(shapes)})$"


def id_card(text: str) -> str:
    """SQL of the verdict on a resident's number (GB 11643): region, day of birth and check sign; 15 digits become 18."""
    long = "if(char_length(_code) = 15, concat(left(_code, 6), '19', substr(_code, 7)), _code)"
    check = f"substr('{ID_CHECKS}', CAST({_weighted('_long', ID_WEIGHTS)} % 11 AS INT) + 1, 1)"
    born = "try_cast(concat_ws('-', substr(_long, 7, 4), substr(_long, 11, 2), substr(_long, 13, 2)) AS DATE)"
    is_day = "coalesce(_born >= DATE'1850-01-01' AND _born < DATE'2100-01-01', false)"
    judged = (
        f"CASE WHEN NOT {matches('_code', ID_SHAPE)} THEN {refused('invalid', 'not_an_id_card')} "
        f"WHEN NOT left(_code, 2) IN ({', '.join(map(quoted, provinces()))}) THEN {refused('invalid', 'unknown_region')} "
        f"WHEN NOT {is_day} THEN {refused('invalid', 'birth_date')} WHEN char_length(_code) = 15 OR _whole = _code "
        f"THEN _whole ELSE {refused('invalid', 'check_digit')} END"
    )
    whole = f"concat(left(_long, 17), {check})"
    read = let("_code", _compact(text), let("_long", long, let("_whole", whole, let("_born", born, judged))))
    return f"CASE WHEN {is_blank(text)} THEN NULL ELSE {read} END"


@cache
def provinces() -> tuple[str, ...]:
    """The first two digits of the regions (GB/T 2260)."""
    text = files("stdnum").joinpath("cn", "loc.dat").read_text(encoding="utf-8")
    return tuple(re.findall(r"^(\d\d) province=", text, re.MULTILINE))


def credit_code(text: str) -> str:
    """SQL of the verdict on a firm's unified social credit code (GB 32100)."""
    check = (
        f"substr('{FIRM_SIGNS}', CAST((31 - {_weighted('_code', FIRM_WEIGHTS, FIRM_SIGNS)} % 31) % 31 AS INT) + 1, 1)"
    )
    shape = rf"^[{FIRM_SIGNS}]{{2}}\d{{6}}[{FIRM_SIGNS}]{{10}}$"
    return _judged(text, shape, f"{check} = right(_code, 1)", reason="not_a_credit_code")


RULES = (
    Rule(
        "id_card",
        id_card,
        "A mainland resident's number (GB 11643): region, birth and check sign; 15 digits become 18.",
    ),
    Rule("credit_code", credit_code, "A firm's unified social credit code (GB 32100), its check sign included."),
    Rule(
        "gtin",
        gtin,
        "A trade item's number (GS1 GTIN-8, -12, -13, -14) with a right check digit; all of 14 digits by option.",
        options={"digits": ("as_written", "14")},
        forms=frozenset({"digits"}),
    ),
    Rule("card_number", card_number, "The number of a payment card (ISO/IEC 7812), by Luhn's formula."),
    Rule("imei", imei, "The number of a handset (3GPP TS 23.003), by Luhn's formula; 14 digits get their check digit."),
    Rule("iban", iban, "An international bank account number (ISO 13616): form of its country and remainder 97."),
)
