"""Shows that the report's pictures and page are well formed whatever stands in the data, and that a lake gives a page."""

import itertools
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from delta.tables import DeltaTable
from deltalake import write_deltalake
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from jobs import report
from jobs.context import Context
from jobs.reporting import facts as asked
from jobs.reporting import figures, lineage, markup
from jobs.reporting.accuracy import by_type
from jobs.reporting.facts import Facts
from jobs.reporting.figures import Bar, Cell, Point
from jobs.reporting.page import headline, read_mark, render
from jobs.reporting.reach import reach
from jobs.reporting.store import Shelf
from lakehouse.settings import ROOT
from lakehouse.standardise.rules import identifier_rule
from lakehouse.standardise.token import token
from lakehouse.tables import ops
from tests.jobs.literal_report import DAY, GRAPH, NASTY, everything, nothing
from tests.small_lake import context_for, settings_for


def parsed(markup_text: str) -> ET.Element:
    return ET.fromstring(f"<root>{markup_text}</root>")  # noqa: S314  our own text, made a line ago


def words(markup_text: str) -> str:
    return "".join(parsed(markup_text).itertext())


PICTURES = {
    "bar list": figures.bar_list([Bar(NASTY, 3.0, NASTY, NASTY), Bar("none", 0.0)]),
    "bar list of zeros": figures.bar_list([Bar(NASTY, 0.0)]),
    "pairs": figures.pair_list([(NASTY, Bar("a", 1.0, note=NASTY), Bar("b", 2.5))]),
    "legend": figures.legend(("accent", NASTY)),
    "columns": figures.columns(
        [Bar(NASTY, 3, note=NASTY), Bar("b", 0.25)], label=NASTY, x=NASTY, reference=(1.0, NASTY)
    ),
    "columns of zeros": figures.columns([Bar(NASTY, 0.0)], label=NASTY),
    "heat": figures.heat(
        {(1, 1): Cell(0.9, NASTY, NASTY, NASTY)},
        xs=[(1, NASTY), (2, "")],
        ys=[(1, NASTY)],
        x=NASTY,
        y=NASTY,
        label=NASTY,
    ),
    "calibration": figures.calibration([Point(0.1, 0.2, 5), Point(0.4, 0.3, 0)], label=NASTY),
    "graph": lineage.picture(
        [lineage.Node("a.x", "bronze", NASTY, ()), lineage.Node(f"b.{NASTY}", "gold", NASTY, ("a.x", "gone"))],
        {},
        {"bronze": NASTY},
    ),
    "grid": markup.grid((NASTY, "n"), [(NASTY, "1")]),
}


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_are_well_formed_and_keep_every_sign_of_a_label(name: str) -> None:
    picture = PICTURES[name]
    shown = words(picture) + "".join(value for node in parsed(picture).iter() for value in node.attrib.values())
    assert NASTY in shown
    assert "<b>" not in picture


@pytest.mark.parametrize(
    "empty",
    [
        figures.bar_list([]),
        figures.pair_list([]),
        figures.columns([], label="x"),
        figures.heat({}, xs=[], ys=[], x="", y="", label="x"),
        figures.calibration([], label="x"),
        lineage.picture([], {}, {}),
    ],
)
def test_pictures_of_nothing_say_so(empty: str) -> None:
    assert parsed(empty)[0].tag == "p"
    assert words(empty)


def test_bars_are_as_long_as_their_values() -> None:
    rows = parsed(figures.bar_list([Bar("a", 10.0), Bar("b", 2.5), Bar("c", 0.0)])).iter("i")
    assert [row.attrib["style"] for row in rows] == ["width:100.0%", "width:25.0%", "width:0.0%"]


def test_columns_are_as_high_as_their_values() -> None:
    rects = parsed(figures.columns([Bar("a", 40.0), Bar("b", 10.0)], label="x")).iter("rect")
    high, low = (float(rect.attrib["height"]) for rect in rects)
    assert high == pytest.approx(4 * low, rel=0.01)


@pytest.mark.parametrize("top", [0.003, 0.9, 1.0, 7, 19, 2000, 123456])
def test_ticks_are_round_and_reach_the_top(top: float) -> None:
    marks = figures.ticks(top)
    assert marks[0] == 0
    assert marks[-2] < top <= marks[-1] * 1.000001
    assert 3 <= len(marks) <= 7
    assert f"{marks[1]:.0e}"[0] in "125" or f"{marks[1]:.1e}".startswith("2.5")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0, "0"),
        (7.25, "7.2"),
        (980, "980"),
        (12_400, "12.4 k"),
        (1_000_000, "1 M"),
        (3_140_000_000, "3.1 bn"),
    ],
)
def test_short_numbers(value: float | None, text: str) -> None:
    assert markup.short(value) == text


@pytest.mark.parametrize(("seconds", "text"), [(0.84, "0.8 s"), (41.2, "41 s"), (184.6, "3 min 05 s"), (None, "–")])
def test_spans(seconds: float | None, text: str) -> None:
    assert markup.span(seconds) == text


def test_lineage_runs_from_left_to_right_and_no_two_tables_overlap() -> None:
    reads = GRAPH.upstream
    level = lineage.levels(reads)
    spots = lineage.places(lineage.ordered(level, reads), reads, {name: name for name in reads})
    assert set(spots) == set(GRAPH.jobs)
    for name, ups in reads.items():
        assert all(spots[up].x + spots[up].width < spots[name].x for up in ups)
    for column in range(max(level.values()) + 1):
        heights = sorted(spots[name].y for name in spots if level[name] == column)
        assert all(below - above >= lineage.NODE for above, below in itertools.pairwise(heights))


def test_ordering_takes_crossings_out() -> None:
    reads = {"a": (), "b": (), "c": (), "x": ("c",), "y": ("b",), "z": ("a",)}
    first, second = lineage.ordered(lineage.levels(reads), reads)
    assert [reads[name][0] for name in second] == first


@pytest.mark.parametrize("facts", [everything(), nothing()], ids=["everything", "nothing"])
def test_the_page_is_well_formed_and_fetches_nothing(facts: Facts) -> None:
    page = render(facts, "stamp")
    root = parsed(page.partition("-->\n")[2])
    assert [node.attrib["id"] for node in root.iter("section")] == [
        "rows",
        "quality",
        "trust",
        "identity",
        "reach",
        "rfm",
        "model",
        "lineage",
        "cost",
    ]
    assert not list(root.iter("script"))
    assert not list(root.iter("link"))
    assert not [
        v for node in root.iter() for k, v in node.attrib.items() if k in {"src", "href"} and not v.startswith("#")
    ]
    assert "url(" not in page
    assert "@import" not in page


def test_missing_parts_are_named() -> None:
    said = words(render(nothing(), "").partition("-->\n")[2])
    for table in ("silver.identity_map", "gold.mart_rfm", "ops.model_run"):
        assert f"{table} has no rows" in said
    no_truth = words(render(replace(everything(), accuracy=None), "").partition("-->\n")[2])
    assert "There is no planted truth" in no_truth


def test_the_page_shows_the_figures() -> None:
    said = words(render(everything(), "").partition("-->\n")[2])
    assert "98.97 %" in said  # 19,300 of 19,500 pairs
    assert "96.50 %" in said  # 19,300 of 20,000 pairs
    assert "200 are of two" in said
    assert "12,001" in said
    assert "The gate: better than the baseline & no <champion> before" in said


def test_what_one_id_is_good_for_is_told_in_figures() -> None:
    said = words(reach(everything()))
    assert "735 of 6,000 sends (12.25 %) went to another account" in said
    assert "The 12 campaigns with most of them are shown." in said
    assert "6 people stand in both arms" in said
    assert "71 people were seen before they said who they are" in said
    assert said.index("crm__member") < said.index(f"{NASTY}31 in"), "most people first"
    assert "81 people live in 37 households" in said
    assert "40 people share too widely" in said
    assert "No campaign, conversion or household is known yet" in words(reach(nothing()))
    some = replace(everything(), answers={**everything().answers, "sends": (), "conversions": ()})
    assert "Nothing was sent yet." in words(reach(some))


def test_rows_that_do_not_add_up_are_told() -> None:
    name = "silver.consent_event"
    line = {"job": name, "rows_in": 100, "rows_out": 90, "rows_quarantined": 4, "rows_duplicate": 6}
    right = replace(everything(), balance=[line], counts={name: 90})
    wrong = replace(right, counts={name: 88})
    told, also = (words(render(facts, "").partition("-->\n")[2]) for facts in (right, wrong))
    assert "0 ✓" in told
    assert "Nothing is dropped" in told
    assert "+2" in also
    assert "Nothing is dropped" not in also


def test_the_headline_has_accuracy_model_rows_and_quarantine() -> None:
    identity, model, rows, refused = headline(everything())
    assert "precision 98.97 %, recall 96.50 %" in identity
    assert "AUC 0.780 (baseline 0.710)" in model
    assert rows.startswith("rows: bronze ")
    assert refused == "quarantined: 5, for 1 reason"


def test_the_mark_survives_any_text(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    assert read_mark(page) is None
    page.write_text(render(replace(everything(), model={"reason": NASTY}, card=None), "stamp -->"), encoding="utf-8")
    assert read_mark(page) == ("stamp -->", headline(replace(everything(), model={"reason": NASTY}, card=None)))
    page.write_text("<html></html>", encoding="utf-8")
    assert read_mark(page) is None


def delta(root: Path, name: str, rows: list[dict[str, object]]) -> None:
    write_deltalake(str(root / "lake" / name.replace(".", "/")), pa.Table.from_pylist(rows), mode="append")


def job_run(number: int, **more: object) -> dict[str, object]:
    began = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
    row = {
        "run_id": f"r{number // 2}",
        "job": "silver.consent_event",
        "status": "succeeded",
        "started_at": began,
        "seconds": 2.0,
    }
    row |= {"core_seconds": 3.0, "rows_in": 5, "rows_out": 3, "rows_quarantined": 1, "rows_duplicate": 1, "as_of": DAY}
    return row | more


def test_the_shelf_counts_and_reads_without_spark(tmp_path: Path) -> None:
    delta(tmp_path, "ops.job_run", [job_run(n) for n in range(5)] + [job_run(9, status="failed")])
    delta(tmp_path, "ops.quarantine", [{"stage": "s", "source": "x", "reason": "bad", "row": n} for n in (1, 2, None)])
    delta(tmp_path, "ops.quarantine", [{"stage": "s", "source": "x", "reason": "bad", "row": 3}])
    shelf = Shelf(f"{tmp_path}/lake", ops.ALL)
    assert shelf.versions() == {"ops.job_run": 0, "ops.quarantine": 1}
    assert shelf.count("ops.quarantine") == 4
    assert shelf.count("ops.dq_result") is None
    assert shelf.select("ops.dq_result", ["rule"]) == []
    assert asked._quarantine(shelf) == [{"stage": "s", "source": "x", "reason": "bad", "entries": 4, "records": 3}]
    assert asked._balance(shelf)[0]["rows_in"] == 25
    assert [(run.run_id, run.seconds, run.core_seconds, run.rows) for run in asked._runs(shelf)] == [
        ("r0", 62.0, 6.0, 6),
        ("r1", 62.0, 6.0, 6),
        ("r2", 2.0, 3.0, 3),
    ]


def platform_token(spark: SparkSession, id_type: str, value: str, key: bytes) -> str:
    clean = identifier_rule(id_type)(F.col("value"))["value"]
    found = spark.createDataFrame([(value,)], "value string").select(token(id_type, clean, key)).collect()
    return str(found[0][0])


def test_a_lake_gives_a_page_once(spark: SparkSession, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, ROOT / "conf")
    context = context_for(spark, settings)
    held = [
        ("ann", "phone", "138 1234 5678"),
        ("ann", "member_no", "7"),
        ("bob", "member_no", "8"),
        ("bob", "phone", "1"),
    ]
    truth = spark.createDataFrame(held, "person_id string, id_type string, value string")
    truth.write.parquet(f"{tmp_path}/simulated/truth/identifier")
    tokens = [platform_token(spark, id_type, value, context.key) for _, id_type, value in held[:3]]
    current = [{"token": found, "one_id": "p1", "is_current": True} for found in tokens]
    delta(tmp_path, "silver.identity_map", current)
    delta(tmp_path, "ops.job_run", [job_run(0)])
    page = report.write_report(context)
    measured = "precision 33.33 %, recall 100.00 %, F1 50.00 % against planted truth (3 identifiers judged)"
    assert report.headline(context)[0] == f"identity: 1 person of 3 identifiers; {measured}"
    written = page.stat().st_mtime_ns
    without_spark = Context(settings)
    assert report.write_report(without_spark).stat().st_mtime_ns == written
    assert "spark" not in vars(without_spark)
    delta(tmp_path, "ops.job_run", [job_run(2)])
    assert report.write_report(context).stat().st_mtime_ns > written


def test_rows_behind_deletion_vectors_do_not_count(spark: SparkSession, tmp_path: Path) -> None:
    path = f"{tmp_path}/lake/ops/quarantine"
    rows = spark.range(100).selectExpr("'s' AS stage", "'x' AS source", "'bad' AS reason", "id AS row")
    rows.coalesce(1).write.format("delta").option("delta.enableDeletionVectors", "true").save(path)
    DeltaTable.forPath(spark, path).delete("row < 7")
    shelf = Shelf(f"{tmp_path}/lake", ops.ALL)
    assert list(Path(path).glob("deletion_vector*"))
    assert shelf.count("ops.quarantine") == 93
    assert asked._quarantine(shelf)[0]["entries"] == 93


def test_identifiers_astray_are_counted_by_type(spark: SparkSession) -> None:
    planted = spark.createDataFrame(
        [
            ("ann", "phone", "1"),
            ("ann", "member_no", "2"),
            ("ann", "device", "3"),
            ("bob", "device", "3"),
            ("bob", "member_no", "4"),
            ("bob", "phone", "5"),
            ("bob", "email", "6"),
            ("bob", "email", "7"),
        ],
        "person_id string, id_type string, token string",
    )
    current = spark.createDataFrame(
        [("1", "A"), ("2", "A"), ("3", "A"), ("4", "B"), ("5", "B"), ("6", "A")], "token string, one_id string"
    )
    found = {row["id_type"]: tuple(row)[1:] for row in by_type(planted, current).collect()}
    assert found == {  # planted, seen, shared, apart, strange
        "phone": (2, 2, 0, 0, 0),
        "member_no": (2, 2, 0, 0, 0),
        "device": (1, 1, 1, 0, 0),
        "email": (2, 1, 0, 1, 1),
    }
