"""Takes the visible records back into a database that is behind them, in one transaction or not at all.

The fact topics, the outcomes and the notices tell what was decided after the backup was taken: it is folded,
not decided again. Inputs that were read then, which these records prove, are stepped over; all others the
service reads and decides when it starts. See docs/decisions/0009.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from typing import NamedTuple

from orestream.chassis.errors import HistoryDiverged, Irreconcilable, StillRunning
from orestream.chassis.intake.breaker import Breaker
from orestream.chassis.intake.commit import write
from orestream.chassis.intake.facts import HoleFound
from orestream.chassis.intake.setup import Setup
from orestream.chassis.intake.unit import Unit
from orestream.chassis.records import Fetched, Place, Series
from orestream.chassis.recovery import rows
from orestream.chassis.recovery.folding import WAITING, Folding, TakenBack
from orestream.chassis.recovery.ledger import Ledger
from orestream.chassis.recovery.order import horizons, in_time, parse_place
from orestream.chassis.recovery.standing import Standing, header, id_of
from orestream.chassis.relay.cursor import Cursor
from orestream.chassis.store import offsets, received
from orestream.chassis.store.parking import PARKING
from orestream.chassis.store.received import Source
from orestream.chassis.store.store import Store
from orestream.chassis.store.transaction import Conflict, Transaction
from orestream.contracts.outcome import CommandAnswered

LEASE = "relay"
LEASE_TIME = timedelta(seconds=60)
AT_ONCE = 1_000
"""Records whose states are loaded in one query."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Scope:
    """What one service reads and writes."""

    places: Mapping[Series, Place]
    """Of every partition it reads."""
    outputs: Sequence[Series]
    commands: str
    outcomes: str
    parked: str


@dataclass(frozen=True, slots=True)
class Recovered:
    """Where the database stood, where it stands, and what came back in between."""

    before: int
    """Position of its outbox."""
    after: int
    taken: TakenBack = field(default_factory=TakenBack)

    @property
    def level(self) -> bool:
        """True where there was nothing to take back."""
        return self.before >= self.after


class _Enough(Exception):
    """A dry run has seen all it wanted; nothing of it is kept."""

    def __init__(self, recovered: Recovered) -> None:
        self.recovered = recovered


async def recover(
    store: Store,
    setup: Setup,
    ledger: Ledger,
    scope: Scope,
    *,
    holder: str,
    progress: Progress,
    dry_run: bool = False,
) -> Recovered:
    """Bring the database up to what is visible.

    Raises:
        StillRunning: a replica of the service is at work.
        Irreconcilable: the database has decided what was never visible, beside what is.
        HistoryDiverged: topics and cursor do not agree with each other.
        LogOutOfRange: records are gone that are needed.
        DatabaseUnavailable: nothing is done.
    """
    if not await store.acquire_lease(LEASE, holder, LEASE_TIME):
        raise StillRunning("a replica of this service is relaying: stop all of them first")
    try:
        cursor = await ledger.cursor()
        async with store.transaction() as transaction:
            return await _recover(_Work(transaction, setup, ledger, scope, cursor, progress), dry_run=dry_run)
    except _Enough as enough:
        return enough.recovered
    except Conflict as error:
        raise StillRunning(
            f"somebody else writes into this database: {error}. Stop all replicas first"
        ) from error
    except HoleFound as hole:
        raise Irreconcilable(f"a fact that was read is missing: {hole.halt.why}") from hole
    finally:
        await store.release_lease(LEASE, holder)


class _Work(NamedTuple):
    transaction: Transaction
    setup: Setup
    ledger: Ledger
    scope: Scope
    cursor: Cursor
    progress: Progress


async def _recover(work: _Work, *, dry_run: bool) -> Recovered:
    await rows.be_patient(work.transaction)
    standing = await Standing.read(work.transaction)
    before, after = standing.head.position, work.cursor.position
    if not standing.is_behind(work.cursor):
        return Recovered(before, before)
    work.progress(f"the database ends at row {before}, visible is row {after}")
    own = await _own(work, standing)
    since = await _since(work)
    inputs = [record async for record in work.ledger.read(since)]
    work.progress(f"{len(own)} own records to take back; {len(inputs)} records of the inputs looked at")
    done = await _take_back(work, own, inputs, since)
    if dry_run:
        raise _Enough(Recovered(before, after, done))
    return Recovered(before, after, done)


async def _own(work: _Work, standing: Standing) -> list[Fetched]:
    """Own records that the database has not, all of them; those it has are compared with it."""
    source = work.setup.writer.source
    known = {(row.series, row.sequence) for row in standing.rows}
    visible: dict[tuple[Series, int], str] = {}
    missing: list[Fetched] = []
    last = dict(standing.sequences)
    async for record in work.ledger.read(await work.ledger.begins(work.scope.outputs)):
        if header(record.headers, "ce_source") != source:
            continue
        series, sequence = Series(record.topic, record.partition), _sequence(record)
        if (series, sequence) in known:
            visible[series, sequence] = id_of(record)
        if sequence > last.get(series, 0):
            if sequence != last.get(series, 0) + 1:
                raise HistoryDiverged(
                    f"{record.at} has sequence {sequence}, {last.get(series, 0) + 1} is missing"
                )
            last[series] = sequence
            missing.append(record)
    standing.compare(visible)
    for series, expected in work.cursor.sequences.items():
        if last.get(series, 0) != expected:
            raise HistoryDiverged(
                f"{series} ends at sequence {last.get(series, 0)}, the cursor says {expected}"
            )
    return missing


async def _since(work: _Work) -> dict[Series, int]:
    """Where the database stands in each partition it reads; one it never read begins where its log does."""
    begins = await work.ledger.begins(list(work.scope.places))
    since = {}
    for series, place in work.scope.places.items():
        await offsets.register(work.transaction, place, begins[series])
        at = await offsets.next_offset(work.transaction, place)
        assert at is not None, f"{place} was just registered"
        since[series] = at
    return since


async def _take_back(
    work: _Work, own: Sequence[Fetched], inputs: Sequence[Fetched], since: Mapping[Series, int]
) -> TakenBack:
    commands = work.scope.commands
    answers = [CommandAnswered.read(r.value or b"") for r in own if r.topic == work.scope.outcomes]
    noticed = {parse_place(header(r.headers, "orestream_input")) for r in own if r.topic == work.scope.parked}
    aside = frozenset(at for at in noticed if at is not None)
    answered = [(Series(a.input.topic, a.input.partition), a.input.offset) for a in answers]
    facts_in = [record for record in inputs if record.topic != commands]
    causes = {header(record.headers, "ce_causationid") for record in own}
    after = horizons(since, [*answered, *aside], facts_in, causes)
    read = [r for r in facts_in if r.offset < after[Series(r.topic, r.partition)]]

    moves = [
        (work.scope.places[one], since[one], end) for one, end in sorted(after.items()) if end > since[one]
    ]
    if not await offsets.move(work.transaction, moves):
        raise Conflict("an offset has moved meanwhile")
    folding = await _begin(work, answers, aside, inputs)
    from_start = await offsets.read_from_start(work.transaction, work.scope.places)
    count = 0
    ordered = in_time([*own, *read])
    while some := list(islice(ordered, AT_ONCE)):
        await folding.preload(some)
        for record in some:
            await _one(folding, record, work.scope, from_start)
        count += len(some)
        work.progress(f"{count} of {len(own) + len(read)} records folded")
    await folding.waits()
    await folding.unfinished()
    folding.done.commands_read = sum(end - since[one] for one, end in after.items() if one.topic == commands)
    await rows.skip_indices(work.transaction, folding.caused)
    await write(folding.unit, None)
    await rows.number(work.transaction, work.cursor)
    return folding.done


async def _begin(
    work: _Work,
    answers: Sequence[CommandAnswered],
    aside: frozenset[tuple[Series, int]],
    inputs: Sequence[Fetched],
) -> Folding:
    unit = Unit(work.setup, work.transaction, Breaker(work.setup.limits.breaker).attempt())
    await unit.load([PARKING])
    unit.asked.add(PARKING)
    sources = counted(inputs)
    uncounted = {Source("", source.topic, source.partition) for source in sources}
    unit.received.update(await received.read(work.transaction, sources | uncounted))
    finals = frozenset(
        answer.command_id
        for answer in answers
        if answer.status != WAITING and not answer.repeat and not answer.conflict
    )
    originals = {(Series(r.topic, r.partition), r.offset): r for r in inputs}
    return Folding(unit, aside, finals, originals)


def counted(inputs: Sequence[Fetched]) -> set[Source]:
    """Whose sequences may be known; a name with a NUL character is none, and no database could hold it."""
    named = ((header(record.headers, "ce_source"), record) for record in inputs)
    return {Source(name, record.topic, record.partition) for name, record in named if "\x00" not in name}


async def _one(folding: Folding, record: Fetched, scope: Scope, from_start: set[Series]) -> None:
    if Series(record.topic, record.partition) in scope.places:
        await folding.fact_read(record, from_start)
    elif record.topic == scope.outcomes:
        await folding.outcome(record)
    elif record.topic == scope.parked:
        await folding.notice(record)
    else:
        await folding.own_fact(record)


def _sequence(record: Fetched) -> int:
    text = header(record.headers, "ce_sequence")
    return int(text) if text.isdigit() else 0
