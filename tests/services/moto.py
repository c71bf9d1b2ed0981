"""The protocols of S3 and SQS on loopback, by moto's server in a thread of the test, and clients that find it there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import urllib3
from moto.server import ThreadedMotoServer

from lakehouse.sources.objects import s3_client
from lakehouse.sources.queues import sqs_client
from tests.services.ports import free_port

LOGIN = {"AWS_ACCESS_KEY_ID": "made", "AWS_SECRET_ACCESS_KEY": "up", "AWS_DEFAULT_REGION": "eu-central-1"}


@contextmanager
def running_store() -> Iterator[str]:
    """Start the server and point every client to it; gives its address."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=free_port(), verbose=False)
    server.start()
    address = f"http://127.0.0.1:{server.get_host_and_port()[1]}"
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in (LOGIN | {"AWS_ENDPOINT_URL": address}).items():
            patch.setenv(name, value)
        _forget_clients()
        try:
            yield address
        finally:
            server.stop()
            _forget_clients()


def empty(address: str) -> None:
    """Let the server forget every bucket and queue."""
    assert urllib3.request("POST", f"{address}/moto-api/reset").status == 200


def _forget_clients() -> None:
    s3_client.cache_clear()
    sqs_client.cache_clear()
