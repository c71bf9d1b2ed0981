"""Phone numbers as E.164 (ITU-T): what SQL decides with certainty, and the rest for the phonenumbers library.

Without ``default_region`` a number without country code is taken as mainland Chinese, and one of another country is
held to the lengths of its country code; all of that is SQL. With ``default_region`` every number is valid by
the numbering plan of its country: SQL decides the usual numbers of the region, the library all others.
"""

from functools import cache, partial

import phonenumbers

from lakehouse.standardise.hard import HARD, HardVerdicts
from lakehouse.standardise.phone_library import judge_phone, lengths_by_code, numbers, plan
from lakehouse.standardise.texts import BLANKS, is_blank, narrow, one_of
from lakehouse.standardise.verdict import Rule, let, matches, quoted, refused, repaired, replaced

PLACEHOLDERS = ("13800138000", "13000000000", "13888888888", "18888888888", "11111111111", "00000000000")
FILLER = r"^(\d)\1{7,}|(\d)\2{8,}$"
SIGNS = f"[{BLANKS}\\-().\u2010-\u2015\u2212/]"
MOBILE = r"^(?:(?:\+|00)?86)?1[3-9]\d{9}$"
EXTENSION = r"(?:转|ext\.?|x|#)\d{1,6}$"
MOBILE_STARTS = (*range(130, 140), 145, 147, *range(150, 154), *range(155, 160), 162, 165, 166, 167)
MOBILE_STARTS += (*range(170, 174), *range(175, 179), *range(180, 190), *range(190, 194), *range(195, 200))
"""The first three digits of the mobiles that the library, whose word counts with a region, holds valid whatever follows."""
SERVICE = r"^(?:(?:\+|00)?86)?[48]00\d{7}$"
"""Numbers of firms: nobody's own."""
NOT_A_PHONE = refused("invalid", "not_a_phone")
PLACEHOLDER = refused("suspect", "placeholder")


def phone(text: str, default_region: str = "") -> str:
    """SQL of the verdict on a phone number."""
    if not default_region:
        return _national(text)
    first = f"WHEN {_is_mobile(text, starts=True)} THEN {_mobile(text)}" if default_region == "CN" else ""
    rest = f"CASE {_usual_number(default_region)} WHEN true THEN concat({quoted(HARD)}, {text}) END"
    return (
        f"CASE {first} WHEN {is_blank(text)} THEN NULL WHEN instr({text}, '*') > 0 THEN {refused('invalid', 'masked')} "
        f"WHEN NOT {matches(text, '[0-9０-９]')} THEN {NOT_A_PHONE} ELSE {let('_phone', _compact(text), rest)} END"
    )


def _compact(text: str) -> str:
    return replaced(narrow(text), SIGNS)


def _stripped(text: str) -> str:
    """Without the usual signs: five native replacements cost less than one regular expression."""
    for sign in " -().":
        text = f"replace({text}, '{sign}', '')"
    return text


def _digits(text: str) -> str:
    return f"try_cast(right({_stripped(text)}, 11) AS BIGINT)"


def _is_mobile(text: str, *, starts: bool = False) -> str:
    """Whether it is a mainland mobile; eleven characters as a number that large can only be eleven digits."""
    digits, plain = _digits(text), _stripped(text)
    prefix = f"left({plain}, char_length({plain}) - 11) IN ('', '+86', '86', '0086')"
    within = f"{digits} >= 13000000000 AND {digits} <= 19999999999 AND {prefix}"
    return f"({within} AND {digits} div 100000000 IN {MOBILE_STARTS})" if starts else f"({within})"


def _mobile(text: str) -> str:
    """A placeholder ends in nine equal digits, or stands in the list."""
    digits = _digits(text)
    listed = ", ".join(number for number in PLACEHOLDERS if number > "13")
    filler = f"({digits} % 1000000000 % 111111111 = 0 OR {digits} IN ({listed}))"
    return f"if({filler}, {PLACEHOLDER}, concat('+86', right({_stripped(text)}, 11)))"


def _national(text: str) -> str:
    rest = (
        f"CASE WHEN {matches('_phone', MOBILE)} THEN {_unless_filler('right(_phone, 11)', '+86')} "
        f"WHEN {matches('_phone', landline())} THEN {_landline()} "
        f"WHEN {matches('_phone', SERVICE)} THEN {refused('suspect', 'service_number')} "
        f"WHEN {matches('_phone', possible())} THEN {_unless_filler(replaced('_phone', '^([+]|00)'), '+')} "
        f"WHEN instr(_phone, '*') > 0 THEN {refused('invalid', 'masked')} ELSE {NOT_A_PHONE} END"
    )
    return (
        f"CASE WHEN {_is_mobile(text)} THEN {_mobile(text)} WHEN {is_blank(text)} THEN NULL "
        f"ELSE {let('_phone', _compact(text), rest)} END"
    )


def _unless_filler(digits: str, prefix: str) -> str:
    filler = f"_digits IN {one_of(PLACEHOLDERS)} OR {matches('_digits', FILLER)}"
    return let("_digits", digits, f"if({filler}, {PLACEHOLDER}, concat('{prefix}', _digits))")


def _landline() -> str:
    value = replaced("_phone", landline(), "+86$1")
    return f"if({matches('_phone', EXTENSION)}, {repaired('extension_dropped', value)}, {value})"


@cache
def landline() -> str:
    """Mainland landlines, with trunk 0 or country code: the subscriber's number begins with 2 to 8; group 1 is the number."""
    lines = numbers(plan("CN"), "fixed_line")
    return rf"^(?:(?:\+|00)860?|0)((?=(?:10|2\d|[3-9]\d\d)[2-8])(?:{lines}))(?:{EXTENSION[:-1]})?$"


@cache
def possible() -> str:
    """Numbers of other countries: a country code and as many digits as its numbers may have."""
    groups = []
    for lengths, codes in lengths_by_code().items():
        digits = "|".join(rf"\d{{{n}}}" for n in lengths)
        groups.append(f"(?:{'|'.join(map(str, codes))})(?:{digits})")
    return rf"^(?:\+|00)(?:{'|'.join(groups)})$"


@cache
def _region_numbers(region: str) -> str:
    """Fixed and mobile numbers of a region as a pattern; empty where its written form is no simple prefix."""
    found = plan(region)
    if found.national_prefix_transform_rule:
        return ""
    main = phonenumbers.region_code_for_country_code(found.country_code or 0)
    patterns = {numbers(found, "fixed_line"), numbers(found, "mobile")}
    if main != region or "" in patterns:
        return ""
    prefix = rf"\+{found.country_code}" + (f"|{found.national_prefix}" if found.national_prefix else "")
    shape = f"(?=(?:{numbers(found, 'general_desc')})$)"
    return rf"^(?:{prefix})?({shape}(?:{'|'.join(sorted(patterns))}))$"


def _usual_number(region: str) -> str:
    """A branch for the region's usual numbers; none where SQL cannot be certain."""
    usual = landline() if region == "CN" else _region_numbers(region)
    if not usual:
        return ""
    value = replaced("_phone", usual, f"+{plan(region).country_code}$1")
    checked = let("_number", value, f"if({matches('substr(_number, 2)', FILLER)}, {PLACEHOLDER}, _number)")
    return f"WHEN {matches('_phone', usual)} AND NOT {matches('_phone', EXTENSION)} THEN {checked}"


def hard_phones(default_region: str = "") -> HardVerdicts | None:
    """Who judges what SQL leaves over: with a region the library, without one nothing is left."""
    return partial(judge_phone, region=default_region) if default_region else None


REGIONS = tuple(sorted(phonenumbers.SUPPORTED_REGIONS))
RULES = (
    Rule(
        "phone",
        phone,
        "A phone as E.164: mainland Chinese mobiles and landlines, numbers of other countries with + or 00; "
        "with default_region the national forms of that region too, all by the numbering plans of phonenumbers.",
        version=2,
        options={"default_region": REGIONS},
        hard=hard_phones,
    ),
)
