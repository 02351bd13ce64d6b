"""What a decision has left to be told: a chunk at a time, each a decision and a transaction of its own.

Offsets stay where they are. The row of the task moves by compare-and-set together with the chunk's facts, so
that each chunk is told once, by whichever replica comes first, and goes on where the last one ended after any
crash. What a chunk has read is validated as for any decision: a lot born meanwhile makes it run again.
"""

from __future__ import annotations

from orestream.chassis.errors import TaskFails
from orestream.chassis.intake.judge import Judged, fold
from orestream.chassis.intake.leaving import cause_of
from orestream.chassis.intake.unit import Unit
from orestream.chassis.intake.view import Behind, Unloaded, View
from orestream.chassis.intake.writer import TooLarge
from orestream.chassis.store import tasks
from orestream.chassis.store.tasks import OpenTask
from orestream.contracts.decision import CHUNK, Accepted, Task

ATTEMPTS = 3
LEAST = 2
"""Facts of the smallest chunk: what is told of one thing may take two."""


async def go_on(unit: Unit, task_id: str) -> bool:
    """Tell a task's next chunk; False where another replica is at it, or what it reads is parked.

    Raises:
        TaskFails: the code fails on it, every time.
    """
    task = await tasks.take(unit.transaction, task_id)
    if task is None:
        return False
    await unit.load_parking()
    done = await _decide(unit, task)
    if done is None:
        return False
    judged, rest = done
    unit.apply(judged)
    unit.continued.append((task, task.after(len(judged.facts), rest)))
    return True


async def _decide(unit: Unit, task: OpenTask) -> tuple[Judged, Task | None] | None:
    """The next chunk as things stand; None where it reads what is parked.

    Catches everything that a domain raises, and after three attempts says that an operator must look: a
    task has no sender who could be told, and passing it over would leave something untold for ever.
    """
    most, failures = CHUNK, 0
    while True:
        try:
            return _judge(unit, task, most)
        except Unloaded as unloaded:
            missing = unloaded.refs
        except Behind:
            return None
        except TooLarge as error:
            if most <= LEAST:
                raise TaskFails(_why(task, error)) from error
            most = max(LEAST, most // 2)
            continue
        except Exception as error:
            failures += 1
            if failures >= ATTEMPTS:
                raise TaskFails(_why(task, error)) from error
            continue
        await unit.load(missing)


def _judge(unit: Unit, task: OpenTask, most: int) -> tuple[Judged, Task | None]:
    setup, blocked = unit.setup, unit.parking.keys
    view = View(unit.states, blocked)
    continued = view.run(setup.domain.go_on, task.task, most)
    facts = setup.writer.happened(cause_of(task), continued.facts, task.next_index)
    after = fold(setup.domain, facts, unit.states, blocked)
    entries = setup.writer.entries(cause_of(task), facts)
    asked = {*view.asked, *after}
    return Judged(Accepted(continued.facts), facts, entries, after, asked), continued.rest


def _why(task: OpenTask, error: Exception) -> str:
    return (
        f"the facts that {task.cause_id} has left to be told ({task.task.kind}, after chunk"
        f" {task.chunk}) cannot be written: {type(error).__name__}: {error}. They stay as they are;"
        " run a version that can"
    )
