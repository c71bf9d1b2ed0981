"""One phone number judged by the phonenumbers library (Google's libphonenumber): what Arrow batches and the command line ask."""

import re
from collections import defaultdict
from functools import cache, lru_cache

import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc
from phonenumbers import NumberParseException, PhoneMetadata, PhoneNumberDesc, PhoneNumberFormat, ValidationResult

from lakehouse.standardise.texts import HALF_WIDTH, NOTHING

MARK = "\x01"
PLACEHOLDERS = ("13800138000", "13000000000", "13888888888", "18888888888", "11111111111", "00000000000")
FILLER = r"^(\d)\1{7,}|(\d)\2{8,}$"
"""Numbers of one digit repeated, whole or at the end."""
REPEATED = re.compile(FILLER, re.ASCII)
CERTAIN = tuple(map(str, (*range(130, 140), 145, 147, *range(150, 154), *range(155, 160), 162, 165, 166, 167)))
CERTAIN += tuple(map(str, (*range(170, 174), *range(175, 179), *range(180, 194), *range(195, 200))))
"""The first three digits of mainland mobiles that the library holds valid whatever follows."""
MOBILE = f"^(?:(?:[+]|00)?86)?(?:{'|'.join(CERTAIN)})[0-9]{{8}}$"
NINE_EQUAL = f"(?:{'|'.join(f'{n}{{9}}' for n in range(10))})$"
SUSPECT = f"{MARK}suspect{MARK}placeholder{MARK}"
SIGNS = str.maketrans("", "", " -().")
KINDS = ("fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "personal_number", "voip", "pager", "uan")
REMEMBERED = 1_000_000


def quick_mobiles(texts: pa.Array) -> pa.Array:
    """Verdicts on mainland mobiles in the usual spellings, by Arrow's own functions; null for all other texts."""
    compact = pc.replace_substring(pc.replace_substring(texts, " ", ""), "-", "")
    is_mobile = pc.match_substring_regex(compact, MOBILE)
    digits = pc.utf8_slice_codeunits(compact, -11)
    is_filler = pc.or_(pc.match_substring_regex(digits, NINE_EQUAL), pc.is_in(digits, pa.array(PLACEHOLDERS)))
    verdicts = pc.if_else(is_filler, SUSPECT, pc.binary_join_element_wise("+86", digits, ""))
    return pc.if_else(is_mobile, verdicts, pa.scalar(None, pa.string()))


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


@cache
def landline_pattern() -> str:
    """Mainland landlines after trunk 0 or country code: the subscriber's number begins with 2 to 8."""
    return rf"(?=(?:10|2\d|[3-9]\d\d)[2-8])(?:{numbers(plan('CN'), 'fixed_line')})"


@cache
def _national(region: str) -> re.Pattern[str] | None:
    """Fixed and mobile numbers of a region with its trunk prefix or none; None where its written form is no simple prefix."""
    one = plan(region)
    if region == "CN":
        mobiles = f"(?:{'|'.join(CERTAIN)})[0-9]{{8}}"
        return re.compile(f"^0?((?<=0){landline_pattern()}|(?<!0){mobiles})$", re.ASCII)
    main = phonenumbers.region_code_for_country_code(one.country_code or 0)
    patterns = {numbers(one, "fixed_line"), numbers(one, "mobile")}
    if one.national_prefix_transform_rule or main != region or "" in patterns:
        return None
    prefix = f"(?:{one.national_prefix})?" if one.national_prefix else ""
    shape = f"(?=(?:{numbers(one, 'general_desc')})$)"
    return re.compile(f"^{prefix}({shape}(?:{'|'.join(sorted(patterns))}))$", re.ASCII)


@cache
def _dials_00(region: str) -> bool:
    """Whether 00 leads abroad, as a prefix of its own in the region's plan."""
    return (plan(region).international_prefix or "").split("|")[0] == "00"


@lru_cache(REMEMBERED)
def judge_phone(text: str, region: str) -> str | None:
    """The verdict on a number as typed: E.164, or why there is none; null for a blank."""
    half = text if text.isascii() else text.translate(HALF_WIDTH)
    if half.strip(" ") in NOTHING:
        return None
    if "*" in half:
        return f"{MARK}invalid{MARK}masked{MARK}"
    plain = half.translate(SIGNS)
    number = _quickly(plain, region) if plain.isascii() else None
    if number is None:
        return _parsed(text, region)
    return SUSPECT if REPEATED.search(number[1:]) or number[3:] in PLACEHOLDERS else number


def _quickly(plain: str, region: str) -> str | None:
    """E.164 where a pattern decides it, of a number without signs; None: ask the library."""
    abroad = plain[1:] if plain[:1] == "+" else plain[2:] if plain[:2] == "00" and _dials_00(region) else ""
    if abroad:
        return _surely(abroad) if abroad.isdecimal() and 6 < len(abroad) < 16 else None
    pattern = _national(region) if plain.isdecimal() else None
    found = pattern.match(plain) if pattern else None
    return f"+{plan(region).country_code}{found[1]}" if found else None


def _parsed(text: str, region: str) -> str:
    try:
        found = phonenumbers.parse(text, region)
    except NumberParseException:
        return f"{MARK}invalid{MARK}not_a_phone{MARK}"
    if not phonenumbers.is_valid_number(found):
        return f"{MARK}invalid{MARK}{_fault(found)}{MARK}"
    number = phonenumbers.format_number(found, PhoneNumberFormat.E164)
    national = str(found.national_number)
    if REPEATED.search(national) or REPEATED.search(number[1:]) or national in PLACEHOLDERS:
        return SUSPECT
    return f"{MARK}repaired{MARK}extension_dropped{MARK}{number}" if found.extension else number


def _fault(number: phonenumbers.PhoneNumber) -> str:
    match phonenumbers.is_possible_number_with_reason(number):
        case ValidationResult.TOO_SHORT | ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
            return "too_short"
        case ValidationResult.TOO_LONG:
            return "too_long"
    return "not_in_use"
