"""Pages of JSON records from an HTTP API: the Python Data Source ``kith_http``, and what makes its answers repeatable.

An API cannot be asked for the same answer twice. So the records that are new are written down once, as lines of JSON below
the landing folder; the slice names that file, and from there on it is a file like any other.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, reduce
from urllib.parse import urljoin, urlsplit

import urllib3
from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition
from pyspark.sql.types import StructType

from lakehouse import session
from lakehouse.errors import SourceError
from lakehouse.sources.feeds import Http
from lakehouse.sources.references import all_resolved, resolved
from lakehouse.sources.slices import Json, Slice

NAME = "kith_http"
REQUEST = "request_secret"
"""The option that holds the feed; by its name Spark leaves its value out of what it prints."""

AGAIN = (429, 500, 502, 503, 504)
LONGEST_WAIT = 900
"""Seconds that an API may make a run wait by Retry-After."""

NEXT = re.compile(r"<([^>]+)>[^,]*;\s*rel=\"?next\"?")
TOLD = re.compile(r"lakehouse\.errors\.SourceError: (.+)")


@dataclass(frozen=True)
class Api:
    """A feed whose references are looked up; ``since`` is sent where the feed is incremental."""

    feed: Http
    since: str = ""
    seen: list[str] = field(default_factory=list)

    @cached_property
    def pool(self) -> urllib3.PoolManager:
        """Connections that try again: after what Retry-After says, else after a time that doubles."""
        retry = urllib3.Retry(
            total=self.feed.retries,
            backoff_factor=self.feed.backoff_seconds,
            status_forcelist=AGAIN,
            allowed_methods=("GET",),
            raise_on_status=False,
            retry_after_max=LONGEST_WAIT,
            remove_headers_on_redirect=list(self.feed.headers),  # to another host no login goes along
        )
        return urllib3.PoolManager(retries=retry, timeout=self.feed.timeout_seconds, headers=dict(self.feed.headers))

    def records(self) -> Iterator[tuple[int, str]]:
        """``(page, record as a line of JSON)`` of every page. Raises :class:`SourceError` that names address and page."""
        url: str | None = self.feed.url
        params = dict(self.feed.params) | self._since() | self._first()
        before: object = None
        for number in range(self.feed.max_pages):
            body, link = self._get(str(url), params, number)
            found = at(body, self.feed.records)
            if not isinstance(found, list):
                raise self._error(f"no list of records at {self.feed.records or 'the top'!r}", str(url), number)
            if found and found == before:
                raise self._error("the page before comes again", str(url), number)
            before = found
            yield from ((number, json.dumps(record, ensure_ascii=False)) for record in found)
            url, params = self._following(str(url), params, body, link, found)
            if url is None:
                return
        raise self._error(f"more than {self.feed.max_pages} pages (max_pages)", str(url), self.feed.max_pages)

    def _since(self) -> dict[str, str]:
        return {self.feed.since.param: self.since} if self.feed.since and self.since else {}

    def _first(self) -> dict[str, str]:
        pages = self.feed.pages
        size = {"limit": str(pages.size)} if pages.offset and "limit" not in self.feed.params else {}
        return size | (
            {pages.number: str(pages.first)} if pages.number else {pages.offset: "0"} if pages.offset else {}
        )

    def _get(self, url: str, params: Mapping[str, str], number: int) -> tuple[object, str]:
        try:
            answer = self.pool.request("GET", url, fields=dict(params))
        except urllib3.exceptions.HTTPError as error:
            raise self._error(f"no answer: {error}", url, number) from error
        if answer.status != 200:
            raise self._error(f"status {answer.status} after {self.feed.retries} retries", url, number)
        try:
            return json.loads(answer.data), answer.headers.get("Link", "")
        except ValueError as error:
            raise self._error(f"the answer is not JSON: {error}", url, number) from error

    def _following(
        self, url: str, params: dict[str, str], body: object, link: str, found: Sequence[object]
    ) -> tuple[str | None, dict[str, str]]:
        """Address and parameters of the next page; no address after the last one."""
        pages = self.feed.pages
        if pages.next:
            return self._linked(url, body, link), {}
        if pages.cursor:
            cursor = at(body, pages.at)
            return (url, params | {pages.cursor: self._unseen(str(cursor))}) if cursor else (None, params)
        by = pages.number or pages.offset
        if not by or not found or (pages.size and len(found) < pages.size):
            return None, params
        return url, params | {by: str(int(params[by]) + (pages.size if pages.offset else 1))}

    def _linked(self, url: str, body: object, link: str) -> str | None:
        pages = self.feed.pages
        linked = NEXT.search(link)
        following = (linked[1] if linked else None) if pages.next == "link" else at(body, pages.next)
        if not following:
            return None
        whole = urljoin(url, str(following))
        if urlsplit(whole)[:2] != urlsplit(self.feed.url)[:2]:
            raise SourceError(f"the next page is on another host: {whole}", key="from.http.pages.next")
        return self._unseen(whole)

    def _unseen(self, mark: str) -> str:
        if mark in self.seen:
            raise SourceError(f"the API goes round in circles at {mark}", key="from.http.pages")
        self.seen.append(mark)
        return mark

    def _error(self, message: str, url: str, number: int) -> SourceError:
        return SourceError(message, file=url.partition("?")[0], row=number + 1)


def at(body: object, path: str) -> object:
    """What stands at a dotted path of a decoded JSON text; None where nothing does."""
    keys = path.split(".") if path else []
    return reduce(lambda found, key: found.get(key) if isinstance(found, dict) else None, keys, body)


class KithHttp(DataSource):
    """The Python Data Source ``kith_http``: one row for each record, as ``page int, record string``."""

    @classmethod
    def name(cls) -> str:
        """What `spark.read.format` calls it."""
        return NAME

    def schema(self) -> str:
        """A record as a line of JSON, and the number of its page, from 0."""
        return "page int, record string"

    def reader(self, schema: StructType) -> DataSourceReader:  # noqa: ARG002
        """One reader, since a page tells where the next one is."""
        request = json.loads(self.options[REQUEST])
        feed = Http.model_validate(request["feed"]).model_copy(update=request["looked_up"])
        return _PageReader(Api(feed, request["since"]))


class _PageReader(DataSourceReader):
    def __init__(self, api: Api) -> None:
        self.api = api

    def read(self, partition: InputPartition) -> Iterator[tuple[int, str]]:  # noqa: ARG002
        return self.api.records()


def looked_up(feed: Http) -> dict[str, object]:
    """Address, headers and parameters with every reference replaced by what it names."""
    return {
        "url": resolved(feed.url, "from.http.url"),
        "headers": all_resolved(feed.headers, "from.http.headers"),
        "params": all_resolved(feed.params, "from.http.params"),
    }


def fetch(spark: SparkSession, feed: Http, state: Json, folder: str) -> Iterator[Slice]:
    """Write what is new into ``folder`` as lines of JSON; no slice where nothing is.

    ``state`` holds the ``since`` to send and the hashes of the records of that very value (``edge``), which come again;
    of an API without ``since`` the hash of the last answer.
    """
    spark.dataSource.register(KithHttp)
    since = str(state.get("since") or (feed.since.start if feed.since else ""))
    request = json.dumps({"feed": feed.model_dump(), "looked_up": looked_up(feed), "since": since})
    answer = spark.read.format(NAME).option(REQUEST, request).load()
    edge = [str(number) for number in _list(state.get("edge"))]
    fresh = answer.where(~F.xxhash64("record").cast("string").isin(edge)) if edge else answer
    try:
        fresh.select("record").coalesce(1).write.mode("overwrite").text(folder)
    except PySparkException as error:
        raise _told(error) from error
    lines = spark.read.text(folder)
    after = _after(lines, feed, since, edge)
    if after is None or after.get("digest", 0) == state.get("digest", 1):
        session.remove(spark, folder)
        return
    files = [f"{folder}/{name}" for name in session.names(spark, folder) if name.startswith("part-")]
    yield Slice({"files": files}, after)


def _told(error: PySparkException) -> Exception:
    """What the reader said in its worker, out of all that Spark says about it."""
    found = TOLD.search(str(error))
    return SourceError(found[1]) if found else error


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else []


def _after(lines: DataFrame, feed: Http, since: str, edge: list[str]) -> dict[str, object] | None:
    """The state after these lines; None where there are none."""
    own = F.xxhash64("value").cast("string")
    if feed.since is None:
        row = lines.agg(F.count("*"), F.sum(own.cast("decimal(38,0)")).cast("string")).collect()[0]
        return {"digest": f"{row[0]} {row[1]}"} if row[0] else None
    mark = F.get_json_object("value", f"$.{feed.since.field}")
    newest = (
        lines.select(mark.alias("mark"), own.alias("hash")).groupBy("mark").agg(F.collect_list("hash").alias("edge"))
    )
    found = newest.where("mark IS NOT NULL").orderBy(_order(F.col("mark")).desc()).limit(1).collect()
    if not found:
        return None if lines.isEmpty() else {"since": since, "edge": edge}
    mark_, hashes = found[0]
    return {"since": mark_, "edge": hashes + (edge if mark_ == since else [])}


def _order(mark: Column) -> Column:
    """Numbers by number, times by time, all else as text."""
    return F.struct(mark.try_cast("decimal(38,9)"), mark.try_cast("timestamp"), mark)
