"""``kith match`` on files: what it writes, what labels print, what it refuses and how it names that."""

import csv
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from identity.match.labels import Accuracy
from jobs.cli import cli
from jobs.match import WRITTEN, Match, Result
from lakehouse.errors import KithError, SettingsError, SourceError
from lakehouse.settings import ROOT
from tests.identity.match.people import HEAD, records, write

DATA = ROOT.parent / "shared" / "data"


def run(
    out: Path, *files: Path, ident: str = "ref", settings: Path | None = None, labels: Path | None = None
) -> Result:
    return Match(files, ident, out, settings, labels, hear=lambda _: None).run()


def text(file: Path, content: str) -> Path:
    file.write_text(content, encoding="utf-8")
    return file


@pytest.fixture
def people(tmp_path: Path) -> Path:
    return write(tmp_path / "people.csv", records(120)[0])


def judged(result: Result) -> Accuracy:
    assert result.accuracy
    return result.accuracy


def test_the_files_have_their_columns_and_every_record(people: Path, tmp_path: Path) -> None:
    result = run(tmp_path / "out", people)
    assert {file.name for file in (tmp_path / "out").iterdir()} == set(WRITTEN)
    clusters = pq.read_table(tmp_path / "out" / "clusters.parquet")
    assert clusters.column_names == ["id", "cluster_id"]
    assert sorted(clusters["id"].to_pylist()) == sorted(row[0] for row in records(120)[0])
    assert len(set(clusters["cluster_id"].to_pylist())) == result.clusters
    pairs = pq.read_table(tmp_path / "out" / "pairs.parquet")
    assert pairs.column_names == ["id_l", "id_r", "match_probability"]
    cluster = dict(zip(clusters["id"].to_pylist(), clusters["cluster_id"].to_pylist(), strict=True))
    assert all(cluster[row["id_l"]] == cluster[row["id_r"]] for row in pairs.to_pylist())
    assert json.loads((tmp_path / "out" / "model.json").read_text())["comparisons"]


def test_the_report_stands_alone(people: Path, tmp_path: Path) -> None:
    run(tmp_path / "out", people)
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") >= 7
    assert "<script" not in page
    assert "src=" not in page
    for title in ("What counts for how much", "Example pairs", "Cluster sizes", "What was cut", "What is compared"):
        assert title in page


def test_the_command_prints_accuracy_against_labels(people: Path, tmp_path: Path) -> None:
    truth = records(120)[1]
    labels = write(tmp_path / "labels.csv", [(i, str(n)) for i, n in truth.items()], ("id", "person"))
    out = tmp_path / "out"
    told = CliRunner().invoke(cli, ["match", str(people), "--id", "ref", "--out", str(out), "--labels", str(labels)])
    assert told.exit_code == 0, told.output
    assert all(name in told.output for name in ("pairs ", "clusters ", "B-cubed ", "precision", "recall", "F1"))
    by_pairs = write(tmp_path / "pairs.csv", [(f"r{2 * n}", f"r{2 * n + 1}") for n in range(120)], ("id_l", "id_r"))
    assert judged(run(out, people, labels=by_pairs)) == judged(run(out, people, labels=labels))


def test_whole_numbers_stay_numbers_and_a_match_replaces_the_one_before(tmp_path: Path) -> None:
    rows = [(str(at), *row[1:]) for at, row in enumerate(records(60)[0])]
    file = write(tmp_path / "numbered.csv", rows)
    for _ in range(2):
        run(tmp_path / "out", file)
    table = pq.read_table(tmp_path / "out" / "clusters.parquet")
    assert table.schema.types == [pa.int64(), pa.int64()]


def test_parquet_gives_what_csv_gives(people: Path, tmp_path: Path) -> None:
    with people.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "people.parquet")
    for file in (people, tmp_path / "people.parquet"):
        run(tmp_path / file.suffix, file)
    read = [pq.read_table(tmp_path / kind / "clusters.parquet") for kind in (".csv", ".parquet")]
    assert read[0].equals(read[1])


def test_files_free_of_duplicates_link_one_to_one(tmp_path: Path) -> None:
    rows = records(120)[0]
    first = write(tmp_path / "crm.csv", rows[0::2])
    other = [(row[0], row[4], row[2], row[1], row[5], row[3]) for row in rows[1::2]]
    second = write(tmp_path / "shop.csv", other, ("ref", "town", "last_name", "given", "mail", "birthday"))
    truth = write(tmp_path / "labels.csv", [(i, str(n)) for i, n in records(120)[1].items()], ("id", "person"))
    result = run(tmp_path / "out", first, second, labels=truth)
    assert judged(result).clusters.f1 > 0.9
    table = pq.read_table(tmp_path / "out" / "clusters.parquet").to_pylist()
    sizes = [row["cluster_id"] for row in table]
    assert max(sizes.count(name) for name in set(sizes)) == 2


BAD: tuple[tuple[str, str | None, dict[str, object], str, str], ...] = (
    ("nothing.csv", None, {}, "file", "readable"),
    ("empty.csv", "", {}, "file", "not empty"),
    ("head.csv", "ref,first_name\n", {}, "file", "not empty"),
    ("noid.csv", "a,b\n1,2\n", {}, "file", "id column"),
    ("twice.csv", "ref,first_name\n1,ann\n2,bob\n1,carl\n", {"row": 3}, "file", "unique id"),
    ("hole.csv", "ref,first_name\n1,ann\n,bob\n", {"row": 2}, "file", "id not empty"),
    ("useless.csv", "ref,cluster\n1,1\n2,1\n", {}, "file", "columns"),
)


@pytest.mark.parametrize(("name", "content", "place", "key", "rule"), BAD, ids=[bad[0] for bad in BAD])
def test_bad_records_are_refused_by_name(
    tmp_path: Path, name: str, content: str | None, place: dict[str, object], key: str, rule: str
) -> None:
    file = tmp_path / name
    if content is not None:
        text(file, content)
    with pytest.raises(SourceError) as told:
        run(tmp_path / "out", file)
    assert told.value.where[key] == file
    assert told.value.where["rule"] == rule
    assert place.items() <= told.value.where.items()
    assert not (tmp_path / "out").exists()


def test_an_id_of_two_files_is_refused_unless_ids_carry_their_file(tmp_path: Path) -> None:
    rows = records(60)[0]
    one, other = write(tmp_path / "a.csv", rows), write(tmp_path / "b.csv", rows)
    with pytest.raises(SourceError, match="qualify_ids") as told:
        run(tmp_path / "out", one, other)
    assert told.value.where["file"] == other
    run(tmp_path / "out", one, other, settings=text(tmp_path / "s.yml", "qualify_ids: true\ndeduplicate: always\n"))
    ids = pq.read_table(tmp_path / "out" / "clusters.parquet")["id"].to_pylist()
    assert {"a:r0", "b:r0"} <= set(ids)


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ("treshold: 0.5\n", "treshold"),
        ("threshold: high\n", "threshold"),
        ("threshold: 1.5\n", "threshold"),
        ("columns: {first_name: person}\n", "columns.first_name"),
        ("unique: card\n", "unique"),
        ("unique: [card]\n", "unique.card"),
        ("deduplicate: perhaps\n", "deduplicate"),
        ("- 1\n", None),
        ("a: [\n", None),
    ],
)
def test_bad_settings_are_refused_by_name(people: Path, tmp_path: Path, content: str, key: str | None) -> None:
    with pytest.raises(SettingsError) as told:
        run(tmp_path / "out", people, settings=text(tmp_path / "s.yml", content))
    assert told.value.where.get("key") == key


@pytest.mark.parametrize("content", ["x,y\n1,2\n", "id,person\nr0,1\nr999,2\n"])
def test_bad_labels_are_refused_by_name(people: Path, tmp_path: Path, content: str) -> None:
    labels = text(tmp_path / "labels.csv", content)
    with pytest.raises(KithError) as told:
        run(tmp_path / "out", people, labels=labels)
    assert told.value.where["file"] == labels


@pytest.mark.parametrize(("name", "ident", "least"), [("dataset1", "rec_id", 1.0), ("dataset3", "rec_id", 0.9976)])
def test_febrl_at_the_defaults(tmp_path: Path, name: str, ident: str, least: float) -> None:
    file = DATA / "febrl" / f"{name}.csv"
    if not file.exists():
        pytest.skip(f"REAL DATA IS NOT TESTED: there is no {file}")
    ids = [line.split(",")[0].strip() for line in file.read_text().splitlines()[1:]]
    labels = write(tmp_path / "labels.csv", [(i, i.split("-")[1]) for i in ids], ("id", "person"))
    assert judged(run(tmp_path / "out", file, ident=ident, labels=labels)).clusters.f1 >= least


def test_fake_1000_at_the_defaults(tmp_path: Path) -> None:
    file = DATA / "splink" / "fake_1000.csv"
    if not file.exists():
        pytest.skip(f"REAL DATA IS NOT TESTED: there is no {file}")
    with file.open(encoding="utf-8") as lines:
        truth = [(row["unique_id"], row["cluster"]) for row in csv.DictReader(lines)]
    labels = write(tmp_path / "labels.csv", truth, ("id", "person"))
    assert judged(run(tmp_path / "out", file, ident="unique_id", labels=labels)).clusters.f1 >= 0.92


def test_the_head_of_the_test_data_is_recognised(people: Path, tmp_path: Path) -> None:
    run(tmp_path / "out", people)
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert all(f"<td>{name}</td>" in page for name in HEAD[1:])


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_a_handful_of_records_is_matched_too(tmp_path: Path, count: int) -> None:
    file = write(tmp_path / "few.csv", records(4)[0][:count])
    result = run(tmp_path / "out", file)
    assert result.records == count
    assert 1 <= result.clusters <= count
    assert len(pq.read_table(tmp_path / "out" / "clusters.parquet")) == count
