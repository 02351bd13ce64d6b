"""R17: what is loaded is packed in containers that may carry it, each with a verified gross mass."""

from __future__ import annotations

from collections.abc import Iterator

from orestream.contracts.shipments import ContainerStuffed, Gate
from orestream.export.domain.case import Case
from orestream.export.domain.gates.judged import Finding, StandingGate, judged


def judge(case: Case) -> Gate:
    """No verified gross mass, no loading (SOLAS VI/2); one that disagrees with the sum is none."""
    return judged("R17", _findings(case), "every container has been weighed")


def _findings(case: Case) -> Iterator[Finding]:
    if case.shipment.mode != "container":
        return
    if not case.shipment.containers:
        yield Finding("no container is stuffed: there is nothing to load", blocks=True)
    for container in case.shipment.containers:
        yield _look(case, container)


def _look(case: Case, container: ContainerStuffed) -> Finding:
    no = container.container_no
    vgm = case.shipment.vgm(no)
    if vgm is None:
        return Finding(
            f"no verified gross mass of {no} on file: weigh it", missing=(f"{no}: vgm",), blocks=True
        )
    weighed = f"{no} weighs {vgm.gross_kg} kg"
    if vgm.gross_kg > container.max_gross_kg:
        plate = f"above its plate of {container.max_gross_kg} kg: repack it"
        return Finding(f"{weighed}, {plate}", differs=(no,), blocks=True)
    if not vgm.agrees:
        summed = f"and {vgm.expected_kg} kg by its contents: weigh it again"
        return Finding(f"{weighed} {summed}", differs=(no,), blocks=True)
    return Finding(f"{weighed}, its contents {vgm.expected_kg} kg")


GATE = StandingGate("R17", frozenset({"dispatch"}), judge)
