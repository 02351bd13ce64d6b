"""A fact that cannot be read is set aside with what follows it, until an operator of the system sees to it.

The fact comes from a second mining site, so that the first one's sequences stay whole.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest

from orestream.contracts.topics import MINING_LOTS, PARTITIONS, commands_topic, parked_topic, partition_of
from tests.support.bare_records import Bare, Wire, bare, become, header_of
from tests.support.systems import System, running_system

GOLDEN = files("orestream.contracts") / "published" / "golden"
READERS = ("processing", "export")
MEGABYTE = 1_000_000


def example(type_: str) -> dict[str, Any]:
    """The value of a message's published example."""
    golden = json.loads((GOLDEN / f"{type_}.json").read_text(encoding="utf-8"))
    value: dict[str, Any] = json.loads(golden["value"])
    return value


class Gilgit:
    """Another mining site as its relay writes: numbered in each partition from 1."""

    def __init__(self) -> None:
        self._last: Counter[int] = Counter()

    def fact(self, type_: str, key: str, **changes: Any) -> Bare:
        """The site's next fact of that partition."""
        partition = partition_of(key.encode(), PARTITIONS)
        self._last[partition] += 1
        return bare(
            MINING_LOTS,
            type_,
            key,
            {**example(type_), "lot_id": key, **changes},
            id=f"fact-{partition}-{self._last[partition]}",
            source="/orestream/gilgit/mining",
            time="2025-09-10T08:00:00Z",
            sequence=f"{self._last[partition]:020d}",
        ).having(partition=partition)


def receiving(service: str, key: str) -> Bare:
    """The command that takes the lot in."""
    type_ = f"orestream.{service}.receive-lot.v1"
    weighed = example("orestream.processing.receive-lot.v1")
    content = {
        **example(type_),
        "command_id": f"c-{key}",
        "lot_id": key,
        "tickets": [{**weighed["tickets"][0], "number": f"P-{key}"}],
        "moisture_pct": weighed["moisture_pct"],
    }
    return bare(
        commands_topic("main", service),
        type_,
        key,
        content,
        id=f"c-{key}",
        source="/orestream/main/cli",
        time=content["occurred_at"],
    )


def in_one_partition(stem: str) -> tuple[str, str]:
    """Two lots whose records stand behind each other."""
    first = f"{stem}-0"
    place = partition_of(first.encode(), PARTITIONS)
    names = (f"{stem}-{number}" for number in range(1, 1000))
    return first, next(name for name in names if partition_of(name.encode(), PARTITIONS) == place)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running_system(tmp_path_factory.mktemp("parked")) as running:
        yield running


@pytest.fixture(scope="module")
def gilgit() -> Gilgit:
    return Gilgit()


class Desk:
    """`orestream parked` for one service of a running system."""

    def __init__(self, system: System, service: str) -> None:
        self._system = system
        self._service = service

    def run(self, verb: str, *arguments: str, code: int = 0) -> str:
        """What it prints, on either stream."""
        database = f"sqlite:///{self._system.directory / 'databases' / '{service}.db'}"
        done = self._system.run_offline(
            "parked", verb, *arguments, "--service", self._service, "--database", database
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def of_key(self, key: str) -> list[dict[str, Any]]:
        """The records under a key, in order."""
        listed = json.loads(self.run("list", "--json"))
        assert listed["breaker"] is None
        return [one for one in listed["parked"] if one["key"] == key]


def notices(wire: Wire, service: str, key: str) -> list[tuple[str, str]]:
    """What the parked topic says of a key: verb and the place of the record."""
    return [
        (header_of(one, "ce_type").split(".")[2], header_of(one, "orestream_input"))
        for one in wire.read(parked_topic("main", service))
        if header_of(one, "ce_subject") == key
    ]


@pytest.mark.parametrize("service", READERS)
def test_a_poisoned_fact_is_parked_with_its_key_and_goes_when_an_operator_says_so(
    system: System, gilgit: Gilgit, service: str
) -> None:
    wire, desk = Wire(system.bootstrap), Desk(system, service)
    key, other = in_one_partition(f"LOT-GIL-{service}")
    poison, *behind = wire.write(
        gilgit.fact("orestream.lot.mined.v1", key).having(value=b"\xff no JSON"),
        gilgit.fact("orestream.lot.assayed.v1", key),
        gilgit.fact("orestream.lot.despatched.v1", key, to=service),
        gilgit.fact("orestream.lot.despatched.v1", other, to=service),
    )[:3]
    wire.write(receiving(service, key), receiving(service, other))

    # the other key of the same partition flows, a command of the parked one waits and says why
    answers = wire.answered(f"c-{key}", f"c-{other}")
    waiting, flowing = answers[f"c-{key}"][-1], wire_final(wire, f"c-{other}")
    assert flowing["status"] == "accepted", flowing
    assert (waiting["status"], waiting["waits_for"]) == ("waiting", [f"parked {key}"])

    parked = become(lambda: desk.of_key(key), lambda found: len(found) == 3)
    assert [one["behind"] for one in parked] == [None, key, key]
    assert parked[0]["reason"].startswith("value: ")
    shown = desk.run("list")
    assert f"{key}  {poison}  value: " in shown
    assert f"{key}  {behind[0]}  behind {key}" in shown
    assert "no JSON" in desk.run("show", key)

    # tried again it fails again, and all stays as it was
    assert f"{service} will try {key} again" in desk.run("retry", key)
    retried = become(lambda: desk.of_key(key), lambda found: found[0]["attempts"] == 2)
    assert [one["behind"] for one in retried] == [None, key, key]

    assert "will drop the failing record" in desk.run("discard", key, "--reason", "a test rig wrote it")
    become(lambda: desk.of_key(key), lambda found: not found)
    assert wire_final(wire, f"c-{key}")["status"] == "accepted"
    expected = [("parked", poison), *(("parked", one) for one in behind), ("parked", poison)]
    expected += [("discarded", poison), *(("released", one) for one in behind)]
    assert become(lambda: notices(wire, service, key), lambda found: len(found) >= len(expected)) == expected
    (dropped,) = [
        one
        for one in wire.read(parked_topic("main", service))
        if (header_of(one, "ce_type"), header_of(one, "ce_subject")) == ("orestream.record.discarded.v1", key)
    ]
    assert header_of(dropped, "orestream_reason") == "a test rig wrote it"
    assert (dropped.key(), dropped.value()) == (key.encode(), b"\xff no JSON")


def wire_final(wire: Wire, command_id: str) -> dict[str, Any]:
    """The outcome that is not `waiting`, as soon as it is there."""
    found = become(
        lambda: [one for one in wire.answers().get(command_id, ()) if one["status"] != "waiting"], bool
    )
    return found[0]


def test_a_key_that_is_not_parked_is_answered_with_where_to_look(system: System) -> None:
    said = Desk(system, "processing").run("retry", "LOT-NOBODY", code=2)

    assert "nothing of LOT-NOBODY fails by itself in processing" in said
    assert "orestream parked list --service processing" in said


def test_facts_as_large_as_records_may_be_are_parked_too(system: System, gilgit: Gilgit) -> None:
    wire, desk = Wire(system.bootstrap), Desk(system, "processing")
    large = gilgit.fact("orestream.lot.mined.v1", "LOT-LARGE").having(value=b"\x00" * MEGABYTE)
    headed = gilgit.fact("orestream.lot.mined.v1", "LOT-HEADED").headed("ce_correlationid", b"x" * MEGABYTE)
    keyed = gilgit.fact("orestream.lot.mined.v1", "LOT-KEYED").having(key=b"k" * MEGABYTE)

    places = wire.write(large, headed, keyed)

    def parked() -> list[str]:
        records = [one["record"] for one in json.loads(desk.run("list", "--json"))["parked"]]
        found = {f"{one['topic']}/{one['partition']}/{one['offset']}" for one in records}
        return sorted(found.intersection(places))

    assert become(parked, lambda found: len(found) == 3) == sorted(places)

    def told() -> list[str]:
        notices_ = wire.read(parked_topic("main", "processing"))
        return sorted(header_of(one, "orestream_input") for one in notices_)

    become(told, lambda found: set(places) <= set(found))
