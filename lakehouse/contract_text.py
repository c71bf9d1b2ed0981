"""A contract as text that a person goes on with: the Python of a ``Table``, or the YAML of its rules for ``conf/quality``."""

import json
from collections.abc import Iterable, Mapping
from typing import cast

import yaml

from lakehouse import rules as make
from lakehouse.assertions import (
    Assertion,
    Between,
    Holds,
    Length,
    Matches,
    NotNull,
    OneOf,
    References,
    Statistic,
    Unique,
)
from lakehouse.table import Column, DataClass, Pii, Rule, Severity, Table

Entry = dict[str, object]


def module_text(table: Table) -> str:
    """The contract as a Python module that defines it, ready for ``lakehouse/tables``."""
    name = table.entity.upper()
    body = "\n".join(f"        {_column(column)}," for column in table.columns)
    optional = {
        "key": table.key or None,
        "cluster_by": table.cluster_by or None,
        "owner": None if table.owner == "platform" else table.owner,
        "freshness_hours": None if table.freshness_hours == 24 else table.freshness_hours,
        "retention_days": table.retention_days or None,
        "change_feed": None if table.change_feed else False,
        "version": None if table.version == 1 else table.version,
    }
    rules = "".join(f"        {rule_text(rule)},\n" for rule in table.rules)
    lines = [f"    {key}={_text(value)}," for key, value in optional.items() if value is not None]
    lines += [f"    rules=(\n{rules}    ),"] if rules else []
    return "\n".join(
        [
            f'"""Contract of {table.name}."""',
            "",
            *_imports(table),
            "",
            f"{name} = Table(",
            f"    {_text(table.name)},",
            f"    {_text(table.comment)},",
            "    (",
            body,
            "    ),",
            *lines,
            ")",
            "",
        ]
    )


def _imports(table: Table) -> list[str]:
    used = [rule_text(rule) for rule in table.rules]
    found = ["from lakehouse import rules"] if any("rules." in text for text in used) else []
    names = ["Column", "DataClass", "Pii", *(["Rule"] if any("Rule(" in text for text in used) else []), "Table"]
    return [*found, f"from lakehouse.table import {', '.join(names)}"]


def _column(column: Column) -> str:
    said = [_text(column.name), _text(column.type), _text(column.comment)]
    said += ["required=True"] if column.required else []
    said += [f"check={_text(column.check)}"] if column.check else []
    said += [f"pii=Pii.{column.pii.name}"] if column.pii is not Pii.NONE else []
    said += [f"data_class=DataClass.{column.data_class.name}"] if column.data_class is not DataClass.DESCRIPTIVE else []
    return f"Column({', '.join(said)})"


def _text(value: object) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, tuple):
        return f"({', '.join(map(_text, value))}{',' if len(value) == 1 else ''})"
    return repr(value)


def rule_text(rule: Rule) -> str:
    """A rule as the call that makes it."""
    call = _call(rule)
    if rule.at_most_rows or (rule.at_most and not call.startswith("rules.at_most_missing")):
        tolerance = {"at_most": rule.at_most, "at_most_rows": rule.at_most_rows}
        call = f"rules.tolerant({call}, {', '.join(f'{k}={v!r}' for k, v in tolerance.items() if v)})"
    return f"rules.warning({call})" if rule.severity is Severity.WARN else call


def _call(rule: Rule) -> str:
    entry = rule_entry(rule)
    kind = next(iter(entry))
    made = _constructed(kind, rule.assertion)
    if made and eval_name(made) == rule.name:
        return made
    if isinstance(rule.assertion, Holds):
        return f"rules.holds({_text(rule.name)}, {_text(rule.sql)})"
    call = made or f"rules.holds({_text(rule.name)}, {_text(rule.sql)})"
    return f"rules.named({call}, {_text(rule.name)})"


def _constructed(kind: str, said: Assertion) -> str:
    match said:
        case NotNull(column):
            return f"rules.required({_text(column)})"
        case Between(column, low, high, False, False) | Length(column, low, high):
            return f"rules.{kind}({_text(column)}, {_text(low)}, {_text(high)})"
        case OneOf(column, values):
            return f"rules.one_of({', '.join(map(_text, (column, *values)))})"
        case Matches(column, pattern):
            return f"rules.matches({_text(column)}, {_text(pattern)})"
        case _:
            return _constructed_of_table(said)


def _constructed_of_table(said: Assertion) -> str:
    match said:
        case Unique(columns):
            return f"rules.unique({', '.join(map(_text, columns))})"
        case References(columns, table, targets):
            return f"rules.references({_text(columns)}, {_text(table)}, {_text(targets)})"
        case Statistic(measure, column, low, high, at):
            last = f", at={at!r}" if measure == "quantile" else ""
            return f"rules.statistic({_text(measure)}, {_text(column)}, {low!r}, {high!r}{last})"
        case _:
            return ""


def eval_name(call: str) -> str:
    """The name that a constructor call gives its rule. The call is of our own making."""
    return cast(Rule, eval(call, {"rules": make, "__builtins__": {}})).name  # noqa: S307


def quality_text(rules: Iterable[Rule]) -> str:
    """Rules as a file of ``conf/quality``."""
    return yaml.safe_dump({"rules": [rule_entry(rule) for rule in rules]}, sort_keys=False, allow_unicode=True)


def rule_entry(rule: Rule) -> Entry:
    """A rule as an entry of ``conf/quality``."""
    entry = _entry(rule)
    entry |= {"name": rule.name}
    entry |= {"severity": str(rule.severity)} if rule.severity is Severity.WARN else {}
    entry |= {"at_most": rule.at_most} if rule.at_most else {}
    return entry | ({"at_most_rows": rule.at_most_rows} if rule.at_most_rows else {})


def _entry(rule: Rule) -> Entry:
    match rule.assertion:
        case NotNull(column):
            return {"required": column}
        case Between(column, low, high, False, False):
            return {"between": column} | _known({"low": low, "high": high})
        case Length(column, low, high):
            return {"length": column} | _known({"low": low, "high": high})
        case OneOf(column, values):
            return {"one_of": column, "values": list(values)}
        case Matches(column, pattern):
            return {"matches": column, "pattern": pattern}
        case _:
            return _entry_of_table(rule)


def _entry_of_table(rule: Rule) -> Entry:
    match rule.assertion:
        case Unique(columns):
            return {"unique": list(columns)}
        case References(columns, table, targets) if len(columns) == 1:
            return {"references": columns[0], "to": f"{table}.{targets[0]}"}
        case Statistic(measure, column, low, high, at):
            quantile = {"at": at} if measure == "quantile" else {}
            return {"statistic": measure} | _known({"column": column or None, "low": low, "high": high}) | quantile
        case _:
            return {"holds": rule.sql}


def _known(values: Mapping[str, object]) -> Entry:
    return {key: value for key, value in values.items() if value is not None}
