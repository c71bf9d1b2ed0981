"""The queue into which an S3-compatible store puts its events, by boto3."""

import functools
import os
from collections.abc import Mapping, Sequence
from typing import Protocol


class SqsClient(Protocol):
    """The calls of boto3's SQS client that are used here."""

    def receive_message(self, *, QueueUrl: str, MaxNumberOfMessages: int) -> dict[str, list[dict[str, str]]]:  # noqa: N803
        """Up to ten ``Messages``."""

    def delete_message_batch(self, *, QueueUrl: str, Entries: Sequence[Mapping[str, str]]) -> object:  # noqa: N803
        """Delete up to ten messages by their receipts."""


@functools.cache
def sqs_client() -> SqsClient:
    """A boto3 client; credentials by boto3's own chain, the endpoint by ``AWS_ENDPOINT_URL``."""
    import boto3

    client: SqsClient = boto3.client("sqs", endpoint_url=os.environ.get("AWS_ENDPOINT_URL"))
    return client
