"""Whether outbox, cursor and topics tell one history; if not, nothing more may be published.

Another history comes from a restored backup, a promoted replica that lagged, or the wrong database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orestream.chassis.errors import HistoryDiverged
from orestream.chassis.records import Series
from orestream.chassis.relay.cursor import Cursor
from orestream.chassis.store.outbox import Head
from orestream.chassis.store.outbox_row import OutboxRow

ADVICE = (
    "The database and the topics tell different histories (a restored backup, a promoted replica that "
    "lagged, or the wrong ORESTREAM_DATABASE_URL). Nothing was published. `orestream recover` takes the "
    "visible facts back into the database."
)


def check_head(cursor: Cursor, head: Head) -> None:
    """The outbox's head is at the cursor or ahead of it.

    Raises:
        HistoryDiverged: the cursor is ahead, or the head has another link.
    """
    if head.position < cursor.position:
        raise _diverged(f"row {cursor.position} is published, but the outbox ends at {head.position}")
    if head.position == cursor.position and head.link != cursor.link:
        raise _diverged(
            f"row {head.position} has the link {head.link!r}, when published it had {cursor.link!r}"
        )


def check_row(cursor: Cursor, rows: Sequence[OutboxRow]) -> None:
    """The row at the cursor has the cursor's link.

    Args:
        cursor: as read from its topic, possibly a while ago.
        rows: from the cursor's position on; another one comes first where that row is pruned.

    Raises:
        HistoryDiverged: it has another.
    """
    if rows and rows[0].position == cursor.position and rows[0].link != cursor.link:
        raise _diverged(
            f"row {cursor.position} has the link {rows[0].link!r}, when published it had {cursor.link!r}"
        )


def follow(cursor: Cursor, rows: Sequence[OutboxRow]) -> Cursor:
    """The cursor after these rows, each checked to follow the one before.

    Raises:
        HistoryDiverged: a position, link or sequence does not follow.
    """
    position, link = cursor.position, cursor.link
    sequences = {(topic, partition): last for (topic, partition), last in cursor.sequences.items()}
    for found, own, previous, _, topic, partition, sequence, *_ in rows:
        position += 1
        if found != position:
            raise _diverged(f"row {position} is missing from the outbox, row {found} came instead")
        if link not in (own, previous):
            raise _diverged(f"row {position} follows the link {previous}, the one before was {link}")
        place = topic, partition
        expected = sequences.get(place, 0) + 1
        if sequence != expected:
            raise _diverged(f"row {position} has sequence {sequence} on {place}, {expected} is next")
        sequences[place] = expected
        link = own
    return Cursor(position, link, {Series(*place): last for place, last in sequences.items()})


def check_visible(cursor: Cursor, visible: Mapping[Series, int], hidden: frozenset[Series]) -> bool:
    """What stands on the topics is what the cursor says.

    Args:
        cursor: as read from its topic.
        visible: the last own sequence that can be seen on each partition; absent where there is none.
        hidden: partitions whose end an open transaction of another writer hides.

    Returns:
        False where a hidden end makes it impossible to tell yet.

    Raises:
        HistoryDiverged: records were published that the cursor does not know, or are gone.
    """
    certain = True
    for place in {*visible, *cursor.sequences}:
        expected, seen = cursor.sequences.get(place, 0), visible.get(place, 0)
        if seen < expected and place in hidden:
            certain = False
        elif seen != expected:
            topic, partition = place
            raise _diverged(
                f"the last own record on {topic}/{partition} has sequence {seen}, the cursor says {expected}"
            )
    return certain


def _diverged(what: str) -> HistoryDiverged:
    return HistoryDiverged(f"{what}. {ADVICE}")
