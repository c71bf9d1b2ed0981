"""What a source file says under ``from``: a feed that is no folder of files, and where its records are to be had."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from lakehouse.sources.references import refuse_plain_secrets

ColumnName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_$]*$")]
SPAN = re.compile(r"^(\d+) (second|minute|hour|day)s?$")
SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
Options = Mapping[str, str]


class Strict(BaseModel):
    """Unknown keys are errors: a typo in a source file must not pass."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def span_seconds(text: str) -> int:
    """Seconds of a span such as ``10 minutes``. Raises ``ValueError`` where it is none."""
    found = SPAN.match(text)
    if found is None:
        raise ValueError(f"a span is a number and seconds, minutes, hours or days; found {text!r}")
    return int(found[1]) * SECONDS[found[2]]


class Jdbc(Strict):
    """A table or statement of a database, read from a high-water mark on.

    ``mark`` is a column that grows with every change (a time, or an increasing number); ``key`` tells two rows of the same
    mark apart. ``overlap`` is how far behind the newest mark a transaction may still commit: a span for a
    time (``10 minutes``), a number for an id; what was landed from there already is left out by key and mark.
    """

    url: str
    table: str = ""
    query: str = ""
    mark: ColumnName
    key: tuple[ColumnName, ...] = Field(min_length=1)
    overlap: str | int = 0
    user: str = ""
    password: str = ""
    json_columns: tuple[ColumnName, ...] = ()
    partitions: int = Field(default=1, ge=1)
    partition_by: ColumnName | Literal[""] = ""
    options: Options = Field(default_factory=dict)

    @field_validator("url")
    @classmethod
    def _url_is_plain(cls, url: str) -> str:
        if not url.startswith("jdbc:"):
            raise ValueError("a JDBC address begins with jdbc:")
        if re.search(r"(?i)[?&;]password=", url):
            raise ValueError("the password has a key of its own, and stands there by reference")
        return url

    @field_validator("overlap")
    @classmethod
    def _overlap_is_a_span(cls, overlap: str | int) -> str | int:
        if isinstance(overlap, str):
            span_seconds(overlap)
        return overlap

    @model_validator(mode="after")
    def _one_relation(self) -> "Jdbc":
        if bool(self.table) == bool(self.query):
            raise ValueError("either table or query says what is read")
        refuse_plain_secrets({"password": self.password} if self.password else {})
        refuse_plain_secrets(self.options)
        return self

    @property
    def place(self) -> str:
        """Where its rows are from, without options: address and table."""
        return f"{self.url.partition('?')[0].partition(';')[0]}/{self.table or 'query'}"


class Kafka(Strict):
    """Topics of a Kafka cluster: ``topics`` by name, or ``pattern`` as a regular expression.

    ``value`` says what the messages are: JSON objects, text, or Avro by the schema file ``avro_schema`` (``skip_bytes``: 5
    where a schema registry's header stands before each). ``options`` are those of Spark's source: ``kafka.…`` for the client.
    """

    servers: str
    topics: tuple[str, ...] = ()
    pattern: str = ""
    value: Literal["json", "text", "avro"] = "json"
    avro_schema: str = ""
    skip_bytes: int = Field(default=0, ge=0)
    starting: str = "earliest"
    max_offsets: int = Field(default=0, ge=0)
    options: Options = Field(default_factory=dict)

    @model_validator(mode="after")
    def _whole(self) -> "Kafka":
        if bool(self.topics) == bool(self.pattern):
            raise ValueError("either topics or pattern says what is read")
        if (self.value == "avro") != bool(self.avro_schema):
            raise ValueError("avro_schema names the schema file of avro values, and of no others")
        refuse_plain_secrets(self.options)
        return self

    @property
    def place(self) -> str:
        """Where its records are from."""
        return f"kafka://{','.join(self.topics) or self.pattern}"


class Pages(Strict):
    """How an API gives one page after another; exactly one of four ways, none for a single page.

    ``number``: the parameter that counts pages from ``first``; ``offset``: the parameter that counts records, by steps of
    ``size``; ``cursor``: the parameter that takes what stands at ``at`` of the page before; ``next``: where a page
    holds the address of the next one, or ``link`` for the header ``Link``.
    """

    number: str = ""
    first: int = 1
    offset: str = ""
    size: int = Field(default=0, ge=0)
    cursor: str = ""
    at: str = ""
    next: str = ""

    @model_validator(mode="after")
    def _one_way(self) -> "Pages":
        if sum(map(bool, (self.number, self.offset, self.cursor, self.next))) > 1:
            raise ValueError("one of number, offset, cursor and next")
        if bool(self.offset) > bool(self.size):
            raise ValueError("offset needs the size of a page")
        if bool(self.cursor) != bool(self.at):
            raise ValueError("cursor and at belong together: the parameter, and where a page holds its next value")
        return self


class Since(Strict):
    """What makes an API incremental: the parameter, the records' field whose greatest value is sent next, a start."""

    param: str
    field: str
    start: str = ""


class Http(Strict):
    """Pages of JSON records of an HTTP API; ``records`` is where a page holds their list (``data.items``; empty: the page)."""

    url: str
    params: Options = Field(default_factory=dict)
    headers: Options = Field(default_factory=dict)
    records: str = ""
    pages: Pages = Pages()
    since: Since | None = None
    retries: int = Field(default=5, ge=0)
    backoff_seconds: float = Field(default=1.0, ge=0)
    timeout_seconds: float = Field(default=30.0, gt=0)
    max_pages: int = Field(default=10_000, ge=1)

    @model_validator(mode="after")
    def _safe(self) -> "Http":
        if not re.match(r"^https?://", self.url):
            raise ValueError("an address begins with https:// or http://")
        refuse_plain_secrets(self.headers)
        refuse_plain_secrets(self.params)
        return self

    @property
    def place(self) -> str:
        """Where its records are from, without parameters."""
        return self.url.partition("?")[0]


class S3(Strict):
    """Objects of a bucket, found by listing or told by events; ``format`` beside ``from`` says how they are read.

    ``overlap`` is how much older than the newest one an object may show up in a listing. ``in_order`` says that keys
    only grow, so that a listing may begin after the last one. ``read``: by Spark's S3A (``s3a``), or from a local copy
    (``copy``); ``auto`` takes S3A where its jars are in the session.
    """

    bucket: str
    prefix: str = ""
    suffix: str = ""
    by: Literal["listing", "events"] = "listing"
    queue: str = ""
    overlap: str = "1 hour"
    in_order: bool = False
    read: Literal["auto", "s3a", "copy"] = "auto"

    @model_validator(mode="after")
    def _whole(self) -> "S3":
        if (self.by == "events") != bool(self.queue):
            raise ValueError("queue is the address of the queue for `by: events`, and for nothing else")
        span_seconds(self.overlap)
        return self

    @property
    def place(self) -> str:
        """Where its objects are."""
        return f"s3://{self.bucket}/{self.prefix}"


class DeltaTable(Strict):
    """Another Delta table: its inserted rows, or with ``changes`` its change data feed, deletions as records too."""

    path: str
    changes: bool = False
    starting_version: int | Literal["latest"] | None = None
    options: Options = Field(default_factory=dict)

    @property
    def place(self) -> str:
        """Where the table stands."""
        return self.path


AnyFeed = Jdbc | Kafka | Http | S3 | DeltaTable


class Feed(Strict):
    """Exactly one feed, by its kind."""

    jdbc: Jdbc | None = None
    kafka: Kafka | None = None
    http: Http | None = None
    s3: S3 | None = None
    delta: DeltaTable | None = None

    @model_validator(mode="after")
    def _one(self) -> "Feed":
        if len(self.model_fields_set) != 1 or self.is_empty:
            raise ValueError(f"exactly one of {', '.join(type(self).model_fields)}")
        return self

    @property
    def is_empty(self) -> bool:
        """Whether no kind is given."""
        return all(getattr(self, name) is None for name in type(self).model_fields)

    @property
    def one(self) -> AnyFeed:
        """The feed that is given."""
        found: AnyFeed = next(v for n in type(self).model_fields if (v := getattr(self, n)) is not None)
        return found
