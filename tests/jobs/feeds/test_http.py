"""Pages of a real HTTP server: what is new since the last run lands once, with faults on the way and after a kill."""

from collections.abc import Iterator

import pytest

from tests.jobs.feeds.landing import MOMENTS, Landing, consent
from tests.services.api import TOKEN, Api, Fault, running_api
from tests.small_lake import SmallLake

FEED = """
  http:
    url: {url}/{path}
    headers: {{Authorization: "${{env:TEST_API_LOGIN}}"}}
    records: items
    pages: {{number: page}}
    backoff_seconds: 0.01
    retries: 2
"""
SINCE = "    since: {param: since, field: updated, start: '2025-01-01'}"


@pytest.fixture(scope="module")
def running() -> Iterator[Api]:
    with running_api() as found:
        yield found


@pytest.fixture
def api(running: Api) -> Api:
    """The API without members and faults."""
    running.members, running.faults, running.asked = [], [], []
    return running


@pytest.fixture
def crm(api: Api, shared: SmallLake, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Landing:
    """A source that asks the API for what is new since the last run."""
    monkeypatch.setenv("TEST_API_LOGIN", TOKEN)
    landing = Landing(shared, request)
    landing.source(FEED.format(url=api.url, path="numbers") + SINCE)
    return landing


def test_each_run_lands_what_is_new_over_pages_and_faults(api: Api, crm: Landing) -> None:
    assert crm.land() == []
    api.members = [consent(n, updated="2025-02-01") for n in range(5)]
    api.faults = [Fault(503), Fault(429)]
    assert crm.land() == [(5, 0, 0)]
    before = crm.small.versions()
    assert crm.land() == [], "the five come again, since the API includes the time that it is asked for"
    assert crm.small.versions() == before
    api.members += [consent(6, updated="2025-02-01"), consent(7, updated="2025-02-02")]
    assert crm.land() == [(2, 0, 0)]
    assert crm.ids() == [0, 1, 2, 3, 4, 6, 7]
    assert "since=2025-02-01" in api.asked[-1]
    assert crm.in_silver() == ["0", "1", "2", "3", "4", "6", "7"]
    assert all(f"/{crm.name.replace('__', '/')}/v1-00000" in row["_file"] for row in crm.rows())


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_batch_lands_what_was_written_down_whatever_the_api_says_now(
    api: Api, crm: Landing, moment: str
) -> None:
    api.members = [consent(n, updated="2025-02-01") for n in range(3)]
    with crm.killed(moment):
        assert "killed by the test" in crm.failure()
    api.members = [consent(9, updated="2025-02-03")]
    crm.land()
    assert crm.ids() == [0, 1, 2, 9]


@pytest.mark.slow
def test_a_whole_answer_lands_when_it_changes_and_bad_records_are_told(api: Api, crm: Landing) -> None:
    whole = FEED.format(url=api.url, path="bare").replace("records: items", "").replace("pages: {number: page}", "")
    crm.source(whole)
    api.members = [consent(1), "no object"]  # type: ignore[list-item]
    assert crm.land() == [(1, 1, 0)]
    assert crm.land() == []
    api.members = [consent(1), consent(2)]
    assert crm.land() == [(2, 0, 0)]


def test_an_api_that_does_not_answer_fails_the_run_with_its_address(api: Api, crm: Landing) -> None:
    api.faults = [Fault(500)] * 9
    error = crm.failure()
    assert f"status 500 after 2 retries [file={api.url}/numbers, row=1]" in error
    assert TOKEN not in error
