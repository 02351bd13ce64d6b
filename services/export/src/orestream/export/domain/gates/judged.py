"""The words of a gate: what one is, and how it says pass, hold or block."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from orestream.contracts.shipments import Gate
from orestream.export.domain.case import Case, Step
from orestream.metallurgy.grades import Censored, Grade, Measured, in_unit


@dataclass(frozen=True, slots=True)
class StandingGate:
    """A gate, and the steps at which it stands."""

    rule: str
    steps: frozenset[Step]
    judge: Callable[[Case], Gate]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look found: fine when nothing is missing, differs or is forbidden."""

    why: str
    evidence: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    differs: tuple[str, ...] = ()
    blocks: bool = False

    @property
    def fine(self) -> bool:
        """Whether it stands in nobody's way."""
        return not (self.missing or self.differs or self.blocks)


def judged(rule: str, findings: Iterable[Finding], otherwise: str) -> Gate:
    """A gate's verdict: the worst of its findings, told by those that are not fine, else by all.

    Args:
        rule: its id.
        findings: of each thing it looked at.
        otherwise: why it passes where there was nothing to look at.
    """
    found = tuple(findings)
    telling = tuple(finding for finding in found if not finding.fine) or found
    blocks = any(finding.blocks for finding in found)
    return Gate(
        rule=rule,
        verdict="block" if blocks else "pass" if all(finding.fine for finding in found) else "hold",
        why="; ".join(dict.fromkeys(finding.why for finding in telling)) or otherwise,
        missing=_joined(finding.missing for finding in found) or None,
        differs=_joined(finding.differs for finding in found) or None,
        evidence=_joined(finding.evidence for finding in found),
    )


def percent(measured: Measured) -> Decimal | None:
    """A mass grade in percent; a detection limit counts as if it were reached, to be safe.

    None for an activity, which states no mass.
    """
    if measured.unit == "Bq/g":
        return None
    number = Grade(measured.limit, measured.unit) if isinstance(measured, Censored) else measured
    return in_unit(number, "%").value


def said(measured: Measured) -> str:
    """A result as a certificate prints it: `0.32 %`, `<0.01 %`."""
    if isinstance(measured, Censored):
        return f"<{measured.limit:f} {measured.unit}"
    return f"{measured.value:f} {measured.unit}"


def _joined(parts: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part for some in parts for part in some))
