"""Stories of identity as lines for a terminal."""

from collections.abc import Iterator, Mapping
from datetime import date

from rich.markup import escape

from identity.explain import PIN, Evidence
from identity.overrides import Override
from jobs.explaining.register import Sighting, is_match
from jobs.explaining.story import Pair, Person, Step
from jobs.references import Reference
from jobs.reporting.markup import plural
from jobs.reporting.store import Row

SHORT = 8
"""Digits of a token that are printed."""
RECORDS = 2
"""Records of a step that are printed."""
VERDICTS = {
    "same": "[green]one person[/]: both references name the same identifier",
    "joined": "[green]one person[/]: the strongest path between them",
    "apart": "[yellow]two people[/]: the strongest path between them is cut",
    "unlinked": "[yellow]two people[/]: no evidence at either of them leads to the other",
}


def labels(*references: Reference) -> dict[str, str]:
    """Token → what the person typed for it, where a reference is one identifier."""
    return {ref.tokens[0]: ref.text for ref in references if len(ref.tokens) == 1 and ref.text != ref.tokens[0]}


def named(token: str, id_type: str, typed: Mapping[str, str]) -> str:
    """An identifier in words: type, the first digits of its token, and what was typed for it."""
    said = f" ({typed[token]})" if token in typed else ""
    return f"{id_type} {token[:SHORT]}…{said}"


def strength(edge: Evidence) -> str:
    """How strong an edge is and how often and when it was seen."""
    if edge.edge_type == PIN:
        return f"a person's decision, {day(edge.first_seen_at)}"
    return f"{edge.edge_type}, weight {edge.weight:g}, {plural(edge.evidence_count, 'sighting')}, {span(edge)}"


def day(value: date | None) -> str:
    """A day as digits."""
    return "?" if value is None else f"{value:%Y-%m-%d}"


def span(edge: Evidence | Sighting) -> str:
    """First and last day of an edge or a record."""
    first, last = day(edge.first_seen_at), day(edge.last_seen_at)
    return first if first == last else f"{first} to {last}"


def place(sighting: Sighting) -> str:
    """Where a record was delivered: file and row, without the folders that all have in common."""
    if sighting.file is None:
        return "landed before files were kept"
    return f"{short_path(sighting.file)} row {sighting.row}"


def short_path(file: str) -> str:
    """The last three parts of a path."""
    return "/".join(file.rsplit("/", 3)[-3:])


def pair_lines(pair: Pair) -> Iterator[str]:
    """Lines, in rich's markup, on why two references are one person or two."""
    typed = labels(pair.a, pair.b)
    for name, ref in (("A", pair.a), ("B", pair.b)):
        yield f"{name}  {escape(ref.text)}  is of  [bold]{ref.one_id}[/]"
        yield from (f"   from {escape(o.file)} row {o.row}" for o in ref.origins)
    yield VERDICTS[pair.verdict]
    if pair.steps:
        first = pair.steps[0].edge
        yield f"  [bold]{escape(named(first.src_token, first.src_type, typed))}[/]"
    for step in pair.steps:
        yield from _step_lines(step, "  ")
        yield f"  [bold]{escape(named(step.edge.dst_token, step.edge.dst_type, typed))}[/]"
    yield from _override_lines(pair.overrides)


def _step_lines(step: Step, indent: str) -> Iterator[str]:
    edge = step.edge
    mark = "[red]✂[/]" if edge.is_cut else "│"
    yield f"{indent}{mark} {escape(edge.rule_id)}: {strength(edge)}"
    if edge.is_cut:
        yield f"{indent}  [red]cut ({edge.fence}): {escape(edge.reason or '')}[/]"
    for one in step.records[:RECORDS]:
        yield f"{indent}│   {one.source} record {one.record_id[:SHORT]}…  {escape(place(one))}  ({span(one)})"
    rest = step.n_more + len(step.records[RECORDS:])
    if rest:
        yield f"{indent}│   and {plural(rest, 'more sighting')}"
    for other in edge.also:
        yield f"{indent}│   also {escape(other.rule_id)}: {strength(other)}"


def person_lines(person: Person) -> Iterator[str]:
    """Lines, in rich's markup, on one person."""
    level = f", {person.level}" if person.level else ""
    yield f"[bold]{person.one_id}[/]{level}: {len(person.identifiers)} identifiers"
    yield from (f"  {escape(o.table)} is from {escape(o.file)} row {o.row}" for o in person.reference.origins)
    for held in person.identifiers:
        verified = ", verified" if held.is_verified else ""
        sources = f"{held.n_sources} source{'' if held.n_sources == 1 else 's'}"
        seen = f"{day(held.first_seen_at)} to {day(held.last_seen_at)}"
        yield f"  {held.id_type} {held.token[:SHORT]}…  {held.kind}{verified}, {sources}, seen {seen}"
    yield from _records(person)
    yield from _tree(person)
    yield from _cut(person)
    yield from _history(person)
    yield from _override_lines(person.overrides)


def _records(person: Person) -> Iterator[str]:
    if person.records:
        yield "[bold]records[/]"
    for row in person.records:
        yield f"  {row['source']}/{escape(row['record_id'])}  {escape(short_path(row['_file']))} row {row['_row']}"


def _tree(person: Person) -> Iterator[str]:
    types = {held.token: held.id_type for held in person.identifiers}
    typed = labels(person.reference)
    yield "[bold]strongest evidence[/]"
    yield f"  {escape(named(person.root, types[person.root], typed))}"
    for depth, step in person.tree:
        edge = step.edge
        indent = "  " + "   " * depth
        yield f"{indent[:-3]}└─ {escape(named(edge.dst_token, edge.dst_type, typed))}"
        yield f"{indent}   [dim]{escape(edge.rule_id)}: {strength(edge)}[/]"
        for one in step.records[: RECORDS if is_match(edge) else 1]:
            yield f"{indent}   [dim]{escape(place(one))}[/]"


def _cut(person: Person) -> Iterator[str]:
    if person.cut:
        yield "[bold]not followed[/]"
    for edge in person.cut:
        ends = f"{edge.src_type} {edge.src_token[:SHORT]}… ~ {edge.dst_type} {edge.dst_token[:SHORT]}…"
        yield f"  [red]✂[/] {ends}  {escape(edge.rule_id)}: {edge.fence}, {escape(edge.reason or '')}"


def _history(person: Person) -> Iterator[str]:
    yield "[bold]history[/]"
    for row in person.history:
        yield f"  {day(row['occurred_on'])}  {event(row, person.one_id)}"


def event(row: Row, one_id: str) -> str:
    """An event of ``silver.identity_event`` as seen from one of its ids."""
    n, is_own = row["n_tokens"], row["one_id"] == one_id
    match row["event_type"]:
        case "create":
            return f"created with {plural(n, 'identifier')}"
        case "merge":
            return f"took over {row['other_id']} with {n}" if is_own else f"merged into {row['one_id']} with {n}"
        case _:
            return f"{n} split off as {row['other_id']}" if is_own else f"split off {row['one_id']} with {n}"


def _override_lines(overrides: tuple[Override, ...]) -> Iterator[str]:
    if overrides:
        yield "[bold]decisions[/]"
    yield from (f"  {line}" for line in map(override_line, overrides))


def override_line(override: Override) -> str:
    """A decision on one line: id, what, between whom, by whom, when, until, why."""
    ends = f"{override.a_token[:SHORT]}… and {override.b_token[:SHORT]}…"
    until = f" until {override.until_on}" if override.until_on else ""
    lifted = f", lifted {day(override.lifted_at)} by {override.lifted_by}" if override.lifted_at else ""
    head = f"{override.override_id}  {override.kind} {ends}{until}"
    return escape(f"{head}, by {override.actor} on {day(override.made_at)}{lifted}: {override.reason}")
