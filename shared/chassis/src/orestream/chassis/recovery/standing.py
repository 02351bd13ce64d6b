"""Where a database stands beside the topics: level, ahead, behind, or on a history of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from orestream.chassis.errors import Irreconcilable
from orestream.chassis.records import Fetched, Series
from orestream.chassis.relay.cursor import Cursor
from orestream.chassis.store.outbox import Head
from orestream.chassis.store.statement import plain
from orestream.chassis.store.transaction import Transaction
from orestream.chassis.wire_headers import Headers, decode

_LOCK_HEAD = plain("SELECT position, link FROM outbox_head {for_update}")
_SEQUENCES = plain("SELECT topic, partition, last FROM sequence")
_ROWS = plain(
    "SELECT position, link, previous_link, topic, partition, sequence, headers FROM outbox"
    " ORDER BY position DESC LIMIT $1"
)
_COMPARED = 50_000
"""Rows from the end of the outbox; a history of its own shows in its last rows."""

_ADVICE = (
    "What it decided there was never visible, and it cannot be undone row by row. Take an older copy of the"
    " database, or an empty one (`orestream migrate`), and recover that: everything visible is taken back"
    " into it, and what was never visible is decided again from its commands"
)


class Row(NamedTuple):
    """A row of the outbox, as far as it is compared."""

    position: int
    link: str
    previous_link: str
    series: Series
    sequence: int
    id: str


@dataclass(frozen=True, slots=True)
class Standing:
    """The end of the database's own history."""

    head: Head
    sequences: Mapping[Series, int]
    rows: tuple[Row, ...]
    """The last ones, from the newest back."""

    @classmethod
    async def read(cls, transaction: Transaction) -> Standing:
        """Lock the head, so that nobody adds to it, and read."""
        ((position, link),) = await transaction.select(_LOCK_HEAD)
        sequences = {
            Series(topic, partition): last for topic, partition, last in await transaction.select(_SEQUENCES)
        }
        rows = tuple(
            Row(at, own, previous, Series(topic, partition), sequence, header(decode(headers), "ce_id"))
            for at, own, previous, topic, partition, sequence, headers in await transaction.select(
                _ROWS, _COMPARED
            )
        )
        return cls(Head(position, link), sequences, rows)

    def is_behind(self, cursor: Cursor) -> bool:
        """True where records are visible that it does not have; False where it has them all.

        Raises:
            Irreconcilable: it has rows of another history.
        """
        if self.head.position < cursor.position:
            for place, last in self.sequences.items():
                if last > cursor.sequences.get(place, 0):
                    raise _own_history(f"it has numbered {last} records on {place.topic}/{place.partition}")
            return True
        if self.head.position == cursor.position and self.head.link != cursor.link:
            raise _own_history(
                f"its row {cursor.position} has the link {self.head.link!r}, not {cursor.link!r}"
            )
        for row in self.rows:
            if row.position == cursor.position + 1 and cursor.link not in {row.link, row.previous_link}:
                raise _own_history(f"its row {row.position} does not follow what is visible")
        return False

    def compare(self, visible: Mapping[tuple[Series, int], str]) -> None:
        """Each of its rows is visible as it stands; `visible` has the ids of own records by their place.

        Raises:
            Irreconcilable: one is not.
        """
        foreign = [row for row in self.rows if visible.get((row.series, row.sequence)) != row.id]
        if foreign:
            first = foreign[-1]
            raise _own_history(
                f"{len(foreign)} of its rows, from row {first.position} on, are not what is visible"
            )


def id_of(record: Fetched) -> str:
    """The `ce_id` of a record; empty where it has none."""
    return header(record.headers, "ce_id")


def header(headers: Headers, wanted: str) -> str:
    """A header's text; empty where it is absent."""
    return next((value.decode("utf-8", "replace") for name, value in headers if name == wanted), "")


def _own_history(what: str) -> Irreconcilable:
    return Irreconcilable(f"this database is on a history of its own: {what}. {_ADVICE}")
