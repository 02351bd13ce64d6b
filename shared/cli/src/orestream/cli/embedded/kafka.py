"""An embedded Kafka for asyncio programs: the demo, `orestream up`, the tests."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from orestream.cli.embedded.errors import ChildFailedError
from orestream.cli.embedded.jars import Progress
from orestream.cli.embedded.node import KafkaNode
from orestream.cli.embedded.runtime import prepare
from orestream.cli.embedded.settings import EmbeddedSettings


class EmbeddedKafka:
    """A genuine Apache Kafka, one broker, in a process of its own that dies with this one.

    `async with EmbeddedKafka(directory) as kafka:` starts and stops it. Records survive `stop`, `kill` and a
    new object on the same directory.

    Args:
        data_dir: where it keeps everything; created when missing.
        port: port of the clients; 0 chooses a free one, which is kept by `restart`.
        host: address to listen on and to be reached at.
        settings: broker settings that replace or add to the built-in ones.
        embedded: where jars and Java come from; read from the environment when not given.
        progress: told the number of jars at hand and of all jars, while they are fetched.
    """

    def __init__(
        self,
        data_dir: Path,
        port: int = 0,
        *,
        host: str = "127.0.0.1",
        settings: Mapping[str, str] | None = None,
        embedded: EmbeddedSettings | None = None,
        progress: Progress | None = None,
    ) -> None:
        self._data_dir = data_dir
        self._port = port
        self._host = host
        self._settings = settings
        self._embedded = embedded
        self._progress = progress
        self._node: KafkaNode | None = None

    @property
    def bootstrap(self) -> str:
        """Address for clients, `host:port`; known once started."""
        return self._started().bootstrap

    @property
    def pid(self) -> int:
        """Process id of the broker; known once started."""
        return self._started().pid

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self._node is not None and self._node.running

    @property
    def log(self) -> Path:
        """The broker's log file."""
        return self._data_dir / "broker.log"

    async def start(self) -> None:
        """Fetch what is missing, start, and return when clients are answered and topics can be made.

        Raises:
            EmbeddedError: no Java, jars that cannot be had, or a broker that does not start.
        """
        if self._node is None:
            runtime = await asyncio.to_thread(prepare, self._embedded, self._progress)
            self._node = KafkaNode(
                self._data_dir, runtime, port=self._port, host=self._host, settings=self._settings
            )
        await asyncio.to_thread(self._node.start)

    async def stop(self, grace_s: float = 15.0) -> None:
        """End it in order; kill it after the grace period. Nothing to do when it does not run."""
        if self._node is not None:
            await asyncio.to_thread(self._node.stop, grace_s)

    async def kill(self) -> None:
        """End it with SIGKILL, as a crash would."""
        await asyncio.to_thread(self._started().kill)

    async def restart(self) -> None:
        """Stop if it runs, and start again on the same port with the same data."""
        await asyncio.to_thread(self._started().restart)

    def _started(self) -> KafkaNode:
        if self._node is None:
            raise ChildFailedError("The broker has not been started.")
        return self._node

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()
