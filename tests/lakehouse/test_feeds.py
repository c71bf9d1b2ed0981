"""What a source file says under ``from``: mistakes are told by file, line and key, and no secret stands there in plain."""

from pathlib import Path

import pytest

from lakehouse.errors import SourceError
from lakehouse.sources.feeds import S3, DeltaTable, Feed, Http, Jdbc, Kafka, span_seconds
from lakehouse.sources.references import resolved
from lakehouse.sources.spec import Source, load_source
from lakehouse.sources.yamllines import line_of

GOOD = {
    "jdbc": "{url: 'jdbc:postgresql://h/crm', table: member, mark: changed, key: [id], password: '${env:DB}'}",
    "kafka": "{servers: 'h:9092', topics: [orders]}",
    "http": "{url: 'https://h/members', headers: {Authorization: 'Bearer ${file:/run/t}'}}",
    "s3": "{bucket: b, prefix: orders/}",
    "delta": "{path: /lake/orders}",
}


def source_of(tmp_path: Path, text: str) -> Source:
    path = tmp_path / "crm__member.yml"
    path.write_text(f"description: a feed\n{text}\n", encoding="utf-8")
    return load_source(path)


@pytest.mark.parametrize(
    ("kind", "model", "place"),
    [
        ("jdbc", Jdbc, "jdbc:postgresql://h/crm/member"),
        ("kafka", Kafka, "kafka://orders"),
        ("http", Http, "https://h/members"),
        ("s3", S3, "s3://b/orders/"),
        ("delta", DeltaTable, "/lake/orders"),
    ],
)
def test_each_kind_is_read_and_says_where_it_is_from(tmp_path: Path, kind: str, model: type, place: str) -> None:
    more = "format: csv\nrequired: [id]\n" if kind == "s3" else ""
    source = source_of(tmp_path, f"{more}from: {{{kind}: {GOOD[kind]}}}")
    assert isinstance(source.feed, Feed)
    assert isinstance(source.feed.one, model)
    assert source.origin == place
    assert source.format == ("csv" if kind == "s3" else "jsonl")


def test_a_source_of_files_has_no_feed(tmp_path: Path) -> None:
    source = source_of(tmp_path, "format: csv")
    assert source.feed is None
    assert source.origin == "landing/crm/member"


@pytest.mark.parametrize(
    ("text", "line", "key", "says"),
    [
        ("from:\n  jdbc:\n    url: 'jdbc:x'\n    tabel: t", 5, "from.jdbc.tabel", "not permitted"),
        ("from:\n  jdbc:\n    url: postgres://x\n", 4, "from.jdbc.url", "begins with jdbc:"),
        ("from:\n  jdbc: {url: 'jdbc:x?password=p', table: t, mark: m, key: [k]}", 3, "from.jdbc.url", "by reference"),
        ("from:\n  jdbc: {url: 'jdbc:x', table: t, mark: m, key: [k], password: p}", 3, "from.jdbc", "is a secret"),
        ("from:\n  jdbc: {url: 'jdbc:x', mark: m, key: [k]}", 3, "from.jdbc", "either table or query"),
        ("from:\n  jdbc: {url: 'jdbc:x', table: t, mark: m; DROP, key: [k]}", 3, "from.jdbc.mark", "pattern"),
        ("from:\n  jdbc: {url: 'jdbc:x', table: t, mark: m, key: []}", 3, "from.jdbc.key", "at least 1"),
        (
            "from:\n  jdbc: {url: 'jdbc:x', table: t, mark: m,\n    key: [k], overlap: soon}",
            4,
            "from.jdbc.overlap",
            "span",
        ),
        ("from:\n  kafka: {servers: h}", 3, "from.kafka", "either topics or pattern"),
        ("from:\n  kafka: {servers: h, topics: [a], value: avro}", 3, "from.kafka", "avro_schema"),
        (
            "from:\n  kafka:\n    servers: h\n    topics: [a]\n    options: {kafka.sasl.jaas.config: 'x password=y;'}",
            3,
            "from.kafka",
            "kafka.sasl.jaas.config is a secret",
        ),
        ("from:\n  http: {url: ftp://h}", 3, "from.http", "https://"),
        ("from:\n  http: {url: 'http://h', headers: {X-Api-Key: abc}}", 3, "from.http", "X-Api-Key is a secret"),
        ("from:\n  http:\n    url: http://h\n    pages: {offset: o}", 5, "from.http.pages", "size of a page"),
        ("from:\n  http: {url: 'http://h', pages: {offset: o, size: 3, number: n}}", 3, "from.http.pages", "one of"),
        ("format: csv\nfrom:\n  s3: {bucket: b, by: events}", 4, "from.s3", "queue"),
        ("from:\n  s3: {bucket: b}", 1, "format", "required"),
        ("format: csv\nfrom: {delta: {path: p}}", 1, None, "only files have a format, not what comes from delta"),
        ("from: {}", 2, "from", "exactly one of jdbc, kafka, http, s3, delta"),
        ("from: {delta: {path: p}, kafka: {servers: h, topics: [a]}}", 2, "from", "exactly one of"),
    ],
)
def test_a_mistake_is_told_by_file_line_and_key(
    tmp_path: Path, text: str, line: int, key: str | None, says: str
) -> None:
    with pytest.raises(SourceError) as told:
        source_of(tmp_path, text)
    assert told.value.where == {"file": tmp_path / "crm__member.yml", "row": line} | ({"key": key} if key else {})
    assert says in told.value.message


@pytest.mark.parametrize(
    ("text", "seconds"), [("1 second", 1), ("10 minutes", 600), ("2 hours", 7200), ("3 days", 259_200)]
)
def test_a_span_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    assert span_seconds(text) == seconds


def test_references_are_looked_up_when_they_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_LOGIN", "a b")
    file = tmp_path / "token"
    file.write_text("t$1\n", encoding="utf-8")
    assert resolved(f"${{env:TEST_LOGIN}}/${{file:{file}}}/$x") == "a b/t$1/$x"


@pytest.mark.parametrize("reference", ["${env:TEST_NOWHERE}", "${file:/nowhere}"])
def test_a_reference_that_leads_nowhere_is_told_with_its_key(reference: str) -> None:
    with pytest.raises(SourceError) as told:
        resolved(f"Bearer {reference}", "from.http.headers.Authorization")
    assert reference in told.value.message
    assert told.value.where == {"key": "from.http.headers.Authorization"}


def test_the_line_of_a_key_is_that_of_its_deepest_part_that_is_there() -> None:
    text = "a:\n  - b: 1\n    c: 2\n  - d\n"
    found = [line_of(text, where) for where in (("a",), ("a", 0, "c"), ("a", 1), ("a", 0, "x"), ("z",))]
    assert found == [1, 3, 4, 2, 1]
    assert line_of("a: [", ("a",)) is None
