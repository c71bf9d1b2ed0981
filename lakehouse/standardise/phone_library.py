"""One phone number judged by the phonenumbers library (Google's libphonenumber): what Arrow batches and the command line ask."""

import re
from collections import defaultdict
from functools import cache, lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneMetadata, PhoneNumberDesc, PhoneNumberFormat, ValidationResult

MARK = "\x01"
FILLER = re.compile(r"^(\d)\1{7,}|(\d)\2{8,}$", re.ASCII)
SIGNS = str.maketrans("", "", " -().")
KINDS = ("fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "personal_number", "voip", "pager", "uan")
REMEMBERED = 1_000_000


def plan(region: str) -> PhoneMetadata:
    """The numbering plan of a region."""
    found = PhoneMetadata.metadata_for_region(region)
    assert found is not None, region
    return found


def _plans(code: int) -> list[PhoneMetadata]:
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[code]
    nowhere = PhoneMetadata.metadata_for_nongeo_region(code)  # of satellites and freephone: region 001
    return [nowhere] if nowhere else [plan(region) for region in regions]


def numbers(one: PhoneMetadata, kind: str) -> str:
    """The pattern of a plan's numbers of that kind; empty where it has none."""
    described: PhoneNumberDesc | None = getattr(one, kind)
    return (described.national_number_pattern if described else None) or ""


@cache
def lengths_by_code() -> dict[tuple[int, ...], list[int]]:
    """Country codes but China's by how many digits their numbers may have."""
    found: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
        described = [one.general_desc for one in _plans(code) if one.general_desc]
        lengths = {n for one in described for n in one.possible_length if n + len(str(code)) >= 7}
        if code != 86:
            found[tuple(sorted(lengths))].append(code)
    return dict(found)


@cache
def _certain(code: int) -> re.Pattern[str] | None:
    """National numbers that are valid for certain: of the code's main plan, and with no prefix that parsing would take off."""
    one = _plans(code)[0]
    if one.leading_digits:
        return None
    found = "|".join(filter(None, (numbers(one, kind) for kind in KINDS)))
    prefix = f"(?!{one.national_prefix_for_parsing})" if one.national_prefix_for_parsing else ""
    return re.compile(f"{prefix}(?=(?:{numbers(one, 'general_desc')})$)(?:{found})$", re.ASCII)


def _surely(digits: str) -> str | None:
    """E.164 of the digits after a plus where a pattern decides it; None: ask the library."""
    for length in (1, 2, 3):
        code = int(digits[:length])
        if code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            pattern = _certain(code)
            return f"+{digits}" if pattern and pattern.match(digits, length) else None
    return None


@lru_cache(REMEMBERED)
def judge_phone(text: str, region: str) -> str:
    """The verdict on a number as typed: E.164, or why there is none. A null text is not asked about."""
    plain = text.translate(SIGNS)
    if plain[:1] == "+" and plain[1:].isdecimal() and plain.isascii() and 7 < len(plain) < 17:
        number = _surely(plain[1:])
        if number:
            return f"{MARK}suspect{MARK}placeholder{MARK}" if FILLER.search(number[1:]) else number
    return _parsed(text, region)


def _parsed(text: str, region: str) -> str:
    try:
        found = phonenumbers.parse(text, region)
    except NumberParseException:
        return f"{MARK}invalid{MARK}not_a_phone{MARK}"
    if not phonenumbers.is_valid_number(found):
        return f"{MARK}invalid{MARK}{_fault(found)}{MARK}"
    number = phonenumbers.format_number(found, PhoneNumberFormat.E164)
    if FILLER.search(str(found.national_number)) or FILLER.search(number[1:]):
        return f"{MARK}suspect{MARK}placeholder{MARK}"
    return f"{MARK}repaired{MARK}extension_dropped{MARK}{number}" if found.extension else number


def _fault(number: phonenumbers.PhoneNumber) -> str:
    match phonenumbers.is_possible_number_with_reason(number):
        case ValidationResult.TOO_SHORT | ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
            return "too_short"
        case ValidationResult.TOO_LONG:
            return "too_long"
    return "not_in_use"
