"""How many messages a campaign would have spared by One ID: duplicates of people, apart from repeats of accounts."""

import random
from collections.abc import Mapping, Sequence

from pyspark.sql import DataFrame, SparkSession

from jobs.gold.agg_duplicate_send import agg_duplicate_send
from lakehouse.tables import gold, silver
from tests.jobs.frames import frame, keys, owners

Send = tuple[str, str | None, str]
FIGURES = ("n_sends", "n_accounts", "n_people", "n_repeats", "n_duplicates_avoidable", "n_people_both_arms")


def counted(
    spark: SparkSession,
    sends: Sequence[Send],
    people: Mapping[str, str],
    changed: DataFrame,
    known: DataFrame | None = None,
) -> dict[str, tuple[int, ...] | None]:
    """Figures by campaign, all on one channel; None for a row that goes. A send is ``(campaign, account, event)``."""
    messages = [
        {"message_id": f"s{n}", "event": event, "campaign_id": campaign, "channel": "sms", "customer_token": account}
        for n, (campaign, account, event) in enumerate(sends)
    ]
    result = agg_duplicate_send.transform(
        changed=changed,
        identity_map=owners(spark, silver.IDENTITY_MAP, people),
        messages=frame(spark, silver.MESSAGE_EVENT, messages),
        known=known if known is not None else frame(spark, gold.AGG_DUPLICATE_SEND),
    )
    assert isinstance(result, DataFrame)
    rows = result.collect()
    stay = [row for row in rows if not row._deleted]
    assert all(row.n_sends == row.n_people + row.n_duplicates_avoidable + row.n_repeats for row in stay)
    return {row.campaign_id: None if row._deleted else tuple(row[name] for name in FIGURES) for row in rows}


def campaigns(spark: SparkSession, *names: str) -> DataFrame:
    """Changed campaigns."""
    return keys(spark, "campaign_id", names)


def test_a_second_account_of_a_person_is_a_duplicate_and_a_second_message_to_an_account_a_repeat(
    spark: SparkSession,
) -> None:
    sends = [("C", "m1", "sent"), ("C", "m2", "sent"), ("C", "m3", "sent"), ("C", "m3", "sent"), ("C", "m3", "opened")]
    found = counted(spark, sends, {"A": "m1 m2", "B": "m3"}, campaigns(spark, "C"))
    assert found == {"C": (4, 3, 2, 1, 1, 0)}


def test_an_account_of_nobody_known_is_a_person_of_its_own_and_so_is_a_message_without_account(
    spark: SparkSession,
) -> None:
    found = counted(
        spark,
        [("C", "m1", "sent"), ("C", "m2", "sent"), ("C", None, "sent"), ("C", None, "sent")],
        {},
        campaigns(spark, "C"),
    )
    assert found == {"C": (4, 4, 4, 0, 0, 0)}


def test_the_held_out_get_nothing_and_people_in_both_arms_are_told(spark: SparkSession) -> None:
    sends = [("C", "m1", "sent"), ("C", "m2", "assigned"), ("C", "m3", "assigned")]
    found = counted(spark, sends, {"A": "m1 m2", "B": "m3"}, campaigns(spark, "C"))
    assert found == {"C": (1, 1, 1, 0, 0, 1)}


def test_only_campaigns_that_changed_or_whose_people_did_are_counted(spark: SparkSession) -> None:
    sends = [("C", "m1", "sent"), ("C", "m2", "sent"), ("D", "m1", "sent"), ("E", "m9", "sent")]
    assert set(counted(spark, sends, {"A": "m1"}, campaigns(spark, "E"))) == {"E"}
    assert set(counted(spark, sends, {"A": "m1"}, keys(spark, "token", ["m1", "unknown"]))) == {"C", "D"}


def test_a_merge_finds_the_duplicate_and_a_split_takes_it_back(spark: SparkSession) -> None:
    sends = [("C", "m1", "sent"), ("C", "m2", "sent")]
    apart, moved = {"A": "m1", "B": "m2"}, keys(spark, "token", ["m2"])
    assert counted(spark, sends, apart, moved) == {"C": (2, 2, 2, 0, 0, 0)}
    assert counted(spark, sends, {"A": "m1 m2"}, moved) == {"C": (2, 2, 1, 0, 1, 0)}
    assert counted(spark, sends, apart, moved) == {"C": (2, 2, 2, 0, 0, 0)}


def test_a_campaign_that_nothing_was_sent_for_any_more_goes(spark: SparkSession) -> None:
    known = frame(spark, gold.AGG_DUPLICATE_SEND, [dict.fromkeys(FIGURES, 1) | {"campaign_id": "C", "channel": "sms"}])
    assert counted(spark, [("D", "m1", "sent")], {}, campaigns(spark, "C", "D"), known) == {
        "C": None,
        "D": (1, 1, 1, 0, 0, 0),
    }


def test_the_order_of_rows_plays_no_part(spark: SparkSession) -> None:
    draw = random.Random(4)
    sends = [(draw.choice("CDE"), f"m{draw.randrange(30)}", draw.choice(("sent", "assigned"))) for _ in range(200)]
    people = {f"P{n}": f"m{n} m{n + 10} m{n + 20}" for n in range(10)}
    first = counted(spark, sends, people, campaigns(spark, "C", "D", "E"))
    draw.shuffle(sends)
    assert counted(spark, sends, people, campaigns(spark, "E", "C", "D")) == first
    for campaign in "CDE":
        own = [account for name, account, event in sends if name == campaign and event == "sent"]
        persons = {int(str(account)[1:]) % 10 for account in own}
        expected = (len(own), len(set(own)), len(persons), len(own) - len(set(own)), len(set(own)) - len(persons))
        assert first[campaign] is not None
        assert first[campaign][:5] == expected  # type: ignore[index]
