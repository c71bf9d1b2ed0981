"""The change of a source file against the one before: what breaks files that were fine, or rows that are there already."""

from collections.abc import Iterator
from dataclasses import dataclass

from lakehouse.sources.spec import MAPPED, Source, TableMap


@dataclass(frozen=True, slots=True)
class Change:
    """One change, under which key; ``is_breaking`` where it needs a person."""

    key: str
    text: str
    is_breaking: bool


def changes(old: Source, new: Source) -> list[Change]:
    """What ``new`` changes of ``old``.

    Breaking: another format or folder, one more required column, a table, column or identifier that is mapped no more, a
    changed key, and any other change of a map without a raised ``version``, since rows that are there keep the old meaning.
    """
    is_raised = new.version > old.version
    found = [*_reading(old, new), *_dropped_tables(old, new), *_identifiers(old, new, is_raised=is_raised)]
    for table in new.maps:
        if table in old.maps:
            found += _table(table, old.mappings(table), new.mappings(table), is_raised=is_raised)
        else:
            found.append(Change(f"maps.{table}", "is mapped too", is_breaking=False))
    if new.version < old.version:
        found.append(Change("version", f"goes back from {old.version} to {new.version}", is_breaking=True))
    return found


def _reading(old: Source, new: Source) -> Iterator[Change]:
    if new.format != old.format:
        yield Change("format", f"{old.format} becomes {new.format}", is_breaking=True)
    if new.folder != old.folder:
        yield Change("path", f"files are looked for in {new.folder} instead of {old.folder}", is_breaking=True)
    for name in sorted({*old.options, *new.options}):
        before, after = old.options.get(name), new.options.get(name)
        if before != after:
            yield Change(
                f"options.{name}", f"{before or 'the default'} becomes {after or 'the default'}", is_breaking=True
            )
    for name in sorted(set(new.required) - set(old.required)):
        yield Change("required", f"{name} must be there: files without it, fine so far, are refused", is_breaking=True)
    for name in sorted(set(old.required) - set(new.required)):
        yield Change("required", f"{name} need no longer be there", is_breaking=False)
    if new.freshness_hours != old.freshness_hours:
        text = f"{old.freshness_hours} becomes {new.freshness_hours}"
        yield Change("freshness_hours", text, is_breaking=new.freshness_hours > old.freshness_hours)


def _dropped_tables(old: Source, new: Source) -> Iterator[Change]:
    for table in old.maps:
        if table not in new.maps:
            yield Change(f"maps.{table}", "is mapped no more", is_breaking=True)


def _table(table: str, old: tuple[TableMap, ...], new: tuple[TableMap, ...], *, is_raised: bool) -> list[Change]:
    if len(old) != len(new):
        text = f"{len(old)} maps become {len(new)}" + ("" if is_raised else ": raise version")
        return [Change(f"maps.{table}", text, is_breaking=not is_raised)]
    return [change for a, b in zip(old, new, strict=True) for change in _map(table, a, b, is_raised=is_raised)]


def _map(table: str, old: TableMap, new: TableMap, *, is_raised: bool) -> Iterator[Change]:
    later = "" if is_raised else ": raise version, so that rows that are there are mapped again"
    for name in ("explode", "where", "sequence"):
        if getattr(old, name) != getattr(new, name):
            yield Change(f"maps.{table}.{name}", f"changes{later}", is_breaking=not is_raised)
    keys = set(MAPPED[table].key) if table in MAPPED else set()
    for name in sorted({*old.columns, *new.columns}):
        key, before, after = f"maps.{table}.columns.{name}", old.columns.get(name), new.columns.get(name)
        if after is None:
            yield Change(key, "is mapped no more", is_breaking=True)
        elif before is None:
            yield Change(
                key, "is mapped too" + ("" if is_raised else " (of new rows; raise version for all)"), is_breaking=False
            )
        elif before != after and name in keys:
            yield Change(
                key, "the key changes: rows under the old key stay; kith run --full builds anew", is_breaking=True
            )
        elif before != after:
            yield Change(key, f"changes{later}", is_breaking=not is_raised)


def _identifiers(old: Source, new: Source, *, is_raised: bool) -> Iterator[Change]:
    before = {kind: text for block in old.identifiers for kind, text in block.ids.items()}
    after = {kind: text for block in new.identifiers for kind, text in block.ids.items()}
    for kind in sorted({*before, *after}):
        key = f"identifiers.{kind}"
        if kind not in after:
            yield Change(key, "is seen no more", is_breaking=True)
        elif kind not in before:
            yield Change(key, "is seen too", is_breaking=False)
        elif before[kind] != after[kind]:
            yield Change(key, "changes" + ("" if is_raised else ": raise version"), is_breaking=not is_raised)
