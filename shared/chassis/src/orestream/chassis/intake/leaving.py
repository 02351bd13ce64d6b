"""A task as its decision leaves it, and its cause again when it goes on."""

from __future__ import annotations

from orestream.chassis.intake.writer import Cause
from orestream.chassis.store.tasks import OpenTask
from orestream.contracts.decision import Task
from orestream.contracts.wire import fact_id


def opened(source: str, cause: Cause, task: Task, next_index: int) -> OpenTask:
    """A task of which nothing is told yet; `source` is the writer's own."""
    return OpenTask(
        id=fact_id(source, cause.source, cause.id, "task"),
        chunk=0,
        next_index=next_index,
        cause_id=cause.id,
        cause_source=cause.source,
        cause_time=cause.time,
        correlation_id=cause.correlation_id,
        traceparent=cause.traceparent,
        task=task,
    )


def cause_of(task: OpenTask) -> Cause:
    """The message that a task follows from."""
    return Cause(task.cause_id, task.cause_source, task.cause_time, task.correlation_id, task.traceparent)
