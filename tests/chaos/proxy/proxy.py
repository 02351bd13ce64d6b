"""A TCP proxy between a service and a server, which faults can have delay, lose, double and break."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import assert_never

from tests.chaos.proxy.frames import kafka_correlation, kafka_frame, kafka_request, postgres_message
from tests.chaos.proxy.passage import Fate, Passage, Rule

HOST = "127.0.0.1"
_CHUNK = 1 << 16
_LINGER_S = 0.5
"""What a client asked last, before it left, still has this time to be read by the server."""


@dataclass(slots=True, eq=False)
class Line:
    """One connection: the client's end and the server's."""

    from_client: asyncio.StreamReader
    to_client: asyncio.StreamWriter
    from_server: asyncio.StreamReader
    to_server: asyncio.StreamWriter
    asked: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Correlation → what was asked, and by whom."""
    doubled: set[int] = field(default_factory=set)
    """Requests that went twice and have not been answered yet."""
    kept: dict[int, bytes] = field(default_factory=dict)
    """First answers of those, until the second has come too."""
    last_asked: str = ""
    lost: bool = False
    """Whether a direction carries nothing any more."""

    @property
    def server_left(self) -> bool:
        """Whether the server's end is closed or broken; the client's may be, where it is not."""
        return self.from_server.at_eof() or self.from_server.exception() is not None

    def close(self) -> None:
        """Break it, both ways."""
        for writer in (self.to_client, self.to_server):
            writer.transport.abort()


class Proxy:
    """Listens on a port and passes on what its rule lets pass.

    Args:
        port: where it listens.
        upstream: the server's host and port.
        speaks: `kafka` or `postgres`.
    """

    def __init__(self, port: int, upstream: tuple[str, int], speaks: str) -> None:
        self.port = port
        self.rules: list[Rule] = []
        self._upstream = upstream
        self._pumps = _kafka_pumps if speaks == "kafka" else _postgres_pumps
        self._server: asyncio.Server | None = None
        self._lines: set[Line] = set()
        self._serving: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._accepted, HOST, self.port)

    async def stop(self) -> None:
        """Close the port and every connection."""
        if self._server is not None:
            self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    def lead_to(self, upstream: tuple[str, int]) -> None:
        """The server has another address now; connections to the one before are broken."""
        self._upstream = upstream
        self.cut()

    def cut(self) -> int:
        """Break every connection; returns how many there were."""
        lines = list(self._lines)
        for line in lines:
            line.close()
        return len(lines)

    def cut_lost(self) -> None:
        """Break the connections that carry nothing any more."""
        for line in list(self._lines):
            if line.lost:
                line.close()

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until either end is done; a server that is away ends the client's too."""
        _without_delay(writer)
        try:
            from_server, to_server = await asyncio.open_connection(*self._upstream)
        except OSError:
            writer.transport.abort()
            return
        _without_delay(to_server)
        line = Line(reader, writer, from_server, to_server)
        self._lines.add(line)
        try:
            await self._carry(line)
        finally:
            self._lines.discard(line)
            line.close()

    async def _carry(self, line: Line) -> None:
        """Both directions; what was asked reaches the server even when the client has left meanwhile."""
        there, back = (asyncio.create_task(pump) for pump in self._pumps(line, self._decide))
        try:
            await asyncio.wait((there, back), return_when=asyncio.FIRST_COMPLETED)
            if there.done():
                await asyncio.sleep(_LINGER_S)
            elif not line.server_left:
                await asyncio.wait((there,))
        finally:
            for task in (there, back):
                task.cancel()
            await asyncio.gather(there, back, return_exceptions=True)

    async def _decide(self, passage: Passage) -> Fate:
        """What the first rule says that does not simply let it pass."""
        for rule in list(self.rules):
            fate = await rule(passage)
            if fate is not Fate.PASS:
                return fate
        return Fate.PASS


Decide = Callable[[Passage], Awaitable[Fate]]
Pump = Coroutine[None, None, None]


def _kafka_pumps(line: Line, decide: Decide) -> tuple[Pump, Pump]:
    return _kafka_requests(line, decide), _kafka_answers(line, decide)


async def _kafka_requests(line: Line, decide: Decide) -> None:
    while True:
        request = kafka_request(await kafka_frame(line.from_client))
        line.asked[request.correlation] = (request.what, request.client)
        fate = await decide(Passage(request.what, False, request.client, len(request.raw)))
        if fate is Fate.TWICE:
            line.doubled.add(request.correlation)
            line.to_server.write(request.raw)
        if not await _passed(line, fate, request.raw, line.from_client, line.to_server):
            return


async def _kafka_answers(line: Line, decide: Decide) -> None:
    while True:
        raw = await kafka_frame(line.from_server)
        correlation = kafka_correlation(raw)
        if correlation in line.doubled:
            line.doubled.discard(correlation)
            line.kept[correlation] = raw
            continue
        raw = line.kept.pop(correlation, raw)
        what, client = line.asked.pop(correlation, ("unasked", ""))
        fate = await decide(Passage(what, True, client, len(raw)))
        if fate is Fate.TWICE:
            line.to_client.write(raw)
        if not await _passed(line, fate, raw, line.from_server, line.to_client):
            return


def _postgres_pumps(line: Line, decide: Decide) -> tuple[Pump, Pump]:
    return _postgres_requests(line, decide), _postgres_answers(line, decide)


async def _postgres_requests(line: Line, decide: Decide) -> None:
    greeted = False
    while True:
        raw, line.last_asked, greeted = await postgres_message(line.from_client, greeted)
        fate = await decide(Passage(line.last_asked, False, "", len(raw)))
        if not await _passed(line, fate, raw, line.from_client, line.to_server):
            return


async def _postgres_answers(line: Line, decide: Decide) -> None:
    while raw := await line.from_server.read(_CHUNK):
        fate = await decide(Passage(line.last_asked, True, "", len(raw)))
        if not await _passed(line, fate, raw, line.from_server, line.to_client):
            return


async def _passed(
    line: Line, fate: Fate, raw: bytes, source: asyncio.StreamReader, sink: asyncio.StreamWriter
) -> bool:
    """Do what was decided about one passage; False where its direction carries nothing more."""
    match fate:
        case Fate.PASS | Fate.TWICE:
            sink.write(raw)
            await sink.drain()
            return True
        case Fate.LOSE:
            line.lost = True
            while await source.read(_CHUNK):
                pass
            return False
        case Fate.CUT:
            line.close()
            return False
        case _:
            assert_never(fate)


def _without_delay(writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
