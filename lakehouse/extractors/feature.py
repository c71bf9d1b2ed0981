"""What an extractor is: a function from a batch of texts to what it found in each, with a version that its rows carry."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Options = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Text:
    """A text and the language that it was found to be in (ISO 639-1, ``und`` where that is not known)."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Found:
    """One value of a feature; what its score measures is the extractor's to say."""

    value: str
    score: float | None = None


Extract = Callable[[Sequence[Text], Options], list[list[Found]]]


@dataclass(frozen=True, slots=True)
class Extractor:
    """A line of configuration, bound to its function.

    ``slots`` is how many values it may give: its features are called ``name``, or ``name_1`` … where there are several, so
    that a text that changed leaves none of its former values behind.
    """

    name: str
    extract: Extract
    version: int
    slots: int
    options: Options

    @property
    def features(self) -> tuple[str, ...]:
        """The names of its features."""
        return (self.name,) if self.slots == 1 else tuple(f"{self.name}_{n}" for n in range(1, self.slots + 1))
