"""A contract: what was sold to whom, and within which limits."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from orestream.contracts.decision import Accepted, Decision, Happened, Refused, World
from orestream.contracts.export import RegisterContract
from orestream.contracts.parts import Limit
from orestream.contracts.shipments import ContractRegistered
from orestream.export.domain.figures import Rulebook
from orestream.metallurgy.quantities import HUNDRED, kg

CONTRACT = "contract"
QUANTITY = "quantity"
MATERIAL = "material"
"""Terms of a contract that are no analyte."""


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract as it was registered; what its buyer waives for a shipment stands there."""

    id: str
    seller: str
    buyer: str
    material: str
    quantity_dry_kg: Decimal
    tolerance_pct: Decimal
    quality: tuple[Limit, ...]
    synthetic: bool

    @property
    def least_dry_kg(self) -> Decimal:
        """The least that may be delivered, kg dry."""
        return kg(self.quantity_dry_kg * (HUNDRED - self.tolerance_pct) / HUNDRED)

    @property
    def most_dry_kg(self) -> Decimal:
        """The most that may be delivered, kg dry."""
        return kg(self.quantity_dry_kg * (HUNDRED + self.tolerance_pct) / HUNDRED)

    @property
    def terms(self) -> tuple[str, ...]:
        """What a buyer may waive."""
        return (*(limit.analyte for limit in self.quality), QUANTITY, MATERIAL)


def register(command: RegisterContract, world: World, rules: Rulebook) -> Decision:
    """A contract is registered once, with limits that can be met."""
    wrong = _impossible(command, rules)
    if wrong is not None:
        return Refused("R01", f"contract {command.contract_id}: {wrong}")
    if world.get(CONTRACT, command.contract_id) is not None:
        return Refused("R04", f"contract {command.contract_id} is registered already; give another id")
    stated = {name: getattr(command, name) for name in ContractRegistered.model_fields}
    return Accepted((ContractRegistered(**stated | {"quantity_dry_kg": kg(command.quantity_dry_kg)}),))


def _impossible(command: RegisterContract, rules: Rulebook) -> str | None:
    if command.material not in rules.common.materials:
        return f"{command.material} is not in the table of materials"
    if command.quantity_dry_kg <= 0 or not 0 <= command.tolerance_pct < HUNDRED:
        return "the quantity is above zero, its tolerance from 0 to less than 100 %"
    for limit in command.quality:
        if limit.unit not in rules.common.units:
            units = ", ".join(sorted(rules.common.units))
            return f"{limit.analyte} is limited in {limit.unit}; say one of {units}"
        if limit.min is None and limit.max is None:
            return f"{limit.analyte} has neither a min nor a max"
        if limit.min is not None and limit.max is not None and limit.min > limit.max:
            return f"{limit.analyte} is at least {limit.min} and at most {limit.max}: nothing is both"
    return None


def evolve(state: Contract | None, happened: Happened) -> Contract | None:
    """The contract after one of its facts."""
    match happened.fact:
        case ContractRegistered() as fact:
            return Contract(
                id=fact.contract_id,
                seller=fact.seller,
                buyer=fact.buyer,
                material=fact.material,
                quantity_dry_kg=fact.quantity_dry_kg,
                tolerance_pct=fact.tolerance_pct,
                quality=fact.quality,
                synthetic=fact.synthetic,
            )
        case _:
            return state
