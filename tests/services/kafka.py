"""A Kafka broker of the test's own: one process of Java in KRaft mode on loopback, started from the jars of the pom."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.setup.java import find_java
from lakehouse.settings import ROOT
from tests.services.ports import free_port, listens, wait_for

JARS = ROOT / ".jars" / "broker"
CLUSTER = "a2l0aC10ZXN0LWNsdXN0ZQ"
SMALL = ("-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Dlog4j2.disable.jmx=true")
PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={folder}/logs
num.partitions=2
auto.create.topics.enable=true
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
"""


@dataclass(frozen=True)
class Broker:
    """A running broker; topics come to be, with two partitions, when they are first written to."""

    port: int

    @property
    def servers(self) -> str:
        """Its address for clients."""
        return f"127.0.0.1:{self.port}"


@contextmanager
def running_broker() -> Iterator[Broker]:
    """Start a broker, and stop it by its process afterwards; skips the test where its jars are not there."""
    if not any(JARS.glob("kafka_*.jar")):
        pytest.skip(f"no Kafka broker in {JARS}: `make jars-broker` brings its jars (46 MB)")
    java = [str(find_java().executable), *SMALL, "-cp", f"{JARS}/*"]
    port, controller = free_port(), free_port()
    folder = Path(tempfile.mkdtemp(prefix="kith-kafka-"))
    properties = folder / "server.properties"
    properties.write_text(PROPERTIES.format(port=port, controller=controller, folder=folder), encoding="utf-8")
    made = [*java, "kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c", str(properties)]
    subprocess.run(made, check=True, capture_output=True, timeout=60)
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [*java, "kafka.Kafka", str(properties)], stdout=log, stderr=log, env=os.environ | {"LC_ALL": "C.UTF-8"}
        )
    try:
        wait_for(lambda: listens(port), 60, "the Kafka broker")
        yield Broker(port)
    finally:
        server.kill()
        server.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)
