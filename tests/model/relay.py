"""Outbox, relay and cursor: two replicas, one Kafka transaction after another, on one output partition.

Modelled as the code does it (`relay/relay.py`, `relay/publisher.py`, `relay/history.py`, `relay/lease.py`,
`kafka/endtxn.py`): take the lease, initialise the transactional id, read the cursor, compare it with what is
visible and with the outbox's head, then read rows, check that they follow, send them and the cursor, end the
transaction with one request, and on any doubt start again.

The outbox holds three decisions of one, two and one rows, written by two database transactions; the second
decision can be torn, and the cursor may stand in the midst of a database transaction's rows.

Assumed of Kafka:
- initialising a transactional id fences every earlier producer and whatever it has in flight, and ends its
  open transaction first; a transaction that times out fences its producer likewise;
- a request of the current producer may be delayed for any time, and be answered though the answer is lost;
- what a transaction wrote becomes visible together, or never, and a reader of the cursor topic up to the high
  watermark waits for transactions that are open there.

Assumed of the rest: the lease is judged by the database's clock and expires only while its holder sleeps or
cannot reach the database; a pruned row is a day old, and no relay sleeps in mid-work as long as that.

Not modelled: several output partitions (a decision's rows stand for them), compaction of the cursor topic,
leader changes of the broker, the bounds of size, metrics and health.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from tests.model.search import Move

NAMES = "AB"
ROWS = 4
"""1 is a decision, 2 and 3 are one, 4 is one; the first three are written by one database transaction."""
PROMOTED = 10
"""Added to the rows that a promoted database writes in the place of those it has lost."""

Row = int
IDLE, INIT, CURSOR, VISIBLE, HEAD, READY, SENDING, ENDING, HALTED = range(9)


class Relay(NamedTuple):
    phase: int = IDLE
    up: bool = True
    cursor: int = 0
    link: str = ""
    rows: tuple[Row, ...] = ()
    """In hand, to be published in one transaction."""
    sent: int = 0
    """How many of them have been sent."""
    owns: bool = False
    """Its producer is the newest, and not fenced."""
    retried: bool = False
    """Its client has sent EndTxn a second time; used by a variant."""


class State(NamedTuple):
    rows: tuple[Row, ...] = ()
    """Of the outbox ever written, in order of position."""
    pruned: int = 0
    """Positions up to this are deleted."""
    late: bool = False
    """Numbers handed out before the commit: the first decision is not there yet; used by a variant."""
    visible: tuple[Row, ...] = ()
    position: int = 0
    """Of the last cursor record, as visible."""
    link: str = ""
    hidden: tuple[int, str] | None = None
    """The cursor before which another id's open transaction keeps the last stable offset."""
    open: tuple[Row, ...] | None = None
    """Rows written in the open transaction."""
    open_cursor: tuple[int, str] | None = None
    ends: int = 0
    """Copies of EndTxn on their way."""
    answer: bool = False
    """The broker has answered EndTxn."""
    lease: int | None = None
    relays: tuple[Relay, Relay] = (Relay(), Relay())
    promoted: bool = False
    wrong: str | None = None


@dataclass(frozen=True, slots=True)
class Relaying:
    """Variants: see `catalogue.py`; `faults` names those that may happen besides.

    `share`: another transactional id writes to the cursor's partition; `promote`: the database is replaced by
    a copy that lagged.
    """

    without: str = ""
    faults: frozenset[str] = frozenset()

    def starts(self) -> Iterable[State]:
        yield State(rows=(1, 2, 3), late=True) if self.without.startswith("commit-order") else State()

    def wrong(self, state: State) -> str | None:
        if state.wrong:
            return state.wrong
        if not state.promoted and any(relay.phase == HALTED for relay in state.relays):
            return "false alarm: the relay halts though there is one history"
        return None

    def ended(self, state: State) -> bool:
        if any(relay.phase == HALTED for relay in state.relays):
            return True
        return len(state.rows) == ROWS and state.visible == state.rows

    def moves(self, state: State) -> Iterator[Move[State]]:
        yield from self._database(state)
        yield from self._broker(state)
        for at, relay in enumerate(state.relays):
            if relay.up and relay.phase != HALTED:
                yield f"{NAMES[at]} crashes", _put(state, at, Relay(up=False)), True
                yield from self._lease(state, at, relay)
                yield from self._work(state, at, relay)
            elif not relay.up:
                yield f"{NAMES[at]} starts", _put(state, at, Relay()), False
                if state.lease == at:
                    yield f"the lease of {NAMES[at]} expires", state._replace(lease=None), False

    def _database(self, s: State) -> Iterator[Move[State]]:
        done = len(s.rows)
        if s.late:
            yield "the first decision commits late", s._replace(late=False), False
        elif done < ROWS:
            new: tuple[Row, ...] = (1, 2, 3) if done == 0 else (4,)
            if s.promoted:
                new = tuple(row + PROMOTED for row in range(done + 1, ROWS + 1))
            yield f"rows {list(new)} are committed", s._replace(rows=s.rows + new), False
        if "promote" in self.faults and not s.promoted:
            for kept in (0, 3):
                if kept < done:
                    lagging = s._replace(rows=s.rows[:kept], pruned=min(s.pruned, kept), promoted=True)
                    yield f"a copy of the database with {kept} rows takes over", lagging, True

    def _broker(self, s: State) -> Iterator[Move[State]]:
        if s.ends:
            yield "the broker gets EndTxn", _end(s._replace(ends=s.ends - 1)), False
        if s.open is not None:
            orphaned = not any(relay.owns for relay in s.relays)
            yield "the broker aborts what has been open for too long", _fence(s), not orphaned
        if "share" in self.faults and s.hidden is None:
            hidden = s._replace(hidden=(s.position, s.link))
            yield "another id begins a transaction on the cursor's partition", hidden, True
        elif s.hidden is not None:
            yield "the other id's transaction ends", s._replace(hidden=None), False

    def _lease(self, s: State, at: int, r: Relay) -> Iterator[Move[State]]:
        name = NAMES[at]
        mine = s.lease == at
        if r.phase == IDLE:
            if s.lease is None or mine or self.without == "lease":
                yield f"{name} takes the lease", _put(s, at, Relay(INIT))._replace(lease=at), False
        elif mine:
            short = self.without == "renewal" and r.phase in (SENDING, ENDING)
            yield f"the lease of {name} lapses", s._replace(lease=None), not short
        elif self.without != "lease":
            yield f"{name} learns that its lease is lost", _put(s, at, Relay()), False

    def _work(self, s: State, at: int, r: Relay) -> Iterator[Move[State]]:
        if r.phase == HEAD:
            yield f"{NAMES[at]} looks at the head", _put(s, at, _go(r, self._look(s, r))), False
        elif r.phase != IDLE:
            part = {
                INIT: self._initialise,
                CURSOR: self._read_cursor,
                VISIBLE: self._compare,
                READY: self._read_rows,
                SENDING: self._send,
                ENDING: self._await_end,
            }[r.phase]
            yield from part(s, at, r)

    def _initialise(self, s: State, at: int, r: Relay) -> Iterator[Move[State]]:
        if self.without == "fence-first" and not r.retried:
            read = r._replace(cursor=s.position, link=s.link, retried=True)
            yield f"{NAMES[at]} reads the cursor, {s.position}", _put(s, at, read), False
            return
        new = r._replace(phase=CURSOR, owns=True, retried=False)
        if self.without == "fence-first":
            new = _go(new, HEAD)
        yield f"{NAMES[at]} initialises the transactional id", _put(_fence(s), at, new), False

    def _read_cursor(self, s: State, at: int, r: Relay) -> Iterator[Move[State]]:
        if s.hidden is None:
            position, link = s.position, s.link
        elif self.without.startswith("watermark"):
            position, link = s.hidden
        else:
            return  # it waits until the end is visible
        new = r._replace(phase=VISIBLE, cursor=position, link=link)
        yield f"{NAMES[at]} reads the cursor, {position}", _put(s, at, new), False

    def _compare(self, s: State, at: int, r: Relay) -> Iterator[Move[State]]:
        if len(s.visible) == r.cursor or self.without == "watermark-uncompared":
            yield f"{NAMES[at]} finds what the cursor says", _put(s, at, _go(r, HEAD)), False
        elif s.position == r.cursor or self.without in ("read-again", "watermark"):
            yield f"{NAMES[at]} finds another history", _put(s, at, _go(r, HALTED)), False
        else:
            yield f"{NAMES[at]} finds that the cursor has moved since", _doubt(s, at), False

    def _look(self, s: State, r: Relay) -> int:
        """Where it goes on after a look at the outbox's head."""
        if len(s.rows) < r.cursor:
            return HALTED
        same = len(s.rows) != r.cursor or _link_at(s, r.cursor) == r.link
        return READY if same or self.without == "links" else HALTED

    def _read_rows(self, s: State, at: int, r: Relay) -> Iterator[Move[State]]:
        if self._look(s, r) == HALTED:
            yield f"{NAMES[at]} looks at the head again", _put(s, at, _go(r, HALTED)), False
        others_past = all(o.phase <= CURSOR or o.cursor >= r.cursor for o in s.relays)
        if s.pruned < r.cursor - 1 and others_past:
            yield f"{NAMES[at]} prunes behind the cursor", s._replace(pruned=r.cursor - 1), False
        first = max(r.cursor, s.pruned, 1 if s.late else 0)
        seen = s.rows[first:]
        checked = not self.without.endswith("unchecked")
        if seen and checked and (first > r.cursor or not self._follows(s, r)):
            yield f"{NAMES[at]} reads rows that do not follow", _put(s, at, _go(r, HALTED)), False
            return
        for count, row in enumerate(seen, 1):
            if row % PROMOTED != 2:  # a decision is never cut in two
                new = r._replace(phase=SENDING, rows=seen[:count], sent=0)
                yield f"{NAMES[at]} reads {list(new.rows)}", _put(s, at, new), False

    def _follows(self, s: State, r: Relay) -> bool:
        links = {_link_at(s, r.cursor + 1), _link_at(s, r.cursor)}
        return self.without == "links" or r.link in links

    def _send(self, s: State, at: int, r: Relay) -> Iterator[Move[State]]:
        name = NAMES[at]
        if not r.owns:
            yield f"{name} finds itself fenced", _doubt(s, at), False
            return
        if r.sent < len(r.rows):
            row = r.rows[r.sent]
            on = _put(s, at, r._replace(sent=r.sent + 1))
            yield f"{name} sends row {row}", on._replace(open=(*(s.open or ()), row)), False
            refused = on._replace(open=s.open or ()) if self.without == "await" else _doubt(s, at)
            yield f"row {row} of {name} is refused", refused, True
            return
        last = r.rows[-1]
        ending = _put(s, at, _go(r, ENDING))._replace(
            open=s.open or (), open_cursor=(last % PROMOTED, _link_of(last)), ends=s.ends + 1, answer=False
        )
        if self.without.startswith("prune-early"):
            ending = ending._replace(pruned=max(s.pruned, last % PROMOTED))
        yield f"{name} sends the cursor, {last % PROMOTED}, and EndTxn", ending, False

    def _await_end(self, s: State, at: int, r: Relay) -> Iterator[Move[State]]:
        name = NAMES[at]
        if not r.owns:
            yield f"{name} finds itself fenced", _doubt(s, at), False
        elif s.answer:
            last = r.rows[-1]
            new = Relay(READY, cursor=last % PROMOTED, link=_link_of(last), owns=True)
            yield (
                f"{name} hears that the transaction has ended",
                _put(s, at, new)._replace(answer=False),
                False,
            )
        if self.without != "once":
            yield f"{name} hears nothing of EndTxn", _doubt(s, at), True
        elif not r.retried:
            again = _put(s, at, r._replace(retried=True))._replace(ends=s.ends + 1)
            yield f"{name}'s client sends EndTxn again", again, True


def _end(s: State) -> State:
    """EndTxn of the newest producer arrives; with nothing open it is answered as the one before was."""
    if s.open is None:
        return s._replace(answer=True)
    visible = s.visible + s.open
    wrong = None
    if s.open_cursor is None or (s.open and s.open[-1] % PROMOTED == 2):
        wrong = f"torn: {list(s.open)} become visible alone"
    elif len({row % PROMOTED for row in visible}) < len(visible):
        wrong = f"duplicate: {list(visible)} are visible"
    elif s.promoted and max(visible) > PROMOTED and visible != s.rows[: len(visible)]:
        wrong = f"divergence: {list(visible)} are visible, the database has {list(s.rows)}"
    elif [row % PROMOTED for row in visible] != list(range(1, len(visible) + 1)):
        wrong = f"loss: {list(visible)} are visible"
    position, link = s.open_cursor or (s.position, s.link)
    return s._replace(
        visible=visible, position=position, link=link, open=None, open_cursor=None, answer=True, wrong=wrong
    )


def _fence(s: State) -> State:
    """No producer so far can do anything more, and what it had open is gone."""
    first, second = (relay._replace(owns=False) for relay in s.relays)
    return s._replace(open=None, open_cursor=None, ends=0, answer=False, relays=(first, second))


def _doubt(s: State, at: int) -> State:
    """It throws its producer away and begins again; what that has sent stays on its way."""
    return _put(s, at, Relay(INIT))


def _go(r: Relay, phase: int) -> Relay:
    return r._replace(phase=phase)


def _link_of(row: Row) -> str:
    return "t1" if row < 4 else "t2" if row == 4 else "u"


def _link_at(s: State, position: int) -> str:
    return _link_of(s.rows[position - 1]) if position else ""


def _put(s: State, at: int, relay: Relay) -> State:
    first, second = s.relays
    return s._replace(relays=(relay, second) if at == 0 else (first, relay))
