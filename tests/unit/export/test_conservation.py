"""No kilogram from nowhere: whatever is asked, allocations and containers never give more than came in."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from orestream.contracts.shipments import ContainerStuffed, ShipmentLotAllocated
from orestream.export.domain.containers import check_digit
from orestream.lots.state import LOT
from tests.support.port import Port, done

RECEIVED = Decimal("950.000")
TOLERANCE = Decimal("1.900")
"""0.2 % of what was received dry: 1000 kg wet at 5 % moisture."""

MASSES = st.decimals(Decimal("0.001"), Decimal(1005), places=3)
ACTS = st.lists(st.tuples(st.sampled_from(["allocate", "stuff"]), MASSES), min_size=1, max_size=12)


def container_no(number: int) -> str:
    body = f"CSQU{number:06d}"
    return f"{body}{check_digit(body)}"


@settings(max_examples=30, deadline=None)
@given(acts=ACTS)
def test_stock_allocations_and_containers_add_up(acts: list[tuple[str, Decimal]]) -> None:
    port = Port()
    port.source()
    port.stock(moisture_pct="5")
    done(port.contract(quantity_dry_kg="5000.000"), port.open(), port.waive("quantity"), port.classify())
    for number, (act, mass) in enumerate(acts):
        if act == "allocate":
            port.allocate(wet_kg=str(mass))
        else:
            port.stuff({"CON-1": str(mass)}, container_no=container_no(number))
    allocated = [
        (one.dry_kg, one.difference_dry_kg or Decimal(0)) for one in port.facts(ShipmentLotAllocated)
    ]
    stock = port.state(LOT, "CON-1").stock_dry_kg
    assert stock >= 0
    assert stock + sum(dry - over for dry, over in allocated) == RECEIVED
    assert sum(over for _, over in allocated) <= TOLERANCE
    stuffed = sum(part.dry_kg for one in port.facts(ContainerStuffed) for part in one.contents)
    assert stuffed <= sum(dry for dry, _ in allocated) + TOLERANCE
