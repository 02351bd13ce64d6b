"""One Kafka broker with its controller in one process, in a directory of its own; blocking calls.

The directory holds `broker.log`, the configuration and the data; started again on the same directory the
broker has the same records. The process dies with the program that started it (see `leash`), `stop` ends it
in order.
"""

import base64
import os
import shutil
import signal
import uuid
from collections.abc import Mapping
from pathlib import Path

from orestream.cli.embedded.child import Child
from orestream.cli.embedded.errors import ChildFailedError
from orestream.cli.embedded.metadata_probe import answers_metadata
from orestream.cli.embedded.node_settings import LOGGING, node_properties
from orestream.cli.embedded.ports import free_port, is_free
from orestream.cli.embedded.runtime import Runtime

_START_S = 60.0
_ATTEMPTS = 3


class KafkaNode:
    """A single-node cluster on this machine.

    Args:
        data_dir: where it keeps everything; created when missing.
        runtime: what it is run with, see `runtime.prepare`.
        port: port of the clients; 0 chooses a free one, which is kept for later starts of this object.
        host: address to listen on and to be reached at.
        settings: broker settings that replace or add to the built-in ones.
        flags: flags of the Java machine instead of those that use the class archive.
    """

    def __init__(
        self,
        data_dir: Path,
        runtime: Runtime,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        settings: Mapping[str, str] | None = None,
        flags: tuple[str, ...] = (),
    ) -> None:
        self._dir = data_dir.absolute()
        self._runtime = runtime
        self._host = host
        self._wanted_port = port
        self._port = port
        self._controller_port = 0
        self._settings = dict(settings or {})
        self._flags = flags
        self._child: Child | None = None

    @property
    def bootstrap(self) -> str:
        """Address for clients, `host:port`; known once started."""
        return f"{self._host}:{self._port}"

    @property
    def pid(self) -> int:
        """Process id of the broker; it must have been started."""
        return self._started().pid

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self._child is not None and self._child.running

    @property
    def log(self) -> Path:
        """The broker's log file."""
        return self._dir / "broker.log"

    def start(self) -> None:
        """Start and wait until clients are answered and topics can be made; nothing to do while it runs.

        Raises:
            ChildFailedError: it did not start; the message holds the end of its log.
        """
        if self.running:
            return
        for attempt in range(1, _ATTEMPTS + 1):
            self._choose_ports()
            try:
                self._start_once()
            except ChildFailedError as error:
                if attempt == _ATTEMPTS or not self._another_was_faster(error):
                    raise
            else:
                self._wanted_port = self._port
                return

    def stop(self, grace_s: float = 15.0) -> None:
        """End it in order; kill it after the grace period. Nothing to do when it does not run."""
        if self._child is not None:
            self._child.stop(grace_s)

    def kill(self) -> None:
        """End it with SIGKILL, as a crash would."""
        if self._child is not None:
            self._child.kill()

    def pause(self) -> None:
        """Freeze the process (SIGSTOP), as a machine that hangs would."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen process go on."""
        os.kill(self.pid, signal.SIGCONT)

    def restart(self) -> None:
        """Stop if it runs, and start again on the same port with the same data."""
        self.stop()
        self.start()

    def _started(self) -> Child:
        if self._child is None:
            raise ChildFailedError("The broker has not been started.")
        return self._child

    def _another_was_faster(self, error: ChildFailedError) -> bool:
        """Whether a port that was chosen here, and not by the caller, was taken in between."""
        if "Address already in use" not in str(error):
            return False
        if self._wanted_port == 0:
            self._port = 0
            return True
        return is_free(self._host, self._wanted_port)

    def _choose_ports(self) -> None:
        self._port = self._port or free_port(self._host)
        self._controller_port = free_port(self._host)

    def _start_once(self) -> None:
        self._dir.mkdir(parents=True, exist_ok=True)
        logging, configuration = self._dir / "log4j2.properties", self._dir / "broker.properties"
        logging.write_text(LOGGING, encoding="utf-8")
        configuration.write_text(
            node_properties(
                self._dir / "data", self._host, self._port, self._controller_port, self._settings
            ),
            encoding="utf-8",
        )
        cluster = self._format_once(logging, configuration)
        command = self._runtime.command("kafka.Kafka", configuration, logging=logging, flags=self._flags)
        self._child = Child(command, self.log)
        self._child.wait_until(lambda: answers_metadata(self._host, self._port, cluster), _START_S, "Kafka")

    def _format_once(self, logging: Path, configuration: Path) -> str:
        """Format the data directory and return the cluster's id.

        The marker that holds the id is written last, so that half a format is begun again.
        """
        marker = self._dir / "cluster.id"
        if marker.exists():
            return marker.read_text(encoding="ascii")
        shutil.rmtree(self._dir / "data", ignore_errors=True)
        cluster_id = _new_cluster_id()
        self._runtime.run(
            "kafka.tools.StorageTool",
            "format",
            f"--cluster-id={cluster_id}",
            "-c",
            configuration,
            logging=logging,
        )
        marker.write_text(cluster_id, encoding="ascii")
        return cluster_id


def _new_cluster_id() -> str:
    """Return 22 characters of URL-safe base64; a leading dash would read as an option."""
    while True:
        candidate = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if candidate[0].isalpha():
            return candidate
