"""Reads Open Data Contract Standard documents, v3.0 and v3.1: a table's contract, and notes on what has no place in it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from lakehouse import rules as make
from lakehouse.assertions import Measure, NotNull, References, literal
from lakehouse.errors import ContractError, KithError
from lakehouse.odcs import STATISTICS
from lakehouse.table import KEY_UNIQUE, Column, DataClass, Layer, Pii, Rule, Severity, Table

Entry = Mapping[str, object]
PHYSICAL = {
    "string": "string",
    "integer": "bigint",
    "number": "double",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
    "time": "string",
    "object": "variant",
    "array": "array<string>",
}
SPARK_TYPE = re.compile(
    r"string|boolean|tinyint|smallint|int|bigint|float|double|date|timestamp|variant|binary|"
    r"decimal\(\d+, ?\d+\)|(?:array|struct|map)<.+>"
)
FOREIGN = {"text": "string", "integer": "int", "long": "bigint", "timestamptz": "timestamp", "bool": "boolean"}
HOURS = {"h": 1, "hour": 1, "hours": 1, "d": 24, "day": 24, "days": 24, "m": 1 / 60, "minutes": 1 / 60}
DAYS = {"d": 1, "day": 1, "days": 1, "m": 30, "month": 30, "months": 30, "y": 365, "yr": 365, "year": 365, "years": 365}
BAD_ROWS = re.compile(r"SELECT count\(\*\) FROM \{object\} WHERE NOT \((.*)\)", re.IGNORECASE | re.DOTALL)
COUNTED = re.compile(r"SELECT count\(\*\) FROM \S+ WHERE (.*)", re.IGNORECASE | re.DOTALL)
ORPHANS = re.compile(r"SELECT count\(\*\) FROM \{object\} b LEFT ANTI JOIN (\S+) t ON (.*?) WHERE .*", re.DOTALL)
PAIR = re.compile(r"b\.`(\w+)` = t\.`(\w+)`")


class OdcsError(KithError):
    """A document cannot be read as a data contract; names file, key and rule."""


@dataclass(frozen=True, slots=True)
class Imported:
    """The contract of one schema object, and what of the document has no counterpart."""

    table: Table
    notes: tuple[str, ...]


def read_file(path: Path) -> list[Imported]:
    """Every schema object of a file. Raises :class:`OdcsError` naming file and key."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise OdcsError(f"not YAML: {error}", file=path) from error
    try:
        return read(data)
    except OdcsError as error:
        raise OdcsError(error.message, file=path, **error.where) from error
    except ContractError as error:
        raise OdcsError(error.message, file=path, **error.where) from error


def read(data: object) -> list[Imported]:
    """Every schema object of a document. Raises :class:`OdcsError` naming the key."""
    if not isinstance(data, dict) or data.get("kind") != "DataContract":
        raise OdcsError("not a data contract: kind must be DataContract", key="kind")
    version = str(data.get("apiVersion", ""))
    if not re.fullmatch(r"v3\.[01](\.\d+)?", version):
        raise OdcsError(f"apiVersion {version or 'is missing'}: v3.0 and v3.1 can be read", key="apiVersion")
    objects = _entries(data, "schema")
    if not objects:
        raise OdcsError("the contract has no schema", key="schema")
    return [_object(data, entry, n) for n, entry in enumerate(objects)]


def _entries(entry: Entry, key: str) -> list[Entry]:
    found = entry.get(key) or []
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise OdcsError("a list of mappings is expected", key=key)
    return found


def _object(data: Entry, entry: Entry, n: int) -> Imported:
    name = entry.get("name")
    if not isinstance(name, str):
        raise OdcsError("a schema object needs a name", key=f"schema[{n}].name")
    notes: list[str] = []
    properties = _entries(entry, "properties")
    columns = [_column(each, notes) for each in properties]
    keyed = sorted((each for each in properties if each.get("primaryKey")), key=_position)
    rules = [rule for each in properties for rule in _column_rules(each, notes)]
    rules += [rule for check in _entries(entry, "quality") if (rule := _rule(check, "", notes))]
    checked, rest = _checks(columns, rules)
    description = data.get("description")
    purpose = description.get("purpose") if isinstance(description, dict) else None
    table = Table(
        _table_name(entry, name),
        str(entry.get("description") or purpose or name),
        tuple(checked),
        key=tuple(str(each["name"]) for each in keyed),
        rules=tuple(rest),
        version=int(str(data.get("version", "1")).lstrip("v").partition(".")[0] or 1),
        owner=_owner(data),
    )
    return Imported(_customs(data, _service(data, table, notes)), (*notes, *_unread(data)))


def _owner(data: Entry) -> str:
    team = data.get("team")
    return str(team["name"]) if isinstance(team, dict) and team.get("name") else "platform"


def _position(entry: Entry) -> int:
    at = entry.get("primaryKeyPosition", 0)
    return at if isinstance(at, int) else 0


def _table_name(entry: Entry, name: str) -> str:
    physical = str(entry.get("physicalName", name))
    if physical.partition(".")[0] in set(Layer):
        return physical
    return f"silver.{re.sub(r'[^a-z0-9]+', '_', name.lower()).strip('_')}"


def _service(data: Entry, table: Table, notes: list[str]) -> Table:
    for promise in _entries(data, "slaProperties"):
        name, value, unit = promise.get("property"), _number(promise.get("value")), str(promise.get("unit", "d"))
        if name in {"latency", "freshness"} and value is not None and unit in HOURS:
            table = replace(table, freshness_hours=int(value * HOURS[unit]))
        elif name == "retention" and value is not None and unit in DAYS:
            table = replace(table, retention_days=int(value * DAYS[unit]))
        else:
            notes.append(f"slaProperties: {name} has no place in a contract of ours")
    return table


def _customs(data: Entry, table: Table) -> Table:
    said = {str(each.get("property")): each.get("value") for each in _entries(data, "customProperties")}
    clustering, feed = said.get("clusterBy"), said.get("changeFeed")
    if isinstance(clustering, list):
        table = replace(table, cluster_by=tuple(str(name) for name in clustering))
    return replace(table, change_feed=feed) if isinstance(feed, bool) else table


def _unread(data: Entry) -> Iterator[str]:
    for key in ("roles", "price", "support", "tags", "authoritativeDefinitions"):
        if data.get(key):
            yield f"{key}: has no place in a contract of ours"


def _column(entry: Entry, notes: list[str]) -> Column:
    name = entry.get("name")
    if not isinstance(name, str):
        raise OdcsError("a property needs a name", key="schema.properties")
    customs = {str(each.get("property")): str(each.get("value")) for each in _entries(entry, "customProperties")}
    pii, kind = customs.get("pii", ""), customs.get("dataClass", "")
    return Column(
        name,
        _spark_type(entry, name, notes),
        str(entry.get("description") or entry.get("businessName") or name),
        required=bool(entry.get("required") or entry.get("primaryKey")),
        pii=Pii(pii) if pii in set(Pii) else _pii(str(entry.get("classification", "")), name, notes),
        data_class=DataClass(kind) if kind in set(DataClass) else DataClass.DESCRIPTIVE,
    )


def _spark_type(entry: Entry, name: str, notes: list[str]) -> str:
    physical = str(entry.get("physicalType", "")).lower()
    if SPARK_TYPE.fullmatch(physical):
        return physical
    if physical in FOREIGN:
        return FOREIGN[physical]
    if found := re.fullmatch(r"(?:numeric|number|decimal)\((\d+)(?:, ?(\d+))?\)", physical):
        return f"decimal({found[1]},{found[2] or 0})"
    if re.fullmatch(r"(?:var)?char(?:\(\d+\))?", physical):
        return "string"
    logical = str(entry.get("logicalType", "string"))
    if logical not in PHYSICAL:
        raise OdcsError(f"no such logicalType: {logical}", key=f"properties.{name}.logicalType")
    if physical:
        notes.append(f"{name}: physicalType {physical} is taken as {PHYSICAL[logical]}")
    return PHYSICAL[logical]


def _pii(classification: str, name: str, notes: list[str]) -> Pii:
    if classification.lower() in {"restricted", "confidential", "pii", "sensitive"}:
        notes.append(f"{name}: classification {classification} is taken as personal (indirect); say which")
        return Pii.INDIRECT
    return Pii.NONE


def _column_rules(entry: Entry, notes: list[str]) -> Iterator[Rule]:
    name = str(entry["name"])
    options = entry.get("logicalTypeOptions")
    if isinstance(options, dict):
        yield from _options(name, options)
    if entry.get("unique") and not entry.get("primaryKey"):
        yield make.unique(name)
    checks = [rule for check in _entries(entry, "quality") if (rule := _rule(check, name, notes))]
    yield from checks
    if not any(isinstance(rule.assertion, References) for rule in checks):
        for relation in _entries(entry, "relationships"):
            table, _, column = str(relation.get("to", "")).rpartition(".")
            yield make.references(name, table if "." in table else f"silver.{table}", column)


def _options(name: str, options: Entry) -> Iterator[Rule]:
    low, high = options.get("minimum"), options.get("maximum")
    if low is not None or high is not None:
        yield make.between(name, low, high)  # type: ignore[arg-type] # scalars of YAML
    shortest, longest = options.get("minLength"), options.get("maxLength")
    if isinstance(shortest, int) or isinstance(longest, int):
        yield make.length(name, shortest, longest)  # type: ignore[arg-type] # whole numbers of YAML
    if isinstance(options.get("pattern"), str):
        yield make.matches(name, _bare(str(options["pattern"])))


def _bare(pattern: str) -> str:
    """A pattern without its anchors: ours is matched against the whole text."""
    found = re.fullmatch(r"\^(?:\(\?:(.*)\)|(.*?))\$", pattern, re.DOTALL)
    return (found[1] or found[2]) if found else pattern if pattern.startswith("^") else f".*(?:{pattern}).*"


def _rule(check: Entry, column: str, notes: list[str]) -> Rule | None:
    """A check of the document as a rule; None, with a note, for what cannot be said."""
    name = str(check.get("name") or check.get("id") or "")
    kind = str(check.get("type") or ("library" if "metric" in check or "rule" in check else ""))
    made = _library(check, column) if kind == "library" else _sql(check, column) if kind == "sql" else None
    if made is None:
        if kind != "library" or check.get("metric") != "rowCount":
            notes.append(f"quality: {name or check} of type {kind or 'unknown'} has no counterpart")
        return None
    if KEY_UNIQUE in {made.name, name}:
        return None
    warns = str(check.get("severity", "error")).lower() in {"warning", "warn", "info"}
    return replace(made, name=name or made.name, severity=Severity.WARN if warns else Severity.STOP)


def _library(check: Entry, column: str) -> Rule | None:
    metric, said = check.get("metric") or check.get("rule"), check.get("arguments")
    arguments = said if isinstance(said, dict) else {}
    if metric == "rowCount":
        low, high = _bounds(check)
        return make.rows_between(low, high) if low or high is not None else None
    made = _counted(str(metric), arguments, column)
    return _tolerant(made, check) if made else None


def _counted(metric: str, arguments: Entry, column: str) -> Rule | None:
    """The rule of a metric that counts bad rows."""
    listed = {key: value for key, value in arguments.items() if isinstance(value, list)}
    match metric:
        case "nullValues" if column:
            return make.required(column)
        case "invalidValues" if "validValues" in listed:
            return make.one_of(column, *listed["validValues"])
        case "invalidValues" if isinstance(arguments.get("pattern"), str):
            return make.matches(column, _bare(str(arguments["pattern"])))
        case "missingValues" if "missingValues" in listed:
            texts = [str(value) for value in listed["missingValues"] if value is not None]
            missing = " OR ".join([f"`{column}` IS NULL", *(f"`{column}` = {literal(text)}" for text in texts)])
            return make.holds(f"{column}_there", f"NOT ({missing})")
        case "duplicateValues":
            return make.unique(*listed.get("properties", [column]))
        case _:
            return None


def _tolerant(rule: Rule, check: Entry) -> Rule:
    _, high = _bounds(check)
    if not high:
        return rule
    if check.get("unit") == "percent":
        return replace(rule, at_most=high / 100)
    return replace(rule, at_most_rows=int(high))


def _bounds(check: Entry) -> tuple[float | None, float | None]:
    """Lower and upper bound of the standard's operators; strict ones are taken as whole numbers are."""
    exact, between = check.get("mustBe"), check.get("mustBeBetween")
    if isinstance(exact, int | float):
        return exact, exact
    if isinstance(between, list):
        return between[0], between[1]
    low, above = _number(check.get("mustBeGreaterOrEqualTo")), _number(check.get("mustBeGreaterThan"))
    high, below = _number(check.get("mustBeLessOrEqualTo")), _number(check.get("mustBeLessThan"))
    step = 0 if check.get("unit") == "percent" else 1
    return (
        low if low is not None else above + 1 if above is not None else None,
        high if high is not None else below - step if below is not None else None,
    )


def _number(value: object) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _sql(check: Entry, column: str) -> Rule | None:
    query = " ".join(str(check.get("query", "")).split()).replace("{property}", f"`{column}`")
    if found := ORPHANS.fullmatch(query):
        pairs = PAIR.findall(found[2])
        columns, targets = tuple(a for a, _ in pairs), tuple(b for _, b in pairs)
        return _tolerant(make.references(columns, found[1], targets), check)
    if found := BAD_ROWS.fullmatch(query):
        return _tolerant(Rule("condition", found[1]), check)
    if (found := COUNTED.fullmatch(query)) and _bounds(check)[0] in {None, 0} and _bounds(check)[1] is not None:
        return _tolerant(make.holds("condition", f"NOT ({found[1]})"), check)
    for measure, text in STATISTICS.items():
        if found := _measured(query, text):
            low, high = _bounds(check)
            at = float(found.groupdict().get("at") or 0.5)
            return make.statistic(_measure(measure), found["c"], low, high, at)
    return None


def _measured(query: str, text: str) -> re.Match[str] | None:
    pattern = re.escape(text).replace(r"\{c\}", "`(?P<c>\\w+)`", 1).replace(r"\{c\}", r"`\w+`")
    pattern = pattern.replace(r"\{at\}", r"(?P<at>[\d.]+)")
    return re.fullmatch(rf"SELECT {pattern} FROM \{{object\}}", query)


def _measure(name: str) -> Measure:
    return name  # type: ignore[return-value] # a key of STATISTICS


def _checks(columns: Sequence[Column], rules: Sequence[Rule]) -> tuple[list[Column], list[Rule]]:
    """Rules named ``<column>_valid`` are the columns' own checks; what a column's ``required`` says is no rule beside it."""
    checks = {rule.name.removesuffix("_valid"): rule.sql for rule in rules if rule.name.endswith("_valid") and rule.sql}
    own = {c.name for c in columns if c.name in checks}
    required = {c.name for c in columns if c.required}
    rest = [r for r in rules if r.name.removesuffix("_valid") not in own and not _said_already(r, required)]
    return [replace(c, check=checks[c.name]) if c.name in own else c for c in columns], rest


def _said_already(rule: Rule, required: set[str]) -> bool:
    said = rule.assertion
    return isinstance(said, NotNull) and said.column in required and rule.is_strict
