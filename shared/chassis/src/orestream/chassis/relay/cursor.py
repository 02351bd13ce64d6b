"""The relay's place: how far the outbox is published, written in one Kafka transaction with the records."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from orestream.chassis.records import Series

FORMAT = 1


class CursorUnreadable(ValueError):
    """A record on the cursor topic that this version cannot read."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Everything up to `position` is visible; what stands on each partition last has that sequence."""

    position: int
    link: str
    """Of the database transaction that wrote the row at `position`."""
    sequences: Mapping[Series, int] = field(default_factory=dict)
    """The last sequence published there."""

    def write(self) -> bytes:
        """The record's value."""
        topics: dict[str, dict[str, int]] = {}
        for (topic, partition), sequence in self.sequences.items():
            topics.setdefault(topic, {})[str(partition)] = sequence
        content = {"format": FORMAT, "position": self.position, "link": self.link, "sequences": topics}
        return json.dumps(content, separators=(",", ":")).encode()

    @classmethod
    def read(cls, value: bytes | None) -> Cursor:
        """The cursor in a record's value. Raises CursorUnreadable."""
        try:
            content = json.loads(value or b"")
            if content["format"] != FORMAT:
                raise CursorUnreadable(f"format {content['format']} of the cursor is not known here")
            sequences = {
                Series(topic, int(partition)): int(sequence)
                for topic, partitions in content["sequences"].items()
                for partition, sequence in partitions.items()
            }
            return cls(int(content["position"]), str(content["link"]), sequences)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            if isinstance(error, CursorUnreadable):
                raise
            raise CursorUnreadable(f"{value!r} is no cursor: {error!r}") from error


START = Cursor(position=0, link="")
"""The cursor of a relay that has never published anything."""
