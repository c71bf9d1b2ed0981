"""Objects on an S3-compatible store, by boto3: the ranged reads that a look at a file's ends needs."""

import functools
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol


class _Body(Protocol):
    def read(self, amount: int = ...) -> bytes: ...


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


def peek_object(uri: str, head: int) -> tuple[bytes, bytes, int]:
    """First ``head`` bytes, last four bytes and size of an object ``s3a://bucket/key`` (not URL-encoded)."""
    bucket, _, key = uri.partition("://")[2].partition("/")
    client = s3_client()
    size = client.head_object(Bucket=bucket, Key=key)["ContentLength"]
    if size == 0:
        return b"", b"", 0
    first = client.get_object(Bucket=bucket, Key=key, Range=f"bytes=0-{head - 1}")["Body"].read()
    last = client.get_object(Bucket=bucket, Key=key, Range="bytes=-4")["Body"].read()
    return first, last, size
