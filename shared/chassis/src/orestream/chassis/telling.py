"""What a commit has brought about, told to metrics and log."""

from __future__ import annotations

import logging

from orestream.chassis.intake.taken import Committed
from orestream.chassis.logs import Event, logger
from orestream.chassis.metrics import Metrics, Observe

log = logger(__name__)


def tell(metrics: Metrics, observe: Observe, committed: Committed) -> None:
    """Count outcomes, observe facts, and log what was skipped; what is parked the intake logs itself."""
    for (status, rule), count in committed.outcomes.items():
        metrics.outcomes(status, rule).inc(count)
    for type_, count in committed.skipped.items():
        metrics.skipped(type_).inc(count)
        log.info(Event.FACTS_SKIPPED, type=type_, records=count)
    metrics.conflicts.inc(committed.conflicts)
    _tell_facts(metrics, observe, committed)


def _tell_facts(metrics: Metrics, observe: Observe, committed: Committed) -> None:
    detailed = logging.getLogger(__name__).isEnabledFor(logging.DEBUG)
    for happened in committed.facts:
        for observation in observe(happened):
            metrics.observe(observation)
        if detailed:
            log.debug(
                Event.FACT_WRITTEN,
                type=happened.fact.TYPE,
                key=happened.fact.key,
                correlation_id=happened.correlation_id,
            )
