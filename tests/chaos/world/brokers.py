"""The brokers of a run: one node or three, each also reachable through a proxy of every service.

Besides the listener for the run itself each broker has one listener for each service, whose advertised
address is that service's proxy: whatever the service says to a broker passes through it.
"""

from __future__ import annotations

import os
import signal
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from orestream.cli.embedded.child import Child
from orestream.cli.embedded.metadata_probe import answers_metadata
from orestream.cli.embedded.node_settings import LOGGING, node_properties
from orestream.cli.embedded.ports import free_port
from orestream.cli.embedded.runtime import Runtime

HOST = "127.0.0.1"
_START_S = 90.0

_THREE = {
    "default.replication.factor": "3",
    "min.insync.replicas": "2",
    "offsets.topic.replication.factor": "3",
    "transaction.state.log.replication.factor": "3",
    "transaction.state.log.min.isr": "2",
    "share.coordinator.state.topic.replication.factor": "3",
    "share.coordinator.state.topic.min.isr": "2",
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "replica.lag.time.max.ms": "4000",
}


@dataclass(frozen=True, slots=True)
class Door:
    """How one service reaches one broker."""

    listener: int
    """The broker's port for that service."""
    proxy: int
    """The port that is advertised: the proxy's."""


@dataclass(slots=True)
class Node:
    """One broker with its controller, in a process of its own; blocking calls."""

    number: int
    directory: Path
    runtime: Runtime
    doors: Mapping[str, Door]
    port: int = field(default_factory=free_port)
    controller_port: int = field(default_factory=free_port)
    _child: Child | None = None

    @property
    def name(self) -> str:
        """As faults name it."""
        return f"broker-{self.number}"

    @property
    def pid(self) -> int:
        """Its process id; it must have been started."""
        assert self._child is not None
        return self._child.pid

    @property
    def running(self) -> bool:
        """Whether its process is alive."""
        return self._child is not None and self._child.running

    def format(self, cluster: str, settings: Mapping[str, str]) -> None:
        """Write its configuration and format its data directory."""
        self.directory.mkdir(parents=True)
        self.logging.write_text(LOGGING, encoding="utf-8")
        properties = node_properties(
            self.directory / "data", HOST, self.port, self.controller_port, {**self._listeners(), **settings}
        )
        self._properties.write_text(properties, encoding="utf-8")
        self.runtime.run(
            "kafka.tools.StorageTool",
            "format",
            f"--cluster-id={cluster}",
            "-c",
            self._properties,
            logging=self.logging,
        )

    def launch(self) -> None:
        """Start its process, without waiting."""
        command = self.runtime.command("kafka.Kafka", self._properties, logging=self.logging)
        self._child = Child(command, self.directory / "broker.log")

    def await_ready(self, cluster: str) -> None:
        """Wait until it answers. Raises ChildFailedError."""
        assert self._child is not None
        self._child.wait_until(lambda: answers_metadata(HOST, self.port, cluster), _START_S, self.name)

    def kill(self) -> None:
        """SIGKILL."""
        if self._child is not None:
            self._child.kill()

    def stop(self, grace_s: float = 15.0) -> None:
        """End it in order."""
        if self._child is not None:
            self._child.stop(grace_s)

    def pause(self) -> None:
        """Freeze it."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on, if it is there."""
        if self.running:
            os.kill(self.pid, signal.SIGCONT)

    @property
    def logging(self) -> Path:
        """Of Kafka's own programs: what they write down."""
        return self.directory / "log4j2.properties"

    @property
    def _properties(self) -> Path:
        return self.directory / "broker.properties"

    def _listeners(self) -> dict[str, str]:
        inside = [f"PLAINTEXT://{HOST}:{self.port}", f"CONTROLLER://{HOST}:{self.controller_port}"]
        inside += [f"{name.upper()}://{HOST}:{door.listener}" for name, door in self.doors.items()]
        told = [f"PLAINTEXT://{HOST}:{self.port}"]
        told += [f"{name.upper()}://{HOST}:{door.proxy}" for name, door in self.doors.items()]
        names = ("PLAINTEXT", "CONTROLLER", *(name.upper() for name in self.doors))
        return {
            "node.id": str(self.number),
            "listeners": ",".join(inside),
            "advertised.listeners": ",".join(told),
            "listener.security.protocol.map": ",".join(f"{name}:PLAINTEXT" for name in names),
            "inter.broker.listener.name": "PLAINTEXT",
        }


class Brokers:
    """All nodes of the run's cluster; blocking calls."""

    def __init__(self, directory: Path, runtime: Runtime, count: int, services: Sequence[str]) -> None:
        self.nodes = [
            Node(
                number,
                directory / f"broker-{number}",
                runtime,
                {service: Door(free_port(), free_port()) for service in services},
            )
            for number in range(1, count + 1)
        ]
        self._cluster = _cluster_id()

    @property
    def bootstrap(self) -> str:
        """For the run itself: past the proxies."""
        return ",".join(f"{HOST}:{node.port}" for node in self.nodes)

    def bootstrap_for(self, service: str) -> str:
        """For a service: through its proxies."""
        return ",".join(f"{HOST}:{node.doors[service].proxy}" for node in self.nodes)

    def start(self) -> None:
        """Format and start every node, and wait until each answers."""
        voters = ",".join(f"{node.number}@{HOST}:{node.controller_port}" for node in self.nodes)
        settings = {"controller.quorum.voters": voters, **(_THREE if len(self.nodes) > 1 else {})}
        for node in self.nodes:
            node.format(self._cluster, settings)
        for node in self.nodes:
            node.launch()
        for node in self.nodes:
            node.await_ready(self._cluster)

    def restart(self, node: Node) -> None:
        """Start one again, on the same ports and data."""
        if not node.running:
            node.launch()
            node.await_ready(self._cluster)

    def stop(self) -> None:
        """End all of them."""
        for node in self.nodes:
            node.kill()

    def named(self, name: str) -> Node:
        """The node of that name."""
        return next(node for node in self.nodes if node.name == name)


def _cluster_id() -> str:
    """22 characters of URL-safe base64 that begin with a letter."""
    return "c" + urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]
