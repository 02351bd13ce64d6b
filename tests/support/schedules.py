"""Two frail replicas of the toy bank under a schedule of messages and faults, and what must hold after it."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from orestream.chassis.errors import HistoryDiverged
from orestream.chassis.kafka import positions
from orestream.chassis.metrics import Metrics
from orestream.chassis.records import Fetched, Place, Series
from orestream.chassis.relay import chores, publisher, relay
from orestream.chassis.relay.publisher import KafkaPublisher, sequence_of
from orestream.chassis.store import Store, migrate
from orestream.contracts.topics import OUTCOMES
from tests.support.frail import Life
from tests.support.frail_database import FrailDatabase, SharedDatabase
from tests.support.frail_kafka import Broker, FrailProducer, FrailTail
from tests.support.frail_replica import CURSOR, OUTPUTS, Replica
from tests.support.toy_domain import COMMANDS, MONEY, RATES, Bank, Tape
from tests.support.virtual_time import VirtualTimeLoop

NAMES = ("A", "B")
INPUTS = (Series(COMMANDS, 0), Series(COMMANDS, 1), Series(RATES, 0))
HEALING = 300.0
"""Seconds of the virtual clock that a healed system has for coming to rest."""

Op = tuple[Any, ...]


@dataclass(frozen=True)
class Build:
    """The product as it is, or with a protection taken out."""

    producers: Callable[[Broker, Life], FrailProducer] = FrailProducer
    publishers: type[KafkaPublisher] = KafkaPublisher
    blind: bool = False


class Wrong(AssertionError):
    """What a schedule has brought to light."""


@dataclass
class World:
    """Everything the replicas share, and the replicas."""

    build: Build
    database: SharedDatabase
    broker: Broker = field(default_factory=Broker)
    bank: Bank = field(default_factory=Bank)
    metrics: Metrics = field(default_factory=lambda: Metrics("bank"))
    fatal: list[Exception] = field(default_factory=list)
    replicas: dict[str, Replica] = field(default_factory=dict)
    lives: int = 0
    history: list[tuple[Any, ...]] = field(default_factory=list)
    """Every outbox row ever committed, in order."""

    def __post_init__(self) -> None:
        self.tapes = {one: Tape(one.topic, one.partition) for one in INPUTS}
        self.inputs: dict[Series, list[Fetched]] = {one: [] for one in INPUTS}
        self.places = {one: Place("cluster", f"id-of-{one.topic}", *one) for one in INPUTS}
        self.owners: dict[Series, str] = {}
        self.database.committed = self._note

    def _note(self) -> None:
        last = self.history[-1][0] if self.history else 0
        self.history += self.database.connection.execute(
            "SELECT position, decision_end, topic, partition, sequence, key, value FROM outbox"
            " WHERE position > ? ORDER BY position",
            (last,),
        ).fetchall()

    def start(self, name: str) -> None:
        """A new process, unless there is one."""
        if name in self.replicas and self.replicas[name].alive:
            return
        self.lives += 1
        self.replicas[name] = Replica(
            Life(f"{name}{self.lives}"),
            self.database,
            self.broker,
            self.inputs,
            self.places,
            self.bank,
            self.metrics,
            self.fatal,
            self.build.producers,
            self.build.publishers,
        )
        for one, owner in self.owners.items():
            if owner == name:
                self.replicas[name].assign(one)

    async def do(self, op: Op) -> None:
        """One step of a schedule."""
        match op:
            case ("command", partition, command):
                one = INPUTS[partition]
                self.inputs[one].append(self.tapes[one].command(command))
            case ("fact", fact):
                self.inputs[INPUTS[2]].append(self.tapes[INPUTS[2]].fact(fact))
            case ("fault", name, point, visit, fate):
                self.replicas[name].life.doom(point, visit, fate)
            case ("sleep", name):
                self.replicas[name].life.awake.clear()
            case ("wake", name):
                self.replicas[name].life.awake.set()
            case ("kill", name):
                await self.replicas[name].kill()
            case ("start", name):
                if not self.replicas[name].alive:
                    await self.replicas[name].kill()
                    self.start(name)
            case ("assign", partition, name, told):
                self.assign(INPUTS[partition], name, told=told)
            case ("hide", at):
                self.broker.hide(CURSOR if at is None else at)
            case ("reveal",):
                self.broker.reveal()
            case ("time-out",):
                self.broker.abort()
                self.broker.epoch += 1
            case ("pass", seconds):
                await asyncio.sleep(seconds)
            case _:
                raise AssertionError(op)
        await asyncio.sleep(0)

    def assign(self, one: Series, name: str, *, told: bool) -> None:
        """The group gives a partition away; who had it may not know yet."""
        before = self.owners.get(one)
        self.owners[one] = name
        if before is not None and told and self.replicas[before].alive:
            self.replicas[before].revoke(one)
        if self.replicas[name].alive:
            self.replicas[name].assign(one)

    async def heal(self) -> None:
        """Faults cease; everything gets the time to come to rest. Raises Wrong."""
        self.bank.faulty.clear()
        self.broker.reveal()
        for name in NAMES:
            self.replicas[name].life.plan.clear()
            self.replicas[name].life.awake.set()
            if not self.replicas[name].alive:
                await self.replicas[name].kill()
                self.start(name)
        for one in INPUTS:
            owner = self.owners[one]
            for name in NAMES:
                if name != owner and one in self.replicas[name].mine:
                    self.replicas[name].revoke(one)
        loop = asyncio.get_running_loop()
        until = loop.time() + HEALING
        while loop.time() < until:
            await asyncio.sleep(1.0)
            await self._revive()
            if self._at_rest():
                return
        raise Wrong(f"not at rest: {self._unfinished()}")

    async def _revive(self) -> None:
        """A process that has stopped itself is started again, as an orchestrator does.

        A relay that was overtaken between two reads of the topics takes it for another history; started
        again it finds that it is not. Anything else that stops a process is wrong.
        """
        others = [error for error in self.fatal if not isinstance(error, HistoryDiverged)]
        if others:
            raise Wrong(f"a process stopped: {others[0]!r}")
        if self.fatal:
            self.fatal.clear()
            for name in NAMES:
                await self.replicas[name].kill()
                self.start(name)

    def _at_rest(self) -> bool:
        return not any(self._unfinished().values())

    def _unfinished(self) -> dict[str, Any]:
        connection = self.database.connection
        stored = {
            Series(topic, partition): at
            for topic, partition, at in connection.execute("SELECT topic, partition, next_offset FROM intake")
        }
        return {
            "not taken": [one for one in INPUTS if stored.get(one, 0) != len(self.inputs[one])],
            "ready": connection.execute("SELECT key FROM lane WHERE ready").fetchall(),
            "published": len(self.history) - len(self.visible()),
        }

    def visible(self) -> list[Any]:
        """What read_committed sees of our records."""
        return [one for at in OUTPUTS for one in self.broker.stable(at) if one.key != b"foreign"]

    def check(self) -> None:
        """At any time: committed rows are visible once, in order, decisions whole. Raises Wrong."""
        due: dict[Series, list[tuple[Any, ...]]] = {}
        for position, _, topic, partition, sequence, key, value in self.history:
            due.setdefault(Series(topic, partition), []).append((sequence, key, value, position))
        shown = 0
        for at in OUTPUTS:
            seen = [one for one in self.broker.stable(at) if one.key != b"foreign"]
            records = [(sequence_of(one), one.key, one.value) for one in seen]
            expected = [row[:3] for row in due.get(at, [])]
            if records != expected[: len(records)]:
                numbers = [record[0] for record in records]
                raise Wrong(f"on {at} stands {numbers} of {[row[0] for row in expected]}")
            shown = max([shown, *(row[3] for row in due.get(at, [])[: len(records)])])
        if not self.broker.foreign or self.broker.foreign[-1].state != "open":
            self._check_whole(shown)

    def _check_whole(self, shown: int) -> None:
        if shown and len(self.visible()) != shown:
            raise Wrong(f"{len(self.visible())} records are visible, of those up to position {shown}")
        if shown and not self.history[shown - 1][1]:
            raise Wrong(f"a decision is cut in two behind position {shown}")

    def check_outcomes(self) -> None:
        """At rest: each command has one final answer, each repeat another, and states are the fold."""
        answers = [json.loads(row[6]) for row in self.history if row[2] == OUTCOMES]
        repeats = Counter(_place(a) for a in answers if a.get("repeat") or a.get("conflict"))
        first = Counter(a["command_id"] for a in answers if not (a.get("repeat") or a.get("conflict")))
        finals = Counter(
            a["command_id"] for a in answers
            if a["status"] != "waiting" and not a.get("repeat") and not a.get("conflict")
        )  # fmt: skip
        seen: set[str] = set()
        for one in INPUTS[:2]:
            for record in self.inputs[one]:
                id_ = dict(record.headers)["ce_id"].decode()
                twice = repeats[record.at] and self._first_at(answers, record)
                if finals[id_] > 1 or first[id_] > 2 or repeats[record.at] > 1 or twice:
                    raise Wrong(f"{id_} is answered too often")
                if id_ in seen and not repeats[record.at] and not self._first_at(answers, record):
                    raise Wrong(f"the repeat at {record.at} has no answer")
                seen.add(id_)
                if not first[id_]:
                    raise Wrong(f"{id_} has no answer")
        self._check_states()

    @staticmethod
    def _first_at(answers: Sequence[dict[str, Any]], record: Fetched) -> bool:
        return any(_place(a) == record.at for a in answers if not (a.get("repeat") or a.get("conflict")))

    def _check_states(self) -> None:
        balances: dict[str, Decimal] = {}
        for row in self.history:
            if row[2] == MONEY:
                fact = json.loads(row[6])
                if "account_id" in fact:
                    so_far = balances.get(fact["account_id"], Decimal(0))
                    balances[fact["account_id"]] = so_far + Decimal(fact.get("amount", "0"))
        rows = self.database.connection.execute(
            "SELECT id, state FROM aggregate WHERE kind = 'account' AND state IS NOT NULL"
        )
        stored = {id_: Decimal(str(json.loads(text)["Account"]["balance"])) for id_, text in rows}
        if stored != balances:
            raise Wrong(f"states {stored} are not the fold of the facts {balances}")
        (times,) = self.database.connection.execute(
            "SELECT count(*) FROM aggregate WHERE kind = 'rate' AND state IS NOT NULL"
        ).fetchone()
        sent = {json.loads(record.value or b"{}")["currency"] for record in self.inputs[INPUTS[2]]}
        if times != len(sent):
            raise Wrong(f"{times} rates are known of {len(sent)}")


def _place(answer: dict[str, Any]) -> str:
    at = answer["input"]
    return f"{at['topic']}/{at['partition']}/{at['offset']}"


def run(ops: Sequence[Op], build: Build | None = None) -> None:
    """Run one schedule to its end. Raises Wrong."""
    empty = template()
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(_run(ops, build or Build(), empty))


async def _run(ops: Sequence[Op], build: Build, empty: sqlite3.Connection) -> None:
    loop = asyncio.get_running_loop()
    world = World(build, SharedDatabase.like(empty))

    def tail(life: Life) -> Any:
        return FrailTail(world.broker, life, build.blind).reader()

    with (
        patch.object(publisher, "tail_reader", tail),
        patch.object(relay, "monotonic", loop.time),
        patch.object(chores, "monotonic", loop.time),
        patch.object(positions, "monotonic", loop.time),
    ):
        store = Store(FrailDatabase(world.database, Life("setting up")))
        for place in world.places.values():
            await store.register_place(place, 0)
        for name in NAMES:
            world.start(name)
        for partition, one in enumerate(INPUTS):
            world.assign(one, NAMES[partition % 2], told=True)
        try:
            for op in ops:
                await world.do(op)
                world.check()
            await world.heal()
            world.check()
            world.check_outcomes()
        finally:
            for replica in world.replicas.values():
                with suppress(asyncio.CancelledError):
                    await replica.kill()


@cache
def template() -> sqlite3.Connection:
    """A migrated database, to be copied."""
    with TemporaryDirectory() as directory:
        path = Path(directory) / "template.db"
        asyncio.run(migrate(f"sqlite:///{path}"))
        memory = sqlite3.connect(":memory:", check_same_thread=False)
        with sqlite3.connect(path) as file:
            file.backup(memory)
        file.close()
    return memory
