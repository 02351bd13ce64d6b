"""One id for two lots, seen only when the second is told of."""

from orestream.contracts.lots import LotHeld
from tests.support.port import Port, answer, done


def test_a_lot_in_the_store_stays_as_it_is_and_is_quarantined() -> None:
    port = Port().allocated()
    before = port.state("lot", "CON-1")
    port.mined("CON-1")
    port.despatched("CON-1", "7.000", material="antimony-ore")
    assert port.state("lot", "CON-1") == before
    (held,) = port.facts(LotHeld)
    assert (held.kind, held.cause, held.root) == ("quarantine", "R04", "CON-1")
    assert answer(port.stuff()) == ("refused", "R30")
    done(port.release(lot_id="CON-1", at=18.5), port.stuff(at=19))
