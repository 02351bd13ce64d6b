"""Weighbridge tickets and moisture: what they weigh, and whether they can be (R01, R02)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from orestream.contracts.decision import Refused, World
from orestream.contracts.parts import Ticket, WetPart
from orestream.lots.evolution import ticket_key
from orestream.lots.rules import R01, R02, refused
from orestream.lots.state import TICKET
from orestream.metallurgy.errors import ImpossibleQuantityError
from orestream.metallurgy.quantities import GRAM, HUNDRED, dry_kg, net_kg, total_kg

LARGEST_KG = Decimal(10) ** 12
"""More than any lot; sums of such masses still fit the fifteen digits of the wire."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """What some tickets weighed together, kg."""

    wet_kg: Decimal
    dry_kg: Decimal


def weigh(tickets: Sequence[Ticket], moisture_pct: Decimal) -> Weighed | Refused:
    """The tickets' net mass, wet and dry; refused where a net is not above zero or moisture not below 100."""
    wrong = check_moisture(moisture_pct)
    if wrong is not None:
        return wrong
    nets: list[Decimal] = []
    for ticket in tickets:
        try:
            nets.append(net_kg(ticket.gross_kg, ticket.tare_kg))
        except ImpossibleQuantityError as error:
            why = f"ticket {ticket.number}: {error}; send the weighing as it was, under a new command"
            return refused(R01, why, ticket=ticket.number, gross_kg=ticket.gross_kg, tare_kg=ticket.tare_kg)
        if ticket.sigma_kg is not None and ticket.sigma_kg < 0:
            why = f"ticket {ticket.number} states an uncertainty of {ticket.sigma_kg} kg; it is not negative"
            return refused(R01, why, ticket=ticket.number, sigma_kg=ticket.sigma_kg)
    wet = total_kg(nets)
    return _some_solids(Weighed(wet, dry_kg(wet, moisture_pct)), moisture_pct)


def _some_solids(weighed: Weighed, moisture_pct: Decimal) -> Weighed | Refused:
    if weighed.wet_kg > LARGEST_KG:
        return check_mass("the tickets together", weighed.wet_kg) or weighed
    if weighed.dry_kg > 0:
        return weighed
    why = f"{weighed.wet_kg} kg at {moisture_pct} % moisture is no gram of solids"
    return refused(R01, why, wet_kg=weighed.wet_kg, moisture_pct=moisture_pct)


def check_moisture(moisture_pct: Decimal, sigma_pct: Decimal | None = None) -> Refused | None:
    """Moisture is on wet basis: 0 and above, below 100 %."""
    if not 0 <= moisture_pct < HUNDRED:
        why = f"moisture {moisture_pct} % is not on wet basis: it is 0 or more and less than 100"
        return refused(R01, why, moisture_pct=moisture_pct)
    if sigma_pct is not None and sigma_pct < 0:
        why = f"moisture has an uncertainty of {sigma_pct} points; it is not negative"
        return refused(R01, why, moisture_sigma_pct=sigma_pct)
    return None


def check_mass(what: str, mass_kg: Decimal) -> Refused | None:
    """A mass is at least a gram, and no more than a lot can be."""
    if GRAM <= mass_kg <= LARGEST_KG:
        return None
    why = f"{what}: {mass_kg} kg is not above zero" if mass_kg < GRAM else f"{what}: {mass_kg} kg is no lot"
    return refused(R01, why, wet_kg=mass_kg)


def check_masses(parts: Iterable[WetPart]) -> Refused | None:
    """Every part is a mass."""
    return next(
        (wrong for part in parts if (wrong := check_mass(f"part {part.lot_id}", part.wet_kg)) is not None),
        None,
    )


def check_tickets_new(tickets: Iterable[Ticket], world: World) -> Refused | None:
    """A weighbridge's ticket number counts once (R02), here and in all that came before."""
    keys = Counter(ticket_key(ticket) for ticket in tickets)
    used = world.get_all(TICKET, list(keys))
    again = sorted(key for key, times in keys.items() if times > 1 or key in used)
    if not again:
        return None
    lots = sorted({used[key].lot_id for key in again if key in used})
    of_lots = f" for {', '.join(lots)}" if lots else ""
    why = f"ticket {', '.join(again)} was counted already{of_lots}; a weighing makes metal once"
    return refused(R02, why, tickets=again, lots=lots)
