"""New objects of a bucket: by a listing that remembers what it saw, or by the events that the store puts into a queue.

An object is known by key and ETag, so one that is overwritten is new. What a slice names is read by Spark's S3A, or copied
first to a folder below the landing root; the bytes are those that were found, or the object is refused as gone.
"""

import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import cast
from urllib.parse import unquote_plus

from botocore.exceptions import ClientError

from lakehouse.sources.feeds import S3, span_seconds
from lakehouse.sources.files import Refused
from lakehouse.sources.objects import s3_client
from lakehouse.sources.queues import sqs_client
from lakehouse.sources.references import resolved
from lakehouse.sources.slices import Json, Slice

THREADS = 16
MESSAGES = 10
PAGE = 1000
REMEMBERED = 10_000
"""Objects told by events that are remembered: an event may come twice, soon after."""

GONE = frozenset({"404", "412", "NoSuchKey", "PreconditionFailed"})


@dataclass(frozen=True, slots=True, order=True)
class Object:
    """One object as it was found: when it was written (seconds since 1970), its key and ETag."""

    modified: float
    key: str
    etag: str

    @property
    def known_as(self) -> tuple[str, str]:
        """What makes it the same object as one seen before."""
        return self.key, self.etag


def listed(feed: S3, state: Json, limit: int) -> Iterator[Slice]:
    """What a listing shows that is new, in slices of up to ``limit`` objects; the order is that of their writing."""
    recent = _objects(state, "recent")
    newest = max((o.modified for o in recent), default=0.0)
    span, known = span_seconds(feed.overlap), {o.known_as for o in recent}
    fresh = [o for o in _listing(feed) if o.modified >= newest - span and o.known_as not in known]
    for part in _parts(sorted(fresh), limit):
        newest = max(newest, part[-1].modified)
        recent = [o for o in (*recent, *part) if o.modified >= newest - span]
        yield Slice({"objects": [asdict(o) for o in part]}, {"recent": [asdict(o) for o in recent]})


def listed_in_order(feed: S3, state: Json, limit: int) -> Iterator[Slice]:
    """What stands after the last key of the slice before, in slices of up to ``limit`` objects; the order is that of keys."""
    fresh = sorted(_listing(feed, str(state.get("key", ""))), key=lambda o: o.key)
    for part in _parts(fresh, limit):
        yield Slice({"objects": [asdict(o) for o in part]}, {"key": part[-1].key})


def _listing(feed: S3, after: str = "") -> Iterator[Object]:
    where = {"Bucket": feed.bucket, "Prefix": feed.prefix} | ({"StartAfter": after} if after else {})
    pages = s3_client().get_paginator("list_objects_v2").paginate(**where, PaginationConfig={"PageSize": PAGE})
    for page in pages:
        for entry in page.get("Contents", ()):
            modified = cast("datetime", entry["LastModified"])
            found = Object(modified.timestamp(), str(entry["Key"]), str(entry["ETag"]).strip('"'))
            if _is_asked_for(feed, found.key):
                yield found


def _is_asked_for(feed: S3, key: str) -> bool:
    return key.startswith(feed.prefix) and key.endswith(feed.suffix) and not key.endswith("/")


def _parts(objects: Sequence[Object], limit: int) -> Iterator[Sequence[Object]]:
    return (objects[start : start + limit] for start in range(0, len(objects), limit))


def _objects(holder: Json, name: str) -> list[Object]:
    return [Object(**found) for found in cast("list[dict[str, float | str]]", holder.get(name, []))]  # type: ignore[arg-type]


def told(feed: S3, state: Json, limit: int) -> Iterator[Slice]:
    """What the queue's events tell, in slices of up to ``limit`` messages, until it has no more for now.

    An event of an object that was told before brings a slice without it: its message is to be deleted all the same.
    """
    queue = resolved(feed.queue, "from.s3.queue")
    recent, refused_before = _objects(state, "recent"), cast("list[str]", state.get("refused", []))
    seen: set[str] = set()
    while fresh := [m for m in _received(queue, limit) if m["MessageId"] not in seen]:
        seen |= {message["MessageId"] for message in fresh}
        objects, refused = _sorted_out(feed, [m for m in fresh if m["MessageId"] not in refused_before])
        known = {o.known_as for o in recent}
        new = {o.known_as: o for o in objects if o.known_as not in known}.values()
        recent = [*recent, *new][-REMEMBERED:]
        refused_before = [*refused_before, *refused][-REMEMBERED:]
        what = {
            "objects": [asdict(o) for o in new],
            "receipts": [message["ReceiptHandle"] for message in fresh],
            "refused": [(f"{queue}/{number}", why) for number, why in refused.items()],
        }
        yield Slice(what, {"recent": [asdict(o) for o in recent], "refused": refused_before})


def _sorted_out(feed: S3, messages: Sequence[dict[str, str]]) -> tuple[list[Object], dict[str, str]]:
    """The objects that messages tell of, and by its number what is wrong with each that is no event."""
    objects: list[Object] = []
    refused: dict[str, str] = {}
    for message in messages:
        try:
            objects += _of_event(feed, message["Body"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            refused[message["MessageId"]] = f"{type(error).__name__} {error} in {message['Body'][:500]}"
    return objects, refused


def _received(queue: str, limit: int) -> list[dict[str, str]]:
    """Up to ``limit`` messages, each once; fewer where the queue has no more, or begins to repeat itself."""
    found: dict[str, dict[str, str]] = {}
    while len(found) < limit:
        more = sqs_client().receive_message(QueueUrl=queue, MaxNumberOfMessages=min(MESSAGES, limit - len(found)))
        fresh = {m["MessageId"]: m for m in more.get("Messages", ()) if m["MessageId"] not in found}
        if not fresh:
            break
        found |= fresh
    return list(found.values())


def _of_event(feed: S3, body: str) -> list[Object]:
    """The objects that one message of S3's notifications (or one that SNS has wrapped) says were written."""
    message = json.loads(body)
    if "Message" in message:
        message = json.loads(message["Message"])
    if message.get("Event") == "s3:TestEvent":
        return []
    found = [_of_record(r) for r in message["Records"] if r["eventName"].startswith("ObjectCreated:")]
    return [o for bucket, o in found if bucket == feed.bucket and _is_asked_for(feed, o.key)]


def _of_record(record: dict[str, object]) -> tuple[str, Object]:
    s3 = cast("dict[str, dict[str, str]]", record["s3"])
    at = datetime.fromisoformat(str(record["eventTime"])).timestamp()
    return s3["bucket"]["name"], Object(at, unquote_plus(s3["object"]["key"]), s3["object"]["eTag"].strip('"'))


def settle(feed: S3, what: Json, staging: str | None) -> None:
    """After a slice has landed: remove its copies, and delete its messages (those whose receipts still hold)."""
    if staging is not None:
        shutil.rmtree(staging, ignore_errors=True)
    receipts = cast("list[str]", what.get("receipts", []))
    for start in range(0, len(receipts), MESSAGES):
        part = receipts[start : start + MESSAGES]
        entries = [{"Id": str(n), "ReceiptHandle": receipt} for n, receipt in enumerate(part)]
        sqs_client().delete_message_batch(QueueUrl=resolved(feed.queue, "from.s3.queue"), Entries=entries)


def present(feed: S3, what: Json, staging: str | None) -> tuple[list[str], list[Refused]]:
    """Paths of a slice's objects, as S3A reads them, or copied below the folder ``staging``; refused are those gone."""
    refused = [Refused(path, "malformed_event", why) for path, why in cast("list[list[str]]", what.get("refused", []))]
    bring = partial(_checked, feed) if staging is None else partial(_copied, feed, Path(staging))
    with ThreadPoolExecutor(max_workers=THREADS) as pool:
        found = list(pool.map(bring, _objects(what, "objects")))
    return [f for f in found if isinstance(f, str)], refused + [f for f in found if isinstance(f, Refused)]


def uri(feed: S3, key: str) -> str:
    """The address of an object, as Spark writes it."""
    return f"s3a://{feed.bucket}/{key}"


def _checked(feed: S3, found: Object) -> str | Refused:
    try:
        s3_client().head_object(Bucket=feed.bucket, Key=found.key, IfMatch=f'"{found.etag}"')
    except ClientError as error:
        return _gone(feed, found, error)
    return uri(feed, found.key)


def _copied(feed: S3, staging: Path, found: Object) -> str | Refused:
    if ".." in found.key.split("/"):
        return Refused(uri(feed, found.key), "object_name", "a name with .. leads out of the folder of copies")
    path = Path(f"{staging}/{found.etag}/{feed.bucket}/{found.key}")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        body = s3_client().get_object(Bucket=feed.bucket, Key=found.key, IfMatch=f'"{found.etag}"')["Body"]
    except ClientError as error:
        return _gone(feed, found, error)
    with path.open("wb") as file:
        shutil.copyfileobj(body, file)
    os.utime(path, (found.modified, found.modified))
    return str(path)


def _gone(feed: S3, found: Object, error: ClientError) -> Refused:
    """What is no more as it was found is refused; any other error is raised, and the batch comes again."""
    if error.response["Error"]["Code"] not in GONE:
        raise error
    return Refused(uri(feed, found.key), "object_gone", f"the object with ETag {found.etag} is there no more")


def as_objects(refused: Iterable[Refused], copied: str) -> list[Refused]:
    """Refused copies under the addresses of their objects; ``copied`` as :func:`of_copy` gives it."""
    return [Refused(re.sub(copied, "s3a://", r.path), r.reason, r.detail) for r in refused]


def of_copy(staging: str) -> str:
    """The regular expression of what stands in a copy's path before bucket and key: the folder, and the ETag."""
    folder = re.escape(staging.lstrip("/")).replace(r"\ ", "( |%20)")
    return f"^(file:)?/*{folder}/[^/]+/"
