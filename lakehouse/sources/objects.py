"""Objects on an S3-compatible store, by boto3: the ranged reads that a look at a file's ends needs."""

import functools
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol


class _Body(Protocol):
    def read(self, amount: int = ...) -> bytes: ...

    def iter_chunks(self, chunk_size: int) -> Iterator[bytes]: ...


class _Paginator(Protocol):
    def paginate(self, **what: object) -> Iterable[Mapping[str, Sequence[Mapping[str, object]]]]: ...


class S3Client(Protocol):
    """The calls of boto3's S3 client that are used here."""

    def head_object(self, *, Bucket: str, Key: str, IfMatch: str = ...) -> dict[str, int]:  # noqa: N803
        """Its ``ContentLength``; an error where the object is gone or is another than ``IfMatch``."""

    def get_object(self, *, Bucket: str, Key: str, Range: str = ..., IfMatch: str = ...) -> dict[str, _Body]:  # noqa: N803
        """Its ``Body``."""

    def get_paginator(self, operation: str) -> _Paginator:
        """Pages of a listing."""


@functools.cache
def s3_client() -> S3Client:
    """A boto3 client; credentials by boto3's own chain, the endpoint by ``AWS_ENDPOINT_URL``."""
    import boto3

    client: S3Client = boto3.client("s3", endpoint_url=os.environ.get("AWS_ENDPOINT_URL"))
    return client


def peek_object(uri: str, head: int, tail: int = 4) -> tuple[bytes, bytes, int]:
    """First ``head`` bytes, last ``tail`` bytes and size of an object ``s3a://bucket/key`` (not URL-encoded)."""
    bucket, key = _place(uri)
    size = s3_client().head_object(Bucket=bucket, Key=key)["ContentLength"]
    if size == 0:
        return b"", b"", 0
    return object_range(uri, 0, head), _ranged(uri, f"bytes=-{tail}").read(), size


def object_range(uri: str, start: int, size: int) -> bytes:
    """``size`` bytes of an object from ``start``."""
    return _ranged(uri, f"bytes={start}-{start + size - 1}").read()


def object_chunks(uri: str, size: int) -> Iterator[bytes]:
    """All bytes of an object, ``size`` of them at a time."""
    return _ranged(uri, "bytes=0-").iter_chunks(size)


def _ranged(uri: str, byte_range: str) -> _Body:
    bucket, key = _place(uri)
    return s3_client().get_object(Bucket=bucket, Key=key, Range=byte_range)["Body"]


def _place(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.partition("://")[2].partition("/")
    return bucket, key
