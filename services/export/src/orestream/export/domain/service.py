"""Export's pure part: which decision answers which message, and which fact changes what."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar

from orestream.contracts.decision import (
    Asked,
    Continued,
    Decision,
    Happened,
    Incoming,
    Ref,
    Task,
    World,
)
from orestream.contracts.export import (
    AllocateLot,
    AttachDocument,
    ClassifyCargo,
    ClearShipment,
    DispatchShipment,
    OpenShipment,
    RecordScreening,
    RecordTest,
    RecordVgm,
    RegisterContract,
    StuffContainer,
    WaiveContractTerm,
)
from orestream.contracts.lots import ReceiveLot, ReleaseQuarantine
from orestream.contracts.message import Command
from orestream.contracts.shipments import (
    ContainerStuffed,
    ContractRegistered,
    ShipmentDispatched,
    ShipmentLotAllocated,
    ShipmentRecalled,
    ShipmentRecallLifted,
)
from orestream.export.domain import (
    allocation,
    clearance,
    containers,
    contract,
    evidence,
    opening,
    provenance,
    quarantine,
    recalls,
    sailing,
    shipment,
    stuffing,
    vgm,
)
from orestream.export.domain.figures import ExportTables
from orestream.lots import evolution, receiving, tasks, telling
from orestream.lots.rules import R01, refused
from orestream.lots.state import LOT

STATES: Mapping[str, Any] = MappingProxyType(
    {
        **evolution.STATES,
        contract.CONTRACT: contract.Contract,
        shipment.SHIPMENT: shipment.Shipment,
        containers.CONTAINER: containers.Container,
        containers.CONTAINER_SEAL: containers.ContainerSeal,
        provenance.SOURCE: provenance.Source,
        provenance.OUTPUT: provenance.Output,
        provenance.MINED: provenance.Mined,
        provenance.BATCH: provenance.Batch,
        recalls.SHIPPED: recalls.Shipped,
        recalls.RECALL: recalls.Recall,
    }
)

_FOLDS: Mapping[str, Callable[[str, Any, Happened], Any]] = MappingProxyType(
    {
        contract.CONTRACT: lambda _, state, happened: contract.evolve(state, happened),
        shipment.SHIPMENT: lambda _, state, happened: shipment.evolve(state, happened),
        containers.CONTAINER: containers.evolve_container,
        containers.CONTAINER_SEAL: lambda _, state, happened: containers.evolve_seal(state, happened),
        provenance.SOURCE: lambda _, state, happened: provenance.evolve_source(state, happened),
        provenance.OUTPUT: lambda _, state, happened: provenance.evolve_output(state, happened),
        provenance.MINED: lambda _, state, happened: provenance.evolve_mined(state, happened),
        provenance.BATCH: lambda _, state, happened: provenance.evolve_batch(state, happened),
        recalls.SHIPPED: recalls.evolve_shipped,
        recalls.RECALL: recalls.evolve_recall,
    }
)


@dataclass(frozen=True, slots=True)
class ExportDomain:
    """Export, as the chassis runs it."""

    tables: ExportTables
    service: ClassVar[str] = "export"
    states: ClassVar[Mapping[str, Any]] = STATES

    def rules_version(self, at: datetime) -> str:
        """The version of the rule tables in force at that time."""
        return self.tables.at(at).version

    def decide(self, incoming: Incoming, world: World) -> Decision:
        """What follows from this message in this world."""
        match incoming:
            case Asked(command=command):
                return self._answer(command, world)
            case Happened():
                recalled = recalls.following(world, self.service, incoming)
                return telling.follow(world, self.service, incoming, recalled)

    def _answer(self, command: Command, world: World) -> Decision:  # noqa: C901, PLR0911, PLR0912 - one line for each command
        match command:
            case ReceiveLot():
                return receiving.receive(command, world, self.service, self.tables.common)
            case RegisterContract():
                return contract.register(command, world, self.tables.at(command.occurred_at))
            case OpenShipment():
                return opening.open_shipment(command, world)
            case AllocateLot():
                return allocation.allocate(command, world, self.tables)
            case ClassifyCargo():
                return evidence.classify(command, world, self.tables)
            case StuffContainer():
                return stuffing.stuff(command, world, self.tables)
            case AttachDocument():
                return evidence.attach(command, world, self.tables)
            case RecordTest():
                return evidence.record_test(command, world, self.tables)
            case RecordScreening():
                return evidence.record_screening(command, world)
            case RecordVgm():
                return vgm.record(command, world, self.tables)
            case ClearShipment():
                return clearance.clear(command, world, self.tables)
            case DispatchShipment():
                return sailing.dispatch(command, world, self.tables)
            case WaiveContractTerm():
                return evidence.waive(command, world)
            case ReleaseQuarantine():
                return quarantine.release(command, world, self.service)
            case _:
                asked = type(command).__name__
                why = f"export has nothing to do with this {asked}; send it to the service that has"
                return refused(R01, why, command=asked)

    def go_on(self, task: Task, world: World, most: int) -> Continued:
        """The next facts of a task: all that this service leaves to one is telling of holds."""
        return tasks.go_on(task, world, self.service, most)

    def unfinished(self, happened: Happened, world: World) -> Task | None:
        """What a fact leaves to be told of holds."""
        return tasks.unfinished(happened, world, self.service)

    def changes(self, happened: Happened) -> tuple[Ref, ...]:
        """The aggregates that this fact changes."""
        own = _changed_here(happened) if happened.service == self.service else ()
        shared = evolution.changes(happened, self.service)
        return tuple(dict.fromkeys((*shared, *provenance.changes(happened), *own)))

    def companions(self, ref: Ref, state: Any | None) -> tuple[Ref, ...]:
        """With a lot its assays and its ancestors."""
        return evolution.companions(ref, state)

    def evolve(self, ref: Ref, state: Any | None, happened: Happened) -> Any:
        """The state of `ref` after this fact."""
        if isinstance(happened.fact, ShipmentLotAllocated) and ref.kind == LOT:
            return allocation.evolve_lot(state, happened)
        fold = _FOLDS.get(ref.kind)
        if fold is None:
            return evolution.evolve(ref, state, happened, self.service)
        return fold(ref.id, state, happened)


def _changed_here(happened: Happened) -> Iterator[Ref]:
    """What a fact of export's own changes, beside lots."""
    fact = happened.fact
    if isinstance(fact, ContractRegistered):
        yield Ref(contract.CONTRACT, fact.contract_id)
    if "shipment_id" in type(fact).model_fields:
        yield Ref(shipment.SHIPMENT, fact.key)
    match fact:
        case ShipmentLotAllocated(lot_id=lot_id):
            yield Ref(LOT, lot_id)
        case ContainerStuffed(container_no=container_no, seal=seal):
            yield Ref(containers.CONTAINER, container_no)
            yield Ref(containers.CONTAINER_SEAL, seal)
        case ShipmentDispatched() as sailed:
            yield from (Ref(containers.CONTAINER, container_no) for container_no in sailed.containers)
            yield from (Ref(recalls.SHIPPED, lot.lot_id) for lot in sailed.lots)
        case ShipmentRecalled(hold_id=hold_id) | ShipmentRecallLifted(hold_id=hold_id):
            yield Ref(recalls.RECALL, hold_id)
        case _:
            return
