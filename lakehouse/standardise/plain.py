"""The rules of identifiers for one value at a time, without Spark: the same results as :mod:`lakehouse.standardise.rules`.

For what a person types on the command line. A test holds both forms together on thousands of values.
"""

import hmac
import re
from collections.abc import Callable
from datetime import date as day

from lakehouse.standardise import dates, emails, names, phone_library, phones, words
from lakehouse.standardise.rules import IDENTIFIER_RULES
from lakehouse.standardise.texts import BLANKS, HALF_WIDTH, NOTHING
from lakehouse.standardise.token import LENGTH

Verdict = tuple[str | None, str]
"""The value (None where it is refused) and the status: valid, repaired, suspect, invalid or missing."""

_BLANKS = re.compile(f"[{BLANKS}]+", re.ASCII)
SUSPECT: Verdict = (None, "suspect")
INVALID: Verdict = (None, "invalid")


def narrow(text: str) -> str:
    """Full-width digits, letters and signs as their half-width forms, outer blanks off."""
    return text.translate(HALF_WIDTH).strip(" ")


def _found(pattern: str, text: str) -> bool:
    return re.search(pattern, text, re.ASCII) is not None


def _replaced(text: str, pattern: str, form: str = "") -> str:
    return re.sub(pattern, re.sub(r"\$(\d)", r"\\\1", form), text, flags=re.ASCII)


def _squeezed(text: str) -> str:
    return _BLANKS.sub("", narrow(text))


def _kept(text: str, value: str) -> Verdict:
    return value, "valid" if value == text else "repaired"


def phone(text: str) -> Verdict:
    """A phone as E.164; see :func:`lakehouse.standardise.phones.phone`."""
    compact = _replaced(narrow(text), phones.SIGNS)
    if _found(phones.MOBILE, compact):
        return _unless_filler(text, compact[-11:], "+86")
    if _found(phones.landline(), compact):
        value = _replaced(compact, phones.landline(), "+86$1")
        return (value, "repaired") if _found(phones.EXTENSION, compact) else _kept(text, value)
    if _found(phones.SERVICE, compact):
        return SUSPECT
    if _found(phones.possible(), compact):
        return _unless_filler(text, re.sub(r"^(\+|00)", "", compact), "+")
    return INVALID


def _unless_filler(text: str, digits: str, prefix: str) -> Verdict:
    return SUSPECT if _is_filler(digits) else _kept(text, prefix + digits)


def _is_filler(digits: str) -> bool:
    return digits in phone_library.PLACEHOLDERS or _found(phone_library.FILLER, digits)


def email(text: str) -> Verdict:
    """An e-mail address in lower case; see :func:`lakehouse.standardise.emails.email`."""
    value = _squeezed(text).lower()
    if not _found(emails.ADDRESS, value):
        return INVALID
    return SUSPECT if _found(emails.DUMMY, value) else _kept(text, value)


def name_phone(text: str) -> Verdict:
    """A name with what shops show of a phone; see :func:`lakehouse.standardise.names.name_phone`."""
    plain = _squeezed(text).lower()
    who = _replaced(plain.partition("|")[0], names.POLITE)
    rest = re.sub("[-().]", "", plain.partition("|")[2])
    shown = _replaced(rest, r"^(\+|00)?86(?=1)")
    if len(who) < 2 or _found(names.NO_NAME, who) or not _found(names.SHOWN, shown):
        return INVALID
    if who in names.DUMMIES or _is_filler(shown):
        return SUSPECT
    return _kept(text, f"{who}|{shown[:3]}|{shown[-4:]}")


def full_name(text: str) -> Verdict:
    """A name as something to compare; see :func:`lakehouse.standardise.names.full_name`."""
    value = _replaced(_squeezed(text).lower(), names.POLITE)
    if len(value) < 2 or _found(names.NO_NAME, value):
        return INVALID
    return SUSPECT if value in {*names.DUMMIES, "undefined"} else _kept(text, value)


def code(text: str) -> Verdict:
    """An identifier of a system; see :func:`lakehouse.standardise.words.code`."""
    value = _squeezed(text)
    if not value:
        return INVALID
    return SUSPECT if _found(words.DUMMY_CODE, value) else _kept(text, value)


def date(text: str) -> Verdict:
    """A day as yyyy-MM-dd; see :func:`lakehouse.standardise.dates.date`."""
    plain = _replaced(_BLANKS.sub(" ", narrow(text)), dates.BASIC, dates.BASIC_FORM)
    iso = _replaced(plain, dates.CLOCK + dates.ZONE)
    if _found(f"(?i){dates.MONTH}", iso):
        iso = _with_month(iso)
    for pattern, form in dates.steps("dmy", ""):
        iso = _replaced(iso, pattern, form)
    if not _found(dates.WHOLE, iso):
        return INVALID
    try:
        value = day(*map(int, iso.split("-"))).isoformat()
    except ValueError:
        return INVALID
    if value == dates.FIRST:
        return SUSPECT
    return _kept(text, value) if dates.FIRST <= value <= dates.LAST else INVALID


def _with_month(text: str) -> str:
    ordered = _replaced(_replaced(text, dates.DAY_MONTH, "$3-$2-$1"), dates.MONTH_DAY, "$3-$1-$2")
    year, month, number = [*ordered.split("-"), "", "", ""][:3]
    place = dates.MONTHS.index(month.lower()) + 1 if month.lower() in dates.MONTHS else 0
    return f"{year}-{place}-{number}"


_RULES: dict[str, Callable[[str], Verdict]] = {
    "phone": phone,
    "email": email,
    "name_phone": name_phone,
    "full_name": full_name,
    "date": date,
    "code": code,
}


def identifier(id_type: str, text: str) -> Verdict:
    """The value of an identifier of that type, by the rule that sources put it through."""
    if narrow(text) in NOTHING:
        return None, "missing"
    return _RULES[IDENTIFIER_RULES.get(id_type, "code")](text)


def token(id_type: str, value: str, key: bytes) -> str:
    """The token of a standardised value: :func:`lakehouse.standardise.token.token` by the standard library."""
    return hmac.digest(key, f"{id_type}:{value}".encode(), "sha256").hex()[:LENGTH]
