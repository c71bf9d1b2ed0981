"""Anonymous to known, through the whole lake: what somebody did before logging in belongs to them after it, and no fact moves."""

import json

import pytest

from lakehouse.settings import ROOT
from lakehouse.tables import gold, person, silver
from tests.small_lake import SmallLake

APP = "app__event"
SELECT = ("+gold.mart_customer_360", "+gold.fct_identity_conversion", "silver.golden_attribute")


def event(number: int, at: str, **fields: object) -> str:
    """A line of the app's collector: an event of the one device, sent and received as it happened."""
    times = dict.fromkeys(("originalTimestamp", "sentAt", "receivedAt", "timestamp"), at)
    own = {
        "messageId": f"e{number}",
        "type": "track",
        "event": "Product Viewed",
        "anonymousId": "anon-1",
        "context": {},
    }
    return json.dumps(own | times | fields, ensure_ascii=False) + "\n"


@pytest.mark.slow
def test_events_before_login_belong_to_the_person_after_it(small: SmallLake) -> None:
    small.source(APP, (ROOT / "conf" / "sources" / f"{APP}.yml").read_text(encoding="utf-8"))
    small.deliver(APP, "1.jsonl", event(1, "2025-03-01T08:00:00Z") + event(2, "2025-03-02T08:00:00Z"))
    assert not small.run(*SELECT).failures
    before = small.read(gold.FCT_INTERACTION).orderBy("interaction_id").collect()
    stranger = small.read(gold.MART_CUSTOMER_360).collect()
    assert [(row.identity_level, row.interactions) for row in stranger] == [("anonymous", 2)]
    assert small.read(gold.FCT_IDENTITY_CONVERSION).isEmpty()

    who = {"type": "identify", "event": None, "userId": "A1", "traits": {"phone": "13912345678", "name": "李雷"}}
    small.deliver(APP, "2.jsonl", event(3, "2025-03-04T09:00:00Z", **who), second=1)
    assert not small.run(*SELECT).failures
    person_now = small.read(gold.MART_CUSTOMER_360).collect()
    assert [(row.one_id, row.identity_level, row.interactions) for row in person_now] == [
        (stranger[0].one_id, "known", 3)
    ]
    facts = small.read(gold.FCT_INTERACTION).orderBy("interaction_id").collect()
    assert facts[:2] == before
    owners = {row.token: row.one_id for row in small.read(silver.IDENTITY_MAP).where("is_current").collect()}
    assert {owners[fact.customer_token] for fact in facts} == {stranger[0].one_id}
    assert len({fact.customer_token for fact in facts}) == 2

    told = small.read(gold.FCT_IDENTITY_CONVERSION).collect()
    assert [(row.one_id, row.from_level, row.to_level, row.days) for row in told] == [
        (stranger[0].one_id, "anonymous", "known", 3)
    ]
    assert told[0].touchpoint == APP
    golden = {row.attribute: row.value for row in small.read(person.GOLDEN_ATTRIBUTE).collect()}
    assert golden["name"] == "李雷"
    assert "13912345678" not in golden["phone"]

    versions = small.versions()
    assert {name: len(runs) for name, runs in small.run(*SELECT).runs.items() if runs} == {}
    assert small.versions() == versions
