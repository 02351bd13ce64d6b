"""Where the relay's processor time goes: each of its stages alone, over rows of a filled outbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from time import process_time

from orestream.chassis.records import Series
from orestream.chassis.relay.batches import cut, pack
from orestream.chassis.relay.cursor import Cursor
from orestream.chassis.relay.history import follow
from orestream.chassis.relay.relay import Limits, Outbox
from orestream.chassis.store.outbox_row import OutboxRow


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage's share."""

    name: str
    us_per_row: float


async def stages(outbox: Outbox, first: int, rows: int) -> tuple[Stage, ...]:
    """Microseconds a row of reading, checking and packing, for the rows behind a position."""
    spent = dict.fromkeys(("read the rows", "check what follows", "cut", "pack into batches", "seal"), 0.0)
    limits = Limits()
    position, seen = first, 0
    while seen < rows:
        start = process_time()
        page = await outbox.outbox_after(position, limits.rows, limits.bytes)
        spent["read the rows"] += process_time() - start
        if not page:
            break
        seen, position = seen + len(page), page[-1].position
        _work(page, limits, spent)
    return tuple(Stage(name, seconds / seen * 1e6) for name, seconds in spent.items())


def _work(page: Sequence[OutboxRow], limits: Limits, spent: dict[str, float]) -> None:
    """What is done with one page, a transaction's worth, without Kafka."""
    times = [process_time()]
    follow(_before(page), page)
    times.append(process_time())
    whole = cut(page, limits.rows_per_partition)
    times.append(process_time())
    packed = list(pack(page[:whole]))
    times.append(process_time())
    for _, batch in packed:
        batch._build()
    times.append(process_time())
    scale = len(page) / whole
    took = [after - before for before, after in pairwise(times)]
    for name, seconds, share in zip(list(spent)[1:], took, (1, 1, scale, scale), strict=True):
        spent[name] += seconds * share


def _before(page: Sequence[OutboxRow]) -> Cursor:
    """The cursor that these rows follow."""
    firsts: dict[tuple[str, int], int] = {}
    for row in page:
        firsts.setdefault((row.topic, row.partition), row.sequence - 1)
    sequences = {Series(*place): last for place, last in firsts.items()}
    return Cursor(page[0].position - 1, page[0].previous_link, sequences)
