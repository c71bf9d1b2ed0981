"""A whole match on made-up people: found, the same in any order, as Splink scores it, and measured blocking."""

import json
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from identity.match import Matched, MatchSettings, Records, cuts, linking, match, read_records, read_table
from identity.match.accuracy import pairs_of_clusters
from identity.match.candidates import estimated_recall
from identity.match.kinds import Kind
from identity.match.model import splink_settings
from identity.match.training import probability
from tests.identity.match.people import HEAD, Row, records, write

PEOPLE = 150


def run(file: Path, settings: MatchSettings | None = None) -> tuple[duckdb.DuckDBPyConnection, Records, Matched]:
    con, wanted = duckdb.connect(), settings or MatchSettings()
    read = read_records(con, [file], "ref", wanted)
    return con, read, match(con, read, wanted, lambda _: None)


def by_id(con: duckdb.DuckDBPyConnection, matched: Matched) -> dict[str, str]:
    ids = [row[0] for row in con.execute("SELECT id FROM raw ORDER BY rid").fetchall()]
    return {ident: ids[cluster] for ident, cluster in zip(ids, matched.clusters.tolist(), strict=True)}


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Row], dict[str, int], Path]:
    rows, truth = records(PEOPLE)
    return rows, truth, write(tmp_path_factory.mktemp("people") / "people.csv", rows)


def test_damaged_copies_are_found_without_labels(people: tuple[list[Row], dict[str, int], Path]) -> None:
    _, truth, file = people
    con, _, matched = run(file)
    found = by_id(con, matched)
    numbers = {name: number for number, name in enumerate(sorted(set(found.values())))}
    score = pairs_of_clusters(np.array([numbers[found[i]] for i in truth]), np.array(list(truth.values())))
    assert score.precision >= 0.98
    assert score.recall >= 0.95


def test_the_order_of_rows_does_not_matter(people: tuple[list[Row], dict[str, int], Path], tmp_path: Path) -> None:
    rows, _, file = people
    con, _, matched = run(file)
    con2, _, again = run(write(tmp_path / "people.csv", rows[::-1]))
    assert by_id(con, matched) == by_id(con2, again)
    np.testing.assert_array_equal(matched.scored.weights, again.scored.weights)


def test_splink_scores_pairs_as_we_do(people: tuple[list[Row], dict[str, int], Path]) -> None:
    from splink import DuckDBAPI, Linker

    con, _, matched = run(people[2])
    model = json.loads(json.dumps(splink_settings(matched.model)))
    api = DuckDBAPI(con)
    linker = Linker(api.register("prepared"), model, log_level=None)
    con.execute("CREATE TABLE asked AS SELECT '0' AS match_key, rid_l AS join_key_l, rid_r AS join_key_r FROM pairs")
    linker.table_management.register_blocked_pairs_for_predict(api.register("asked"))
    frame = linker.inference.predict().physical_name
    theirs = con.execute(f"SELECT match_probability AS p FROM {frame} ORDER BY rid_l, rid_r").fetchnumpy()["p"]
    assert len(theirs) == len(matched.scored.weights) > PEOPLE
    np.testing.assert_allclose(theirs, probability(matched.scored.weights), rtol=1e-9, atol=1e-12)


def test_a_table_in_memory_is_matched_like_a_file(people: tuple[list[Row], dict[str, int], Path]) -> None:
    rows, _, file = people
    con, _, matched = run(file)
    table = pa.table({name: [row[at] for row in rows] for at, name in enumerate(HEAD)})
    con2 = duckdb.connect()
    again = match(con2, read_table(con2, table, "ref", MatchSettings()), MatchSettings(), lambda _: None)
    assert by_id(con, matched) == by_id(con2, again)


def test_two_people_of_one_unique_value_are_kept_apart_with_the_reason(tmp_path: Path) -> None:
    rows, _ = records(PEOPLE)
    cards = [(*row, f"card{at}") for at, row in enumerate(rows)]
    file = write(tmp_path / "cards.csv", cards, (*HEAD, "card_no"))
    settings = MatchSettings(unique=("card_no",), columns={"card_no": Kind.CATEGORY})
    _, _, matched = run(file, settings)
    assert len(set(matched.clusters.tolist())) == len(rows)
    assert {cut.reason for cut in cuts(matched)} == {"rule: one card_no for a person"}


def test_blocking_recall_is_estimated_from_what_few_fields_caught() -> None:
    masks = np.array([0b001] * 10 + [0b011] * 9 + [0b111] * 81, dtype=np.uint64)
    missing = 10 * 9 / (2 * 10)
    assert estimated_recall(masks, np.ones(100)) == pytest.approx(100 / (100 + missing))
    assert estimated_recall(masks[:0], np.ones(0)) == 1.0


def test_a_value_that_many_share_does_not_weld_them(tmp_path: Path) -> None:
    rows, truth = records(PEOPLE)
    shared = [(*row[:5], "info@office.org") if at % 3 == 0 else row for at, row in enumerate(rows)]
    con, _, matched = run(write(tmp_path / "shared.csv", shared))
    found = by_id(con, matched)
    numbers = {name: number for number, name in enumerate(sorted(set(found.values())))}
    score = pairs_of_clusters(np.array([numbers[found[i]] for i in truth]), np.array(list(truth.values())))
    assert score.precision >= 0.98
    assert np.bincount(matched.clusters).max() <= 4


def test_chinese_and_latin_records_of_one_person_meet(tmp_path: Path) -> None:
    names = [("王伟", "Wei Wang"), ("李娜", "Na LI"), ("欧阳娜娜", "Ouyang, Nana"), ("张志明", "Zhiming Zhang")]
    rows: list[Row] = []
    for at in range(60):
        written, latin = names[at % 4]
        born, city = f"{1960 + at}-{1 + at % 12:02d}-{1 + at * 7 % 28:02d}", ("上海", "北京", "广州")[at % 3]
        rows += [
            (f"c{at}", written, born, city, f"1380000{at:04d}"),
            (f"l{at}", latin, born, "", f"+86 1380000{at:04d}"),
        ]
    con, _, matched = run(write(tmp_path / "names.csv", rows, ("ref", "姓名", "生日", "城市", "手机号")))
    found = by_id(con, matched)
    assert all(found[f"c{at}"] == found[f"l{at}"] for at in range(60))
    assert len(set(found.values())) == 60


def test_pairs_compared_in_slices_are_the_same(
    people: tuple[list[Row], dict[str, int], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, matched = run(people[2])
    monkeypatch.setattr(linking, "SLICE", 700)
    _, _, again = run(people[2])
    np.testing.assert_array_equal(matched.scored.gammas, again.scored.gammas)
    np.testing.assert_array_equal(matched.clusters, again.clusters)
