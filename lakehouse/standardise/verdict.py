"""What a rule is: Spark SQL of a verdict on a text, read back as a value, a status and a reason.

A verdict is one string. It is null for a missing text, the value itself where nothing is to be said, and otherwise
``MARK status MARK reason MARK value``. One string instead of a struct, because an expression of Spark has no ``let``:
the verdict is computed once for each text, and its parts are read from it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from pyspark.sql import Column
from pyspark.sql import functions as F

from lakehouse.errors import SourceError
from lakehouse.standardise.hard import Judge, settled

MARK = "\x01"
STATUSES = ("valid", "repaired", "suspect", "invalid", "missing")
PARTS = ("value", "status", "reason")
PLAIN_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


def quoted(text: str) -> str:
    r"""A literal of Spark SQL: ``it's \d`` becomes ``'it\'s \\d'``."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def let(name: str, value: str, body: str) -> str:
    """SQL of ``body`` in which ``name`` stands for ``value``, computed once: a lambda over an array of one."""
    return f"get(transform(array({value}), {name} -> {body}), 0)"


def replaced(text: str, pattern: str, form: str = "") -> str:
    """SQL of a text in which what matches the pattern (of Java) is replaced."""
    return f"regexp_replace({text}, {quoted(pattern)}, {quoted(form)})"


def matches(text: str, pattern: str) -> str:
    """SQL of whether a pattern is found in a text."""
    return f"({text} rlike {quoted(pattern)})"


def extracted(text: str, pattern: str, group: int = 1) -> str:
    """SQL of a group of a pattern; empty where it is not found."""
    return f"regexp_extract({text}, {quoted(pattern)}, {group})"


def refused(status: str, reason: str) -> str:
    """SQL of a verdict without a value."""
    return quoted(f"{MARK}{status}{MARK}{reason}{MARK}")


def repaired(reason: str, value: str) -> str:
    """SQL of a verdict whose repair is told; null where the value is."""
    return f"concat({quoted(f'{MARK}repaired{MARK}{reason}{MARK}')}, {value})"


def or_invalid(value: str, reason: str) -> str:
    """SQL of a value, or invalid for that reason where it is null."""
    return f"coalesce({value}, {refused('invalid', reason)})"


def read(verdict: str, text: str) -> dict[str, str]:
    """SQL of value, status and reason from the SQL of a verdict and of the text that it is on."""
    mark = quoted(MARK)
    marked = f"startswith({verdict}, {mark})"
    told = f"split_part({verdict}, {mark}, 4)"
    return {
        "value": f"CASE WHEN NOT {marked} THEN {verdict} WHEN {told} <> '' THEN {told} END",
        "status": f"CASE WHEN {verdict} IS NULL THEN 'missing' WHEN {marked} THEN split_part({verdict}, {mark}, 2) "
        f"WHEN {verdict} = {text} THEN 'valid' ELSE 'repaired' END",
        "reason": f"if({verdict} IS NULL, 'blank', if({marked}, split_part({verdict}, {mark}, 3), NULL))",
    }


@dataclass(frozen=True)
class Rule:
    """A named standardisation rule.

    ``body`` gives SQL of the verdict from SQL of a text, with the options as keyword arguments. ``options`` lists what
    each may be (none listed: any text), ``forms`` those that change what a value looks like: two sources that differ
    in one of them would no longer meet, so identifiers do not take them. ``hard`` gives, by the options, who judges the
    texts that SQL left over (see :mod:`lakehouse.standardise.hard`). A change of what a rule gives raises ``version``.
    """

    name: str
    body: Callable[..., str]
    description: str
    version: int = 1
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    forms: frozenset[str] = frozenset()
    hard: Callable[..., Judge | None] | None = None
    origin: str = field(default="", compare=False)

    def verdict(self, text: str, **options: str) -> Column:
        """The verdict on a text, given as a column's name or as SQL. Raises :class:`SourceError` on a wrong option."""
        self.hold(options)
        column = F.expr(self.body(text, **options))
        judge = self.hard(**options) if self.hard else None
        return column if judge is None else settled(column, judge)

    def __call__(self, text: Column | str, **options: str) -> Column:
        """``struct(value, status, reason)`` of a column, or of SQL."""
        name = text if isinstance(text, str) else column_name(text)
        if self.hard and self.hard(**options):
            return _struct(self.verdict(name, **options), F.expr(name))
        self.hold(options)
        fields = ", ".join(f"'{part}', {sql}" for part, sql in read("_verdict", name).items())
        return F.expr(let("_verdict", self.body(name, **options), f"named_struct({fields})"))

    def hold(self, options: Mapping[str, str]) -> None:
        """Raises :class:`SourceError` on an option or a value that the rule does not know."""
        for name, value in options.items():
            if name not in self.options:
                known = ", ".join(self.options) or "none"
                raise SourceError(f"the rule has no option {name}; its options: {known}", rule=self.name, key=name)
            allowed = self.options[name]
            if allowed and value not in allowed:
                raise SourceError(f"{value!r} is none of {', '.join(allowed)}", rule=self.name, key=name)

    @cached_property
    def label(self) -> str:
        """Name and version, as mappings store them."""
        return f"{self.name}@{self.version}"


def column_name(column: Column) -> str:
    """The name of a plain column. Raises :class:`SourceError` for anything else: give that a name first."""
    name = str(column).removeprefix("Column<'").removesuffix("'>")
    if not PLAIN_NAME.fullmatch(name):
        raise SourceError(f"a rule reads a column or SQL text, this is an expression: {name}")
    return name


def _struct(verdict: Column, text: Column) -> Column:
    """The parts of a verdict that is no SQL text, as Columns."""
    marked = F.startswith(verdict, F.lit(MARK))

    def part(n: int) -> Column:
        return F.split_part(verdict, F.lit(MARK), F.lit(n))

    value = F.when(~marked, verdict).when(part(4) != "", part(4))
    status = (
        F.when(verdict.isNull(), "missing").when(marked, part(2)).when(verdict == text, "valid").otherwise("repaired")
    )
    reason = F.when(verdict.isNull(), "blank").when(marked, part(3))
    return F.struct(value.alias("value"), status.alias("status"), reason.alias("reason"))
