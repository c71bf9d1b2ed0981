"""The text of a source file from its draft: YAML with what was found and guessed beside each line."""

import json
from collections.abc import Iterator, Sequence
from typing import get_args

import yaml

from lakehouse.errors import SourceError
from lakehouse.samples.columns import ColumnFacts
from lakehouse.samples.draft import Draft, MapDraft
from lakehouse.samples.formats import Format
from lakehouse.samples.kinds import BY_NAME as KINDS
from lakehouse.sources.spec import Source

ENCODINGS = {
    "utf-16-le": "UTF-16LE",
    "utf-16-be": "UTF-16BE",
    "gb18030": "GB18030",
    "big5": "Big5",
    "shift_jis": "Shift_JIS",
    "cp1252": "windows-1252",
}
WIDTH = 62


def source_text(draft: Draft) -> str:
    """The source file. Raises :class:`SourceError` where this version of Kith lands no such format."""
    return "\n".join([*_head(draft), *_maps(draft), *_identifiers(draft), *_columns(draft.facts)]) + "\n"


def landed_format(found: Format) -> tuple[str, dict[str, str]]:
    """The ``format`` and ``options`` of a source file for files of that kind."""
    known = set(get_args(Source.model_fields["format"].annotation))
    kind = found.kind if found.kind in known else "csv" if found.kind == "tsv" else found.kind
    if kind not in known:
        raise SourceError(f"{kind} files cannot be landed; the formats are {', '.join(sorted(known))}", key="format")
    options = {"sep": found.separator} if kind == "csv" and found.separator != "," else {}
    if found.kind in ("csv", "tsv", "json", "jsonl") and found.encoding != "utf-8":
        options["encoding"] = ENCODINGS.get(found.encoding, found.encoding.upper())
    return kind, options


def scalar(text: str, *, inside: bool = False) -> str:
    """A text as a YAML scalar, in quotes where it needs them; ``inside`` a flow mapping more signs do."""
    risky = set(",[]{}") if inside else set()
    try:
        is_plain = yaml.safe_load(f"k: {text}") == {"k": text} and "#" not in text and not risky & set(text)
    except yaml.YAMLError:
        is_plain = False
    return text if is_plain else json.dumps(text, ensure_ascii=False)


def _flow(cell: dict[str, object]) -> str:
    parts = [f"{key}: {_flow(v) if isinstance(v, dict) else scalar(str(v), inside=True)}" for key, v in cell.items()]
    return "{" + ", ".join(parts) + "}"


def _head(draft: Draft) -> Iterator[str]:
    kind, options = landed_format(draft.sample.format)
    rows, file = draft.sample.rows.num_rows, draft.sample.path.name
    yield f"# Drafted by `kith source new` from {rows:,} records of {file}: what stands behind a # was found or guessed."
    yield from (f"# Look: {line}." for line in draft.look)
    yield f"description: {scalar(_described(draft.name))}"
    yield f"format: {kind}"
    if options:
        yield f"options: {_flow(dict(options))}"
    yield "party: 1p # look: 1p own, 2p a partner's, 3p bought"
    yield "freshness_hours: 24 # look: what the feed promises"
    if draft.required:
        yield "required: [" + ", ".join(scalar(name, inside=True) for name in draft.required) + "]"


def _described(name: str) -> str:
    system, _, entity = name.partition("__")
    return f"{entity.replace('_', ' ').capitalize()} records of {system.replace('_', ' ')}."


def _maps(draft: Draft) -> Iterator[str]:
    if draft.maps:
        yield "maps:"
    for number, found in enumerate(draft.maps):
        yield from [""] * bool(number) + [f"  {found.table}:"]
        yield from _map(found)


def _map(found: MapDraft) -> Iterator[str]:
    if found.explode:
        yield f"    explode: {scalar(found.explode)}"
    if found.sequence:
        yield f"    sequence: {scalar(found.sequence)}"
    yield "    columns:"
    for line in found.lines:
        value = _flow(line.value) if isinstance(line.value, dict) else scalar(line.value)
        text = f"      {line.column}: {value}"
        yield f"{text.ljust(WIDTH)} # {line.note}" if line.note else text


def _identifiers(draft: Draft) -> Iterator[str]:
    if draft.identifiers:
        yield ""
        yield "identifiers:"
        yield f"  - at: {scalar(draft.seen_at)}"
        yield "    ids:"
        yield from (f"      {kind}: {scalar(text)}" for kind, text in draft.identifiers.items())


def _columns(facts: Sequence[ColumnFacts]) -> Iterator[str]:
    yield ""
    yield "# The columns as they were found:"
    for fact in facts:
        kind = KINDS[fact.kind].words if fact.kind in KINDS else "text"
        said = [
            f"{fact.full:.0%} full",
            f"{fact.distinct:,} distinct",
            f"{fact.share:.0%} {kind}" if fact.share else kind,
        ]
        said += ["unique"] * fact.is_unique + ["personal"] * fact.is_personal
        yield f"#   {fact.name}: {', '.join(said)}"
