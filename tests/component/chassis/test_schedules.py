"""Schedules of messages and faults, drawn at random, for the genuine intake and relay on fakes that fail.

Each call to the database or to Kafka may fail, leave its outcome in doubt, let its process sleep or die; the
group reassigns partitions to replicas that do not know it yet; other writers' transactions hide the ends of
partitions. Then faults cease, and everything must be there once. With a protection taken out, a schedule
of the same kind breaks the promise.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any
from unittest.mock import patch

import pytest
import structlog
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from orestream.chassis.records import Place
from orestream.chassis.relay.cursor import Cursor
from orestream.chassis.relay.publisher import KafkaPublisher
from orestream.chassis.relay.settling import Settlement, Unmarked
from orestream.chassis.store import offsets
from orestream.chassis.store.outbox_row import OutboxRow
from orestream.chassis.store.transaction import Transaction
from tests.support.frail_kafka import FrailProducer
from tests.support.schedules import NAMES, Build, Op, Wrong, run
from tests.support.toy_domain import deposit, opening, rate, transfer

ACCOUNTS = ("X", "Y", "Z")
SEARCH = settings(
    database=None,
    deadline=None,
    derandomize=True,
    max_examples=200,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def commands() -> st.SearchStrategy[Op]:
    """Few ids, so that they are repeated, also with other content and on the other partition."""
    account = st.sampled_from(ACCOUNTS)
    id_ = st.integers(1, 12).map("c{}".format)
    command = st.one_of(
        st.builds(opening, id_, account),
        st.builds(deposit, id_, account),
        st.builds(deposit, id_, account, currency=st.sampled_from(("EUR", "USD"))),
        st.builds(transfer, id_, account, account),
    )
    return command.map(lambda one: ("command", ACCOUNTS.index(one.account_id) % 2, one))


def facts() -> st.SearchStrategy[Op]:
    bonus = st.one_of(st.none(), st.sampled_from(ACCOUNTS))
    return st.builds(rate, st.sampled_from(("EUR", "USD")), bonus_to=bonus).map(lambda one: ("fact", one))


def faults() -> st.SearchStrategy[Op]:
    """A fate at one of the next visits to a point."""
    point_and_fate = st.one_of(
        st.tuples(
            st.sampled_from(("begin", "statement", "commit", "committed", "read")),
            st.sampled_from(("fail", "lose", "sleep", "die")),
        ),
        st.tuples(
            st.sampled_from(("initialise", "tail", "send", "end")),
            st.sampled_from(("fail", "lose", "late", "sleep", "die")),
        ),
        st.tuples(st.just("end"), st.sampled_from(("unmark facts", "unmark cursor", "unmark both"))),
        st.tuples(st.sampled_from(("unmarked", "mark")), st.sampled_from(("fail", "sleep", "die"))),
        st.tuples(st.sampled_from(("poll", "polled")), st.sampled_from(("sleep", "die"))),
    )
    return st.tuples(st.sampled_from(NAMES), point_and_fate, st.integers(1, 4)).map(
        lambda drawn: ("fault", drawn[0], drawn[1][0], drawn[2], drawn[1][1])
    )


def others() -> st.SearchStrategy[Op]:
    name = st.sampled_from(NAMES)
    return st.one_of(
        st.tuples(st.sampled_from(("sleep", "wake", "kill", "start")), name),
        st.tuples(st.just("assign"), st.integers(0, 2), name, st.booleans()),
        st.sampled_from((("hide", None), ("reveal",), ("time-out",))),
    )


def schedules() -> st.SearchStrategy[list[Op]]:
    passing = st.sampled_from((0.01, 0.1, 0.5, 5.0, 10.0)).map(lambda seconds: ("pass", seconds))
    return st.lists(st.one_of(commands(), facts(), faults(), others(), passing), min_size=5, max_size=40)


@pytest.fixture(autouse=True, scope="module")
def _quietly() -> Iterator[None]:
    """Thousands of schedules have much to say, and nobody to read it."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)


@settings(SEARCH)
@given(schedules())
def test_every_message_takes_effect_once_whatever_fails(schedule: Sequence[Op]) -> None:
    run(schedule)


class Repeating(FrailProducer):
    """Its client sends EndTxn again after a time-out, silently."""

    repeats = True

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.repeats = True


class Careless(KafkaPublisher):
    """Nobody awaits the futures."""

    async def publish(self, rows: Sequence[OutboxRow], cursor: Cursor) -> None:
        async def gather(*_: object) -> None:
            """Nothing is awaited."""

        with patch("orestream.chassis.relay.publisher.asyncio.gather", gather):
            await super().publish(rows, cursor)


async def _move(transaction: Transaction, moves: Sequence[tuple[Place, int, int]]) -> bool:
    """Offsets are written, and not compared."""
    for place, _, after in moves:
        connection = transaction.connection  # type: ignore[attr-defined] # the fake's
        connection.execute(
            "UPDATE intake SET next_offset = ? WHERE topic = ? AND partition = ?",
            (after, place.topic, place.partition),
        )
    return True


async def _settle_nothing(_self: KafkaPublisher, _producer: object) -> None:
    """What was never marked stays hidden."""


def _take_back(found: Unmarked) -> Settlement:
    return Settlement(frozenset(), frozenset(found.hidden), commit_cursor=False)


OPEN = ("command", 0, opening("c1", "X"))
AGAIN = ("command", 0, opening("c2", "Z"))
PAY = ("command", 0, transfer("c3", "X", "Z", "0"))
BROKEN: dict[str, tuple[Build, Callable[[], AbstractContextManager[Any]], list[Op]]] = {
    # A polls a record and sleeps; B takes it; A wakes and still knows where it stood
    "offsets not compared": (
        Build(),
        lambda: patch.object(offsets, "move", _move),
        [OPEN, ("pass", 1.0), ("fault", "A", "polled", 1, "sleep"), AGAIN, ("pass", 1.0),
         ("assign", 0, "B", False), ("pass", 1.0), ("wake", "A"), ("pass", 1.0)],
    ),
    # the late copy arrives while the next transaction has half of its records
    "EndTxn repeated by the client": (
        Build(producers=Repeating),
        nullcontext,
        [("fault", "A", "end", 1, "late"), OPEN, ("pass", 5.0), AGAIN, ("pass", 1.5),
         ("fault", "A", "send", 2, "sleep"), PAY, ("pass", 2.0)],
    ),
    "futures not awaited": (
        Build(publishers=Careless),
        nullcontext,
        [("fault", "A", "send", 1, "fail"), OPEN, ("pass", 2.0)],
    ),
    # Kafka ends the transaction, and no marker gets to the facts' partitions
    "unmarked transactions not settled": (
        Build(),
        lambda: patch.object(KafkaPublisher, "_settle", _settle_nothing),
        [("fault", "A", "end", 1, "unmark facts"), OPEN, ("pass", 1.0)],
    ),
    "unmarked transactions taken back": (
        Build(),
        lambda: patch("orestream.chassis.relay.publisher.settle", _take_back),
        [("fault", "A", "end", 1, "unmark facts"), OPEN, ("pass", 1.0)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("missing", BROKEN)
def test_a_schedule_holds_as_the_product_is_and_not_without_a_protection(missing: str) -> None:
    build, broken, schedule = BROKEN[missing]
    run(schedule)
    with broken(), pytest.raises(Wrong):
        run(schedule, build)
