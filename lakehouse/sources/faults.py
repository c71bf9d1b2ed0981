"""Every fault of a source file at once, by line and key: what the loader says one by one, said together for CI."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import ValidationError

from lakehouse.errors import SourceError
from lakehouse.sources.spec import MAPPED, NAME, Cell, FirstOf, Source, load_source
from lakehouse.standardise.rules import RULES

PRECEDENCE = ("extra_forbidden", "literal_error", "missing", "too_short", "string_type")


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: where it stands (line from 1), under which key, and the rule that it breaks."""

    file: Path
    line: int
    key: str
    rule: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.key}: {self.rule}"


def faults_of(path: Path, id_types: frozenset[str]) -> list[Fault]:
    """All faults of a source file; ``id_types`` are the identifier types that the rules of identity know."""
    text = path.read_text(encoding="utf-8")
    try:
        tree, data = yaml.compose(text), yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        return [Fault(path, mark.line + 1 if mark else 1, "-", f"not YAML: {getattr(error, 'problem', error)}")]
    if not isinstance(data, dict) or tree is None:
        return [Fault(path, 1, "-", "a mapping is expected")]
    found = [] if NAME.match(path.stem) else [Fault(path, 1, "name", "a source file is named <source>__<object>.yml")]
    try:
        source = Source.model_validate({"name": path.stem} | data)
    except ValidationError as error:
        return found + _invalid(path, tree, error)
    found += [Fault(path, _line(tree, key), ".".join(key), rule) for key, rule in _contract(source, id_types)]
    return found or _loader(path)


def _loader(path: Path) -> list[Fault]:
    """What only the loader knows to say."""
    try:
        load_source(path)
    except SourceError as error:
        return [Fault(path, 1, str(error.where.get("key", "-")), error.message)]
    return []


def _invalid(path: Path, tree: yaml.Node, error: ValidationError) -> list[Fault]:
    """One fault for each place: of the ways in which a cell may be written the one that was nearly meant."""
    best: dict[tuple[str, ...], tuple[int, str]] = {}
    for found in error.errors():
        parts = [str(part) for part in found["loc"]]
        place, line = _place(tree, parts)
        place = place if found["type"] != "extra_forbidden" else place[:-1]
        rank = PRECEDENCE.index(found["type"]) if found["type"] in PRECEDENCE else 2
        rule = found["msg"] if found["type"] != "extra_forbidden" else f"no such key: {parts[-1]}"
        rule = f"{rule}: {parts[-1]}" if found["type"] == "missing" else rule
        known = best.get(place)
        if known is None or rank < known[0]:
            best[place] = (rank, f"{line}\0{rule}")
    faults = []
    for place, (_, said) in best.items():
        line_text, _, rule = said.partition("\0")
        faults.append(Fault(path, int(line_text), ".".join(place) or "-", rule))
    return faults


def _line(tree: yaml.Node, key: tuple[str, ...]) -> int:
    return _place(tree, list(key))[1]


def _place(tree: yaml.Node, parts: list[str]) -> tuple[tuple[str, ...], int]:
    """The keys of ``parts`` that are in the file (a schema's own names are not), and the line of the last."""
    node, line, place = tree, tree.start_mark.line + 1, []
    for part in parts:
        found = _child(node, part)
        if found:
            at, node = found
            line = at.start_mark.line + 1
            place.append(part)
    return tuple(place), line


def _child(node: yaml.Node, part: str) -> tuple[yaml.Node, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == part), None)
    if isinstance(node, yaml.SequenceNode) and part.isdigit() and int(part) < len(node.value):
        return node.value[int(part)], node.value[int(part)]
    return None


def _contract(source: Source, id_types: frozenset[str]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Maps against the contracts of silver, rules and identifier types against those that there are."""
    for table in source.maps:
        if table not in MAPPED:
            yield ("maps", table), f"no table that sources map to; these are {', '.join(MAPPED)}"
            continue
        columns = {c.name: c.required for c in MAPPED[table].columns if not c.is_technical and c.name != "source"}
        for mapping in source.mappings(table):
            for name, cell in mapping.columns.items():
                if name not in columns:
                    yield ("maps", table, "columns", name), f"{table} has no such column"
                yield from ((("maps", table, "columns", name), said) for said in _cell(cell, id_types))
            missing = [name for name, required in columns.items() if required and name not in mapping.columns]
            yield from ((("maps", table, "columns"), f"{table} needs the column {name}") for name in missing)
    for number, block in enumerate(source.identifiers):
        for kind in sorted(set(block.ids) - id_types):
            yield ("identifiers", str(number), "ids", kind), "no such identifier type in conf/identity.yml"


def _cell(cell: str | Cell | FirstOf, id_types: frozenset[str]) -> Iterator[str]:
    if isinstance(cell, Cell) and cell.rule and cell.rule not in RULES:
        yield f"no such rule: {cell.rule}; known: {', '.join(RULES)}"
    tokens: Mapping[str, str] = cell.tokens if isinstance(cell, FirstOf) else {}
    named = [*tokens, *([cell.token] if isinstance(cell, Cell) and cell.token else [])]
    yield from (f"no such identifier type in conf/identity.yml: {kind}" for kind in named if kind not in id_types)
