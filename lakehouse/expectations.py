"""Contracts as Great Expectations suites, our measurements as its results, its Data Docs: the only module that imports it."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from great_expectations.core import ExpectationSuite, ExpectationSuiteValidationResult
from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.data_context.data_context.ephemeral_data_context import EphemeralDataContext
from great_expectations.data_context.types.resource_identifiers import (
    ExpectationSuiteIdentifier,
    ValidationResultIdentifier,
)
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.expectations.metadata_types import FailureSeverity

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
)
from lakehouse.datadocs import make_local
from lakehouse.table import Rule, Severity, Table
from lakehouse.verdicts import Checked, Verdict

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

STATISTICS = {
    "min": "expect_column_min_to_be_between",
    "max": "expect_column_max_to_be_between",
    "mean": "expect_column_mean_to_be_between",
    "sum": "expect_column_sum_to_be_between",
    "stddev": "expect_column_stdev_to_be_between",
    "distinct": "expect_column_unique_value_count_to_be_between",
    "rows": "expect_table_row_count_to_be_between",
}
ROWS = "unexpected_rows_expectation"
Kwargs = dict[str, object]


def expectation(rule: Rule) -> tuple[str, Kwargs]:
    """The standard expectation that a rule is, by type and kwargs; conditions and references become queries for bad rows."""
    kind, kwargs = _standard(rule.assertion)
    tolerated = not isinstance(rule.assertion, Statistic | Unique) and rule.at_most and kind != ROWS
    return kind, kwargs | ({"mostly": 1 - rule.at_most} if tolerated else {})


def _standard(said: Assertion) -> tuple[str, Kwargs]:
    match said:
        case NotNull(column):
            return "expect_column_values_to_not_be_null", {"column": column}
        case Between():
            return "expect_column_values_to_be_between", _bounds(said)
        case OneOf(column, values):
            return "expect_column_values_to_be_in_set", {"column": column, "value_set": [_plain(v) for v in values]}
        case Matches(column, pattern):
            return "expect_column_values_to_match_regex", {"column": column, "regex": anchored(pattern)}
        case Length(column, low, high):
            return "expect_column_value_lengths_to_be_between", {"column": column, "min_value": low, "max_value": high}
        case _:
            return _of_the_table(said)


def _of_the_table(said: Assertion) -> tuple[str, Kwargs]:
    match said:
        case Unique((column,)):
            return "expect_column_values_to_be_unique", {"column": column}
        case Unique(columns):
            return "expect_compound_columns_to_be_unique", {"column_list": list(columns)}
        case Holds(sql):
            return ROWS, {"unexpected_rows_query": f"SELECT * FROM {{batch}} WHERE NOT ({sql})"}
        case References(columns, table, targets):
            same = " AND ".join(f"b.`{c}` = t.`{o}`" for c, o in zip(columns, targets, strict=True))
            query = f"SELECT b.* FROM {{batch}} b LEFT ANTI JOIN {table} t ON {same}"
            return ROWS, {"unexpected_rows_query": query}
        case Statistic():
            return _statistic(said)
        case _:
            raise TypeError(said)


def _statistic(said: Statistic) -> tuple[str, Kwargs]:
    bounds: Kwargs = {"min_value": said.low, "max_value": said.high}
    column: Kwargs = {"column": said.column} if said.column else {}
    if said.measure in STATISTICS:
        return STATISTICS[said.measure], column | bounds
    if said.measure == "quantile":
        ranges = {"quantiles": [said.at], "value_ranges": [[said.low, said.high]]}
        return "expect_column_quantile_values_to_be_between", column | {"quantile_ranges": ranges}
    if said.measure == "missing":
        return "expect_column_proportion_of_non_null_values_to_be_between", column | _turned(said)
    query = (
        f"SELECT max(`{said.column}`) FROM {{batch}} HAVING max(`{said.column}`) < now() - INTERVAL {said.high} HOURS"
    )
    return ROWS, {"unexpected_rows_query": query}


def _turned(said: Statistic) -> Kwargs:
    low, high = (None if bound is None else 1 - bound for bound in (said.high, said.low))
    return {"min_value": low, "max_value": high}


def _bounds(said: Between) -> Kwargs:
    kwargs: Kwargs = {"column": said.column, "min_value": _plain(said.low), "max_value": _plain(said.high)}
    strict = {"strict_min": said.strict_low, "strict_max": said.strict_high}
    return kwargs | {name: True for name, is_strict in strict.items() if is_strict}


def _plain(value: Scalar | None) -> object:
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def suite(table: Table, extra: Sequence[Rule] = ()) -> ExpectationSuite:
    """The contract as a suite named like the table; each expectation carries its rule's name and severity in ``meta``."""
    schema = {"column_set": list(table.column_names), "exact_match": False}
    columns = ExpectationConfiguration("expect_table_columns_to_match_set", schema, meta={"rule": "columns"})
    rules = [_configuration(rule) for rule in (*table.all_rules(), *extra)]
    meta = {"contract": table.name, "version": table.version, "notes": table.comment}
    return ExpectationSuite(name=table.name, expectations=[c.to_domain_obj() for c in (columns, *rules)], meta=meta)


def _configuration(rule: Rule) -> ExpectationConfiguration:
    kind, kwargs = expectation(rule)
    severity = FailureSeverity.CRITICAL if rule.severity is Severity.STOP else FailureSeverity.WARNING
    return ExpectationConfiguration(
        kind, kwargs, meta={"rule": rule.name}, description=_described(rule, kind), severity=severity
    )


def _described(rule: Rule, kind: str) -> str | None:
    """What Data Docs show instead of a sentence of their own, where they have none that says it."""
    if kind != ROWS:
        return None
    match rule.assertion:
        case References(columns, table, _):
            return f"{rule.name}: {', '.join(columns)} must stand in {table}."
        case Statistic(column=column, high=high):
            return f"{rule.name}: the latest {column} must be at most {high} hours old."
        case _:
            return f"{rule.name}: {rule.sql}"


def validation(table: Table, checked: Checked, extra: Sequence[Rule] = ()) -> ExpectationSuiteValidationResult:
    """Our verdicts as the result of a validation: the scan was done once, by us."""
    verdicts = {verdict.rule: verdict for verdict in checked.verdicts}
    results = [_result(rule, verdicts[rule.name]) for rule in (*table.all_rules(), *extra) if rule.name in verdicts]
    passed = sum(bool(result.success) for result in results)
    total = len(results)
    statistics = {
        "evaluated_expectations": total,
        "successful_expectations": passed,
        "unsuccessful_expectations": total - passed,
        "success_percent": 100 * passed / total if total else None,
    }
    run = RunIdentifier(run_name=checked.run_id, run_time=checked.at)
    meta = {
        "run_id": run,
        "batch_spec": {"table": table.name},
        "active_batch_definition": {"datasource_name": "kith", "data_asset_name": table.name, "batch_identifiers": {}},
        "validation_time": checked.at.isoformat(),
        "expectation_suite_name": table.name,
    }
    return ExpectationSuiteValidationResult(
        success=passed == total,
        results=results,
        suite_name=table.name,
        statistics=statistics,
        meta=meta,
    )


def _result(rule: Rule, verdict: Verdict) -> ExpectationValidationResult:
    counted: Kwargs = {"element_count": verdict.rows}
    if isinstance(rule.assertion, Statistic):
        counted = {"observed_value": _observed(rule.assertion, verdict.value)}
    else:
        share = 100 * verdict.violations / verdict.rows if verdict.rows else 0.0
        counted |= {"unexpected_count": verdict.violations, "unexpected_percent": share}
        counted |= {"unexpected_percent_total": share, "partial_unexpected_list": []}
        if expectation(rule)[0] == ROWS:
            counted["observed_value"] = f"{verdict.violations} unexpected rows"
    return ExpectationValidationResult(
        success=verdict.passed, expectation_config=_configuration(rule), result=dict(counted), meta={}
    )


def _observed(said: Statistic, value: float | None) -> object:
    if said.measure == "quantile":
        return {"quantiles": [said.at], "values": [value]}
    if said.measure == "missing" and value is not None:
        return 1 - value
    return value


def write_docs(
    out: Path, tables: Iterable[Table], extra: Mapping[str, Sequence[Rule]], results: Iterable[Checked]
) -> Path:
    """Write a Data Docs site below ``out`` with every table's suite and latest result; returns its first page."""
    context = _context(out)
    known = {table.name: table for table in tables}
    for table in known.values():
        context.suites.add(suite(table, extra.get(table.name, ())))
    store = context.validation_results_store
    pages = []
    for checked in results:
        if checked.table not in known:
            continue
        run = RunIdentifier(run_name=checked.run_id, run_time=checked.at)
        key = ValidationResultIdentifier(ExpectationSuiteIdentifier(checked.table), run, checked.table)
        store.set(key, validation(known[checked.table], checked, extra.get(checked.table, ())))
        pages.append(key)
    context.build_data_docs(resource_identifiers=[ExpectationSuiteIdentifier(name) for name in known])
    context.build_data_docs(resource_identifiers=pages)
    make_local(out)
    return out / "index.html"


def _context(out: Path) -> EphemeralDataContext:
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    for name in list(context.get_site_names()):
        context.delete_data_docs_site(name)
    site = {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(out.resolve())},
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
    }
    context.add_data_docs_site("kith", site)  # type: ignore[arg-type] # a TypedDict of theirs that misses keys
    return context
