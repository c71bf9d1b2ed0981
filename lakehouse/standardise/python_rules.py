"""Rules that are one Python function of one text: run on distinct values of Arrow batches, never row by row."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from lakehouse.errors import SourceError
from lakehouse.standardise.hard import HARD, Judge
from lakehouse.standardise.texts import is_blank, narrow
from lakehouse.standardise.verdict import Rule, quoted

MADE: dict[str, Rule] = {}
"""Rules by name, in the order in which their modules were imported."""
Standardise = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Function:
    """A function as a verdict: what it returns is the value; None, or a ValueError whose text is the reason, refuses it."""

    function: Standardise

    def __call__(self, text: str) -> str:
        """The verdict on one text, remembered."""
        return _judged(self.function, text)


@lru_cache(1_000_000)
def _judged(function: Standardise, text: str) -> str:
    try:
        value = function(text)
    except ValueError as error:
        return f"\x01invalid\x01{str(error).strip() or 'not_valid'}\x01"
    return "\x01invalid\x01not_valid\x01" if value is None else value


def standard_rule(name: str, version: int = 1) -> Callable[[Standardise], Standardise]:
    """Make a function ``text -> value`` the rule of that name; its docstring's first line describes the rule.

    It is given half-width texts without outer blanks, never a blank one. It must be pure, and stand in a module that
    the workers can import. Raises :class:`SourceError` when it has no docstring or a wrong version.
    """

    def register(function: Standardise) -> Standardise:
        if not (function.__doc__ or "").strip():
            raise SourceError("a rule's function needs a docstring", file=function.__module__, rule=name)
        if version < 1:
            raise SourceError("versions count from 1", file=function.__module__, rule=name, key="version")
        described = (function.__doc__ or "").strip().splitlines()[0]
        judge = Judge(Function(function))
        MADE[name] = Rule(name, _body, described, version, hard=lambda: judge, origin=function.__module__)
        return function

    return register


def _body(text: str) -> str:
    return f"CASE WHEN {is_blank(text)} THEN NULL ELSE concat({quoted(HARD)}, {narrow(text)}) END"
