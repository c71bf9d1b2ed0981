"""What a change of a contract breaks: two versions of a table compared, for those who fill it and for those who read it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from lakehouse.assertions import Assertion, Between, Length, NotNull, OneOf, Scalar, Statistic
from lakehouse.table import KEY_UNIQUE, Column, Pii, Rule, Severity, Table

WIDER: Mapping[str, frozenset[str]] = {
    "tinyint": frozenset({"smallint", "int", "bigint"}),
    "smallint": frozenset({"int", "bigint"}),
    "int": frozenset({"bigint"}),
    "float": frozenset({"double"}),
}
DECIMAL = re.compile(r"decimal\((\d+), ?(\d+)\)")
PERSONAL = list(Pii)


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: the table, what of it (a column, a rule, the key), and whether somebody's data or queries break."""

    table: str
    what: str
    text: str
    is_breaking: bool
    is_declared: bool = False

    @property
    def fails(self) -> bool:
        """Whether it breaks, and the contract's version was not raised."""
        return self.is_breaking and not self.is_declared

    def __str__(self) -> str:
        kind = "declared" if self.is_breaking and self.is_declared else "breaking" if self.is_breaking else "fine"
        return f"{kind:<9} {self.table} {self.what}: {self.text}"


def compare(old: Iterable[Table], new: Iterable[Table]) -> list[Change]:
    """Every difference between two sets of contracts, by table. A table that has gone breaks those who read it."""
    before, after = ({table.name: table for table in tables} for tables in (old, new))
    found = [Change(name, "table", "removed", is_breaking=True) for name in before if name not in after]
    found += [Change(name, "table", "new", is_breaking=False) for name in after if name not in before]
    for name in sorted(before.keys() & after.keys()):
        found += between_versions(before[name], after[name])
    return found


def between_versions(old: Table, new: Table) -> Iterator[Change]:
    """The differences of one table; breaking ones are declared where the new version is the greater one."""
    is_declared = new.version > old.version
    for what, text, is_breaking in (*_columns(old, new), *_key(old, new), *_rules(old, new), *_promises(old, new)):
        yield Change(new.name, what, text, is_breaking, is_declared)


Found = Iterator[tuple[str, str, bool]]


def _columns(old: Table, new: Table) -> Found:
    before, after = {c.name: c for c in old.columns}, {c.name: c for c in new.columns}
    for name in before:
        if name not in after:
            yield f"column {name}", "removed", True
    for name, column in after.items():
        if name in before:
            yield from _column(before[name], column)
        elif column.required:
            yield f"column {name}", "new and required: rows that are there have no value", True
        else:
            yield f"column {name}", "new", False


def _column(old: Column, new: Column) -> Found:
    what = f"column {new.name}"
    if _type(old) != _type(new):
        wider = is_wider(_type(old), _type(new))
        yield what, f"type {old.type} became {new.type}" + ("" if wider else ", which is no wider type"), not wider
    if new.required and not old.required:
        yield what, "became required", True
    if old.required and not new.required:
        yield what, "is no longer required: readers were promised a value", True
    if old.pii is not new.pii:
        less = PERSONAL.index(new.pii) < PERSONAL.index(old.pii)
        yield what, f"personal class {old.pii} became {new.pii}", less


def _type(column: Column) -> str:
    return column.type.lower().replace(" ", "")


def is_wider(old: str, new: str) -> bool:
    """Whether every value of the old type is one of the new type too, with no cast that a reader would have to make."""
    one, other = DECIMAL.fullmatch(old), DECIMAL.fullmatch(new)
    if one and other:
        whole = [int(kind[1]) - int(kind[2]) for kind in (one, other)]
        return int(one[2]) == int(other[2]) and whole[0] <= whole[1]
    return new in WIDER.get(old, frozenset())


def _key(old: Table, new: Table) -> Found:
    if old.key != new.key:
        yield "key", f"({', '.join(old.key)}) became ({', '.join(new.key)})", True


def _promises(old: Table, new: Table) -> Found:
    if new.freshness_hours != old.freshness_hours:
        text = f"freshness of {old.freshness_hours} hours became {new.freshness_hours}"
        yield "freshness", text, new.freshness_hours > old.freshness_hours
    if new.retention_days != old.retention_days:
        text = f"retention of {old.retention_days or 'endless'} days became {new.retention_days or 'endless'}"
        yield "retention", text, bool(new.retention_days) and new.retention_days < (old.retention_days or 10**9)
    if new.owner != old.owner:
        yield "owner", f"{old.owner} became {new.owner}", False


def _rules(old: Table, new: Table) -> Found:
    before, after = _named(old), _named(new)
    for name, rule in before.items():
        if name not in after:
            yield f"rule {name}", f"removed ({told(rule)})", False
    for name, rule in after.items():
        if name in before:
            yield from _rule(before[name], rule)
        else:
            stops = rule.severity is Severity.STOP
            yield f"rule {name}", f"new, and {'stops' if stops else 'warns'} ({told(rule)})", stops


def _named(table: Table) -> dict[str, Rule]:
    """Rules by name, without those that columns and key say already."""
    said = {f"{c.name}_required" for c in table.columns if c.required} | {KEY_UNIQUE}
    return {rule.name: rule for rule in table.all_rules() if rule.name not in said}


def _rule(old: Rule, new: Rule) -> Found:
    what = f"rule {new.name}"
    one, other = old.assertion, new.assertion
    if one != other and (not old.sql or old.sql != new.sql):  # ODCS has no bounds that are dates: SQL says those
        looser = is_looser(one, other)
        text = f"{told(old)} became {told(new)}"
        yield what, text + ("" if looser else removed(one, other)), not looser
    if new.severity is not old.severity:
        yield what, f"severity {old.severity} became {new.severity}", new.severity is Severity.STOP
    tolerance = (old.at_most, old.at_most_rows), (new.at_most, new.at_most_rows)
    if tolerance[0] != tolerance[1]:
        less = new.at_most < old.at_most or new.at_most_rows < old.at_most_rows
        yield what, f"tolerance {_tolerance(old)} became {_tolerance(new)}", less


def _tolerance(rule: Rule) -> str:
    return f"{rule.at_most:g} of the rows" if rule.at_most else f"{rule.at_most_rows} rows"


def told(rule: Rule) -> str:
    """A rule in one line."""
    return rule.sql or str(rule.assertion)


def removed(old: Assertion, new: Assertion) -> str:
    """Which values of a set are no longer allowed, as a clause."""
    if isinstance(old, OneOf) and isinstance(new, OneOf):
        gone = [str(value) for value in old.values if value not in new.values]
        return f"; no longer allowed: {', '.join(gone)}" if gone else ""
    return ""


def is_looser(old: Assertion, new: Assertion) -> bool:
    """Whether all that satisfied the old assertion satisfies the new one; False where that cannot be told."""
    if type(old) is not type(new) or getattr(old, "column", "") != getattr(new, "column", ""):
        return False
    match old, new:
        case OneOf(), OneOf():
            return set(old.values) <= set(new.values)
        case (Between(_, low, high), Between(_, new_low, new_high)) | (
            Length(_, low, high),
            Length(_, new_low, new_high),
        ):
            stricter = any(getattr(new, side, 0) > getattr(old, side, 0) for side in ("strict_low", "strict_high"))
            return not stricter and _encloses(low, high, new_low, new_high)
        case Statistic(), Statistic():
            same = (old.measure, old.at) == (new.measure, new.at)
            return same and _encloses(old.low, old.high, new.low, new.high)
        case _:
            return isinstance(new, NotNull)


def _encloses(low: Scalar | None, high: Scalar | None, new_low: Scalar | None, new_high: Scalar | None) -> bool:
    below = new_low is None or (low is not None and new_low <= low)  # type: ignore[operator] # of one column's type
    above = new_high is None or (high is not None and new_high >= high)  # type: ignore[operator]
    return below and above
