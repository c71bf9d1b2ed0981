"""Treasure Data's `unify.yml` (https://docs.treasuredata.com, ID Unification): keys, tables, canonical and persistent ids."""

from collections.abc import Iterator

from identity.imported.draft import Draft, DraftType, Shown, our_name
from identity.imported.parts import Part, Text
from identity.imported.patterns import field_of, found_anywhere
from identity.rulesfile import Fault, RulesError

REASONS = {
    "merge_iterations": "has no counterpart: components are found whole, whatever their diameter",
    "incremental_merge_iterations": "has no counterpart: components are found whole, whatever their diameter",
    "attributes": "survivorship is no part of the identity rules: it belongs to the golden record",
    "master_tables": "survivorship is no part of the identity rules: it belongs to the golden record",
    "incremental_columns": "has no counterpart: each source is read as a stream, new files once",
    "canonical_ids": "another id: import it by itself with --entity",
    "persistent_ids": "another id: import it by itself with --entity",
}


def read_unify(top: Part, entity: str | None) -> Draft:
    """The draft of a unify.yml.

    ``entity``: the canonical or persistent id to take; else the one that reaches the most keys, the last of equals. Raises
    :class:`RulesError` where there is no such id, or none at all.
    """
    draft = Draft(top.file, "Treasure Data unify.yml")
    draft.project = name.value if (name := top.text("name")) else ""
    ids = {part_name(part): part for key in ("canonical_ids", "persistent_ids") for part in top.parts(key)}
    chosen = _choose(top, ids, entity)
    merging = _merging(draft, chosen, ids)
    draft.note("changed", chosen.file, chosen.line, chosen.path, "the id is called one_id here")
    unique = {name for one in _chain(chosen, ids) for name in _unique(draft, one)}
    _types(draft, top, merging, unique)
    tables = {limit.value for limit in chosen.texts("source_tables")}
    for table in top.parts("tables"):
        _table(draft, table, tables)
    for master in top.parts("master_tables"):
        for lost in (master, *master.parts("attributes")):
            draft.note("lost", lost.file, lost.line, lost.path, REASONS["attributes"])
        master.pass_over()
    for other in ids.values():
        if other not in _chain(chosen, ids):
            draft.note("lost", other.file, other.line, other.path, REASONS["canonical_ids"])
            other.pass_over()
    draft.lose(top.left(), REASONS)
    return draft


def part_name(part: Part) -> str:
    """The name of a part. Raises :class:`RulesError` where it has none."""
    if found := part.text("name"):
        return found.value
    raise RulesError(part.file, [Fault(part.line, f"{part.path}.name", "is missing")])


def _choose(top: Part, ids: dict[str, Part], entity: str | None) -> Part:
    if not ids:
        raise RulesError(
            top.file, [Fault(1, "canonical_ids", "is missing, and persistent_ids too: no key would merge")]
        )
    if entity is None:
        return max(reversed(ids.values()), key=lambda part: len(_keys(part, ids)))
    if entity not in ids:
        line = next(iter(ids.values())).line
        raise RulesError(top.file, [Fault(line, "canonical_ids", f"no id is called {entity}: {', '.join(ids)}")])
    return ids[entity]


def _chain(part: Part, ids: dict[str, Part]) -> list[Part]:
    """An id and those that it merges by, each once, in that order."""
    found, waiting = [], [part]
    while waiting:
        one = waiting.pop(0)
        if one not in found:
            found.append(one)
            inherited = one.texts("merge_by_canonical_ids") or one.texts("merge_by_persistent_ids")
            waiting += [ids[text.value] for text in inherited if text.value in ids]
    return found


def _keys(part: Part, ids: dict[str, Part]) -> dict[str, Text]:
    """The keys by which an id merges, its own first, in the order of ``key_priorities`` where it has them."""
    return {key.value: key for one in _chain(part, ids) for key in _in_order(one)}


def _in_order(part: Part) -> list[Text]:
    keys, places = part.texts("merge_by_keys"), part.texts("key_priorities")
    if not places:
        return keys
    wrong = [place for place in places if not place.value.isdigit()]
    if wrong or len(places) != len(keys):
        rule = f"{len(keys)} whole numbers are expected, one for each of merge_by_keys"
        raise RulesError(part.file, [Fault(places[0].line, f"{part.path}.key_priorities", rule)])
    return [key for _, key in sorted(zip(places, keys, strict=True), key=lambda pair: int(pair[0].value))]


def _merging(draft: Draft, chosen: Part, ids: dict[str, Part]) -> dict[str, Text]:
    """The merging keys in order of priority, with notes on what is lost of the ids that they come from."""
    found = _keys(chosen, ids)
    if time := found.pop("time", None):
        draft.note("lost", chosen.file, time.line, f"{chosen.path}.merge_by_keys", "time is no identifier")
    for one in _chain(chosen, ids)[1:]:
        draft.note("changed", one.file, one.line, one.path, "its keys merge in one graph with those of the id above it")
    return found


def _unique(draft: Draft, part: Part) -> Iterator[str]:
    """The key of which a person has one value at most: two values of it are never merged."""
    if found := part.text("do_not_merge_key"):
        path = f"{part.path}.do_not_merge_key"
        draft.note("changed", part.file, found.line, path, f"unique_per_person of {our_name(found.value)}")
        yield our_name(found.value)


def _types(draft: Draft, top: Part, merging: dict[str, Text], unique: set[str]) -> None:
    keys = {part_name(part): part for part in top.parts("keys")}
    for name in [*merging, *(name for name in keys if name not in merging)]:
        part = keys.get(name)
        if part is None:
            rule = "is in merge_by_keys and not in keys"
            raise RulesError(top.file, [Fault(merging[name].line, name, rule)])
        pattern = part.text("valid_regexp")
        if pattern and found_anywhere(pattern.value) != pattern.value:
            text = "may be found anywhere in a value there, holds for the whole value here: written so"
            draft.note("changed", part.file, pattern.line, f"{part.path}.valid_regexp", text)
        draft.types.append(
            DraftType(
                our_name(name),
                part.file,
                part.line,
                is_merging=name in merging,
                unique_per_person=our_name(name) in unique,
                invalid_texts=tuple(text.value for text in part.texts("invalid_texts") if text.value.strip()),
                valid_regexp=found_anywhere(pattern.value) if pattern else None,
            )
        )


def _table(draft: Draft, table: Part, only: set[str]) -> None:
    """Which keys a table shows; the time of a row is ``time``, which each table of Treasure Data has."""
    database, name, alias = table.text("database"), table.text("table"), table.text("as")
    called = (alias or name or Text("records", table.line)).value
    source = f"{our_name(database.value if database else 'td')}__{our_name(called)}"
    at, ids = "timestamp_seconds(cast($.time as bigint))", {}
    draft.note("guessed", table.file, table.line, table.path, f"the time of a record is {at}")
    for pair in table.parts("key_columns"):
        column, key = pair.text("column"), pair.text("key")
        if column is None or key is None:
            raise RulesError(pair.file, [Fault(pair.line, pair.path, "column and key are needed")])
        if our_name(key.value) in ids:
            draft.note("lost", pair.file, pair.line, pair.path, f"a second column for {key.value}: one block shows one")
        else:
            ids[our_name(key.value)] = field_of(column.value)
    if only and called not in only:
        draft.note("changed", table.file, table.line, table.path, "not in source_tables: its block is left out")
    else:
        draft.shown.append(Shown(source, table.file, table.line, at, ids))
