"""Pages of an API: all four ways to the next one, a login, faults that pass and faults that stay. No Spark."""

import json
import time
from collections.abc import Iterator, Mapping

import pytest

from lakehouse.errors import SourceError
from lakehouse.sources.feeds import Http
from lakehouse.sources.rest import Api, at
from tests.services.api import TOKEN, Fault, running_api
from tests.services.api import Api as Server

HEADERS = {"Authorization": TOKEN + "${env:TEST_NOTHING}"}
MEMBERS: list[dict[str, object]] = [{"id": n, "updated": f"2025-01-0{n + 1}"} for n in range(7)]


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with running_api() as found:
        yield found


@pytest.fixture
def server(running: Server) -> Server:
    """The API with seven members, without faults."""
    running.members, running.faults, running.asked, running.away = list(MEMBERS), [], [], ""
    return running


def ids(server: Server, path: str, more: Mapping[str, object] | None = None, since: str = "") -> list[tuple[int, int]]:
    """Page and number of each member that the feed brings."""
    feed = Http.model_validate(
        {"url": server.url + path, "headers": HEADERS, "backoff_seconds": 0.01} | dict(more or {})
    )
    api = Api(feed.model_copy(update={"headers": {"Authorization": TOKEN}}), since)
    return [(page, json.loads(record)["id"]) for page, record in api.records()]


WAYS: list[tuple[str, dict[str, object]]] = [
    ("/numbers", {"records": "items", "pages": {"number": "page"}}),
    ("/numbers", {"records": "items", "pages": {"number": "page", "size": 3}}),
    ("/offsets", {"records": "items", "pages": {"offset": "offset", "size": 3}}),
    ("/cursor", {"records": "data.items", "pages": {"cursor": "cursor", "at": "meta.next"}}),
    ("/next", {"records": "rows", "pages": {"next": "links.next"}}),
    ("/link", {"pages": {"next": "link"}}),
]


@pytest.mark.parametrize(("path", "way"), WAYS, ids=str)
def test_every_record_comes_once_by_each_way(server: Server, path: str, way: dict[str, object]) -> None:
    assert ids(server, path, way) == [(n // 3, n) for n in range(7)]


def test_an_answer_without_pages_is_one_page(server: Server) -> None:
    assert ids(server, "/bare") == [(0, n) for n in range(7)]
    assert server.asked == ["/bare"]


def test_since_is_sent_with_every_page(server: Server) -> None:
    since = {"since": {"param": "since", "field": "updated"}, "records": "items", "pages": {"number": "page"}}
    assert [n for _, n in ids(server, "/numbers", since, "2025-01-03")] == [2, 3, 4, 5, 6]
    assert all("since=2025-01-03" in asked for asked in server.asked)


def test_faults_that_pass_are_tried_again(server: Server) -> None:
    server.faults = [Fault(503), Fault(500), Fault(429), Fault(502)]
    assert len(ids(server, "/link", WAYS[-1][1])) == 7
    assert len(server.asked) == 4 + 3


def test_it_waits_as_long_as_it_is_told(server: Server) -> None:
    server.faults = [Fault(429, retry_after="1")]
    began = time.monotonic()
    assert len(ids(server, "/bare")) == 7
    assert time.monotonic() - began >= 1


def test_a_fault_that_stays_is_told_with_address_page_and_status(server: Server) -> None:
    server.faults = [Fault(503)] * 3
    with pytest.raises(SourceError, match="status 503 after 2 retries") as told:
        ids(server, "/bare", {"retries": 2})
    assert told.value.where == {"file": f"{server.url}/bare", "row": 1}


def test_what_is_not_for_us_is_not_tried_again(server: Server) -> None:
    server.faults = [Fault(404)]
    with pytest.raises(SourceError, match="status 404"):
        ids(server, "/bare")
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("path", "more", "says"),
    [
        ("/bare", {"records": "items"}, "no list of records at 'items'"),
        (
            "/circle",
            {"records": "data.items", "pages": {"cursor": "cursor", "at": "meta.next"}},
            "round in circles at 3",
        ),
        ("/link", {"pages": {"next": "link"}, "max_pages": 2}, "more than 2 pages"),
        ("/bare", {"pages": {"number": "page"}}, "the page before comes again"),
    ],
)
def test_what_cannot_be_read_is_told(server: Server, path: str, more: dict[str, object], says: str) -> None:
    with pytest.raises(SourceError, match=says):
        ids(server, path, more)


def test_the_login_goes_to_no_other_host(server: Server) -> None:
    feed = Http.model_validate({"url": "https://a.example/x", "pages": {"next": "next"}})
    with pytest.raises(SourceError, match="on another host"):
        Api(feed)._linked("https://a.example/x", {"next": "https://b.example/x?page=2"}, "")


def test_the_login_does_not_follow_to_another_host(server: Server) -> None:
    with running_api() as other:
        server.away = f"{other.url}/bare"
        with pytest.raises(SourceError, match="status 401"):
            ids(server, "/bare")
        assert other.asked == ["/bare"]


def test_a_path_leads_through_objects_only() -> None:
    assert at({"a": {"b": [1]}}, "a.b") == [1]
    assert at({"a": [1]}, "a.b") is None
    assert at([1], "") == [1]
