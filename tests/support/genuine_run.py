"""A short genuine run without faults, recorded as the chaos suite records its runs.

It has everything that a checker looks at: commands that wait, repeats, conflicts, poison, an aborted producer
transaction, another site's facts, some of them parked, one released, one discarded, one parked for good.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

import psutil
from confluent_kafka import Producer

from orestream.contracts.registry import MESSAGES
from orestream.contracts.topics import SERVICES, commands_topic
from tests.integration.test_parked_records import Desk, Gilgit, in_one_partition, receiving
from tests.support import chain
from tests.support.bare_records import Bare, Wire, bare, become
from tests.support.systems import System

SAMPLE_S = 0.25
CHAINS = 2


@dataclass(slots=True)
class Diary:
    """Writes `history.jsonl` while it sends."""

    wire: Wire
    file: IO[str]
    _n: int = field(default=0)

    def send(self, service: str, kind: str, *records: Bare) -> list[str]:
        """Send records one by one; where they stand."""
        places = []
        for record in records:
            n = self._sent(service, kind, record)
            (place,) = self.wire.write(record)
            places.append(place)
            partition, offset = place.split("/")[-2:]
            self._line(event="acked", n=n, partition=int(partition), offset=int(offset))
        return places

    def abort(self, service: str, *records: Bare) -> None:
        """Send records in a transaction that is aborted."""
        producer = Producer({"bootstrap.servers": self.wire.bootstrap, "transactional.id": "chaos-aborted"})
        producer.init_transactions(30)
        producer.begin_transaction()
        numbers = []
        for record in records:
            numbers.append(self._sent(service, "aborted", record))
            headers: list[tuple[str, Any]] = list(record.headers.items())
            producer.produce(record.topic, key=record.key, value=record.value, headers=headers)
        producer.flush(30)
        producer.abort_transaction(30)
        for n in numbers:
            self._line(event="aborted", n=n)

    def _sent(self, service: str, kind: str, record: Bare) -> int:
        self._n += 1
        id_ = record.headers.get("ce_id")
        self._line(
            event="sent",
            n=self._n,
            topic=record.topic,
            key=None if record.key is None else record.key.decode(),
            id=id_.decode() if id_ else None,
            kind=kind,
            service=service,
            sha256=sha256(record.value or b"").hexdigest(),
        )
        return self._n

    def _line(self, **told: Any) -> None:
        self.file.write(json.dumps({**told, "at": time.time()}) + "\n")
        self.file.flush()


def record_run(system: System, directory: Path) -> None:
    """Send everything, wait until all is quiet, and write the files of the run."""
    databases = {service: system.directory / "databases" / f"{service}.db" for service in SERVICES}
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "faults.jsonl").write_text("")
    with (
        (directory / "history.jsonl").open("w") as history,
        _sampled(system, databases, directory / "samples.jsonl"),
    ):
        healed_at = time.time()
        diary = Diary(Wire(system.bootstrap), history)
        _send_chains(diary)
        _send_odd_ones(diary)
        _park(diary, system)
        _await_quiet(system, databases)
        time.sleep(2 * SAMPLE_S)
    told = {
        "site": "main",
        "bootstrap_servers": system.bootstrap,
        "services": {service: f"sqlite+aiosqlite:///{path}" for service, path in databases.items()},
        "healed_at": healed_at,
        "quiet_at": time.time(),
        "lag_limit_s": 600,
    }
    (directory / "run.json").write_text(json.dumps(told))


def command(told: Mapping[str, Any]) -> tuple[str, Bare]:
    """A command of an example file with its service."""
    service = chain.service_of(dict(told))
    content = {name: value for name, value in told.items() if name not in ("command", "service")}
    model = MESSAGES[told["command"]]
    key = model.read(json.dumps(content)).key
    record = bare(
        commands_topic("main", service),
        model.type_for(service),  # type: ignore[attr-defined]  # every example is a command
        key,
        content,
        id=told["command_id"],
        source="/orestream/main/cli",
        time=told["occurred_at"],
    )
    return service, record


def _send_chains(diary: Diary) -> None:
    sent, _ = chain.many(CHAINS)
    commands = [command(one) for one in sent]
    # what must wait comes before what it waits for
    for service, record in sorted(commands, key=lambda one: SERVICES.index(one[0]) != 1):
        diary.send(service, "command", record)
    for service, record in commands[:3]:
        diary.send(service, "repeat", record)
        changed = {**json.loads(record.value or b""), "by": "somebody else"}
        diary.send(service, "conflict", record.having(value=json.dumps(changed).encode()))


def _send_odd_ones(diary: Diary) -> None:
    _, first = command(chain.commands()[1])
    poison = first.headed("ce_id", b"c-poison").having(value=b"\xff\xfe no command")
    diary.send("mining", "poison", poison, poison.headed("ce_id", None).having(value=b"{"))
    diary.abort("mining", first.headed("ce_id", b"c-aborted"))
    diary.send("processing", "command", receiving("processing", "LOT-NOWHERE"))


def _park(diary: Diary, system: System) -> None:
    """One key whose bad fact is discarded, so that the rest is released; one that stays parked."""
    gilgit = Gilgit()
    desk = Desk(system, "processing")
    for stem in ("LOT-DISCARDED", "LOT-PARKED"):
        key, other = in_one_partition(stem)
        diary.send(
            "mining",
            "foreign",
            gilgit.fact("orestream.lot.mined.v1", key).having(value=b"\xff no JSON"),
            gilgit.fact("orestream.lot.despatched.v1", key, to="processing"),
            gilgit.fact("orestream.lot.mined.v1", other),
            gilgit.fact("orestream.lot.despatched.v1", other, to="processing"),
        )
        diary.send("processing", "command", receiving("processing", key), receiving("processing", other))
        become(lambda: desk.of_key(key), lambda found: len(found) == 2)  # noqa: B023 - called at once
        if stem == "LOT-DISCARDED":
            desk.run("discard", key, "--reason", "a test rig wrote it")
            become(lambda: desk.of_key(key), lambda found: not found)  # noqa: B023 - called at once


def _await_quiet(system: System, databases: Mapping[str, Path]) -> None:
    """Lag is nothing, and three looks in a row find the same outboxes, published whole."""
    same, before = 0, None
    deadline = time.monotonic() + 120
    while same < 3:
        assert time.monotonic() < deadline, "the run never became quiet"
        heads = {service: _look(path)[1] for service, path in databases.items()}
        same = same + 1 if heads == before and system.lag() == 0 else 0
        before = heads
        time.sleep(0.5)


def _look(path: Path) -> tuple[dict[str, int], dict[str, Any]]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        offsets = connection.execute("SELECT topic, partition, next_offset FROM intake").fetchall()
        ((position, link),) = connection.execute("SELECT position, link FROM outbox_head").fetchall()
    return {f"{t}/{p}": at for t, p, at in offsets}, {"position": position, "link": link}


@contextmanager
def _sampled(system: System, databases: Mapping[str, Path], path: Path) -> Iterator[None]:
    """Samples are taken while the block runs."""
    over = threading.Event()
    thread = threading.Thread(target=_sample, args=(system, databases, path, over))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _sample(system: System, databases: Mapping[str, Path], path: Path, over: threading.Event) -> None:
    with path.open("w") as file:
        while not over.wait(SAMPLE_S):
            for line in _samples(system, databases):
                file.write(json.dumps({"at": time.time(), **line}) + "\n")


def _samples(system: System, databases: Mapping[str, Path]) -> Iterable[dict[str, Any]]:
    for service, path in databases.items():
        pid = system.pid(service)
        rss = psutil.Process(pid).memory_info().rss / 1_000_000
        yield {"process": f"{service}-1", "pid": pid, "rss_mb": rss, "lag": 0, "outbox": 0}
        offsets, head = _look(path)
        yield {"service": service, "offsets": offsets, "head": head}
