"""The topic catalogue: the only place for what a topic is called, holds, keeps and who may use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PARTITIONS = 12
"""Of fact, command, outcome and parking topics, unless set otherwise when they are created."""

DAY_MS = 24 * 60 * 60 * 1000
FOR_EVER = -1
SERVICES = ("mining", "processing", "export")

Role = Literal["facts", "commands", "outcomes", "parked", "cursor"]


@dataclass(frozen=True, slots=True)
class Topic:
    """A card of one topic."""

    name: str
    role: Role
    description: str
    key: str
    """What the key is the id of."""
    messages: tuple[str, ...]
    """Names of the message classes on it."""
    writer: str
    readers: tuple[str, ...]
    partitions: int = PARTITIONS
    retention_ms: int = FOR_EVER
    cleanup: Literal["delete", "compact"] = "delete"
    restricted: bool = False
    """True where only named readers may read (prices and invoices)."""

    def config(self) -> dict[str, str]:
        """The topic's settings at creation, as Kafka names them."""
        config: dict[str, str] = {"cleanup.policy": self.cleanup}
        if self.cleanup == "delete":
            config["retention.ms"] = str(self.retention_ms)
            config["retention.bytes"] = "-1"
        return config


MINING_LOTS = "orestream.mining.lots.v1"
PROCESSING_LOTS = "orestream.processing.lots.v1"
EXPORT_SHIPMENTS = "orestream.export.shipments.v1"
EXPORT_SETTLEMENTS = "orestream.export.settlements.v1"
OUTCOMES = "orestream.outcomes.v1"

FACTS_READ = {
    "mining": (),
    "processing": (MINING_LOTS,),
    "export": (MINING_LOTS, PROCESSING_LOTS),
}
"""Which fact topics each service reads besides its own commands."""

_LOT_FACTS = (
    "LotAssayed",
    "LotSplit",
    "LotBlended",
    "LotDrawn",
    "LotHeld",
    "LotHoldLifted",
    "LotDespatched",
)
_SHIPMENT_FACTS = (
    "LotReceived",
    "LotHeld",
    "LotHoldLifted",
    "ShipmentOpened",
    "ShipmentLotAllocated",
    "CargoClassified",
    "ContainerStuffed",
    "DocumentAttached",
    "TestRecorded",
    "ScreeningRecorded",
    "VgmRecorded",
    "GatesChecked",
    "ShipmentTermWaived",
    "ShipmentHeld",
    "ShipmentHoldLifted",
    "ShipmentBlocked",
    "ShipmentReleased",
    "ShipmentCleared",
    "ShipmentDispatched",
    "ShipmentRecalled",
    "ShipmentRecallLifted",
)
_COMMANDS = {
    "mining": (
        "RegisterSource",
        "MineLot",
        "AssayLot",
        "SplitLot",
        "BlendLots",
        "HoldLot",
        "LiftHold",
        "ReleaseQuarantine",
        "DespatchLot",
    ),
    "processing": (
        "ReceiveLot",
        "ProcessBatch",
        "AssayLot",
        "SplitLot",
        "BlendLots",
        "HoldLot",
        "LiftHold",
        "ReleaseQuarantine",
        "DespatchLot",
    ),
    "export": (
        "ReceiveLot",
        "RegisterContract",
        "OpenShipment",
        "AllocateLot",
        "ClassifyCargo",
        "StuffContainer",
        "AttachDocument",
        "RecordTest",
        "RecordScreening",
        "RecordVgm",
        "ClearShipment",
        "DispatchShipment",
        "WaiveContractTerm",
        "ReleaseQuarantine",
    ),
}


def commands_topic(site: str, service: str) -> str:
    """Where a service takes commands at a site."""
    return f"orestream.{site}.{service}.commands.v1"


def parked_topic(site: str, service: str) -> str:
    """Where a service tells which records it has set aside."""
    return f"orestream.{site}.{service}.parked.v1"


def cursor_topic(site: str, service: str) -> str:
    """Where a service's relay keeps its place."""
    return f"orestream.{site}.{service}.cursor"


def fact_topics() -> tuple[Topic, ...]:
    """The ledger: kept for ever, shared by all sites, plus the answers to commands."""
    return (
        Topic(
            MINING_LOTS,
            "facts",
            "Sources and lots from the mine to their despatch.",
            "lot or source",
            ("SourceRegistered", "LotMined", *_LOT_FACTS),
            "mining",
            ("processing", "export", "subscribers"),
        ),
        Topic(
            PROCESSING_LOTS,
            "facts",
            "Lots received, batches with their balances, and the lots they produced.",
            "lot or batch",
            (
                "LotReceived",
                "BatchProcessed",
                "BatchQuarantined",
                "BatchReleased",
                "LotProduced",
                *_LOT_FACTS,
            ),
            "processing",
            ("export", "subscribers"),
        ),
        Topic(
            EXPORT_SHIPMENTS,
            "facts",
            "Shipments gate by gate, from the port's store to the sailing and any recall.",
            "shipment or lot",
            _SHIPMENT_FACTS,
            "export",
            ("subscribers",),
        ),
        Topic(
            EXPORT_SETTLEMENTS,
            "facts",
            "Contracts, prices and invoices, for named readers only.",
            "contract",
            ("ContractRegistered",),
            "export",
            ("named readers",),
            restricted=True,
        ),
        Topic(
            OUTCOMES,
            "outcomes",
            "One final answer to every command; repeats and conflicts are marked.",
            "command",
            ("CommandAnswered",),
            "every service",
            ("whoever sent the command", "subscribers"),
        ),
    )


def service_topics(site: str, service: str) -> tuple[Topic, ...]:
    """A service's own topics at one site."""
    return (
        Topic(
            commands_topic(site, service),
            "commands",
            f"What people and instruments ask of {service} at {site}.",
            "what the command is about",
            _COMMANDS[service],
            "anyone allowed",
            (service,),
            retention_ms=30 * DAY_MS,
        ),
        Topic(
            parked_topic(site, service),
            "parked",
            f"Records that {service} at {site} has set aside, as they came, and what became of them.",
            "the parked record's key",
            (),
            service,
            ("operators",),
        ),
        Topic(
            cursor_topic(site, service),
            "cursor",
            f"The relay's place in the outbox of {service} at {site}; for the service alone.",
            "transactional id",
            (),
            service,
            (service,),
            partitions=1,
            cleanup="compact",
        ),
    )


def catalogue(site: str = "main") -> tuple[Topic, ...]:
    """Every topic of one site, the shared ones first."""
    return fact_topics() + tuple(topic for service in SERVICES for topic in service_topics(site, service))


def reads(site: str, service: str) -> tuple[str, ...]:
    """The topics a service subscribes to: its commands and the facts it follows."""
    return (commands_topic(site, service), *FACTS_READ[service])


def topic_of_fact(service: str, message: str) -> str:
    """The topic on which `service` publishes facts of the class named `message`."""
    if message == "CommandAnswered":
        return OUTCOMES
    for topic in fact_topics():
        if topic.writer == service and message in topic.messages:
            return topic.name
    raise KeyError(f"{service} publishes no {message}")


def murmur2(key: bytes) -> int:
    """Kafka's default hash of a key, 32 bits; the Java client's algorithm (murmur2, seed 0x9747b28c)."""
    mask, m = 0xFFFFFFFF, 0x5BD1E995
    length = len(key)
    h = 0x9747B28C ^ length
    for i in range(0, length - length % 4, 4):
        k = int.from_bytes(key[i : i + 4], "little") * m & mask
        k ^= k >> 24
        h = (h * m & mask) ^ (k * m & mask)
    tail = key[length - length % 4 :]
    if tail:
        h = (h ^ int.from_bytes(tail, "little")) * m & mask
    h = (h ^ (h >> 13)) * m & mask
    return h ^ (h >> 15)


def partition_of(key: bytes, partitions: int) -> int:
    """The partition on which every Kafka client puts this key by default."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions
