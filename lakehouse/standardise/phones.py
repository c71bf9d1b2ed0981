"""Phone numbers as E.164 (ITU-T): what SQL decides with certainty, and the rest for the phonenumbers library.

Without ``default_region`` a number without country code is taken as mainland Chinese, and one of another country is
held to the lengths of its country code; all of that is SQL. With ``default_region`` every number is valid by
the numbering plan of its country: SQL decides the usual numbers of the region, the library all others.
"""

from functools import cache, partial

import phonenumbers

from lakehouse.standardise.hard import HARD, Judge
from lakehouse.standardise.phone_library import (
    CERTAIN,
    FILLER,
    PLACEHOLDERS,
    judge_phone,
    landline_pattern,
    lengths_by_code,
    quick_mobiles,
)
from lakehouse.standardise.texts import BLANKS, is_blank, narrow, one_of
from lakehouse.standardise.verdict import Rule, let, matches, quoted, refused, repaired, replaced

SIGNS = f"[{BLANKS}\\-().\u2010-\u2015\u2212/]"
MOBILE = r"^(?:(?:\+|00)?86)?1[3-9]\d{9}$"
EXTENSION = r"(?:转|ext\.?|x|#)\d{1,6}$"
MOBILE_STARTS = tuple(f"1{n}" for n in range(3, 10))
SERVICE = r"^(?:(?:\+|00)?86)?[48]00\d{7}$"
"""Numbers of firms: nobody's own."""
NOT_A_PHONE = refused("invalid", "not_a_phone")
PLACEHOLDER = refused("suspect", "placeholder")


def phone(text: str, default_region: str = "") -> str:
    """SQL of the verdict on a phone number."""
    if not default_region:
        return _national(text)
    usual = f"WHEN {_is_mobile(text, CERTAIN)} AND NOT {_is_filler(text)} THEN concat('+86', {text})"
    return (
        f"CASE WHEN {text} IS NULL THEN NULL {usual if default_region == 'CN' else ''} "
        f"ELSE concat({quoted(HARD)}, {text}) END"
    )


def _compact(text: str) -> str:
    return replaced(narrow(text), SIGNS)


def _is_mobile(text: str, starts: tuple[str, ...]) -> str:
    """Whether it is a mainland mobile in eleven digits: of eleven characters only digits make so large a number."""
    begins = f"char_length({text}) = 11 AND left({text}, {len(starts[0])}) IN {one_of(starts)}"
    return f"({begins} AND coalesce(try_cast({text} AS BIGINT) >= 13000000000, false))"


def _is_filler(digits: str) -> str:
    """Whether a mobile ends in nine equal digits, or is one of the numbers that people type to get on."""
    return f"(replace(right({digits}, 9), right({digits}, 1), '') = '' OR {digits} IN {one_of(PLACEHOLDERS)})"


def _national(text: str) -> str:
    """The commonest first, and blanks after what has digits: each test costs."""
    spelled = let("_digits", "right(_phone, 11)", f"if({_is_filler('_digits')}, {PLACEHOLDER}, concat('+86', _digits))")
    rest = (
        f"CASE WHEN {matches('_phone', MOBILE)} THEN {spelled} WHEN {matches('_phone', landline())} THEN {_landline()} "
        f"WHEN {matches('_phone', possible())} THEN {_unless_filler(replaced('_phone', '^([+]|00)'), '+')} "
        f"WHEN {is_blank(text)} THEN NULL WHEN {matches('_phone', SERVICE)} THEN {refused('suspect', 'service_number')} "
        f"WHEN instr(_phone, '*') > 0 THEN {refused('invalid', 'masked')} ELSE {NOT_A_PHONE} END"
    )
    usual = f"if({_is_filler(text)}, {PLACEHOLDER}, concat('+86', {text}))"
    return f"CASE WHEN {_is_mobile(text, MOBILE_STARTS)} THEN {usual} ELSE {let('_phone', _compact(text), rest)} END"


def _unless_filler(digits: str, prefix: str) -> str:
    filler = f"_digits IN {one_of(PLACEHOLDERS)} OR {matches('_digits', FILLER)}"
    return let("_digits", digits, f"if({filler}, {PLACEHOLDER}, concat('{prefix}', _digits))")


def _landline() -> str:
    value = replaced("_phone", landline(), "+86$1")
    return f"if({matches('_phone', EXTENSION)}, {repaired('extension_dropped', value)}, {value})"


@cache
def landline() -> str:
    """Mainland landlines, with trunk 0 or country code: the subscriber's number begins with 2 to 8; group 1 is the number."""
    return rf"^(?:(?:\+|00)860?|0)({landline_pattern()})(?:{EXTENSION[:-1]})?$"


@cache
def possible() -> str:
    """Numbers of other countries: a country code and as many digits as its numbers may have."""
    groups = []
    for lengths, codes in lengths_by_code().items():
        digits = "|".join(rf"\d{{{n}}}" for n in lengths)
        groups.append(f"(?:{'|'.join(map(str, codes))})(?:{digits})")
    return rf"^(?:\+|00)(?:{'|'.join(groups)})$"


def hard_phones(default_region: str = "") -> Judge | None:
    """Who judges what SQL leaves over: with a region the library, without one nothing is left."""
    if not default_region:
        return None
    return Judge(partial(judge_phone, region=default_region), quick_mobiles if default_region == "CN" else None)


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
