"""Log lines: structured, one JSON object a line in containers, readable on a terminal.

Every line carries the service, and topic, partition, offset, key and correlation id where there is
one: `bound(...)` gives them to all lines written within a block.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from enum import StrEnum
from typing import Any, TextIO

import structlog

Logger = structlog.stdlib.BoundLogger


class Event(StrEnum):
    """The stable names of what is logged; dashboards and alerts may rely on them."""

    SERVICE_STARTING = "service.starting"
    SERVICE_READY = "service.ready"
    SERVICE_STOPPING = "service.stopping"
    SERVICE_STOPPED = "service.stopped"
    SERVICE_FAILED = "service.failed"
    GRACE_EXCEEDED = "service.grace-exceeded"
    MANAGEMENT_LISTENING = "management.listening"
    BROKER_ABSENT = "broker.absent"
    DATABASE_ABSENT = "database.absent"
    CONNECTION_DROPPED = "database.connection-dropped"
    TOPICS_MISSING = "topics.missing"
    TOPICS_DIFFER = "topics.differ"
    PARTITIONS_ASSIGNED = "intake.assigned"
    PARTITIONS_REVOKED = "intake.revoked"
    PARTITIONS_SETTLED = "intake.settled"
    BATCH_TAKEN = "intake.taken"
    BATCH_DROPPED = "intake.dropped"
    BATCH_SUPERSEDED = "intake.superseded"
    FACT_WRITTEN = "intake.fact"
    FACTS_SKIPPED = "intake.skipped"
    RECORD_PARKED = "intake.parked"
    BREAKER_TRIPPED = "intake.breaker-tripped"
    PARTITION_HALTED = "intake.halted"
    INTAKE_RETRIES = "intake.retries"
    INTAKE_FAILED = "intake.failed"
    OFFSETS_NOT_REPORTED = "intake.offsets-not-reported"
    WATCH_FAILED = "intake.watch-failed"
    LANES_RETRY = "lanes.retries"
    LEASE_WON = "relay.lease-won"
    LEASE_LOST = "relay.lease-lost"
    RELAY_STARTED = "relay.started"
    RELAY_PUBLISHED = "relay.published"
    RELAY_DOUBTS = "relay.doubts"
    RELAY_STUCK = "relay.stuck"
    RELAY_HALTED = "relay.halted"
    RELAY_SETTLED = "relay.settled"
    RELAY_CHORE_FAILED = "relay.chore-failed"
    PRODUCER_DISCARDED = "relay.producer-discarded"


HOST = "subscription-host"
"""Logger given to FastStream: its own says one line about every batch, straight to the terminal."""


def configure(service: str, style: str, level: str, stream: TextIO | None = None) -> None:
    """Send this process's log lines, those of its libraries included, to `stream` (stderr).

    Args:
        service: named on every line.
        style: `json`, `console`, or `auto` (console on a terminal).
        level: of the project's own lines; libraries are held at WARNING.
        stream: where lines go.
    """
    stream = stream or sys.stderr
    readable = style == "console" or (style == "auto" and stream.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _name_the_service(service),
    ]
    final: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer(colors=stream.isatty())]
        if readable
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *final],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    # what these warn of is said in the project's own words
    logging.getLogger(HOST).setLevel(logging.ERROR)
    logging.getLogger("aiokafka").setLevel(logging.WARNING if level == "DEBUG" else logging.CRITICAL)
    logging.getLogger("orestream").setLevel(level)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def logger(name: str) -> Logger:
    """The logger of a module; nothing is written at import."""
    found: Logger = structlog.stdlib.get_logger(name)
    return found


@contextmanager
def bound(**fields: Any) -> Iterator[None]:
    """Give every line written within the block these fields; absent values are left out."""
    present = {name: value for name, value in fields.items() if value is not None}
    with structlog.contextvars.bound_contextvars(**present):
        yield


def _name_the_service(service: str) -> structlog.typing.Processor:
    def add(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        line.setdefault("service", service)
        return line

    return add
