"""The plan of a run: which fault when, decided before it begins by the seed alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

from orestream.contracts.topics import SERVICES
from tests.chaos.faults.fault import Kind, Planned

FIRST_AT = 3.0
CALM_AT_END = 5.0
"""No fault ends later than this before the plan's own end."""
LATE_S = 45.0
"""So long before the end comes the fault after which no other comes."""
LATE_FROM_S = 2 * LATE_S
"""A shorter run has no such fault, unless it is of nothing else."""
_PAUSE = (0.5, 3.0)
_LONG_PAUSE = (6.0, 9.0)
_SHARE_OF_LONG = 0.12
_LONG_FAULT = 5.0
_OVERLAPS = {False: 0.15, True: 0.6}
"""How often the next fault begins while a short, or a long one is still on."""
_NUMBERS = 1 << 16


def schedule(seed: int, seconds: float, kinds: Sequence[Kind]) -> tuple[Planned, ...]:
    """The faults of a run of that length, in order.

    Every kind comes once before any comes twice; between faults there is quiet, now and then for longer than
    recovery takes, and now and then a fault begins before the one before it is healed. At the end of a run
    that is long enough comes one of the late kinds, which leave less to check behind them.
    """
    if not kinds:
        raise ValueError("no fault fits this run")
    random = Random(seed)
    late = [kind for kind in kinds if kind.late]
    early = [kind for kind in kinds if not kind.late]
    if not early:
        return _early(random, seconds - CALM_AT_END, late)
    if not late or seconds < LATE_FROM_S:
        return _early(random, seconds - CALM_AT_END, early)
    plan = _early(random, seconds - LATE_S, early)
    return (*plan, _planned(random, random.choice(late), seconds - LATE_S))


def _early(random: Random, until: float, kinds: Sequence[Kind]) -> tuple[Planned, ...]:
    plan: list[Planned] = []
    at = FIRST_AT
    for kind in _dealt(random, kinds):
        at = max([at, *(one.until + _PAUSE[0] for one in plan)]) if kind.alone else at
        planned = _planned(random, kind, at)
        if planned.until > until:
            break
        plan.append(planned)
        overlaps = random.random() < _OVERLAPS[planned.lasts > _LONG_FAULT] and not kind.alone
        at += planned.lasts / 3 if overlaps else planned.lasts + _pause(random)
    return tuple(plan)


def _planned(random: Random, kind: Kind, at: float) -> Planned:
    lasts = round(random.uniform(*kind.lasts), 2)
    return Planned(round(at, 2), lasts, kind.name, random.choice(SERVICES), random.randrange(_NUMBERS))


def _dealt(random: Random, kinds: Sequence[Kind]) -> Iterator[Kind]:
    """Deck after deck, each shuffled."""
    while True:
        deck = list(kinds)
        random.shuffle(deck)
        yield from deck


def _pause(random: Random) -> float:
    return random.uniform(*(_LONG_PAUSE if random.random() < _SHARE_OF_LONG else _PAUSE))
