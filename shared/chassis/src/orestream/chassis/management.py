"""The management port: `/livez`, `/readyz` and `/metrics`, answered by the service's own event loop.

A loop that is stuck answers nothing, and a probe counts silence as failure: that is intended.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from orestream.chassis.health import Health
from orestream.chassis.logs import Event, logger
from orestream.chassis.metrics import Metrics

log = logger(__name__)

LONGEST_REQUEST = 8192
PATIENCE = 5.0
"""Seconds a client has to send its request."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one request gets."""

    status: HTTPStatus
    body: bytes
    content_type: str = "application/json"


class Management:
    """A small HTTP/1.1 server for probes and scrapers: GET and HEAD, one request a connection."""

    def __init__(self, health: Health, metrics: Metrics) -> None:
        self._pages: dict[str, Callable[[], Answer]] = {
            "/livez": lambda: _livez(health),
            "/readyz": lambda: _readyz(health),
            "/metrics": lambda: Answer(
                HTTPStatus.OK, metrics.exposition(), "text/plain; version=0.0.4; charset=utf-8"
            ),
        }
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the port. Raises OSError where it is taken."""
        self._server = await asyncio.start_server(self._serve, host, port, limit=LONGEST_REQUEST)
        listening: int = self._server.sockets[0].getsockname()[1]
        log.info(Event.MANAGEMENT_LISTENING, host=host, port=listening)
        return listening

    async def stop(self) -> None:
        """Close the port."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request; a client that hangs, breaks off or talks nonsense is simply let go."""
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
            writer.write(self._answer(head))
            await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            log.debug("management.client-left")
        finally:
            writer.close()

    def _answer(self, head: bytes) -> bytes:
        method, _, rest = head.split(b"\r\n", 1)[0].decode("latin-1").partition(" ")
        path = rest.split(" ")[0].partition("?")[0]
        if method not in ("GET", "HEAD"):
            return _write(Answer(HTTPStatus.METHOD_NOT_ALLOWED, b'{"error": "GET and HEAD only"}'), method)
        page = self._pages.get(path)
        if page is None:
            known = ", ".join(self._pages).encode()
            return _write(Answer(HTTPStatus.NOT_FOUND, b'{"error": "there are ' + known + b'"}'), method)
        return _write(page(), method)


def _livez(health: Health) -> Answer:
    stuck = health.stuck()
    return _json(not stuck, {"alive": not stuck, "stuck_seconds": {n: round(s, 1) for n, s in stuck.items()}})


def _readyz(health: Health) -> Answer:
    missing = health.missing()
    return _json(not missing, {"ready": not missing, "missing": list(missing)})


def _json(well: bool, body: dict[str, Any]) -> Answer:
    status = HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE
    return Answer(status, json.dumps(body).encode())


def _write(answer: Answer, method: str) -> bytes:
    head = (
        f"HTTP/1.1 {answer.status.value} {answer.status.phrase}\r\n"
        f"Content-Type: {answer.content_type}\r\n"
        f"Content-Length: {len(answer.body)}\r\n"
        "Cache-Control: no-store\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + (b"" if method == "HEAD" else answer.body)
