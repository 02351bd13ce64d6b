"""Commands as records, for the sections that measure the services themselves; every quantity is synthetic."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from orestream.contracts.message import Command
from orestream.contracts.topics import commands_topic, partition_of
from orestream.contracts.wire import Envelope, encode, source_of
from tests.bench.harness.stage import PARTITIONS
from tests.bench.watching import Outgoing
from tests.support.chain import many
from tests.support.desk import Desk
from tests.support.worlds import parse

SITE = "main"
SOURCES = 40


def outgoing(service: str, command: Command) -> Outgoing:
    """A command as the command line sends it; its effect is recognised by its id."""
    envelope = Envelope(
        id=command.command_id,
        source=source_of(SITE, "cli"),
        type=command.type_for(service),
        subject=command.key,
        time=command.occurred_at,
        correlation_id=command.command_id,
    )
    record = encode(command, envelope)
    place = partition_of(record.key, PARTITIONS)
    topic = commands_topic(SITE, service)
    return Outgoing(command.command_id, topic, place, record.key, record.headers, record.value)


def sources(desk: Desk) -> Iterator[Outgoing]:
    """Mines that lots can come from."""
    for number in range(SOURCES):
        yield outgoing(*desk.source(f"SRC-{number}"))


def lots(desk: Desk, first: int, count: int) -> Iterator[Outgoing]:
    """Lots mined at these sources in turns, each weighed on a ticket of its own."""
    for number in range(first, first + count):
        fields: dict[str, Any] = {"source_id": f"SRC-{number % SOURCES}", "moisture_pct": "3.20"}
        yield outgoing(*desk.mine(f"LOT-{number:07d}", "24000.000", **fields))


def shipments(count: int) -> list[Outgoing]:
    """Whole shipments from the mine to the port, interleaved command by command."""
    return [outgoing(*parse(command)) for command in many(count)[0]]


def family_tree(desk: Desk, branching: tuple[int, ...]) -> Iterator[Outgoing]:
    """One lot, split into so many parts, each split in turn, level by level; the last parts weigh a tonne."""
    leaf = Decimal(1000)
    total = leaf
    for parts in branching:
        total *= parts
    yield outgoing(*desk.source("SRC-TREE"))
    yield outgoing(*desk.mine("TREE", f"{total}.000", source_id="SRC-TREE"))
    parents, mass = ["TREE"], total
    for parts in branching:
        mass /= parts
        children = []
        for parent in parents:
            born = [f"{parent}.{number}" for number in range(1, parts + 1)]
            children += born
            yield outgoing(*desk.split(parent, dict.fromkeys(born, f"{mass}.000")))
        parents = children


def lots_in(branching: tuple[int, ...]) -> int:
    """How many lots such a tree has, its root included."""
    level, total = 1, 1
    for parts in branching:
        level *= parts
        total += level
    return total
