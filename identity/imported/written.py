"""An imported draft as files: `conf/identity.yml`, and the `identifiers:` block of each source that it names."""

from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from identity.imported.completed import Entry
from identity.imported.draft import Draft, DraftType, Shown

WIDE = 10_000  # characters; PyYAML would break lines within values


@dataclass(frozen=True, slots=True)
class Written:
    """The text of `conf/identity.yml`, and by source name the text that belongs into ``conf/sources/<name>.yml``."""

    rules: str
    sources: dict[str, str]


def written(draft: Draft, entries: list[tuple[DraftType, Entry]], origin: str) -> Written:
    """The files of a draft; ``origin``: the file that was imported, named in their first line."""
    project = f", project {draft.project}" if draft.project else ""
    head = [
        f"# Who is who: imported from {origin} ({draft.format}{project}). `kith identity check` validates it.",
        "# What the format does not say (kind, strength, caps) was guessed from the names: read it before you use it.",
        "",
        "engine: auto",
        "",
        "identifiers:",
    ]
    body = [line for found, entry in entries for line in _member(found, entry)]
    sources: dict[str, list[Shown]] = {}
    for shown in draft.shown:
        sources.setdefault(shown.source, []).append(shown)
    return Written("\n".join([*head, *body, ""]), {name: _source(blocks) for name, blocks in sources.items()})


def _member(found: DraftType, entry: Entry) -> Iterator[str]:
    yield f"  # {found.file.name}, line {found.line}"
    for mark, (key, value) in zip(["- ", *["  "] * len(entry)], entry.items(), strict=False):
        yield f"  {mark}{key}: {_inline(value)}"


def _source(blocks: list[Shown]) -> str:
    lines = [f"# From {blocks[0].file.name}: goes to the end of this source's file in conf/sources.", "identifiers:"]
    for block in blocks:
        ids = ", ".join(f"{name}: {_inline(text, inside=True)}" for name, text in block.ids.items())
        lines += [f"  - at: {_inline(block.at)}  # line {block.line}", f"    ids: {{{ids}}}"]
    return "\n".join([*lines, ""])


def _inline(value: object, *, inside: bool = False) -> str:
    """A value in YAML's flow style on one line; ``inside``: as it must be written within braces."""
    text = yaml.safe_dump([value] if inside else value, default_flow_style=True, allow_unicode=True, width=WIDE)
    text = text.strip().removesuffix("...").strip()
    return text[1:-1] if inside else text
