"""Every state of export survives being stored."""

from orestream.chassis.intake.states import StateCodec
from orestream.chassis.store.aggregates import Stored
from orestream.export.domain import ExportDomain
from tests.support.port import Port, done


def test_every_state_is_read_as_it_was_written() -> None:
    port = Port().packed()
    port.weigh("4000.000", at=22)
    port.clear(at=22)
    port.stock("CON-2")
    done(port.weigh(at=22.5), port.waive("Sb"), port.test("CON-1"), port.clear(), port.sail())
    port.held("ORE-CON-1")
    port.lifted("ORE-CON-1")
    codec = StateCodec(ExportDomain.states)
    for ref, state in port.service.states.items():
        format_, text = codec.write(state)
        assert codec.read(ref.kind, Stored(1, format_, text)) == state, ref
    assert {ref.kind for ref in port.service.states} >= {
        "contract",
        "shipment",
        "container",
        "container-seal",
        "source",
        "output",
        "mined",
        "batch",
        "shipped",
        "recall",
    }
