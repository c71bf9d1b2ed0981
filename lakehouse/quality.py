"""The format of ``conf/quality/<layer>.<table>.yml``: rules, anomalies and profile of a table; errors name file, line and key."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import cast

import yaml

from lakehouse import rules as make
from lakehouse.anomalies import Watch
from lakehouse.assertions import Measure, References, Statistic, Unique
from lakehouse.errors import ContractError, KithError
from lakehouse.table import Rule, Severity, Table

Entry = Mapping[str, object]


class QualityError(KithError):
    """A file of ``conf/quality`` is wrong; names file, line, key and rule."""


@dataclass(frozen=True, slots=True)
class Quality:
    """What a person adds to a table's contract. ``profile`` names the columns to profile; None: those worth it."""

    rules: tuple[Rule, ...] = ()
    watch: Watch = field(default_factory=Watch)
    profile: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class _Kind:
    """How an entry becomes a rule: its keys beside the one that names it, which of them are needed, and the constructor."""

    keys: tuple[str, ...]
    needed: tuple[str, ...]
    build: Callable[[object, Entry], Rule]


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ContractError(f"a name is expected, not {value!r}")
    return value


def _number(value: object) -> float | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise ContractError(f"a number is expected, not {value!r}")
    return value


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _references(value: object, entry: Entry) -> Rule:
    target = _text(entry["to"])
    layer, _, rest = target.partition(".")
    entity, _, column = rest.partition(".")
    return make.references(_text(value), f"{layer}.{entity}", column)


def _statistic(value: object, entry: Entry) -> Rule:
    known = Measure.__args__  # type: ignore[attr-defined]
    if value not in known:
        raise ContractError(f"no such statistic: {value!r}; there are {', '.join(known)}")
    column = "" if value == "rows" else _text(entry.get("column"))
    low, high, at = (_number(entry.get(key)) for key in ("low", "high", "at"))
    return make.statistic(cast(Measure, value), column, low, high, 0.5 if at is None else at)


def _bounded(build: Callable[..., Rule], value: object, entry: Entry) -> Rule:
    return build(_text(value), entry.get("low"), entry.get("high"))


def _pair(build: Callable[..., Rule], key: str, value: object, entry: Entry) -> Rule:
    return build(_text(value), entry[key])


def _complete(value: object, _: Entry) -> Rule:
    return make.at_most_missing(_text(value), 0.0)


def _one_of(value: object, entry: Entry) -> Rule:
    return make.one_of(_text(value), *cast("list[str]", _list(entry["values"])))


def _rows(value: object, _: Entry) -> Rule:
    if not isinstance(value, dict) or set(value) - {"low", "high"}:
        raise ContractError("rows takes low and high")
    return make.rows_between(_number(value.get("low")), _number(value.get("high")))


def _unique(value: object, _: Entry) -> Rule:
    return make.unique(*[_text(column) for column in _list(value)])


BOUNDS = ("low", "high")
KINDS: Mapping[str, _Kind] = {
    "required": _Kind((), (), lambda value, _: make.required(_text(value))),
    "between": _Kind(BOUNDS, (), partial(_bounded, make.between)),
    "one_of": _Kind(("values",), ("values",), _one_of),
    "matches": _Kind(("pattern",), ("pattern",), partial(_pair, make.matches, "pattern")),
    "length": _Kind(BOUNDS, (), partial(_bounded, make.length)),
    "holds": _Kind((), (), lambda value, entry: make.holds(_text(entry.get("name")), _text(value))),
    "unique": _Kind((), (), _unique),
    "references": _Kind(("to",), ("to",), _references),
    "complete": _Kind((), ("at_most",), _complete),
    "distinct": _Kind(BOUNDS, (), partial(_bounded, make.distinct_between)),
    "fresh": _Kind(("hours",), ("hours",), partial(_pair, make.fresh, "hours")),
    "rows": _Kind((), (), _rows),
    "statistic": _Kind(("column", *BOUNDS, "at"), (), _statistic),
}
EVERY = ("name", "severity", "at_most", "at_most_rows")
WATCH = tuple(Watch.__dataclass_fields__)


def load_quality(folder: Path) -> dict[str, Quality]:
    """Every file of the folder, by table; nothing where there is no folder. Raises :class:`QualityError`."""
    return {path.stem: read_quality(path) for path in sorted(folder.glob("*.yml"))}


def read_quality(path: Path) -> Quality:
    """One file. Raises :class:`QualityError` naming file, line, key and rule of the first fault."""
    text = path.read_text(encoding="utf-8")
    try:
        data, node = yaml.safe_load(text) or {}, yaml.compose(text, yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise QualityError(f"not YAML: {error}", file=path, row=mark.line + 1 if mark else None) from error
    reader = _Reader(path, node)
    if not isinstance(data, dict):
        raise reader.fault("a mapping is expected", ())
    reader.known(data, ("rules", "anomalies", "profile"), ())
    entries = data.get("rules") or []
    if not isinstance(entries, list):
        raise reader.fault("a list of rules is expected", ("rules",))
    rules = tuple(reader.rule(entry, n) for n, entry in enumerate(entries))
    for n, rule in enumerate(rules):
        if rule.name in {other.name for other in rules[:n]}:
            raise reader.fault("two rules have this name; give one a `name:`", ("rules", n), rule.name)
    profile = data.get("profile")
    return Quality(rules, reader.watch(data.get("anomalies") or {}), None if profile is None else tuple(profile or ()))


class _Reader:
    """Turns entries into rules, and knows the line of each."""

    def __init__(self, path: Path, node: yaml.Node | None) -> None:
        self.path, self.node = path, node

    def fault(self, message: str, at: tuple[str | int, ...], rule: str | None = None) -> QualityError:
        key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in at).removeprefix(".")
        return QualityError(message, file=self.path, row=_line(self.node, at), key=key or None, rule=rule)

    def known(self, entry: Entry, keys: tuple[str, ...], at: tuple[str | int, ...]) -> None:
        for key in entry:
            if key not in keys:
                raise self.fault(f"there is no key {key!r} here; there are {', '.join(keys)}", (*at, str(key)))

    def rule(self, entry: object, n: int) -> Rule:
        at = ("rules", n)
        if not isinstance(entry, dict):
            raise self.fault("a rule is a mapping such as {between: quantity, low: 1}", at)
        kinds = [key for key in entry if key in KINDS]
        if len(kinds) != 1:
            raise self.fault(f"a rule says one of {', '.join(KINDS)}", at)
        kind = KINDS[kinds[0]]
        self.known(entry, (kinds[0], *kind.keys, *EVERY), at)
        for key in kind.needed:
            if key not in entry:
                raise self.fault(f"{kinds[0]} needs the key {key!r}", at, str(entry.get("name", entry[kinds[0]])))
        try:
            made = kind.build(entry[kinds[0]], entry)
            return _common(made, entry)
        except ContractError as error:
            raise self.fault(error.message, (*at, kinds[0]), str(error.where.get("rule", kinds[0]))) from error

    def watch(self, entry: object) -> Watch:
        if not isinstance(entry, dict):
            raise self.fault("a mapping is expected", ("anomalies",))
        self.known(entry, WATCH, ("anomalies",))
        try:
            severity = _severity(entry.get("severity", Severity.WARN))
        except ContractError as error:
            raise self.fault(error.message, ("anomalies", "severity")) from error
        for key in set(entry) - {"severity", "seasonal"}:
            if not isinstance(entry[key], int | float):
                raise self.fault(f"a number is expected, not {entry[key]!r}", ("anomalies", key))
        return Watch(**(entry | {"severity": severity}))


def _severity(value: object) -> Severity:
    if value not in set(Severity):
        raise ContractError(f"severity is stop or warn, not {value!r}")
    return Severity(str(value))


def _common(rule: Rule, entry: Entry) -> Rule:
    share, rows = _number(entry.get("at_most")) or 0.0, _number(entry.get("at_most_rows")) or 0
    if not 0 <= share <= 1:
        raise ContractError(f"at_most is a share of the rows, 0 to 1, not {share}", rule=rule.name)
    name = _text(entry.get("name", rule.name))
    severity = _severity(entry.get("severity", rule.severity))
    return Rule(name, rule.sql, rule.asserts, severity, share, int(rows))


def _line(node: yaml.Node | None, at: tuple[str | int, ...]) -> int:
    line = 1 if node is None else node.start_mark.line + 1
    for part in at:
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
        elif isinstance(node, yaml.MappingNode):
            node = next((value for key, value in node.value if key.value == str(part)), None)
        if node is None:
            break
        line = node.start_mark.line + 1
    return line


def check_against(quality: Quality, table: Table, path: Path) -> None:
    """Raise :class:`QualityError` where a rule names a column that the table has not, or a name of the contract's own."""
    taken = {rule.name for rule in table.all_rules()}
    for rule in quality.rules:
        if rule.name in taken:
            raise QualityError("the contract has a rule of this name already", file=path, rule=rule.name)
        for column in _columns(rule):
            if column not in table.column_names:
                raise QualityError(f"{table.name} has no column {column!r}", file=path, rule=rule.name, key=column)


def _columns(rule: Rule) -> tuple[str, ...]:
    match rule.assertion:
        case Unique(columns) | References(columns):
            return columns
        case Statistic(column=column):
            return (column,) if column else ()
        case said:
            column = getattr(said, "column", "")
            return (column,) if column else ()
