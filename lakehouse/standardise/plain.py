"""The rules of identifiers for one value at a time, without Spark: the same results as :mod:`lakehouse.standardise.rules`.

For what a person types on the command line. A test holds both forms together on thousands of values.
"""

import hmac
import re
from collections.abc import Callable

from lakehouse.standardise.rules import IDENTIFIER_RULES, NARROW, PLACEHOLDERS, WIDE
from lakehouse.standardise.token import LENGTH

Verdict = tuple[str | None, str]
"""The value (None where it is refused) and the status: valid, repaired, suspect, invalid or missing."""

_END = r"(?=(?:\r\n|[\n\r\x85\u2028\u2029])?\Z)"  # Java's $ stands before any last line end
_NARROW = str.maketrans(WIDE, NARROW) | str.maketrans(
    "".join(chr(c) for c in range(0xFF41, 0xFF5B)), "abcdefghijklmnopqrstuvwxyz"
)
_BLANK = frozenset({"", "-", "null", "NULL", "None", "N/A", "nan"})
_NATIONAL = re.compile(rf"1[3-9]\d{{9}}{_END}", re.ASCII)
_COUNTRY = re.compile(rf"^86(?=1\d{{10}}{_END})", re.ASCII)
_FOREIGN = re.compile(rf"[1-9]\d{{6,14}}{_END}", re.ASCII)
_REPEATED = re.compile(rf"^(\d)\1{{7,}}|(\d)\2{{8,}}{_END}", re.ASCII)
_ADDRESS = re.compile(rf"[a-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9-]+)+{_END}")
_DUMMY_ADDRESS = re.compile(r"(test|none|no|noemail|null|a|example)@")
_AFTER_BAR = re.compile(rf"\|([^\n\r\x85\u2028\u2029]*){_END}")
_TITLE = re.compile(rf"(先生|女士){_END}")
_SHOWN = re.compile(rf"1[3-9]\d([*\d]{{4}}|\|)\d{{4}}{_END}", re.ASCII)
_DUMMY_NAMES = frozenset({"test", "测试", "匿名", "游客", "unknown"})
_DUMMY_CODE = re.compile(rf"(0+|-1|null|none|anonymous|undefined){_END}")


def narrow(text: str) -> str:
    """Full-width digits, letters and signs as their half-width forms, outer blanks off."""
    return text.translate(_NARROW).strip(" ")


def _judge(text: str, value: str | None, *, suspect: bool) -> Verdict:
    if narrow(text) in _BLANK:
        return None, "missing"
    if value is None:
        return None, "invalid"
    if suspect:
        return None, "suspect"
    return value, "valid" if value == text else "repaired"


def phone(text: str) -> Verdict:
    """A phone as E.164; see :func:`lakehouse.standardise.rules.phone`."""
    compact = re.sub(r"[\s\-().]", "", narrow(text), flags=re.ASCII)
    digits = re.sub(r"^(\+|00)", "", compact)
    national = _COUNTRY.sub("", digits)
    is_elsewhere = compact.startswith(("+", "00")) and not digits.startswith("86")
    value = None
    if _NATIONAL.match(national) and not is_elsewhere:
        value = f"+86{national}"
    elif is_elsewhere and _FOREIGN.match(digits):
        value = f"+{digits}"
    return _judge(text, value, suspect=_is_filler(national))


def _is_filler(national: str) -> bool:
    return national in PLACEHOLDERS or bool(_REPEATED.search(national))


def email(text: str) -> Verdict:
    """An e-mail address in lower case; see :func:`lakehouse.standardise.rules.email`."""
    value = re.sub(r"\s", "", narrow(text), flags=re.ASCII).lower()
    return _judge(text, value if _ADDRESS.match(value) else None, suspect=bool(_DUMMY_ADDRESS.match(value)))


def name_phone(text: str) -> Verdict:
    """A name with what shops show of a phone; see :func:`lakehouse.standardise.rules.name_phone`."""
    words = re.sub(r"\s", "", narrow(text), flags=re.ASCII).lower()
    who = _TITLE.sub("", words.partition("|")[0])
    after = _AFTER_BAR.search(words)
    rest = re.sub(r"[-().]", "", after[1] if after else "")
    shown = re.sub(r"^(\+|00)?86(?=1)", "", rest)
    is_named = len(who) > 1 and not re.search(r"\d|@", who, re.ASCII)
    value = f"{who}|{shown[:3]}|{shown[-4:]}" if is_named and _SHOWN.match(shown) else None
    return _judge(text, value, suspect=who in _DUMMY_NAMES or _is_filler(shown))


def code(text: str) -> Verdict:
    """An identifier of a system; see :func:`lakehouse.standardise.rules.code`."""
    value = re.sub(r"\s", "", narrow(text), flags=re.ASCII)
    return _judge(text, value or None, suspect=bool(_DUMMY_CODE.match(value)))


_RULES: dict[str, Callable[[str], Verdict]] = {"phone": phone, "email": email, "name_phone": name_phone, "code": code}


def identifier(id_type: str, text: str) -> Verdict:
    """The value of an identifier of that type, by the rule that sources put it through."""
    return _RULES[IDENTIFIER_RULES.get(id_type, "code")](text)


def token(id_type: str, value: str, key: bytes) -> str:
    """The token of a standardised value: :func:`lakehouse.standardise.token.token` by the standard library."""
    return hmac.digest(key, f"{id_type}:{value}".encode(), "sha256").hex()[:LENGTH]
