"""Commands for the services' own benchmark: each registers a source, so each is accepted at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import count

from orestream.contracts.mining import RegisterSource
from orestream.contracts.topics import partition_of
from orestream.contracts.wire import Envelope, encode, source_of
from tests.bench.events import Input
from tests.support.chain import commands as examples

CLI = source_of("main", "cli")


def sources(partitions: int) -> Callable[[int], Iterator[Input]]:
    """A feed of `RegisterSource`: called with a number, it gives so many more."""
    template = {name: value for name, value in examples()[0].items() if name not in ("command", "service")}
    numbers = count()

    def feed(wanted: int) -> Iterator[Input]:
        for _ in range(wanted):
            yield _registration(template, next(numbers), partitions)

    return feed


def _registration(template: dict[str, object], number: int, partitions: int) -> Input:
    said = {**template, "command_id": f"bench-{number:09d}", "source_id": f"SRC-{number:09d}"}
    command = RegisterSource.read(json.dumps(said))
    envelope = Envelope(
        id=command.command_id,
        source=CLI,
        type=RegisterSource.type_for("mining"),
        subject=command.key,
        time=command.occurred_at,
        correlation_id=command.command_id,
    )
    record = encode(command, envelope)
    return Input(partition_of(record.key, partitions), record.key, record.headers, record.value)
