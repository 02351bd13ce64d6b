"""The Kafka that tests talk to: a given one, one in a container, or the embedded one.

`ORESTREAM_TEST_BOOTSTRAP_SERVERS` names a cluster that is already there. `ORESTREAM_TEST_KAFKA_IMAGE` names
an image that is configured like Apache's own; it is used when a container engine answers. Otherwise the
embedded broker is started.
"""

import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from orestream.cli.embedded.metadata_probe import answers_metadata
from orestream.cli.embedded.node import KafkaNode
from orestream.cli.embedded.ports import free_port
from orestream.cli.embedded.runtime import Runtime
from tests.support.engine import container_engine_answers, eventually

_START_S = 60.0


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker that is shared by many tests: keep apart by names, see `fresh_name`."""

    bootstrap: str


def fresh_name(what: str) -> str:
    """Return a name that no other test uses, for a site, an environment, a topic, a group."""
    return f"{what}{uuid.uuid4().hex[:10]}"


def given_broker() -> Broker | None:
    """Return the cluster of the setting, if it is set."""
    bootstrap = os.environ.get("ORESTREAM_TEST_BOOTSTRAP_SERVERS")
    return Broker(bootstrap) if bootstrap else None


def broker_image() -> str | None:
    """Return the image to start a broker from, if one is named and an engine answers."""
    image = os.environ.get("ORESTREAM_TEST_KAFKA_IMAGE")
    return image if image and container_engine_answers() else None


@contextmanager
def embedded_node(
    directory: Path, runtime: Runtime, settings: Mapping[str, str] | None = None
) -> Iterator[KafkaNode]:
    """Run an embedded broker, with these broker settings besides the built-in ones."""
    node = KafkaNode(directory, runtime, settings=settings)
    try:
        node.start()
        yield node
    finally:
        node.stop()


@contextmanager
def broker_in_container(image: str) -> Iterator[Broker]:
    """Run a broker from an image that takes its configuration as Apache's own does."""
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415 - slow to import, seldom used

    port = free_port()
    container = DockerContainer(image).with_bind_ports(port, port)
    for name, value in _container_environment(port).items():
        container = container.with_env(name, value)
    with container:
        eventually(lambda: answers_metadata("127.0.0.1", port), _START_S, f"{image} answers")
        yield Broker(f"127.0.0.1:{port}")


def _container_environment(port: int) -> dict[str, str]:
    return {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_LISTENERS": f"PLAINTEXT://:{port},CONTROLLER://:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://127.0.0.1:{port}",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_NUM_PARTITIONS": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
    }
