"""A port in memory: export alone, fed with the facts of mining and processing and asked with commands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from orestream.contracts.decimals import write_time
from orestream.contracts.decision import Ref
from orestream.contracts.message import Fact
from orestream.export.app import build
from orestream.export.domain.shipment import SHIPMENT, Shipment
from tests.support.upstream import START, Upstream, day
from tests.support.worlds import Outcome, parse

F = TypeVar("F", bound=Fact)

CONTAINER = "CSQU3054383"
SECOND_CONTAINER = "TOLU4734787"
PAPERS: tuple[str, ...] = build().tables.at(START).own.papers.sets[-1].asked["clearance"]


class Port(Upstream):
    """What a test says and sees of export."""

    def ask(self, name: str, /, at: float = 24, **fields: Any) -> Outcome:
        """The final outcome of a command, or the waiting one."""
        self.said += 1
        said = {
            "command": name,
            "service": "export",
            "command_id": f"x-{self.said:04d}",
            "occurred_at": write_time(day(at)),
            "by": "desk",
            **fields,
        }
        return self.service.send(parse(said)[1])

    def receive(
        self, lot_id: str, wet_kg: str = "1000.000", moisture_pct: str = "0", **fields: Any
    ) -> Outcome:
        """A check-in weighing."""
        ticket = {
            "number": f"P-{lot_id}-{self.said}",
            "weighbridge": "store",
            "gross_kg": wet_kg,
            "tare_kg": "0",
        }
        said = {
            "place": "PKKHI",
            "tickets": [ticket | {"weighed_at": write_time(day(17))}],
            "at": 17,
            **fields,
        }
        return self.ask("ReceiveLot", lot_id=lot_id, moisture_pct=moisture_pct, **said)

    def contract(self, contract_id: str = "CTR-1", **fields: Any) -> Outcome:
        """A contract for a tonne of concentrate, five per cent either way."""
        said = {
            "seller": "Seller",
            "buyer": "Buyer",
            "material": "stibnite-concentrate",
            "incoterm": "FCA",
            "place": "PKKHI",
            "quantity_dry_kg": "1000.000",
            "tolerance_pct": "5",
            "quality": [{"analyte": "Sb", "min": "50", "unit": "%"}],
            "synthetic": True,
            "at": 11,
            **fields,
        }
        return self.ask("RegisterContract", contract_id=contract_id, **said)

    def open(self, shipment_id: str = "SHP-1", **fields: Any) -> Outcome:
        """A shipment by container from Karachi to Houston."""
        said = {
            "contracts": ["CTR-1"],
            "mode": "container",
            "from_port": "PKKHI",
            "to_port": "USHOU",
            "consignee": "Buyer",
            "at": 17,
            **fields,
        }
        return self.ask("OpenShipment", shipment_id=shipment_id, **said)

    def allocate(self, lot_id: str = "CON-1", wet_kg: str = "1000.000", **fields: Any) -> Outcome:
        """A quantity for the contract."""
        said = {"shipment_id": "SHP-1", "contract_id": "CTR-1", "at": 18, **fields}
        return self.ask("AllocateLot", lot_id=lot_id, wet_kg=wet_kg, **said)

    def classify(self, lot_id: str = "CON-1", **fields: Any) -> Outcome:
        """The shipper's classification."""
        said = {
            "shipment_id": "SHP-1",
            "dangerous": False,
            "reason": "IMDG special provision 45",
            "hs_code": "261710",
            "signatory": "Shipper",
            "at": 18,
            **fields,
        }
        return self.ask("ClassifyCargo", lot_id=lot_id, **said)

    def stuff(self, lots: Mapping[str, str] | None = None, **fields: Any) -> Outcome:
        """A container is packed and sealed."""
        parts = {"CON-1": "1000.000"} if lots is None else lots
        said = {
            "shipment_id": "SHP-1",
            "container_no": CONTAINER,
            "seal": f"SEAL-{self.said}",
            "tare_kg": "2200.000",
            "max_gross_kg": "30480.000",
            "packing_kg": "50.000",
            "contents": [{"lot_id": lot_id, "wet_kg": wet_kg} for lot_id, wet_kg in parts.items()],
            "at": 19,
            **fields,
        }
        return self.ask("StuffContainer", **said)

    def test(self, lot_id: str, **fields: Any) -> Outcome:
        """A test of its radioactivity, well below every limit."""
        activities = [{"nuclide": one, "value": "0.3", "unit": "Bq/g"} for one in ("Th-nat", "U-nat")]
        said = {
            "shipment_id": "SHP-1",
            "test": "radioactivity",
            "tested_at": write_time(day(18)),
            "state": "natural",
            "activities": activities,
            "at": 18,
            **fields,
        }
        return self.ask("RecordTest", lot_id=lot_id, **said)

    def attach(self, kind: str, states: Mapping[str, Any] | None = None, **fields: Any) -> Outcome:
        """A paper."""
        said = {
            "shipment_id": "SHP-1",
            "number": f"DOC-{self.said}",
            "issued_by": "Office",
            "issued_on": "2025-09-20",
            "sha256": "0" * 64,
            "states": dict(states or {}),
            "at": 21,
            **fields,
        }
        return self.ask("AttachDocument", kind=kind, **said)

    def papers(self, kinds: Iterable[str] = PAPERS) -> None:
        """Every paper that is asked for, stating nothing."""
        for kind in kinds:
            assert self.attach(kind).status == "accepted"

    def weigh(self, gross_kg: str = "3250.000", **fields: Any) -> Outcome:
        """The verified gross mass of the container."""
        said = {
            "shipment_id": "SHP-1",
            "container_no": CONTAINER,
            "method": 2,
            "signatory": "Shipper",
            "weighed_at": write_time(day(21)),
            "at": 21,
            **fields,
        }
        return self.ask("RecordVgm", gross_kg=gross_kg, **said)

    def screen(self, *names: str, until: float = 28, **fields: Any) -> Outcome:
        """Everyone in the trade is screened, and nobody found, unless said."""
        said = {
            "shipment_id": "SHP-1",
            "list": {"name": "consolidated list", "version": "2025-09-21"},
            "valid_until": write_time(day(until)),
            "at": 21,
            **fields,
        }
        screened = list(names or ("SRC-1", "Cooperative", "Seller", "Buyer", "9074729"))
        return self.ask("RecordScreening", screened=screened, **said)

    def clear(self, at: float = 23, **fields: Any) -> Outcome:
        """Customs clear the goods."""
        said = {"shipment_id": "SHP-1", "declaration_no": "GD-1", "office": "PKKHI", **fields}
        return self.ask("ClearShipment", at, cleared_at=write_time(day(at)), **said)

    def sail(self, at: float = 24, **fields: Any) -> Outcome:
        """The vessel sails."""
        said = {
            "shipment_id": "SHP-1",
            "vessel": {"name": "Vessel", "imo": "9074729"},
            "voyage": "001W",
            "bill_of_lading": "BL-1",
            "sailed_at": write_time(day(at)),
            **fields,
        }
        return self.ask("DispatchShipment", at, **said)

    def waive(self, term: str, **fields: Any) -> Outcome:
        """The buyer waives a term."""
        said = {
            "contract_id": "CTR-1",
            "reason": "agreed",
            "authority": "Buyer",
            "shipment_id": "SHP-1",
            **fields,
        }
        return self.ask("WaiveContractTerm", term=term, **said)

    def release(self, **fields: Any) -> Outcome:
        """The end of a quarantine, by the director."""
        said = {"by": "director", "reason": "checked", "authority": "director", **fields}
        return self.ask("ReleaseQuarantine", **said)

    # Up to a step, all as it should be.

    def stock(self, lot_id: str = "CON-1", wet_kg: str = "1000.000", **more: Any) -> None:
        """A concentrate of one mined lot is in the port's store."""
        self.mined(f"ORE-{lot_id}")
        self.produced(lot_id, [f"ORE-{lot_id}"])
        self.despatched(lot_id, wet_kg, **more)
        done(self.receive(lot_id, wet_kg, more.get("moisture_pct", "0")))

    def allocated(self) -> Port:
        """A shipment with its one lot allocated and classified."""
        self.source()
        self.stock()
        done(self.contract(), self.open(), self.allocate(), self.classify())
        return self

    def packed(self) -> Port:
        """The same in a container, weighed, with every paper and screening."""
        self.allocated()
        done(self.stuff())
        self.papers()
        done(self.weigh(), self.screen())
        return self

    def cleared(self) -> Port:
        """The same, cleared."""
        self.packed()
        done(self.clear())
        return self

    def sailed(self) -> Port:
        """The same, at sea since day 24."""
        self.cleared()
        done(self.sail())
        return self

    # What a test sees.

    def facts(self, type_: type[F]) -> list[F]:
        """The facts of one class that export has told."""
        return [one.fact for one in self.service.facts if isinstance(one.fact, type_)]

    def shipment(self, shipment_id: str = "SHP-1") -> Shipment:
        """A shipment's state."""
        found = self.service.states[Ref(SHIPMENT, shipment_id)]
        assert isinstance(found, Shipment)
        return found

    def status(self, outcome: Outcome) -> str:
        """What has become of a command that waited."""
        final = self.service.outcomes.get(outcome.command_id)
        return outcome.status if final is None else final.status

    def state(self, kind: str, id_: str) -> Any:
        """Any state."""
        return self.service.states[Ref(kind, id_)]


def done(*outcomes: Outcome) -> None:
    """What a test takes for granted."""
    for outcome in outcomes:
        assert outcome.status == "accepted", outcome


def answer(outcome: Outcome) -> tuple[str, str | None]:
    """Status and rule."""
    return outcome.status, outcome.rule


def types(outcome: Outcome) -> list[str]:
    """The classes of the facts that an answer caused, in order."""
    return [type(one.fact).__name__ for one in outcome.facts]


def fact(outcome: Outcome, type_: type[F]) -> F:
    """The one fact of a class that an answer caused."""
    (found,) = [one.fact for one in outcome.facts if isinstance(one.fact, type_)]
    return found
