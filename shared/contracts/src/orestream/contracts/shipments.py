"""Export's facts: contracts, and a shipment gate by gate. All but contracts are keyed by shipment."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from orestream.contracts.decimals import Day, Id, Kg, Name, NotNegative, Number, Text, Time
from orestream.contracts.export import (
    ContainerNo,
    Hit,
    HsCode,
    Mode,
    Port,
    Screened,
    Sha256,
    Stated,
    TestKind,
    TmlMethod,
    Vessel,
)
from orestream.contracts.message import Fact, Part
from orestream.contracts.parts import Activity, Limit, Material, Origin, WeighedPart

GateVerdict = Literal["pass", "hold", "block"]
Step = Literal["stuff", "clear", "dispatch"]


class ContractRegistered(Fact):
    """A contract is known; on the restricted topic only."""

    TYPE: ClassVar = "orestream.contract.registered.v1"
    KEYED_BY: ClassVar = ("contract_id",)

    contract_id: Id
    seller: Name
    buyer: Name
    material: Material
    incoterm: str
    place: Name
    quantity_dry_kg: Kg
    tolerance_pct: NotNegative
    quality: tuple[Limit, ...] = ()
    synthetic: bool = False


class ShipmentOpened(Fact):
    """A shipment is known."""

    TYPE: ClassVar = "orestream.shipment.opened.v1"
    KEYED_BY: ClassVar = ("shipment_id",)

    shipment_id: Id
    contracts: tuple[Id, ...]
    mode: Mode
    from_port: Port
    to_port: Port
    consignee: Name
    synthetic: bool = False


class ShipmentLotAllocated(Fact):
    """A quantity of a lot is meant for a contract of this shipment."""

    TYPE: ClassVar = "orestream.shipment.lot-allocated.v1"
    KEYED_BY: ClassVar = ("shipment_id",)

    shipment_id: Id
    contract_id: Id
    lot_id: Id
    material: Material
    wet_kg: Kg
    dry_kg: Kg
    origins: tuple[Origin, ...]
    difference_dry_kg: Kg | None = Field(
        None, description="how much more than the stock a last draw took: a weighing difference"
    )


class CargoClassified(Fact):
    """The shipper has classified a lot as cargo."""

    TYPE: ClassVar = "orestream.cargo.classified.v1"
    KEYED_BY: ClassVar = ("shipment_id",)

    shipment_id: Id
    lot_id: Id
    dangerous: bool
    reason: Text
    hs_code: HsCode
    reported_contents: tuple[str, ...] = ()
    signatory: Name
    imsbc_group: str | None = None
    imsbc_schedule: str | None = None
    un_number: str | None = None
    packing_group: str | None = None


class StuffedPart(WeighedPart):
    """What of a lot went into a container."""

    difference_dry_kg: Kg | None = Field(
        None, description="how much more than was allocated the last part took: a weighing difference"
    )


class ContainerStuffed(Fact):
    """A container is packed and sealed."""

    TYPE: ClassVar = "orestream.container.stuffed.v1"
    KEYED_BY: ClassVar = ("shipment_id",)

    shipment_id: Id
    container_no: ContainerNo
    seal: Id
    tare_kg: Kg
    max_gross_kg: Kg
    packing_kg: Kg
    contents: tuple[StuffedPart, ...]


class DocumentAttached(Fact):
    """A paper is on file."""

    TYPE: ClassVar = "orestream.document.attached.v1"
    KEYED_BY: ClassVar = ("shipment_id",)

    shipment_id: Id
    kind: str
    number: Id
    issued_by: Name
    issued_on: Day
    expires_on: Day | None = None
    sha256: Sha256
    states: Stated = Stated()


class TestRecorded(Fact):
    """A test of a lot as cargo is on file."""

    __test__: ClassVar = False  # its name makes pytest look for tests in it

    TYPE: ClassVar = "orestream.test.recorded.v1"
    KEYED_BY: ClassVar = ("shipment_id",)

    shipment_id: Id
    lot_id: Id
    test: TestKind
    tested_at: Time
    method: TmlMethod | None = None
    fmp_pct: NotNegative | None = None
    tml_pct: NotNegative | None = None
    moisture_pct: NotNegative | None = None
    state: Literal["natural", "cracked"] | None = None
    activities: tuple[Activity, ...] = ()


class ScreeningRecorded(Fact):
    """Names were held against a list."""

    TYPE: ClassVar = "orestream.screening.recorded.v1"
    KEYED_BY: ClassVar = ("shipment_id",)

    shipment_id: Id
    list: Screened
    screened: tuple[Name, ...]
    hits: tuple[Hit, ...] = ()
    valid_until: Time
    occurred_at: Time


class VgmRecorded(Fact):
    """The verified gross mass of a container is on file."""

    TYPE: ClassVar = "orestream.vgm.recorded.v1"
    KEYED_BY: ClassVar = ("shipment_id",)

    shipment_id: Id
    container_no: ContainerNo
    method: Literal[1, 2]
    gross_kg: Kg
    expected_kg: Kg = Field(description="tare, packing and contents")
    difference_kg: Number
    agrees: bool
    signatory: Name
    weighed_at: Time


class Gate(Part):
    """One rule judged at one step."""

    rule: str
    verdict: GateVerdict
    why: Text
    missing: tuple[str, ...] | None = None
    differs: tuple[str, ...] | None = None
    evidence: tuple[str, ...] = ()


class GatesChecked(Fact):
    """Every gate of one step was judged."""

    TYPE: ClassVar = "orestream.gates.checked.v1"
    KEYED_BY: ClassVar = ("shipment_id",)

    shipment_id: Id
    step: Step
    gates: tuple[Gate, ...]
    verdict: GateVerdict
    rules_version: str


class ShipmentTermWaived(Fact):
    """The buyer has waived a limit for this shipment."""

    TYPE: ClassVar = "orestream.shipment.term-waived.v1"
    KEYED_BY: ClassVar = ("shipment_id",)

    shipment_id: Id
    contract_id: Id
    term: str
    reason: Text
    authority: Name
    by: Name


class ShipmentHeld(Fact):
    """A gate lacks evidence, or the shipment is quarantined; other acts of it are refused or judged again."""

    TYPE: ClassVar = "orestream.shipment.held.v1"
    KEYED_BY: ClassVar = ("shipment_id",)

    shipment_id: Id
    hold_id: Id
    kind: Literal["hold", "quarantine"]
    rule: str
    step: str
    reason: Text
    missing: tuple[str, ...] = ()
    differs: tuple[str, ...] = ()
    by: Name


class ShipmentHoldLifted(Fact):
    """The evidence that a gate lacked has come."""

    TYPE: ClassVar = "orestream.shipment.hold-lifted.v1"
    KEYED_BY: ClassVar = ("shipment_id",)

    shipment_id: Id
    hold_id: Id
    rule: str


class ShipmentBlocked(Fact):
    """Safety or the law forbids the act; a violation records a sailing that happened all the same."""

    TYPE: ClassVar = "orestream.shipment.blocked.v1"
    KEYED_BY: ClassVar = ("shipment_id",)

    shipment_id: Id
    rule: str
    step: str
    reason: Text
    violation: bool = False
    vessel: Vessel | None = None
    sailed_at: Time | None = None


class ShipmentReleased(Fact):
    """An authorised person released a shipment from quarantine."""

    TYPE: ClassVar = "orestream.shipment.released.v1"
    KEYED_BY: ClassVar = ("shipment_id",)

    shipment_id: Id
    hold_id: Id
    reason: Text
    authority: Name
    by: Name


class ShipmentCleared(Fact):
    """Customs cleared the goods and every gate passed."""

    TYPE: ClassVar = "orestream.shipment.cleared.v1"
    KEYED_BY: ClassVar = ("shipment_id",)

    shipment_id: Id
    declaration_no: Name
    office: Name
    cleared_at: Time


class ShippedLot(Part):
    """What of a lot sailed, and the metal in it."""

    lot_id: Id
    contract_id: Id
    material: Material
    wet_kg: Kg
    dry_kg: Kg
    contained_kg: dict[str, Kg] = Field(description="element → kg in the dry mass, where assayed")
    certificate: Id | None = None
    origins: tuple[Origin, ...]


class ShipmentDispatched(Fact):
    """The shipment sailed: what, from which sources, in which containers."""

    TYPE: ClassVar = "orestream.shipment.dispatched.v1"
    KEYED_BY: ClassVar = ("shipment_id",)

    shipment_id: Id
    vessel: Vessel
    voyage: Name
    bill_of_lading: Name
    sailed_at: Time
    from_port: Port
    to_port: Port
    consignee: Name
    containers: tuple[ContainerNo, ...]
    lots: tuple[ShippedLot, ...]
    wet_kg: Kg
    dry_kg: Kg
    synthetic: bool = False


class ShipmentRecalled(Fact):
    """Something that sailed was made from a lot that is held."""

    TYPE: ClassVar = "orestream.shipment.recalled.v1"
    KEYED_BY: ClassVar = ("shipment_id",)

    shipment_id: Id
    hold_id: Id
    root: Id = Field(description="the lot or batch on which the hold was put")
    kind: Literal["hold", "quarantine"]
    cause: str
    reason: Text
    occurred_at: Time


class ShipmentRecallLifted(Fact):
    """The hold behind a recall has ended."""

    TYPE: ClassVar = "orestream.shipment.recall-lifted.v1"
    KEYED_BY: ClassVar = ("shipment_id",)

    shipment_id: Id
    hold_id: Id
    root: Id
    occurred_at: Time
