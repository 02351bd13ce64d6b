"""Whether the transactions that have ended are marked as ended on their partitions too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from orestream.chassis.records import Series


@dataclass(slots=True)
class Confirming:
    """Counts one producer's transactions, and compares two looks at what is still open."""

    begun: int = 0
    ended: int = 0
    _seen: dict[Series, tuple[int, int]] = field(default_factory=dict)
    """Offset at which a transaction was seen open, and how many had begun by then."""
    _clean: int = 0
    """How many had begun when nothing was open."""

    @property
    def needed(self) -> bool:
        """False where nothing has happened since the last look that found nothing open."""
        return self._clean < self.begun

    def judge(self, unmarked: Mapping[Series, int], ended: int) -> list[Series]:
        """The partitions whose marker is missing: the same transaction is open as at the last look.

        Args:
            unmarked: where a transaction is open now, and the offset at which it begins.
            ended: how many had ended before this look.
        """
        missing = [
            place
            for place, start in unmarked.items()
            for seen_start, begun in [self._seen.get(place, (-1, 0))]
            if start == seen_start and begun <= ended
        ]
        self._seen = {
            place: self._seen[place] if self._seen.get(place, (-1, 0))[0] == start else (start, self.begun)
            for place, start in unmarked.items()
        }
        if not unmarked and ended == self.begun:
            self._clean = ended
        return sorted(missing)
