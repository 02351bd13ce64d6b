"""What the intake says in the log: of every record that it sets aside, and of the one that stops it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from orestream.chassis.intake.breaker import Tripped
from orestream.chassis.intake.inbound import cause_of, key_text
from orestream.chassis.logs import Event, logger
from orestream.chassis.records import Fetched
from orestream.chassis.store.parked import Parked

log = logger(__name__)


def set_aside(parked: Iterable[Parked]) -> None:
    """Records are parked, or stay parked after another try: a warning for each that fails itself."""
    for one in parked:
        write = log.warning if one.behind is None else log.info
        write(
            Event.RECORD_PARKED,
            **_of(one.record),
            reason=one.reason,
            attempts=one.attempts,
            behind=one.behind,
        )


def tripped(error: Tripped) -> None:
    """The breaker has opened; the service stops."""
    log.error(Event.BREAKER_TRIPPED, **_of(error.record), why=str(error))


def _of(record: Fetched) -> Mapping[str, object]:
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "key": key_text(record),
        "correlation_id": cause_of(record).correlation_id,
    }
