"""What one check says: whether it holds, how much it looked at, and the first things it found wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.chaos.checker.evidence import Evidence

KEPT = 20
"""Findings kept word for word; of more only the count."""
LONGEST = 400


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer of one check."""

    check: str
    examined: int
    findings: tuple[str, ...] = ()
    total: int = 0
    """Of findings, those not kept included."""

    @property
    def holds(self) -> bool:
        """True where nothing was found."""
        return self.total == 0


Check = Callable[[Evidence], Verdict]


@dataclass(slots=True)
class Findings:
    """Collects what a check finds."""

    check: str
    examined: int = 0
    total: int = 0
    kept: list[str] = field(default_factory=list)

    def add(self, finding: str) -> None:
        """Something that must not be."""
        self.total += 1
        if len(self.kept) < KEPT:
            self.kept.append(finding if len(finding) <= LONGEST else f"{finding[:LONGEST]}…")

    def verdict(self) -> Verdict:
        """What was found."""
        return Verdict(self.check, self.examined, tuple(self.kept), self.total)
