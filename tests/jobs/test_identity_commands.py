"""Shows ``kith identity`` as a person uses it: explained, decided, refused, lifted, asked; and that Spark sees it."""

import json
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pyspark.sql import functions as F

from identity.identifiers import load_rules
from identity.overrides import Decision
from jobs.cli import cli
from jobs.explaining.register import Register
from jobs.explaining.text import SHORT
from jobs.overriding import Ledger
from lakehouse.errors import KithError
from lakehouse.lake import Lake
from lakehouse.settings import ROOT
from lakehouse.tables import ops
from tests.jobs import people_lake as people
from tests.jobs.people_lake import ANNA, APP, BENS, BENS_APP, CARLS, COOKIE, DEVICE, DORAS, MEMBER, OLD, PHONE, token
from tests.small_lake import settings_for

WHY = ("--reason", "they told us")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with the lake of a few people; the settings lead to it."""
    people.write_people(tmp_path / "lake")
    monkeypatch.setenv("KITH_HOME", str(tmp_path))
    monkeypatch.setenv("KITH_TOKEN_KEY_REF", "env:KITH_TOKEN_KEY")
    return tmp_path


def kith(*words: str) -> Result:
    return CliRunner().invoke(cli, ["identity", *words])


def told(*words: str) -> str:
    result = kith(*words)
    assert result.exception is None, result.exception
    return result.output


def refused(*words: str) -> str:
    error = kith(*words).exception
    assert isinstance(error, KithError)
    return str(error)


def test_a_merge_is_explained_with_rules_weights_dates_and_lines_of_files(home: Path) -> None:
    said = told("explain", MEMBER, COOKIE)
    assert "one person" in said
    at = [said.index(f"{one.partition(':')[0]} {token(one)[:SHORT]}") for one in (MEMBER, PHONE, APP, COOKIE)]
    assert at == sorted(at)
    assert "app__event/app_user~phone: strong, weight 1, 3 sightings, 2025-03-01 to 2025-04-01" in said
    assert "landing/crm__member/day.jsonl row 17" in said
    assert "and 2 more sightings" in said


def test_two_people_are_explained_by_the_fence_between_them(home: Path) -> None:
    said = told("explain", PHONE, BENS)
    assert "two people" in said
    assert "cut (shared_device): device: 7 accounts share it, max_degree 6" in said
    assert "no evidence" in told("explain", CARLS, DORAS)
    assert "name the same identifier" in told("explain", PHONE, "phone:139 1111 2222")


def test_a_match_is_explained_by_the_rows_of_both_records(home: Path) -> None:
    people.match(home / "lake", CARLS, DORAS)
    for words in ((CARLS, DORAS), (people.CARL,)):
        said = told("explain", *words)
        assert "match/member_no~member_no: strong, weight 0.995" in said
        assert "crm/member/new.parquet row 8" in said, "the newest record of the token speaks"
        assert "crm/member/day.parquet row 21" in said
        assert "row 7" not in said.partition("strongest evidence")[2]
        assert "more sighting" not in said
    pair = json.loads(told("explain", CARLS, DORAS, "--json", "-"))
    assert {record["row"] for record in pair["steps"][0]["records"]} == {8, 21}
    told("explain", people.CARL, "--picture", str(home / "picture.svg"))
    picture = (home / "picture.svg").read_text(encoding="utf-8")
    assert "crm/member/new.parquet row 8" in picture
    assert "crm/member/day.parquet row 21" in picture


def test_a_pin_is_told_as_pending_until_a_run_applies_it(home: Path) -> None:
    told("pin", CARLS, DORAS, *WHY)
    said = told("explain", CARLS, DORAS)
    assert "two people" in said
    assert "a person's decision" in said
    assert "cut (pending): not applied yet" in said
    assert said.count("member_no ") == 2
    people.put_together(home / "lake", CARLS, DORAS)
    assert "one person: the strongest path" in told("explain", CARLS, DORAS)


def test_json_has_the_path_with_its_records(home: Path) -> None:
    pair = json.loads(told("explain", MEMBER, COOKIE, "--json", "-"))
    assert (pair["format"], pair["kind"], pair["verdict"]) == ("kith.explain/1", "pair", "joined")
    path = [step["edge"] for step in pair["steps"]]
    assert [path[0]["src_token"], *(e["dst_token"] for e in path)] == [token(t) for t in (MEMBER, PHONE, APP, COOKIE)]
    record = pair["steps"][0]["records"][0]
    assert (record["source"], record["file"], record["row"]) == (
        "crm__member",
        "file:/landing/crm__member/day.jsonl",
        17,
    )
    assert path[0]["first_seen_at"] == "2025-03-01T10:00:00+00:00"
    target = home / "pair.json"
    assert "one person" in told("explain", MEMBER, COOKIE, "--json", str(target))
    assert json.loads(target.read_text(encoding="utf-8")) == pair


def test_a_person_is_told_with_tree_records_cuts_history_and_decisions(home: Path) -> None:
    told("forbid", APP, BENS, *WHY)
    person = json.loads(told("explain", OLD, "--json", "-"))
    assert (person["one_id"], person["level"], person["root"]) == (ANNA, "verified", token(MEMBER))
    assert [(depth, step["edge"]["dst_token"]) for depth, step in person["tree"]] == [
        (1, token(PHONE)),
        (2, token(APP)),
        (3, token(COOKIE)),
    ]
    assert [edge["fence"] for edge in person["cut"]] == ["shared_device"]
    said = told("explain", ANNA)
    for part in ("4 identifiers", f"took over {OLD}", "crm__member/M1", "member/day.parquet row 17", "they told us"):
        assert part in said


@pytest.mark.parametrize("words", [(MEMBER, COOKIE), (PHONE, BENS), (CARLS, DORAS), (ANNA,)])
def test_pictures_are_well_formed_and_show_every_identifier(home: Path, words: tuple[str, ...]) -> None:
    target = home / "picture.svg"
    told("explain", *words, "--picture", str(target))
    root = ET.fromstring(target.read_text(encoding="utf-8"))  # noqa: S314  our own text, made a line ago
    said = " ".join(root.itertext())
    assert root.tag.endswith("svg")
    shown: dict[tuple[str, ...], tuple[str, ...]] = {
        (MEMBER, COOKIE): (MEMBER, PHONE, APP, COOKIE),
        (PHONE, BENS): (PHONE, APP, DEVICE, BENS_APP, BENS),
        (ANNA,): (MEMBER, PHONE, APP, COOKIE),
    }
    assert all(token(one)[:SHORT] in said for one in shown.get(words, ()))
    cut = [node for node in root.iter() if "cut" in node.attrib.get("class", "")]
    assert bool(cut) == (words == (PHONE, BENS))


def rows(home: Path) -> list[tuple[str, str, str, str]]:
    found = Register(str(home / "lake")).overrides()
    return [(o.kind, o.a_token, o.b_token, o.reason) for o in found]


def test_decisions_are_kept_with_who_when_why_and_until(home: Path) -> None:
    said = told("forbid", PHONE, BENS, *WHY, "--until", "2999-01-31", "--actor", "dana")
    assert "it holds from the next `kith run` on" in said
    told("pin", CARLS, DORAS, "--reason", "o'brien's \"twin\"", "--actor", "dana")
    assert rows(home) == [
        ("forbid", token(PHONE), token(BENS), "they told us"),
        ("pin", token(CARLS), token(DORAS), "o'brien's \"twin\""),
    ]
    forbid = Register(str(home / "lake")).overrides()[0]
    assert (forbid.actor, str(forbid.until_on)) == ("dana", "2999-01-31")
    assert abs((datetime.now(UTC) - forbid.made_at).total_seconds()) < 60
    listed = told("overrides")
    assert forbid.override_id in listed
    assert "until 2999-01-31" in listed


def test_a_decision_about_a_person_names_their_anchor(home: Path) -> None:
    told("forbid", ANNA, CARLS, *WHY)
    assert rows(home)[0][1:3] == (token(MEMBER), token(CARLS))


def test_a_split_keeps_together_what_leaves_and_is_lifted_as_a_whole(home: Path) -> None:
    told("split", ANNA, APP, COOKIE, *WHY)
    assert rows(home) == [
        ("forbid", token(APP), token(MEMBER), "they told us"),
        ("pin", token(APP), token(COOKIE), "they told us"),
    ]
    group = Register(str(home / "lake")).overrides()[0].group_id
    assert "a pin says that they are one person" in refused("forbid", COOKIE, APP, *WHY)
    assert "2 lifted" in told("lift", group, "--reason", "o'clock", "--actor", "eve")
    lifted = Register(str(home / "lake")).overrides()
    assert {(o.lifted_by, o.lift_reason) for o in lifted} == {("eve", "o'clock")}
    assert "no decision holds" in told("overrides")
    assert "lifted" in told("overrides", "--all")
    assert "lifted already" in refused("lift", group, *WHY)
    told("forbid", COOKIE, APP, *WHY)


def test_what_cannot_be_decided_is_refused_and_nothing_is_written(home: Path) -> None:
    told("pin", CARLS, DORAS, *WHY)
    standing = Register(str(home / "lake")).overrides()[0].override_id
    assert standing in refused("forbid", DORAS, CARLS, *WHY)
    assert standing in refused("pin", DORAS, CARLS, *WHY)
    assert "one identifier" in refused("pin", PHONE, PHONE, *WHY)
    assert "needs a reason" in refused("pin", PHONE, BENS, "--reason", " ")
    assert "past" in refused("pin", PHONE, BENS, *WHY, "--until", "2020-01-01")
    assert "not an identifier of this person" in refused("split", ANNA, BENS, *WHY)
    assert "would be left" in refused("split", ANNA, ANNA, *WHY)
    assert "no such override" in refused("lift", "nope", *WHY)
    assert kith("pin", PHONE, BENS).exit_code == 2
    assert len(rows(home)) == 1


def test_a_question_is_listed_until_it_is_answered(home: Path) -> None:
    said = told("review")
    assert "q1" in said
    assert "app_user" in said
    assert "1 account, 3 identifiers" in said
    assert "yes or no" in refused("review", "--answer", "q1", "maybe")
    assert "no such question" in refused("review", "--answer", "q2", "no")
    told("review", "--answer", "q1", "no")
    assert rows(home) == [("forbid", token(MEMBER), token(APP), "review")]
    assert "no question is open" in told("review")
    assert "a forbid says" in refused("review", "--answer", "q1", "yes")


def test_rows_written_without_spark_stand_in_a_table_made_by_spark_and_in_its_change_feed(
    lake: Lake, tmp_path: Path
) -> None:
    settings = settings_for(tmp_path, ROOT / "conf")
    rules = load_rules(ROOT / "conf" / "identity.yml")
    now = datetime(2026, 1, 1, tzinfo=UTC)
    made: list[str] = []

    def ensure() -> None:
        made.append("once")
        lake.ensure(ops.IDENTITY_OVERRIDE)

    ledger = Ledger(settings, Register(lake.root), rules, "o'brien", now, ensure)
    first = ledger.decide([Decision("forbid", "a", "b")], "why", None)[0]
    ledger.decide([Decision("pin", "c", "d")], "why", now.date())
    ledger.lift(first.override_id, "a mistake")
    assert made == ["once"]
    table = lake.read(ops.IDENTITY_OVERRIDE)
    assert lake.drift(ops.IDENTITY_OVERRIDE) == []
    assert {(r.kind, r.lifted_by, r.lift_reason) for r in table.collect()} == {
        ("forbid", "o'brien", "a mistake"),
        ("pin", None, None),
    }
    feed = lake.spark.read.format("delta").option("readChangeFeed", "true").option("startingVersion", 0)
    changes = feed.load(lake.path(ops.IDENTITY_OVERRIDE)).groupBy("_change_type").agg(F.count("*").alias("n"))
    assert {(r._change_type, r.n) for r in changes.collect()} == {
        ("insert", 2),
        ("update_preimage", 1),
        ("update_postimage", 1),
    }
    lake.delta(ops.IDENTITY_OVERRIDE).delete("kind = 'pin'")
    assert len(Register(lake.root).overrides()) == 1
