"""Export's commands: contracts, and a shipment from its opening to its sailing."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from orestream.contracts.decimals import Country, Day, Id, Name, Number, Text, Time
from orestream.contracts.message import Command, Part
from orestream.contracts.parts import Activity, Limit, Material, WetPart

ContainerNo = Annotated[
    str,
    Field(
        pattern=r"^[A-Z]{4}[0-9]{7}$",
        description="ISO 6346; the check digit is a rule",
        examples=["CSQU3054383"],
    ),
]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
HsCode = Annotated[str, Field(pattern=r"^[0-9]{6,10}$", examples=["261710"])]
Port = Annotated[str, Field(pattern=r"^[A-Z]{2}[A-Z2-9]{3}$", description="UN/LOCODE", examples=["PKKHI"])]
Imo = Annotated[str, Field(pattern=r"^[0-9]{7}$", description="IMO ship number", examples=["9074729"])]
Mode = Literal["container", "bulk"]
TestKind = Literal["tml", "moisture", "radioactivity"]
TmlMethod = Literal["flow-table", "penetration", "proctor-fagerberg"]


class RegisterContract(Command):
    """What was sold to whom: quantity, quality, terms."""

    SERVICES: ClassVar = ("export",)
    KEYED_BY: ClassVar = ("contract_id",)

    contract_id: Id
    seller: Name
    buyer: Name
    material: Material
    incoterm: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    place: Name
    quantity_dry_kg: Number
    tolerance_pct: Number = Field(description="of the quantity, either way")
    quality: tuple[Limit, ...] = ()
    synthetic: bool = False


class OpenShipment(Command):
    """A shipment under one or more contracts."""

    SERVICES: ClassVar = ("export",)
    KEYED_BY: ClassVar = ("shipment_id",)

    shipment_id: Id
    contracts: Annotated[tuple[Id, ...], Field(min_length=1, max_length=50)]
    mode: Mode
    from_port: Port
    to_port: Port
    consignee: Name


class AllocateLot(Command):
    """A quantity of a received lot is meant for a contract of the shipment."""

    SERVICES: ClassVar = ("export",)
    KEYED_BY: ClassVar = ("shipment_id",)

    shipment_id: Id
    contract_id: Id
    lot_id: Id
    wet_kg: Number


class ClassifyCargo(Command):
    """The shipper's signed classification of a lot as cargo."""

    SERVICES: ClassVar = ("export",)
    KEYED_BY: ClassVar = ("shipment_id",)

    shipment_id: Id
    lot_id: Id
    dangerous: bool
    reason: Text = Field(description="why it is, or is not, dangerous goods")
    hs_code: HsCode
    reported_contents: tuple[str, ...] = Field((), description="analytes whose contents the entry reports")
    signatory: Name
    imsbc_group: Annotated[str, Field(pattern=r"^(A|B|C|A and B)$")] | None = None
    imsbc_schedule: Name | None = None
    un_number: Annotated[str, Field(pattern=r"^[0-9]{4}$")] | None = None
    packing_group: Annotated[str, Field(pattern=r"^(I|II|III)$")] | None = None


class StuffContainer(Command):
    """Lots go into a container, which is sealed."""

    SERVICES: ClassVar = ("export",)
    KEYED_BY: ClassVar = ("shipment_id",)

    shipment_id: Id
    container_no: ContainerNo
    seal: Id
    tare_kg: Number
    max_gross_kg: Number = Field(description="from the container's plate")
    packing_kg: Number = Field(description="packing and dunnage")
    contents: Annotated[tuple[WetPart, ...], Field(min_length=1, max_length=100)]


class Stated(Part):
    """What a paper says about the shipment; only what stands there is compared."""

    net_wet_kg: Number | None = None
    net_dry_kg: Number | None = None
    cargo_gross_kg: Number | None = Field(None, description="cargo and packing, without containers")
    hs_code: HsCode | None = None
    consignee: Name | None = None
    containers: tuple[ContainerNo, ...] | None = None
    origin: Country | None = None
    lots: tuple[Id, ...] | None = None


class AttachDocument(Command):
    """A paper, by its kind, number and digest."""

    SERVICES: ClassVar = ("export",)
    KEYED_BY: ClassVar = ("shipment_id",)

    shipment_id: Id
    kind: Annotated[
        str, Field(max_length=60, description="a name from the table of papers", examples=["packing-list"])
    ]
    number: Id
    issued_by: Name
    issued_on: Day
    expires_on: Day | None = Field(None, description="good through that day, UTC")
    sha256: Sha256
    states: Stated = Stated()


class RecordTest(Command):
    """A test of a lot as cargo: TML, moisture or radioactivity."""

    SERVICES: ClassVar = ("export",)
    KEYED_BY: ClassVar = ("shipment_id",)

    shipment_id: Id
    lot_id: Id
    test: TestKind
    tested_at: Time
    method: TmlMethod | None = None
    fmp_pct: Number | None = Field(None, description="flow moisture point; for flow-table and penetration")
    tml_pct: Number | None = Field(None, description="for proctor-fagerberg, which gives it itself")
    moisture_pct: Number | None = None
    state: Literal["natural", "cracked"] | None = None
    activities: tuple[Activity, ...] = ()


class Screened(Part):
    """The consolidated list that was searched."""

    name: Name
    version: Name


class Hit(Part):
    """A name that the list has."""

    name: Name
    reason: Text
    blocked_share_pct: Number | None = Field(None, description="of an owner who is blocked")


class RecordScreening(Command):
    """Names, sources and vessel held against a list of blocked parties."""

    SERVICES: ClassVar = ("export",)
    KEYED_BY: ClassVar = ("shipment_id",)

    shipment_id: Id
    list: Screened
    screened: Annotated[tuple[Name, ...], Field(min_length=1, max_length=1000)]
    hits: tuple[Hit, ...] = ()
    valid_until: Time


class RecordVgm(Command):
    """The verified gross mass of a packed container (SOLAS VI/2)."""

    SERVICES: ClassVar = ("export",)
    KEYED_BY: ClassVar = ("shipment_id",)

    shipment_id: Id
    container_no: ContainerNo
    method: Literal[1, 2]
    gross_kg: Number = Field(description="of the full container")
    signatory: Name
    weighed_at: Time


class ClearShipment(Command):
    """Customs cleared the goods."""

    SERVICES: ClassVar = ("export",)
    KEYED_BY: ClassVar = ("shipment_id",)

    shipment_id: Id
    declaration_no: Name
    office: Name
    cleared_at: Time


class Vessel(Part):
    """A ship."""

    name: Name
    imo: Imo


class DispatchShipment(Command):
    """The vessel sailed with the shipment."""

    SERVICES: ClassVar = ("export",)
    KEYED_BY: ClassVar = ("shipment_id",)

    shipment_id: Id
    vessel: Vessel
    voyage: Name
    bill_of_lading: Name
    sailed_at: Time


class WaiveContractTerm(Command):
    """The buyer waives a quality or quantity limit for this shipment."""

    SERVICES: ClassVar = ("export",)
    KEYED_BY: ClassVar = ("shipment_id",)

    shipment_id: Id
    contract_id: Id
    term: Annotated[str, Field(description="an analyte, or quantity", examples=["As"], max_length=20)]
    reason: Text
    authority: Name
