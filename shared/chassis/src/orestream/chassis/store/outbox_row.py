"""A row of the outbox, as the relay publishes it."""

from __future__ import annotations

from typing import NamedTuple

from orestream.chassis.wire_headers import Headers, decode


class OutboxRow(NamedTuple):
    """One record to publish; a tuple, since tens of thousands are read in a second."""

    position: int
    """Gapless over the whole database, from 1."""
    link: str
    """Random, the same for all rows of one database transaction."""
    previous_link: str
    """`link` of the transaction before; empty before the first.

    A row follows a cursor (position, link) where its position is one more and the cursor's link is its
    own (the same transaction) or the previous one.
    """
    decision_end: bool
    """True on the last row of a decision: only after such a row may a Kafka transaction end."""
    topic: str
    partition: int
    sequence: int
    """Gapless for this topic and partition, from 1; it stands in the headers too."""
    key: bytes | None
    encoded_headers: bytes
    """As they stand in the record."""
    value: bytes | None
    timestamp_ms: int
    """When the row was written, by the database's clock."""

    @property
    def headers(self) -> Headers:
        """Names and values."""
        return decode(self.encoded_headers)

    def follows(self, position: int, link: str) -> bool:
        """True where this row is the next one after a cursor in the same history."""
        return self.position == position + 1 and link in (self.link, self.previous_link)
