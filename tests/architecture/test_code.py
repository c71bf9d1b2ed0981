"""Rules of the craft that no linter knows: sizes, docstrings, names, and what may reach behind Spark's public API."""

import ast

import pytest

from tests.architecture.code import Module, every_module, modules

OURS = every_module()
LIMIT_FILE, LIMIT_FUNCTION = 400, 60
REACHES = frozenset(
    {
        "collect",
        "toPandas",
        "toArrow",
        "toLocalIterator",
        "rdd",
        "_jvm",
        "_jsc",
        "_jsparkSession",
        "sparkContext",
        "_sc",
    }
)
# Files that may bring rows or the JVM into Python, and why that stays small whatever the number of customers.
ALLOWED = {
    "lakehouse/session.py": "the one place that reaches behind Spark's public API",
    "lakehouse/cardinality.py": "2,048 registers of each column",
    "lakehouse/checks.py": "one row of counts",
    "lakehouse/uniqueness.py": "one row of counts",
    "lakehouse/deliveries.py": "one row for each day that is delivered anew",
    "lakehouse/sources/dictionaries.py": "names of fields, not records",
    "lakehouse/land.py": "one row of Delta's history; at most two values of ReplaceWhere's column",
    "lakehouse/sources/jdbc.py": "one row: the newest mark of a database",
    "lakehouse/sources/rest.py": "one row: how far an API was read, with the hashes of the records of that very time",
    "lakehouse/textfiles.py": "lines of the small files that Spark and Delta write about themselves",
    "identity/components/here.py": "one row: how many points are crowded, and each broken rule",
    "identity/components/proof.py": "one row for each broken rule",
    "jobs/components.py": "one row of counts",
    "jobs/context.py": "one row: the latest day",
    "jobs/drift.py": "fields of sources, which are known by name",
    "jobs/accounting.py": "one row of counts for each source",
    "jobs/arrivals.py": "one row for each file of a batch",
    "jobs/delivered.py": "one row of counts, the names of a batch's files",
    "jobs/landing.py": "defaultParallelism, a number",
    "jobs/reporting/accuracy.py": "aggregates for the report",
    "jobs/reporting/facts.py": "aggregates for the report",
    "jobs/reporting/proof.py": "one row for each rule",
    "jobs/rule_versions.py": "the rules behind each source's columns: some ten for a source",
    "jobs/rules_command.py": "a handful of texts that were typed, or the examples of a rule file",
    "jobs/whatif.py": "counts and a handful of examples",
    "jobs/silver/identity_event.py": "one row: the earliest day concerned",
    "jobs/ops/model_run.py": "names of models",
    "jobs/ops/value_run.py": "names of models",
    "jobs/watching.py": "names of models",
    "identity/solving.py": "one row: how many vertices are touched",
    "ml/training_set.py": "a training set of bounded size, drawn by hash",
    "ml/value/fits.py": "one row for each date, cohort and family",
    "ml/value/trials.py": "days on which campaigns were sent",
    "ml/value/score.py": "one row: the greatest frequency and time observed",
}
CLOCKS = frozenset({"current_date", "current_timestamp", "localtimestamp", "now", "today", "utcnow", "curdate"})
TIMELESS = ("jobs/silver/", "jobs/gold/", "identity/", "ml/features/")
CATCH_ALL = frozenset({"utils", "util", "helpers", "helper", "common", "manager", "misc"})


@pytest.mark.parametrize("module", OURS, ids=lambda m: m.name)
def test_a_file_is_short_and_opens_with_a_sentence(module: Module) -> None:
    assert len(module.lines) <= LIMIT_FILE
    said = ast.get_docstring(module.tree) or ""
    assert said.partition("\n\n")[0].rstrip().endswith((".", "?", "!", ":")), "no sentence on what the file is for"


def test_no_function_is_longer_than_a_screen() -> None:
    lengths = {
        f"{module.name}:{f.lineno} {f.name}": (f.end_lineno or f.lineno) - f.lineno + 1
        for module in OURS
        for f in module.functions()
    }
    assert {name: length for name, length in lengths.items() if length > LIMIT_FUNCTION} == {}


def test_every_public_function_and_class_is_documented() -> None:
    missing = [
        f"{module.name}:{node.lineno} {name}"
        for module in modules()
        for name, node in module.public()
        if not ast.get_docstring(node)
    ]
    assert missing == []


def test_every_function_is_annotated() -> None:
    missing = [f"{module.name}:{f.lineno} {f.name}" for module in OURS for f in module.functions() if f.returns is None]
    assert missing == []


def test_only_the_listed_files_bring_rows_or_the_jvm_into_python() -> None:
    found = {
        module.name
        for module in modules("lakehouse", "identity", "ml", "jobs", "simulate")
        for n, _ in module.names_used()
        if n in REACHES
    }
    assert found - set(ALLOWED) == set()
    assert {name for name in ALLOWED if name not in found} == set(), "no longer needed on the list"


def test_the_jvm_is_reached_in_one_file_only() -> None:
    behind = {"_jvm", "_jsc", "_jsparkSession", "_gateway"}
    found = {module.name for module in modules() for name, _ in module.names_used() if name in behind}
    assert found == {"lakehouse/session.py"}


def test_transformations_know_no_clock_and_no_dice() -> None:
    dice = {"rand", "randn", "uuid", "uuid4", "shuffle", "random"}
    found = [
        f"{module.name}:{line} {name}"
        for module in modules("jobs", "identity", "ml")
        if module.name.startswith(TIMELESS)
        for name, line in module.calls()
        if name in CLOCKS | dice
    ]
    assert found == []


def test_no_file_is_named_after_nothing() -> None:
    parts = {part for module in OURS for part in module.name.removesuffix(".py").split("/")}
    assert parts & CATCH_ALL == set()


def test_sessions_are_built_in_one_place() -> None:
    found = {module.name for module in OURS for name, _ in module.names_used() if name == "getOrCreate"}
    assert found == {"lakehouse/session.py"}


@pytest.mark.parametrize("name", ["withColumn", "unionByName"])
def test_no_loop_adds_columns_one_by_one(name: str) -> None:
    loops = [
        f"{module.name}:{loop.lineno}"
        for module in modules("lakehouse", "identity", "ml", "jobs")
        for loop in ast.walk(module.tree)
        if isinstance(loop, ast.For | ast.While) and name == "withColumn"
        for node in ast.walk(loop)
        if isinstance(node, ast.Attribute) and node.attr == name
    ]
    assert loops == []
