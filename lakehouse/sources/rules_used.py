"""Which standardisation rules a source's maps put their columns through, with versions and options."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from lakehouse.sources.spec import Cell, FirstOf, Identifiers, Source
from lakehouse.standardise.rules import identifier_rule, rule
from lakehouse.tables import silver


@dataclass(frozen=True, order=True, slots=True)
class RuleUse:
    """One rule behind one column of one table, as a source uses it; ``options`` as JSON."""

    source: str
    table: str
    column: str
    rule: str
    source_version: int
    version: int
    options: str

    @property
    def place(self) -> tuple[str, str, str, str]:
        """What a change of version or options is a change of."""
        return self.source, self.table, self.column, self.rule


def rules_used(source: Source) -> list[RuleUse]:
    """Every use of a rule by a source, in order; identifiers stand under the observations' table, by type."""
    named = sorted({(*place, kind) for *place, kind in _named(source)})
    return [_use(source, *one) for one in named]


def _named(source: Source) -> Iterator[tuple[str, str, str, str]]:
    """Table, column, rule, and the cell's own options as JSON."""
    for table in source.maps:
        for mapping in source.mappings(table):
            for column, cell in mapping.columns.items():
                match cell:
                    case Cell(token=kind) if kind:
                        yield table, column, identifier_rule(kind).name, "{}"
                    case Cell(rule=name) if name:
                        yield table, column, name, json.dumps(dict(cell.options), sort_keys=True)
                    case FirstOf(tokens=tokens):
                        yield from ((table, column, identifier_rule(kind).name, "{}") for kind in tokens)
    yield from _identifying(source.identifiers)


def _identifying(blocks: tuple[Identifiers, ...]) -> Iterator[tuple[str, str, str, str]]:
    for block in blocks:
        yield from ((silver.IDENTIFIER_OBSERVATION.name, kind, identifier_rule(kind).name, "{}") for kind in block.ids)


def _use(source: Source, table: str, column: str, name: str, own: str) -> RuleUse:
    options = {**source.rules.get(name, {}), **json.loads(own)}
    written = json.dumps(options, sort_keys=True)
    return RuleUse(source.name, table, column, name, source.version, rule(name).version, written)
