"""A shipment is opened, once, under contracts that are known."""

from __future__ import annotations

from orestream.contracts.decision import Accepted, Decision, Ref, Waits, World
from orestream.contracts.export import OpenShipment
from orestream.contracts.shipments import ShipmentOpened
from orestream.export.domain.contract import CONTRACT
from orestream.export.domain.shipment import SHIPMENT
from orestream.lots.rules import R01, R04, refused


def open_shipment(command: OpenShipment, world: World) -> Decision:
    """A shipment id counts once (R04); its contracts are waited for."""
    if len(set(command.contracts)) < len(command.contracts):
        return refused(R01, "a contract is named twice; name each once", contracts=command.contracts)
    if world.get(SHIPMENT, command.shipment_id) is not None:
        why = f"shipment {command.shipment_id} is open already; give another id"
        return refused(R04, why, shipment_id=command.shipment_id)
    contracts = world.get_all(CONTRACT, command.contracts)
    unknown = sorted(set(command.contracts) - contracts.keys())
    if unknown:
        needs = tuple(Ref(CONTRACT, contract_id) for contract_id in unknown)
        return Waits(needs, f"contract {', '.join(unknown)} is not registered yet")
    return Accepted(
        (
            ShipmentOpened(
                shipment_id=command.shipment_id,
                contracts=command.contracts,
                mode=command.mode,
                from_port=command.from_port,
                to_port=command.to_port,
                consignee=command.consignee,
                synthetic=any(contract.synthetic for contract in contracts.values()),
            ),
        )
    )
