"""Freight containers: the ISO 6346 check digit, and who has a container or a seal at the moment (R16)."""

from __future__ import annotations

from dataclasses import dataclass

from orestream.contracts.decision import Happened, Refused, World
from orestream.contracts.export import StuffContainer
from orestream.contracts.shipments import ContainerStuffed, ShipmentDispatched
from orestream.lots.rules import refused

R16 = "R16"
CONTAINER = "container"
CONTAINER_SEAL = "container-seal"

_SERIAL = 10
"""Characters before the check digit: owner code, category and serial number."""


@dataclass(frozen=True, slots=True)
class Container:
    """A container number, and the open shipment it is stuffed for."""

    id: str
    shipment_id: str | None
    """None once it has sailed: it may be stuffed again."""


@dataclass(frozen=True, slots=True)
class ContainerSeal:
    """A seal that has been put on a container; it counts once, for ever."""

    id: str
    container_no: str
    shipment_id: str


def _letter_values() -> dict[str, int]:
    """A=10, B=12 … Z=38: one after the other, multiples of eleven skipped (ISO 6346)."""
    values = [value for value in range(10, 39) if value % 11]
    return dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", values, strict=True))


_LETTERS = _letter_values()


def check_digit(container_no: str) -> int:
    """The digit that belongs at the end: Σ value · 2^place over ten characters, mod 11, mod 10."""
    values = (_LETTERS[sign] if sign.isalpha() else int(sign) for sign in container_no[:_SERIAL])
    return sum(value << place for place, value in enumerate(values)) % 11 % 10


def has_its_check_digit(container_no: str) -> bool:
    """Whether a number of four letters and seven digits ends as ISO 6346 asks."""
    return int(container_no[_SERIAL]) == check_digit(container_no)


def check_number(container_no: str) -> Refused | None:
    """A number with a wrong check digit was misread; this needs no state."""
    if has_its_check_digit(container_no):
        return None
    why = (
        f"container {container_no} has not the check digit {check_digit(container_no)}; read its number again"
    )
    return refused(R16, why, container_no=container_no)


def check_free(command: StuffContainer, world: World) -> Refused | None:
    """A container is on one open shipment, and a seal is used once."""
    container: Container | None = world.get(CONTAINER, command.container_no)
    if container is not None and container.shipment_id is not None:
        why = f"container {container.id} is stuffed for {container.shipment_id}, which has not sailed"
        return refused(R16, why, container_no=container.id, shipment_id=container.shipment_id)
    seal: ContainerSeal | None = world.get(CONTAINER_SEAL, command.seal)
    if seal is not None:
        why = f"seal {seal.id} was put on {seal.container_no} for {seal.shipment_id}; read the seal again"
        return refused(R16, why, seal=seal.id, container_no=seal.container_no, shipment_id=seal.shipment_id)
    return None


def evolve_container(container_no: str, state: Container | None, happened: Happened) -> Container | None:
    """Taken when it is stuffed, free again when its shipment has sailed."""
    match happened.fact:
        case ContainerStuffed(shipment_id=shipment_id):
            return Container(container_no, shipment_id)
        case ShipmentDispatched():
            return Container(container_no, None)
        case _:
            return state


def evolve_seal(state: ContainerSeal | None, happened: Happened) -> ContainerSeal | None:
    """The first container that it was put on."""
    match happened.fact:
        case ContainerStuffed() as fact if state is None:
            return ContainerSeal(fact.seal, fact.container_no, fact.shipment_id)
        case _:
            return state
