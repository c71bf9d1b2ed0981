"""Contracts as Open Data Contract Standard v3.1.0 documents (Bitol, https://bitol-io.github.io/open-data-contract-standard)."""

import re
from collections.abc import Iterator, Mapping, Sequence

import yaml

from lakehouse.assertions import (
    Assertion,
    Between,
    Holds,
    Length,
    Matches,
    NotNull,
    OneOf,
    References,
    Scalar,
    Statistic,
    Unique,
    anchored,
    predicate,
)
from lakehouse.table import Column, Pii, Rule, Severity, Table

VERSION = "v3.1.0"
Document = dict[str, object]

LOGICAL: Sequence[tuple[str, str]] = (
    (r"string|char\b.*|varchar.*", "string"),
    (r"tinyint|smallint|int|integer|bigint|long", "integer"),
    (r"float|double|decimal.*", "number"),
    (r"boolean", "boolean"),
    (r"date", "date"),
    (r"timestamp.*", "timestamp"),
    (r"array.*", "array"),
    (r"struct.*|map.*|variant|binary", "object"),
)
CLASSIFICATION = {Pii.NONE: "public", Pii.TOKEN: "confidential", Pii.INDIRECT: "restricted", Pii.DIRECT: "restricted"}


def logical_type(spark_type: str) -> str:
    """The standard's logical type of a Spark SQL type."""
    return next((name for pattern, name in LOGICAL if re.fullmatch(pattern, spark_type.lower())), "object")


def document(table: Table, extra: Sequence[Rule] = (), server: Mapping[str, object] | None = None) -> Document:
    """The contract as a document; ``extra`` are the rules that ``conf/quality`` adds, ``server`` where the table stands."""
    found: Document = {
        "apiVersion": VERSION,
        "kind": "DataContract",
        "id": f"kith-{table.layer}-{table.entity}",
        "name": table.name,
        "version": f"{table.version}.0.0",
        "status": "active",
        "domain": str(table.layer),
        "description": {"purpose": table.comment},
        "team": {"name": table.owner},
        "schema": [_schema(table, extra)],
        "slaProperties": list(_service(table)),
        "customProperties": list(_customs({"clusterBy": list(table.cluster_by), "changeFeed": table.change_feed})),
    }
    return found | ({"servers": [dict(server)]} if server else {})


def written(doc: Document) -> str:
    """A document as YAML."""
    return yaml.safe_dump(doc, sort_keys=False, allow_unicode=True, width=120)


def _customs(values: Mapping[str, object]) -> Iterator[Document]:
    yield from ({"property": name, "value": value} for name, value in values.items())


def _service(table: Table) -> Iterator[Document]:
    yield {"property": "latency", "value": table.freshness_hours, "unit": "h"}
    if table.retention_days:
        yield {"property": "retention", "value": table.retention_days, "unit": "d"}


def _schema(table: Table, extra: Sequence[Rule]) -> Document:
    rules = [*table.rules, *extra]
    at_column = {column.name: [rule for rule in rules if owner(rule) == column.name] for column in table.columns}
    alone = [rule for rule in rules if not owner(rule)]
    return {
        "name": table.entity,
        "physicalName": table.name,
        "physicalType": "table",
        "logicalType": "object",
        "description": table.comment,
        "properties": [_property(table, column, at_column[column.name]) for column in table.columns],
        "quality": [quality for rule in alone for quality in check(rule)] or [_key_check(table)],
    }


def _key_check(table: Table) -> Document:
    """A schema's quality may not be left empty: what always holds is that the key is unique, or that rows can be counted."""
    if table.key:
        said: Document = {"metric": "duplicateValues", "mustBe": 0, "arguments": {"properties": list(table.key)}}
        return {"name": "key_unique", "type": "library"} | said
    return {"name": "rows", "type": "library", "metric": "rowCount", "mustBeGreaterOrEqualTo": 0}


def owner(rule: Rule) -> str:
    """The column at which a rule stands in the document; none for what concerns several or the table."""
    match rule.assertion:
        case NotNull(column) | Between(column) | OneOf(column) | Matches(column) | Length(column):
            return column
        case Unique((column,)):
            return column
        case References((column,)):
            return column
        case Statistic(column=column):
            return column
        case _:
            return ""


def _property(table: Table, column: Column, rules: Sequence[Rule]) -> Document:
    key = table.key.index(column.name) + 1 if column.name in table.key else 0
    own = ([Rule(f"{column.name}_valid", column.check)] if column.check else []) + list(rules)
    optional: Document = {
        "primaryKey": True if key else None,
        "primaryKeyPosition": key or None,
        "unique": True if table.key == (column.name,) else None,
        "relationships": [r for rule in rules for r in _relationship(rule)] or None,
        "quality": [quality for rule in own for quality in check(rule)] or None,
        "items": _items(column.type) if logical_type(column.type) == "array" else None,
    }
    return {
        "name": column.name,
        "logicalType": logical_type(column.type),
        "physicalType": column.type,
        "description": column.comment,
        "required": column.required,
        "classification": CLASSIFICATION[column.pii],
        **{name: value for name, value in optional.items() if value is not None},
        "customProperties": list(_customs({"pii": str(column.pii), "dataClass": str(column.data_class)})),
    }


def _items(spark_type: str) -> Document:
    inner = spark_type.strip()[len("array<") : -1]
    return {"logicalType": logical_type(inner), "physicalType": inner}


def _relationship(rule: Rule) -> Iterator[Document]:
    said = rule.assertion
    if isinstance(said, References) and len(said.columns) == 1:
        yield {"type": "foreignKey", "to": f"{said.table.partition('.')[2]}.{said.targets[0]}"}


def check(rule: Rule) -> Iterator[Document]:
    """A rule as checks of the standard: library metrics where one says it, else SQL that counts the bad rows."""
    severity = "error" if rule.severity is Severity.STOP else "warning"
    for suffix, said in _said(rule):
        yield {"name": rule.name + suffix, **said, "severity": severity}


def _said(rule: Rule) -> Iterator[tuple[str, Document]]:
    match rule.assertion:
        case NotNull():
            yield "", _library("nullValues", rule)
        case OneOf(_, values):
            yield "", _library("invalidValues", rule, validValues=[_plain(value) for value in values])
        case Matches(_, pattern):
            yield "", _library("invalidValues", rule, pattern=anchored(pattern))
        case Unique(columns):
            several: Document = {"properties": list(columns)} if len(columns) > 1 else {}
            yield "", _library("duplicateValues", rule, **several)
        case Statistic("rows", _, low, high):
            yield "", {"type": "library", "metric": "rowCount"} | _range(low, high)
        case Statistic() as said:
            yield "", {"type": "sql", "query": _statistic_query(said)} | _range(said.low, said.high)
        case said:
            query = bad_rows_query(Holds(rule.sql) if rule.sql else said)
            yield "", {"type": "sql", "query": query} | _tolerance(rule)


def _library(metric: str, rule: Rule, **arguments: object) -> Document:
    return {"type": "library", "metric": metric, **({"arguments": arguments} if arguments else {})} | _tolerance(rule)


def _tolerance(rule: Rule) -> Document:
    if rule.at_most:
        return {"mustBeLessOrEqualTo": round(100 * rule.at_most, 6), "unit": "percent"}
    if rule.at_most_rows:
        return {"mustBeLessOrEqualTo": rule.at_most_rows, "unit": "rows"}
    return {"mustBe": 0}


def _range(low: float | None, high: float | None) -> Document:
    if low is not None and high is not None:
        return {"mustBe": low} if low == high else {"mustBeBetween": [low, high]}
    return {"mustBeGreaterOrEqualTo": low} if low is not None else {"mustBeLessOrEqualTo": high}


def bad_rows_query(said: Assertion) -> str:
    """SQL that counts the rows which break an assertion; ``{object}`` is the table, as the standard has it."""
    match said:
        case References(columns, table, targets):
            same = " AND ".join(f"b.`{c}` = t.`{o}`" for c, o in zip(columns, targets, strict=True))
            return f"SELECT count(*) FROM {{object}} b LEFT ANTI JOIN {table} t ON {same} WHERE {_known(columns)}"
        case NotNull() | Between() | OneOf() | Matches() | Length() | Holds():
            return f"SELECT count(*) FROM {{object}} WHERE NOT ({predicate(said)})"
        case _:
            raise TypeError(said)


def _known(columns: Sequence[str]) -> str:
    return " AND ".join(f"b.`{c}` IS NOT NULL" for c in columns)


STATISTICS = {
    "min": "min({c})",
    "max": "max({c})",
    "mean": "avg({c})",
    "sum": "sum({c})",
    "stddev": "stddev({c})",
    "quantile": "percentile_approx({c}, {at})",
    "distinct": "approx_count_distinct({c})",
    "missing": "1 - count({c}) / count(*)",
    "hours_old": "timestampdiff(HOUR, max({c}), current_timestamp())",
}


def _statistic_query(said: Statistic) -> str:
    text = STATISTICS[said.measure].format(c=f"`{said.column}`", at=said.at)
    return f"SELECT {text} FROM {{object}}"


def _plain(value: Scalar) -> object:
    return value if isinstance(value, bool | int | float | str) else str(value)
