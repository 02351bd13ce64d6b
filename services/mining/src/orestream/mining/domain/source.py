"""A source: the licensed place that lots come from."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from orestream.contracts.decision import Accepted, Decision, Happened, Refused, World
from orestream.contracts.mining import RegisterSource, SourceRegistered
from orestream.contracts.parts import Origin
from orestream.lots.rules import R01, R04, refused
from orestream.metallurgy.quantities import HUNDRED

SOURCE: Final = "source"


@dataclass(frozen=True, slots=True)
class Source:
    """What a lot mined here inherits."""

    id: str
    origin: Origin
    synthetic: bool


def register(command: RegisterSource, world: World) -> Decision:
    """A source becomes known, once."""
    wrong = _check_owners(command) or _check_location(command) or _check_licence(command)
    if wrong is not None:
        return wrong
    if world.get(SOURCE, command.source_id) is not None:
        why = f"source {command.source_id} is registered already; a change of it is no new registration"
        return refused(R04, why, source_id=command.source_id)
    return Accepted((_registered(command),))


def evolve(state: Source | None, happened: Happened) -> Source | None:
    """The source after a fact."""
    fact = happened.fact
    if not isinstance(fact, SourceRegistered):
        return state
    origin = Origin(
        source_id=fact.source_id,
        name=fact.name,
        country=fact.country,
        licence=fact.licence.number,
        operator=fact.operator,
        share=Decimal(1),
    )
    return Source(fact.source_id, origin, fact.synthetic)


def _check_owners(command: RegisterSource) -> Refused | None:
    shares = [owner.share_pct for owner in command.owners]
    total = sum(shares, Decimal(0))
    if all(share > 0 for share in shares) and total <= HUNDRED:
        return None
    why = f"the owners' shares are above zero and together no more than 100 %; they add up to {total} %"
    return refused(R01, why, share_pct=shares)


def _check_location(command: RegisterSource) -> Refused | None:
    place = command.location
    if place is None or (abs(place.lat) <= 90 and abs(place.lon) <= 180):  # noqa: PLR2004 - the globe
        return None
    why = f"latitude {place.lat}, longitude {place.lon} is no place on earth"
    return refused(R01, why, lat=place.lat, lon=place.lon)


def _check_licence(command: RegisterSource) -> Refused | None:
    licence = command.licence
    if licence.expires_on < licence.valid_from:
        why = f"licence {licence.number} expires on {licence.expires_on}, before it begins"
        return refused(R01, why, valid_from=licence.valid_from, expires_on=licence.expires_on)
    if licence.limit_wet_kg is not None and licence.limit_wet_kg <= 0:
        why = f"licence {licence.number} allows {licence.limit_wet_kg} kg; a limit is above zero"
        return refused(R01, why, limit_wet_kg=licence.limit_wet_kg)
    return None


def _registered(command: RegisterSource) -> SourceRegistered:
    stated = {name: getattr(command, name) for name in SourceRegistered.model_fields}
    return SourceRegistered(**stated)
