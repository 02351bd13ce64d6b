"""The seeded workload of the chaos suite: what is sent, without end, and byte for byte the same for a seed.

`Workload(seed, site)` is iterated for `Sending` values. It keeps a small model of what it has said, so that
what comes later is meaningful: nearly every command is to be accepted, a stated share is refused on purpose
(`Mix`). What may go either way, because another key's message may overtake it, is marked so (`meant`), and
nothing rests on it. `plain` gives accepted commands alone, as a load for measurements.

Sent by one producer in this order, each service's commands of a key arrive in order. The records of a
transaction (`within`) follow one another; nothing outside rests on them, so that another producer may send
them at its own pace.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from random import Random
from typing import Any

from orestream.contracts.topics import PARTITIONS
from tests.chaos.workload import mine, stories
from tests.chaos.workload.foreign import OtherSite
from tests.chaos.workload.mix import Mix
from tests.chaos.workload.names import Names
from tests.chaos.workload.ores import Source, new_source
from tests.chaos.workload.poison import poison
from tests.chaos.workload.sending import Kind, Said, Sending, record, written
from tests.chaos.workload.story import Story, in_order, late

_OPEN = 6
"""Stories of one sort that are told at the same time."""
_SOURCES = 8
_STORIES_PER_SOURCE = 40
"""After so many stories a new source takes the place of the oldest."""
_RECENT, _OLD = 200, 500
_MEAN_GROUP = 3
"""Records in a producer's transaction, on average."""

Telling = Callable[[Story, Sequence[Source]], None]


class Workload:
    """What is sent to one site, for ever.

    Args:
        seed: the same seed gives the same bytes.
        site: whose command topics; it is part of every name, as the seed is.
        mix: how much there is of what.
        partitions: of the fact topics, by which another site's sequences count.
    """

    def __init__(
        self, seed: int, site: str = "main", *, mix: Mix | None = None, partitions: int = PARTITIONS
    ) -> None:
        self.seed = seed
        self.site = site
        self.mix = mix or Mix()
        self._partitions = partitions

    def __iter__(self) -> Iterator[Sending]:
        """From the beginning."""
        return _Telling(self.seed, self.site, self.mix, self._partitions).sendings()


def plain(
    seed: int, n: int, *, through: Sequence[str] = ("mining",), site: str = "main"
) -> Iterator[Sending]:
    """`n` commands that are all accepted, to mining alone or through all three services.

    Args:
        seed: the same seed gives the same bytes.
        n: how many commands.
        through: `("mining",)`, or all three services for commands from the mine to the sailing.
        site: whose command topics.
    """
    mix = Mix.quiet(dig=1.0 if tuple(through) == ("mining",) else 0.0)
    return islice(Workload(seed, site, mix=mix), n)


class _Telling:
    """One run through a workload."""

    def __init__(self, seed: int, site: str, mix: Mix, partitions: int) -> None:
        self._site = site
        self._mix = mix
        self._chance = Random(seed)
        self._names = Names(f"{site}{seed}")
        far = f"{site}-far{seed}"
        self._other = OtherSite(far, Names(far), Random(seed + 1), bad=mix.foreign_bad, partitions=partitions)
        self._sources: deque[Source] = deque()
        self._registered: deque[Said] = deque()
        self._told = 0
        self._transactions = 0
        self._open: dict[str, list[Iterator[Said]]] = {}
        self._recent: deque[Sending] = deque(maxlen=_RECENT)
        self._old: list[Sending] = []
        self._seen = 0
        for _ in range(_SOURCES):
            self._new_source()
        self._piles = stories.Piles(self._sources)

    def sendings(self) -> Iterator[Sending]:
        """All of it."""
        while True:
            yield from self._next()

    def _next(self) -> Iterator[Sending]:
        mix = self._mix
        special: tuple[tuple[float, Callable[[], Iterator[Sending]]], ...] = (
            (mix.repeat, self._repeat),
            (mix.conflict, self._conflict),
            (mix.poison, self._poison),
            (mix.foreign, self._foreign),
            (mix.aborted / _MEAN_GROUP, lambda: self._transaction("aborted")),
            (mix.committed / _MEAN_GROUP, lambda: self._transaction("command")),
        )
        # Shares count records, and a transaction has several: what is thrown for is a step, not a record.
        steps = 1 - (mix.aborted + mix.committed) * (1 - 1 / _MEAN_GROUP)
        thrown = self._chance.random() * steps
        for share, make in special:
            thrown -= share
            if thrown < 0:
                return make()
        return self._command()

    # What people and instruments say.

    def _command(self) -> Iterator[Sending]:
        said = self._registered.popleft() if self._registered else self._from_story()
        sending = record(self._site, said)
        self._remember(sending)
        yield sending

    def _from_story(self) -> Said:
        sort = self._sort()
        open_ = self._open.setdefault(sort, [])
        while True:
            if len(open_) < _OPEN:
                open_.append(self._tell(_TELLING.get(sort)))
            place = self._chance.randrange(len(open_))
            said = next(open_[place], None)
            if said is not None:
                return said
            del open_[place]

    def _sort(self) -> str:
        thrown = self._chance.random()
        for sort in ("hot", "held", "dig", "contest", "stranded"):
            thrown -= getattr(self._mix, sort)
            if thrown < 0:
                return sort
        return "chain"

    def _tell(self, telling: Telling | None) -> Iterator[Said]:
        self._told += 1
        if self._told % _STORIES_PER_SOURCE == 0:
            self._sources.popleft()
            self._new_source()
        story = self._story(self._mix.refused)
        if telling is None:
            self._piles.draw(story)
        else:
            telling(story, self._pair())
        # A stockpile's splits have one key, over many stories: they stay in order.
        overtakes = telling is not None and self._chance.random() < self._mix.late
        return late(story.said, self._chance) if overtakes else in_order(story.said)

    def _story(self, refused: float) -> Story:
        return Story(self._names, self._chance, self._told * 10, refused)

    def _pair(self) -> list[Source]:
        """Two sources of one line, in any order."""
        first = self._chance.choice(self._sources)
        return [first, *(one for one in self._sources if one.line is first.line and one is not first)][:2]

    def _new_source(self) -> None:
        number = self._told + len(self._sources)
        source = new_source(self._names.new("SRC"), number, self._chance)
        self._sources.append(source)
        story = self._story(0)
        mine.register(story, source)
        self._registered.extend(story.said)

    # What is wrong with it.

    def _remember(self, sending: Sending) -> None:
        """Recent ones, and a fair choice of all that ever were."""
        self._recent.append(sending)
        self._seen += 1
        if len(self._old) < _OLD:
            self._old.append(sending)
        elif (place := self._chance.randrange(self._seen)) < _OLD:
            self._old[place] = sending

    def _known(self) -> Sending | None:
        known = self._chance.choice((self._recent, self._old))
        return self._chance.choice(known) if known else None

    def _repeat(self) -> Iterator[Sending]:
        known = self._known()
        if known is not None:
            yield replace(known, kind="repeat")

    def _conflict(self) -> Iterator[Sending]:
        known = self._known()
        if known is not None:
            content = json.loads(known.value or b"") | {"by": f"somebody else {self._chance.randrange(1000)}"}
            yield replace(known, kind="conflict", value=written(content), meant="refused")

    def _poison(self) -> Iterator[Sending]:
        story = self._story(0)
        service = self._chance.choice(("mining", "processing", "export"))
        lot_id, weighed = self._names.new("LOT"), [mine.ticket(story, 20_000_000)]
        if service == "mining":
            mine.say_mined(story, lot_id, self._sources[0], weighed, "2.50")
        else:
            said: dict[str, Any] = {
                "lot_id": lot_id,
                "place": "PLANT-1",
                "tickets": weighed,
                "moisture_pct": "2.50",
            }
            story.say(service, "ReceiveLot", lot_id, **said)
        huge = self._chance.random() < self._mix.huge
        yield poison(self._site, story.said[0], self._chance, huge=huge)

    def _foreign(self) -> Iterator[Sending]:
        yield self._other.next()

    def _transaction(self, kind: Kind) -> Iterator[Sending]:
        """Lots of their own, two to four commands; where it is aborted, also holds that must not happen."""
        self._transactions += 1
        story, size = self._story(0), self._chance.randint(_MEAN_GROUP - 1, _MEAN_GROUP + 1)
        while len(story.said) < size:
            if kind == "aborted" and self._recent and self._chance.random() < 0.4:
                self._hold_somebody(story)
            else:
                mine.dig(story, self._chance.choice(self._sources))
        for said in story.said[:size]:
            yield record(self._site, said, kind, self._transactions)

    def _hold_somebody(self, story: Story) -> None:
        """A lot that the stories rely on: were this ever seen, much would be refused."""
        lots = [one for one in self._recent if one.service == "mining" and b"LOT-" in (one.key or b"")]
        if lots:
            lot_id = (self._chance.choice(lots).key or b"").decode()
            said: dict[str, Any] = {
                "lot_id": lot_id,
                "cause": "safety",
                "reason": "never sent",
                "authority": "nobody",
            }
            story.say("mining", "HoldLot", lot_id, by="ghost", **said)


def _any_held(story: Story, sources: Sequence[Source]) -> None:
    story.chance.choice((stories.held, stories.quarantined))(story, sources)


def _any_chain(story: Story, sources: Sequence[Source]) -> None:
    (stories.ore_shipped if story.chance.random() < 0.1 else stories.chain)(story, sources)


_TELLING: dict[str, Telling] = {
    "chain": _any_chain,
    "dig": stories.dig,
    "held": _any_held,
    "contest": stories.contest,
    "stranded": stories.stranded,
}
"""How each sort is told; `hot` is told by the stockpiles."""
