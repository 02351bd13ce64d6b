"""What the demo has seen so far: counted, and in the shape in which it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from orestream.cli.ledger import Entry
from orestream.contracts.lots import LotReceived
from orestream.contracts.message import Message
from orestream.contracts.mining import LotMined, SourceRegistered
from orestream.contracts.processing import BatchProcessed, BatchQuarantined
from orestream.contracts.shipments import ContainerStuffed, GatesChecked, ShipmentDispatched

_COUNTED: Mapping[type[Message], str] = {
    SourceRegistered: "sources",
    LotMined: "mined",
    LotReceived: "received",
    ContainerStuffed: "containers",
    ShipmentDispatched: "sailed",
}


@dataclass(slots=True)
class Board:
    """The state of the show."""

    wanted: int
    """Commands that are to be answered."""
    answered: int = 0
    sources: int = 0
    mined: int = 0
    received: int = 0
    containers: int = 0
    sailed: int = 0
    batches: dict[str, BatchProcessed] = field(default_factory=dict)
    quarantined: set[str] = field(default_factory=set)
    gates: GatesChecked | None = None
    """The last ones judged."""

    def take(self, entry: Entry[Message]) -> None:
        """Count one fact or outcome; those that are not counted stand on their lines all the same."""
        message = entry.message
        for kind, name in _COUNTED.items():
            if isinstance(message, kind):
                setattr(self, name, getattr(self, name) + 1)
        match message:
            case BatchProcessed():
                self.batches[message.batch_id] = message
            case BatchQuarantined():
                self.quarantined.add(message.batch_id)
            case GatesChecked():
                self.gates = message
            case _:
                return
