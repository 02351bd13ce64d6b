"""One partition, two replicas: who takes which records, through rebalances, crashes and doubts.

Modelled as the code does it (`kafka/assignment.py`, `kafka/positions.py`, `kafka/driver.py`,
`intake/intake.py`): each replica believes on its own what it is assigned, one batch is in hand at a time,
what a change of the partition makes stale is marked so (the generation), the offset that a commit expects
comes from memory or the database, and the commit moves it by compare-and-set.

Assumed:
- the database commits a transaction wholly or not at all, and its row update is atomic;
- a log's records never change, and a replica's consumer reads them in order from its position;
- a replica may sleep at any step for any time, and crash at any; the group then assigns anew, and both may
  believe for a while that the partition is theirs;
- pausing a partition is not relied on: the consumer may fetch whenever it has a position, even while the
  partition is revoked or its offset is being looked up.

Not modelled: several partitions in one batch, halving, holes in the log (markers), logs that lost records.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from tests.model.search import Move

NAMES = "AB"
ASK = -1
"""The offset is to be read from the database."""


class Batch(NamedTuple):
    """Polled records from `start` up to, not including, `end`."""

    start: int
    end: int
    stale: bool = False
    """The partition has changed since it was fetched."""
    expected: int | None = None
    """What the commit compares with; None until it is known."""


class Replica(NamedTuple):
    up: bool = True
    believes: bool = False
    looking_up: int | None = None
    """ASK, or the offset read that the position is about to be set to."""
    expected: int | None = None
    position: int | None = None
    """Of its consumer."""
    polled: Batch | None = None
    hand: Batch | None = None
    memory: int | None = None
    """Where the intake's last commit ended."""


class State(NamedTuple):
    next: int = 0
    """As stored in the database."""
    taken: int = 0
    """Records that have taken effect: the truth, which nobody reads."""
    owner: int = 0
    """To whom the group gives the partition."""
    claim: int | None = None
    """Who raised the epoch last; used by the variant with epochs."""
    replicas: tuple[Replica, Replica] = (Replica(), Replica())
    wrong: str | None = None


@dataclass(frozen=True, slots=True)
class Offsets:
    """Variants: `no-compare`, `no-generation`, `epoch`, `no-seek`."""

    without: str = ""
    records: int = 3

    def starts(self) -> Iterable[State]:
        yield State()

    def wrong(self, state: State) -> str | None:
        return state.wrong

    def ended(self, state: State) -> bool:
        return state.taken == self.records and state.next == self.records

    def moves(self, state: State) -> Iterator[Move[State]]:
        yield "the group gives the partition to the other", state._replace(owner=1 - state.owner), True
        for at, replica in enumerate(state.replicas):
            if not replica.up:
                yield f"{NAMES[at]} starts", _put(state, at, Replica()), False
                if state.owner == at:
                    label = f"the session of {NAMES[at]} expires"
                    yield label, state._replace(owner=1 - at), False
                continue
            yield f"{NAMES[at]} crashes", _put(state, at, Replica(up=False)), True
            yield from self._membership(state, at, replica)
            yield from self._consumer(state, at, replica)
            if replica.hand is not None:
                yield from self._taking(state, at, replica, replica.hand)

    def _membership(self, state: State, at: int, r: Replica) -> Iterator[Move[State]]:
        name = NAMES[at]
        if state.owner == at:
            # the position is a placeholder until it is set; what was fetched before is stale
            new = _changed(r)._replace(
                believes=True, looking_up=ASK, expected=None, position=None, memory=None
            )
            yield f"{name} learns that it is assigned", _put(state, at, new), r.believes
        if state.owner != at and r.believes:
            new = _changed(r)._replace(believes=False, looking_up=None, expected=None)
            yield f"{name} learns that it is revoked", _put(state, at, new), False
        if r.looking_up == ASK:
            read = r._replace(looking_up=state.next)
            claimed = state._replace(claim=at) if self.without == "epoch" else state
            yield f"{name} reads the stored offset", _put(claimed, at, read), False
        elif r.looking_up is not None:
            new = _changed(r)._replace(expected=r.looking_up, position=r.looking_up, looking_up=None)
            yield f"{name} seeks", _put(state, at, new), False

    def _consumer(self, state: State, at: int, r: Replica) -> Iterator[Move[State]]:
        name = NAMES[at]
        if r.hand is None and r.polled is None and r.position is not None and r.position < self.records:
            for end in range(r.position + 1, min(r.position + 2, self.records) + 1):
                new = r._replace(position=end, polled=Batch(r.position, end))
                yield f"{name} polls {r.position}..{end - 1}", _put(state, at, new), False
        if r.polled is not None and r.hand is None:
            batch = r.polled
            stale = batch.stale and self.without != "no-generation"
            if stale or r.expected is None or batch.end <= r.expected:
                yield f"{name} drops the batch", _put(state, at, r._replace(polled=None)), False
            else:
                start = max(batch.start, r.expected)
                new = r._replace(polled=None, hand=Batch(start, batch.end))
                yield f"{name} admits the batch", _put(state, at, new), False

    def _taking(self, state: State, at: int, r: Replica, hand: Batch) -> Iterator[Move[State]]:
        name = NAMES[at]
        failed = self._again(_forgotten(r), hand)
        yield f"{name}'s transaction fails", _put(state, at, failed), True
        if hand.expected is None:
            expected = r.memory if r.memory is not None else state.next
            new = r._replace(hand=hand._replace(expected=expected))
            yield f"{name} knows where it stands", _put(state, at, new), False
            return
        if self.without == "epoch" and state.claim != at:
            # an epoch that is not its own tells it that another owns the partition now
            fenced = _forgotten(r)._replace(hand=None, expected=None, position=None)
            yield f"{name} is fenced and waits to be assigned", _put(state, at, fenced), False
            return
        if self.without != "no-compare" and state.next != hand.expected:
            yield f"{name} is overtaken", _put(state, at, failed), False
            return
        if hand.end <= hand.expected:
            yield f"{name} has nothing to do", _put(state, at, r._replace(hand=None)), False
            return
        committed = _commit(state, hand, hand.expected)
        done = r._replace(hand=None, memory=hand.end)
        if not hand.stale:
            done = done._replace(expected=hand.end)
        yield f"{name} commits", _put(committed, at, done), False
        yield f"{name} commits and never hears of it", _put(committed, at, failed), True

    def _again(self, r: Replica, hand: Batch) -> Replica:
        """Nothing is known to be committed: look the offset up again, unless a rebalance has seen to that."""
        r = r._replace(hand=None)
        if hand.stale or not r.believes or self.without == "no-seek":
            return r
        return _changed(r)._replace(expected=None, looking_up=ASK)


def _commit(state: State, hand: Batch, expected: int) -> State:
    first = max(hand.start, expected)
    wrong = None
    if first < state.taken:
        wrong = f"duplicate: record {first} takes effect again"
    elif first > state.taken:
        wrong = f"loss: record {state.taken} is passed over"
    return state._replace(next=hand.end, taken=hand.end, wrong=wrong)


def _put(state: State, at: int, replica: Replica) -> State:
    first, second = state.replicas
    return state._replace(replicas=(replica, second) if at == 0 else (first, replica))


def _changed(r: Replica) -> Replica:
    """The generation rises: what is fetched, and what is in hand, is of an older one."""
    return r._replace(
        polled=r.polled and r.polled._replace(stale=True), hand=r.hand and r.hand._replace(stale=True)
    )


def _forgotten(r: Replica) -> Replica:
    return r._replace(memory=None)
