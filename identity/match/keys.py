"""Blocking keys: what two records must share to be compared at all, by kind of column, strict and loose."""

from collections.abc import Sequence

from identity.match.kinds import Kind
from identity.match.preparation import PERSON, Field


def key_sql(fields: Sequence[Field], *, loose: bool) -> list[tuple[int, str, str]]:
    """``(field's number, rule, SQL expression of the key)`` for each rule; an expression may give a list of keys.

    Fields that may be swapped share their rules, so that a given name meets the surname that it was written for.
    """
    found = []
    for number, field in enumerate(fields):
        family = min(field.name, field.partner) if field.partner else field.name
        rules = _loose(field) if loose else _strict(field)
        found += [(number, f"{family}:{rule}", sql) for rule, sql in rules.items()]
    return found


def _strict(field: Field) -> dict[str, str]:
    x = f'"{field.name}"'
    if field.kind is Kind.EMAIL:
        return {"value": x, "local": f'"{field.name}_local"'}
    if field.kind is Kind.TEXT:
        return {"word": f'"{field.name}_words"'}
    if field.kind in (Kind.YEAR, Kind.NUMBER):
        return {"value": f"CAST({x} AS varchar)"}
    return {"value": x}


def _loose(field: Field) -> dict[str, str]:
    x = f'"{field.name}"'
    if field.kind in PERSON:
        return {
            "alias": f'"{field.name}_alias"',
            "skeleton": _skeleton(x),
            "letters": _letters(x),
            "start": f"left({x}, 3)",
        }
    if field.kind is Kind.BIRTH:
        return _loose_date(x)
    if field.kind is Kind.EMAIL:
        local = f'"{field.name}_local"'
        plain = f"regexp_replace({local}, '[^a-z]', '', 'g')"
        return {"letters": _letters(local), "skeleton": plain, "start": f"left({x}, 4)", "end": f"right({x}, 10)"}
    if field.kind is Kind.TEXT:
        return {"start": f'list_distinct(list_transform("{field.name}_words", lambda w: left(w, 4)))'}
    ends = {"letters": _letters(x), "start": f"left({x}, 5)", "end": f"right({x}, 5)"}
    numbers = (Kind.PHONE, Kind.NATIONAL_ID)
    places = (Kind.STREET, Kind.PLACE)
    return ends if field.kind in numbers else {k: ends[k] for k in ("letters", "start") if field.kind in places}


def _loose_date(x: str) -> dict[str, str]:
    year, month, day = f"left({x}, 4)", f"substr({x}, 5, 2)", f"substr({x}, 7, 2)"
    return {
        "year-month": f"{year} || {month}",
        "year-day": f"{year} || '.' || {day}",
        "month-day": f"least({month}, {day}) || greatest({month}, {day})",
        "digits": _letters(x),
    }


def _letters(x: str) -> str:
    """The letters in order: the same whatever was transposed."""
    return f"array_to_string(list_sort(string_split({x}, '')), '')"


def _skeleton(x: str) -> str:
    """The first letter and the consonants, doubled ones once: the same for most ways to spell a sound."""
    return rf"left({x}, 1) || regexp_replace(substr({x}, 2), '[aeiouyhw]+', '', 'g')"
