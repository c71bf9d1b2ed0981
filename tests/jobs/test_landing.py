"""Files of every kind of damage: each is named in quarantine with row and rule, the rest lands, and lands once."""

import pytest
from pyspark.sql import SparkSession

from lakehouse.tables import ops, silver
from lakehouse.tables.bronze import bronze_table
from tests.small_lake import CONSENT, CONSENT_JSON, HEADER, SmallLake, statements

CSV, CHINESE, LINES = "shop__consent", "south__consent", "app__consent"
ODD_NAMES = ("a b.csv", "报表.csv", "export (1).csv", "x#1.csv", "x[1].csv", "50%25.csv", "q?.csv", "{a}.csv")
WHOLE = f"{HEADER}\n{statements(range(3))}"
GOOD_LINE = '{"id": "%s", "purpose": "marketing", "action": "grant", "at": "2025-01-01T10:00:00Z"}\n'
DAMAGED: dict[str, bytes] = {
    "whole.csv": WHOLE.encode(),
    "truncated.csv": f"{HEADER}\n{statements([10, 11])}c12,marke".encode(),
    "wrong_header.csv": b"id,purpose\n1,marketing\n",
    "header_twice.csv": f"{HEADER},at\n".encode(),
    "empty.csv": b"",
    "binary.csv": b"PK\x03\x04\x00\x00" + bytes(range(256)),
    "not_text.csv": b"\xff\xfe\xfd,\xfc\n1,2\n",
    "marked.csv": b"\xef\xbb\xbf" + f"{HEADER}\n{statements([20])}".encode(),
    "only_header.csv": f"{HEADER}\n".encode(),
    "windows.csv": f"{HEADER}\n{statements([30, 31])}".replace("\n", "\r\n").encode(),
    "new_column.csv": b"id,purpose,action,at,coupon\nc40,marketing,grant,2025-01-01 10:00:00,SALE\n",
    "other_order.csv": b"at,action,purpose,id\n2025-01-01 10:00:00,grant,marketing,c50\n",
    "long_line.csv": f"{HEADER}\n{statements([60])}c61,marketing,grant,2025-01-01 10:00:00,x,y\n".encode(),
    "breaks_contract.csv": f"{HEADER}\n{statements([70])}{statements([71], action='maybe')},x,grant,\n".encode(),
    **{name: f"{HEADER}\n{statements([100 + n])}".encode() for n, name in enumerate(ODD_NAMES)},
}
JSON_LINES = GOOD_LINE % "j1" + '{"id": "j2", "purp\n' + "\n" + "[1, 2]\n" + GOOD_LINE % "j3"


@pytest.fixture(scope="module")
def damaged(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> SmallLake:
    """A lake after one run over all the damage."""
    small = SmallLake(spark, tmp_path_factory.mktemp("damaged"))
    small.source(CSV, CONSENT)
    small.source(CHINESE, CONSENT + "options: {encoding: GB18030}\n")
    small.source(LINES, CONSENT_JSON)
    for name, content in DAMAGED.items():
        small.deliver(CSV, name, content)
    small.deliver(CHINESE, "south.csv", f"{HEADER}\ns1,营销,grant,2025-01-01 10:00:00\n".encode("gb18030"))
    small.deliver(CHINESE, "utf8.csv", f"{HEADER}\n".encode() + b"s2,\xe8\x90,grant,2025-01-01 10:00:00\n")
    small.deliver(LINES, "events.jsonl", JSON_LINES)
    small.deliver(LINES, "empty.jsonl", "")
    small.deliver(LINES, "zipped.jsonl", b"\x1f\x8b\x08\x00\x00")
    outcome = small.run("bronze.*", "silver.consent_event")
    assert not outcome.failures, outcome.failures
    return small


def landed(small: SmallLake, source: str) -> dict[str, list[int]]:
    """Row numbers by file of a bronze table."""
    found: dict[str, list[int]] = {}
    for row in small.read(bronze_table(source, "")).select("_file", "_row").collect():
        found.setdefault(row["_file"].rsplit("/", 1)[1], []).append(row["_row"])
    return {name: sorted(rows) for name, rows in found.items()}


@pytest.mark.parametrize(
    ("file", "row", "reason"),
    [
        ("truncated.csv", 3, "malformed_record"),
        ("long_line.csv", 2, "malformed_record"),
        ("wrong_header.csv", None, "wrong_header"),
        ("header_twice.csv", None, "wrong_header"),
        ("empty.csv", None, "empty_file"),
        ("binary.csv", None, "binary_file"),
        ("not_text.csv", None, "binary_file"),
        ("breaks_contract.csv", 2, "action_valid"),
        ("breaks_contract.csv", 3, "consent_id_required,occurred_at_required"),
        ("events.jsonl", 2, "malformed_record"),
        ("events.jsonl", 4, "malformed_record"),
        ("empty.jsonl", None, "empty_file"),
        ("zipped.jsonl", None, "binary_file"),
    ],
)
def test_what_is_refused_is_named_by_file_row_and_rule(
    damaged: SmallLake, file: str, row: int | None, reason: str
) -> None:
    assert (file, row, reason) in damaged.quarantined()


def test_nothing_else_is_refused(damaged: SmallLake) -> None:
    assert len(damaged.quarantined()) == 13


def test_the_rest_lands_with_its_place(damaged: SmallLake) -> None:
    found = landed(damaged, CSV)
    expected = {"whole.csv": [1, 2, 3], "truncated.csv": [1, 2], "marked.csv": [1], "windows.csv": [1, 2]}
    expected |= {
        "new_column.csv": [1],
        "other_order.csv": [1],
        "long_line.csv": [1],
        "breaks_contract.csv": [1, 2, 3],
    }
    assert {name: rows for name, rows in found.items() if name in DAMAGED and name not in ODD_NAMES} == expected
    assert sum(map(len, found.values())) == sum(map(len, expected.values())) + len(ODD_NAMES)
    assert landed(damaged, LINES) == {"events.jsonl": [1, 5]}


def test_what_landed_is_in_silver_by_name_of_column_not_by_place(damaged: SmallLake) -> None:
    rows = damaged.read(silver.CONSENT_EVENT).select("source", "consent_id", "purpose").collect()
    by_source: dict[str, set[str]] = {}
    for row in rows:
        by_source.setdefault(row[0], set()).add(row[1])
    numbers = [0, 1, 2, 10, 11, 20, 30, 31, 40, 50, 60, 70, *(100 + n for n in range(len(ODD_NAMES)))]
    assert by_source[CSV] == {f"c{n}" for n in numbers}
    assert by_source[LINES] == {"j1", "j3"}
    assert {r["purpose"] for r in rows if r["consent_id"] == "s1"} == {"营销"}


def test_new_columns_of_a_later_layout_are_kept(damaged: SmallLake) -> None:
    frame = damaged.read(bronze_table(CSV, "")).selectExpr("try_variant_get(payload, '$.coupon', 'string') AS coupon")
    assert [row[0] for row in frame.where("coupon IS NOT NULL").collect()] == ["SALE"]


def test_a_run_without_new_files_writes_nothing(damaged: SmallLake) -> None:
    before = damaged.versions()
    outcome = damaged.run("bronze.*", "silver.consent_event")
    assert all(not runs for runs in outcome.runs.values())
    assert damaged.versions() == before


def test_bronze_is_accounted_for_in_the_log(damaged: SmallLake) -> None:
    logged = damaged.read(ops.JOB_RUN).where(f"job = 'bronze.{CSV}'").collect()
    lines = sum(map(len, landed(damaged, CSV).values()))
    assert [(r["rows_in"], r["rows_out"], r["rows_quarantined"]) for r in logged] == [(lines + 2, lines, 2 + 5)]


def test_a_re_sent_file_under_another_name_changes_nothing_in_silver(small: SmallLake) -> None:
    small.source(CSV, CONSENT)
    small.deliver(CSV, "1.csv", WHOLE)
    small.run(f"bronze.{CSV}", "silver.consent_event")
    first = content(small)
    small.deliver(CSV, "1 again.csv", WHOLE)
    outcome = small.run(f"bronze.{CSV}", "silver.consent_event")
    assert content(small) == first
    assert [(r.rows_in, r.rows_out, r.rows_duplicate) for r in outcome.runs[f"bronze.{CSV}"]] == [(3, 0, 3)]
    assert outcome.runs["silver.consent_event"] == []


def content(small: SmallLake) -> list[tuple[object, ...]]:
    return sorted(map(tuple, small.read(silver.CONSENT_EVENT).drop("_file").collect()))
