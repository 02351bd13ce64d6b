"""What the proxy understands of Kafka and PostgreSQL, and what its rules make of it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orestream.cli.embedded.ports import free_port
from tests.chaos.proxy.frames import (
    kafka_correlation,
    kafka_frame,
    kafka_request,
    postgres_message,
)
from tests.chaos.proxy.passage import Fate, Passage, Rule
from tests.chaos.proxy.proxy import Proxy

PATIENCE_S = 5.0


def request(api: int, correlation: int, client: str = "dev.main.mining", body: bytes = b"") -> bytes:
    name = client.encode()
    content = struct.pack(">hhih", api, 0, correlation, len(name)) + name + body
    return struct.pack(">i", len(content)) + content


def answer(correlation: int, body: bytes = b"") -> bytes:
    return struct.pack(">ii", 4 + len(body), correlation) + body


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack(">i", 4 + len(body)) + body


def fed(*parts: bytes) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    for part in parts:
        reader.feed_data(part)
    reader.feed_eof()
    return reader


@given(st.integers(0, 90), st.integers(0, 2**31 - 1), st.text(max_size=20), st.binary(max_size=100))
def test_a_request_of_kafka_is_understood_whatever_it_holds(
    api: int, correlation: int, client: str, body: bytes
) -> None:
    understood = kafka_request(request(api, correlation, client, body))
    assert (understood.correlation, understood.client) == (correlation, client)
    assert (understood.what == "end-txn") == (api == 26)
    assert (understood.what == "produce") == (api == 0)
    assert kafka_correlation(answer(correlation, body)) == correlation


async def test_frames_are_told_apart_wherever_the_stream_was_cut() -> None:
    whole = request(0, 1, body=b"x" * 50) + request(26, 2)
    for cut in range(len(whole)):
        reader = fed(whole[:cut], whole[cut:])
        found = [kafka_request(await kafka_frame(reader)).what for _ in range(2)]
        assert found == ["produce", "end-txn"]


async def test_a_commit_is_told_from_other_messages_of_postgresql() -> None:
    startup = struct.pack(">ii", 12, 196608) + b"user"
    ssl = struct.pack(">ii", 8, 80877103)
    reader = fed(
        ssl, startup, message(b"Q", b"BEGIN;\0"), message(b"P", b"COMMIT"), message(b"Q", b"COMMIT;\0")
    )
    found, greeted = [], False
    for _ in range(5):
        _, what, greeted = await postgres_message(reader, greeted)
        found.append(what)
    assert found == ["greeting", "greeting", "query", "parse", "commit"]


class Broker:
    """Answers each frame with its correlation, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.breaks_off = False
        self.port = free_port()
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                correlation = kafka_request(await kafka_frame(reader)).correlation
                self.asked.append(correlation)
                if self.breaks_off:
                    linger = struct.pack("ii", 1, 0)  # which makes the close a reset
                    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    writer.close()
                    return
                writer.write(answer(correlation))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


@pytest.fixture
async def broker() -> AsyncIterator[Broker]:
    made = Broker()
    server = await asyncio.start_server(made.serve, "127.0.0.1", made.port)
    yield made
    server.close()


@pytest.fixture
async def proxy(broker: Broker) -> AsyncIterator[Proxy]:
    made = Proxy(free_port(), ("127.0.0.1", broker.port), "kafka")
    await made.start()
    yield made
    await made.stop()


def when(what: str, *, answers: bool, fate: Fate) -> Rule:
    async def rule(passage: Passage) -> Fate:
        return fate if (passage.what, passage.answer) == (what, answers) else Fate.PASS

    return rule


async def ask(proxy: Proxy, *requests: bytes) -> list[int]:
    """Correlations of what is answered until the line is silent or broken."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    answered = []
    try:
        writer.write(b"".join(requests))
        async with asyncio.timeout(0.5):
            while True:
                answered.append(kafka_correlation(await kafka_frame(reader)))
    except (TimeoutError, asyncio.IncompleteReadError, ConnectionError):
        return answered
    finally:
        writer.close()


async def heard(broker: Broker, expected: list[int]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while broker.asked != expected:  # noqa: ASYNC110 - what the other end hears has no event here
            await asyncio.sleep(0.02)


async def test_without_a_rule_everything_passes(proxy: Proxy, broker: Broker) -> None:
    assert await ask(proxy, request(0, 1), request(26, 2)) == [1, 2]
    await heard(broker, [1, 2])


async def test_a_lost_request_takes_the_rest_of_the_line_with_it(proxy: Proxy, broker: Broker) -> None:
    proxy.rules.append(when("end-txn", answers=False, fate=Fate.LOSE))
    assert await ask(proxy, request(0, 1), request(26, 2), request(0, 3)) == [1]
    await heard(broker, [1])


async def test_a_lost_answer_was_asked_all_the_same(proxy: Proxy, broker: Broker) -> None:
    proxy.rules.append(when("produce", answers=True, fate=Fate.LOSE))
    assert await ask(proxy, request(12, 1), request(0, 2), request(12, 3)) == [1]
    await heard(broker, [1, 2, 3])


async def test_a_doubled_request_is_answered_once(proxy: Proxy, broker: Broker) -> None:
    proxy.rules.append(when("produce", answers=False, fate=Fate.TWICE))
    assert await ask(proxy, request(0, 1), request(12, 2)) == [1, 2]
    await heard(broker, [1, 1, 2])


async def test_a_doubled_answer_comes_twice(proxy: Proxy, broker: Broker) -> None:
    proxy.rules.append(when("produce", answers=True, fate=Fate.TWICE))
    assert await ask(proxy, request(0, 1), request(12, 2)) == [1, 1, 2]
    await heard(broker, [1, 2])


async def test_what_was_held_back_arrives_after_its_client_has_left(proxy: Proxy, broker: Broker) -> None:
    gone = asyncio.Event()

    async def hold(passage: Passage) -> Fate:
        if passage.what == "end-txn" and not passage.answer:
            await gone.wait()
        return Fate.PASS

    proxy.rules.append(hold)
    assert await ask(proxy, request(0, 1), request(26, 2)) == [1]
    await asyncio.sleep(0.1)
    assert broker.asked == [1]
    gone.set()
    await heard(broker, [1, 2])


async def test_a_server_that_breaks_off_is_broken_off_at_once(proxy: Proxy, broker: Broker) -> None:
    broker.breaks_off = True
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(request(0, 1))
    async with asyncio.timeout(PATIENCE_S):
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
    writer.close()


async def test_a_cut_breaks_the_connection_and_the_next_one_is_as_good(proxy: Proxy, broker: Broker) -> None:
    rule = when("produce", answers=False, fate=Fate.CUT)
    proxy.rules.append(rule)
    assert await ask(proxy, request(12, 1), request(0, 2)) in ([], [1])
    proxy.rules.remove(rule)
    assert await ask(proxy, request(0, 3)) == [3]
