"""What an importer makes of a foreign file before it is written: identifier types, what each source shows, and notes."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from identity.imported.parts import Left

NoteKind = Literal["lost", "guessed", "changed"]
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
NOT_A_WORD = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True, order=True)
class Note:
    """Something to know about a line of the foreign file.

    *lost*: it has no counterpart in our rules · *guessed*: the file does not say it, we do · *changed*: it says so in other
    words.
    """

    file: Path
    line: int
    kind: NoteKind
    key: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.kind}: {self.key}: {self.text}"


@dataclass(frozen=True, slots=True)
class DraftType:
    """An identifier type as the foreign file has it, by our name; types stand in the order of their priority."""

    name: str
    file: Path
    line: int
    is_merging: bool = True
    unique_per_person: bool = False
    invalid_texts: tuple[str, ...] = ()
    invalid_regexp: str | None = None
    valid_regexp: str | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """Which identifiers a source's record shows together, and when: Spark SQL of ``conf/sources/<source>.yml``."""

    source: str
    file: Path
    line: int
    at: str
    ids: Mapping[str, str]


@dataclass
class Draft:
    """All that was found in one foreign configuration."""

    file: Path
    format: str
    project: str = ""
    types: list[DraftType] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def note(self, kind: NoteKind, file: Path, line: int, key: str, text: str) -> None:
        """Add a note."""
        self.notes.append(Note(file, line, kind, key, text))

    def keep_known(self) -> None:
        """Take from the blocks what is no identifier type: a query over it would stop."""
        known = {found.name for found in self.types}
        for block in self.shown:
            for name in sorted(set(block.ids) - known):
                self.note(
                    "lost", block.file, block.line, f"{block.source}.{name}", "shown here, and no identifier type"
                )
        kept = [
            replace(block, ids={name: text for name, text in block.ids.items() if name in known})
            for block in self.shown
        ]
        self.shown = [block for block in kept if block.ids]

    def lose(self, left: Iterable[Left], reasons: Mapping[str, str]) -> None:
        """Note what nobody read, with the reason that its key has, if any."""
        for file, line, path, key in left:
            self.note("lost", file, line, path, reasons.get(key, "has no counterpart"))


def our_name(name: str) -> str:
    """A foreign name in our alphabet: lower case, words joined by ``_``; ``userId`` and ``user-id`` give ``user_id``."""
    word = NOT_A_WORD.sub("_", CAMEL.sub("_", name).lower()).strip("_")
    return word if word[:1].isalpha() else f"id_{word}"
