"""The management port answers probes from progress and conditions, and scrapers from the registry."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from orestream.chassis.health import Health, Progress
from orestream.chassis.management import Management
from orestream.chassis.metrics import Metrics, Observation

HOST = "127.0.0.1"


class Clock:
    """Seconds that pass when told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Port:
    """A management port and a client for it."""

    def __init__(self) -> None:
        self.health = Health(timedelta(seconds=60))
        self.metrics = Metrics("mining")
        self.management = Management(self.health, self.metrics)
        self.port = 0

    async def ask(self, request: bytes) -> tuple[int, dict[str, str], bytes]:
        reader, writer = await asyncio.open_connection(HOST, self.port)
        writer.write(request)
        answer = await reader.read()
        writer.close()
        head, _, body = answer.partition(b"\r\n\r\n")
        status, *headers = head.decode().split("\r\n")
        return int(status.split()[1]), dict(line.split(": ", 1) for line in headers), body

    async def get(self, path: str) -> tuple[int, Any]:
        status, _, body = await self.ask(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        return status, json.loads(body)


@pytest.fixture
async def port() -> AsyncIterator[Port]:
    made = Port()
    made.port = await made.management.start(HOST, 0)
    yield made
    await made.management.stop()


async def test_a_service_without_work_lives(port: Port) -> None:
    port.health.part("relay")
    assert await port.get("/livez") == (200, {"alive": True, "stuck_seconds": {}})


async def test_work_without_progress_for_too_long_is_no_life(port: Port) -> None:
    clock = Clock()
    relay = port.health.parts["relay"] = Progress(clock)
    relay.busy()
    clock.now = 59.0
    assert (await port.get("/livez"))[0] == 200
    relay.busy()
    clock.now = 61.0
    assert await port.get("/livez") == (503, {"alive": False, "stuck_seconds": {"relay": 61.0}})
    relay.moved()
    assert (await port.get("/livez"))[0] == 200


async def test_a_service_is_ready_when_every_condition_holds(port: Port) -> None:
    joined = False
    port.health.expect("topics")
    port.health.expect("intake", lambda: joined)
    assert await port.get("/readyz") == (503, {"ready": False, "missing": ["topics", "intake"]})
    port.health.says("topics", holds=True)
    joined = True
    assert await port.get("/readyz") == (200, {"ready": True, "missing": []})


async def test_metrics_are_in_prometheus_text(port: Port) -> None:
    port.metrics.records("lots").inc(3)
    port.metrics.observe(Observation("mass_imbalance_kg", "Unaccounted mass.", {"element": "Sb"}, 6.549))
    status, headers, body = await port.ask(b"GET /metrics HTTP/1.1\r\n\r\n")
    assert status == 200
    assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert b'orestream_records_total{service="mining",topic="lots"} 3.0' in body
    assert b'orestream_mass_imbalance_kg{element="Sb",service="mining"} 6.549' in body


async def test_head_has_the_length_and_no_body(port: Port) -> None:
    status, headers, body = await port.ask(b"HEAD /livez HTTP/1.1\r\n\r\n")
    assert (status, body) == (200, b"")
    assert int(headers["Content-Length"]) > 0


@pytest.mark.parametrize(
    ("request_", "status"),
    [(b"GET / HTTP/1.1\r\n\r\n", 404), (b"POST /livez HTTP/1.1\r\n\r\n", 405), (b"nonsense\r\n\r\n", 405)],
)
async def test_what_is_not_served_is_refused(port: Port, request_: bytes, status: int) -> None:
    assert (await port.ask(request_))[0] == status


async def test_a_client_that_breaks_off_or_sends_too_much_harms_nobody(port: Port) -> None:
    _, writer = await asyncio.open_connection(HOST, port.port)
    writer.write(b"GET /li")
    writer.close()
    reader, writer = await asyncio.open_connection(HOST, port.port)
    writer.write(b"x" * 100_000)
    assert await reader.read() == b""
    writer.close()
    assert (await port.get("/livez"))[0] == 200
