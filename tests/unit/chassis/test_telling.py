"""What a commit brought about is counted, observed and, where an operator should know, logged."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

from orestream.chassis.intake.taken import Committed
from orestream.chassis.metrics import Metrics, Observation, observe_nothing
from orestream.chassis.telling import tell
from orestream.contracts.decision import Happened
from tests.support.toy_domain import Deposited


def happened() -> Happened:
    fact = Deposited(account_id="A-1", amount=Decimal("6.549"))
    return Happened(fact, datetime(2025, 9, 3, tzinfo=UTC), "/orestream/main/bank", "id", "c-1")


def test_outcomes_are_counted_by_status_and_rule() -> None:
    metrics = Metrics("bank")
    tell(metrics, observe_nothing, Committed(outcomes=Counter({("refused", "R03"): 2, ("accepted", ""): 1})))
    text = metrics.exposition().decode()
    assert 'orestream_outcomes_total{rule="R03",service="bank",status="refused"} 2.0' in text
    assert 'orestream_outcomes_total{rule="",service="bank",status="accepted"} 1.0' in text


def test_a_domain_observes_its_own_facts() -> None:
    def observe(told: Happened) -> Iterable[Observation]:
        assert isinstance(told.fact, Deposited)
        yield Observation(
            "paid_in", "What was paid in last.", {"account": told.fact.key}, float(told.fact.amount)
        )

    metrics = Metrics("bank")
    tell(metrics, observe, Committed(facts=[happened()]))
    assert 'orestream_paid_in{account="A-1",service="bank"} 6.549' in metrics.exposition().decode()


def test_unknown_types_are_counted() -> None:
    metrics = Metrics("bank")
    tell(metrics, observe_nothing, Committed(skipped=Counter({"orestream.lot.melted.v1": 3})))
    assert 'orestream_skipped_facts_total{service="bank",type="orestream.lot.melted.v1"} 3.0' in (
        metrics.exposition().decode()
    )
