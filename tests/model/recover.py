"""A database restored to an older state while the topics are ahead, and taken forward again from them.

Modelled from the design: intake and relay halt where cursor and outbox tell two histories; `recover`
fences the relay's transactional id, takes each visible record after the outbox's head back (row, state and
answer in one transaction), and may die anywhere and be run again; then commands that are read again have
their answer.

Assumed: what is visible is never lost; a restored database is some earlier committed state of the same one;
one command makes one fact. Not modelled: waiting commands, parked records, facts of other services.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from tests.model.search import Move

COMMANDS = 3


class State(NamedTuple):
    offset: int = 0
    rows: tuple[str, ...] = ()
    """Of the outbox; a fact is `f` and its command's number, the answer to a repeat is `r` and that."""
    known: frozenset[int] = frozenset()
    folded: tuple[str, ...] = ()
    """Facts in the states."""
    sent: tuple[str, ...] | None = None
    """Rows in a Kafka transaction whose end is on its way."""
    visible: tuple[str, ...] = ()
    old: tuple[int, tuple[str, ...], frozenset[int], tuple[str, ...]] | None = None
    """The backup."""
    restored: bool = False
    recovering: bool = False
    fenced: bool = False


@dataclass(frozen=True, slots=True)
class Recover:
    """`without` names the protection that is missing: see `catalogue.py`."""

    without: str = ""

    def starts(self) -> Iterable[State]:
        yield State()

    def ended(self, s: State) -> bool:
        return s.offset == COMMANDS and s.visible == s.rows and not s.recovering

    def wrong(self, s: State) -> str | None:
        facts = [row for row in s.visible if row[0] == "f"]
        if len(set(facts)) < len(facts):
            return f"duplicate: {facts} are visible"
        agree = s.visible[: len(s.rows)] == s.rows[: len(s.visible)]
        whole = len(s.visible) <= len(s.rows) and not s.recovering and agree
        if whole and [row for row in s.rows if row[0] == "f"] != list(s.folded):
            return f"loss: the states are made of {list(s.folded)}, the outbox has {list(s.rows)}"
        return None

    def moves(self, s: State) -> Iterator[Move[State]]:
        halted = s.visible != s.rows[: len(s.visible)]
        stopped = (halted and self.without != "halt") or s.recovering
        if s.offset < COMMANDS and not stopped:
            yield f"command {s.offset} is taken", self._take(s), False
        if s.old is None:
            yield "a backup is made", s._replace(old=(s.offset, s.rows, s.known, s.folded)), True
        elif not s.restored:
            offset, rows, known, folded = s.old
            back = s._replace(offset=offset, rows=rows, known=known, folded=folded, restored=True)
            yield "the backup is restored", back, True
        if s.sent is None and not halted and not s.recovering and len(s.visible) < len(s.rows):
            yield "the relay sends the next row", s._replace(sent=(s.rows[len(s.visible)],)), False
        if s.sent is not None:
            yield "the transaction ends", s._replace(visible=s.visible + s.sent, sent=None), False
        if s.restored and (halted or s.recovering):
            yield from self._recover(s)

    def _take(self, s: State) -> State:
        number = s.offset
        if number in s.known:
            return s._replace(offset=number + 1, rows=(*s.rows, f"r{number}"))
        fact = f"f{number}"
        return s._replace(
            offset=number + 1, rows=(*s.rows, fact), known=s.known | {number}, folded=(*s.folded, fact)
        )

    def _recover(self, s: State) -> Iterator[Move[State]]:
        if not s.recovering:
            sent = s.sent if self.without == "fence" else None
            yield "recover begins and fences the relay", s._replace(recovering=True, sent=sent), False
            return
        yield "recover dies", s._replace(recovering=False), True
        at = len(s.rows)
        if at < len(s.visible):
            row = s.visible[at]
            number = int(row[1:])
            after = s._replace(rows=(*s.rows, row))
            if self.without == "together" and row[0] == "f":
                apart = after._replace(recovering=False)
                yield "recover dies between a row and its state", apart, True
            if row[0] == "f":
                after = after._replace(folded=(*s.folded, row))
                if self.without != "answers":
                    after = after._replace(known=s.known | {number})
            yield f"recover takes {row} back", after, False
        else:
            yield "recover ends", s._replace(recovering=False), False
