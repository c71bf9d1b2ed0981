"""``conf/quality``: every kind of entry, and faults that name file, line, key and rule."""

from pathlib import Path

import pytest

from lakehouse.assertions import Between, Length, Matches, NotNull, OneOf, References, Statistic, Unique
from lakehouse.quality import QualityError, check_against, load_quality, read_quality
from lakehouse.settings import ROOT
from lakehouse.table import Severity
from lakehouse.tables import gold, ops, silver

EVERY = """
rules:
  - {required: city}
  - {between: orders, low: 0, high: 100, severity: warn, at_most: 0.01}
  - {between: birth_on, high: 2020-01-01}
  - {one_of: gender, values: [female, male]}
  - {matches: city, pattern: "[a-z ]+", at_most_rows: 5}
  - {length: city, low: 2}
  - {holds: "revenue_amount >= 0 OR orders = 0", name: revenue_of_orders}
  - {unique: [one_id, city]}
  - {references: one_id, to: gold.dim_customer.one_id}
  - {complete: gender, at_most: 0.4}
  - {distinct: city, low: 2, high: 400}
  - {fresh: last_interaction_at, hours: 48}
  - {rows: {low: 1}}
  - {statistic: quantile, column: revenue_amount, at: 0.9, high: 10000}
anomalies: {severity: stop, min_history: 5, threshold: 4, psi: 0.1, seasonal: true, horizon: 30}
profile: [city, orders]
"""


def test_every_kind_of_entry_becomes_its_rule(tmp_path: Path) -> None:
    path = tmp_path / "gold.mart_customer_360.yml"
    path.write_text(EVERY, encoding="utf-8")
    (name, found), *rest = load_quality(tmp_path).items()
    assert (name, rest) == ("gold.mart_customer_360", [])
    said = {rule.name: rule.assertion for rule in found.rules}
    assert said["city_required"] == NotNull("city")
    assert said["orders_between"] == Between("orders", 0, 100)
    assert said["gender_one_of"] == OneOf("gender", ("female", "male"))
    assert said["city_matches"] == Matches("city", "[a-z ]+")
    assert said["city_length"] == Length("city", 2)
    assert said["one_id_city_unique"] == Unique(("one_id", "city"))
    assert said["one_id_in_dim_customer"] == References(("one_id",), "gold.dim_customer", ("one_id",))
    assert said["city_distinct"] == Statistic("distinct", "city", 2, 400)
    assert said["last_interaction_at_hours_old"] == Statistic("hours_old", "last_interaction_at", None, 48)
    assert said["rows"] == Statistic("rows", "", 1)
    assert said["revenue_amount_p90"] == Statistic("quantile", "revenue_amount", None, 10000, 0.9)
    rules = {rule.name: rule for rule in found.rules}
    assert (rules["orders_between"].severity, rules["orders_between"].at_most) == (Severity.WARN, 0.01)
    assert rules["city_matches"].at_most_rows == 5
    assert rules["gender_complete"].at_most == 0.4
    assert rules["birth_on_between"].sql == "`birth_on` <= DATE'2020-01-01'"
    watch = found.watch
    assert (watch.severity, watch.min_history, watch.threshold, watch.psi) == (Severity.STOP, 5, 4, 0.1)
    assert (watch.seasonal, watch.horizon, found.profile) == (True, 30, ("city", "orders"))
    check_against(found, gold.MART_CUSTOMER_360, path)


@pytest.mark.parametrize(
    ("text", "line", "key", "words"),
    [
        ("rules: [", 1, None, "not YAML"),
        ("- a", 1, None, "mapping is expected"),
        ("rules:\n  - {between: a, low: 1}\nrule: x", 3, "rule", "no key 'rule'"),
        ("rules: x", 1, "rules", "list of rules"),
        ("rules:\n  - a", 2, "rules[0]", "a rule is a mapping"),
        ("rules:\n  - {low: 1}", 2, "rules[0]", "says one of"),
        ("rules:\n  - {required: a}\n  - {between: a, from: 1}", 3, "rules[1].from", "no key 'from'"),
        ("rules:\n  - {between: a}", 2, "rules[0].between", "lower or an upper bound"),
        ("rules:\n  - {between: a, low: 3, high: 1}", 2, "rules[0].between", "above"),
        ("rules:\n  - matches: a\n    pattern: '['", 2, "rules[0].matches", "regular expression"),
        ("rules:\n  - {matches: a}", 2, "rules[0]", "needs the key 'pattern'"),
        ("rules:\n  - {statistic: mode, column: a, low: 1}", 2, "rules[0].statistic", "no such statistic"),
        ("rules:\n  - {required: a, severity: loud}", 2, "rules[0].required", "stop or warn"),
        ("rules:\n  - {required: a, at_most: 3}", 2, "rules[0].required", "share"),
        ("rules:\n  - {required: a}\n  - {required: a}", 3, "rules[1]", "two rules"),
        ("rules:\n  - {holds: a > 1}", 2, "rules[0].holds", "a name is expected"),
        ("anomalies:\n  psi: much", 2, "anomalies.psi", "number is expected"),
        ("anomalies: {severity: loud}", 1, "anomalies.severity", "stop or warn"),
        ("anomalies: {sigma: 3}", 1, "anomalies.sigma", "no key 'sigma'"),
    ],
)
def test_a_fault_names_file_line_key_and_rule(
    tmp_path: Path, text: str, line: int, key: str | None, words: str
) -> None:
    path = tmp_path / "gold.x.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(QualityError, match=words) as told:
        read_quality(path)
    assert told.value.where["file"] == path
    assert told.value.where.get("row") == line
    assert told.value.where.get("key") == key


def test_a_rule_on_an_unknown_column_or_with_a_taken_name_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "gold.mart_rfm.yml"
    for text, words in (
        ("{required: nothing}", "no column 'nothing'"),
        ("{between: r, low: 0, name: r_valid}", "already"),
    ):
        path.write_text(f"rules: [{text}]", encoding="utf-8")
        with pytest.raises(QualityError, match=words) as told:
            check_against(read_quality(path), gold.MART_RFM, path)
        assert "rule" in told.value.where


def test_the_files_of_this_repository_fit_their_tables() -> None:
    tables = {table.name: table for table in (*silver.ALL, *gold.ALL, *ops.ALL)}
    folder = ROOT / "conf" / "quality"
    found = load_quality(folder)
    assert found
    for name, quality in found.items():
        check_against(quality, tables[name], folder / f"{name}.yml")
