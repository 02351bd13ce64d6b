"""A mine in memory: mining alone, with a desk that speaks to it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from orestream.contracts.decision import Ref
from orestream.contracts.message import Command
from orestream.lots.state import HOLD, KIN, LOT, Hold, InStock, Kin
from orestream.mining.app import build
from tests.support.desk import Desk
from tests.support.worlds import Outcome, PureService


class Mine:
    """What a test says and sees of mining."""

    def __init__(self, *, source: bool = True) -> None:
        self.desk = Desk()
        self.service = PureService(build())
        if source:
            self.say(self.desk.source())

    def say(self, said: tuple[str, Command]) -> Outcome:
        """A command arrives; its answer."""
        return self.service.send(said[1])

    def accept(self, *said: tuple[str, Command]) -> list[Outcome]:
        """Commands that a test takes for granted."""
        outcomes = [self.say(one) for one in said]
        assert [one.status for one in outcomes] == ["accepted"] * len(said), outcomes
        return outcomes

    def stock(self, lot_id: str) -> InStock:
        """A lot in stock."""
        lot = self.service.states[Ref(LOT, lot_id)]
        assert isinstance(lot, InStock)
        return lot

    def kin(self, lot_id: str) -> Kin:
        """A lot's kinship."""
        kin = self.service.states[Ref(KIN, lot_id)]
        assert isinstance(kin, Kin)
        return kin

    def hold(self, hold_id: str) -> Hold:
        """A hold."""
        found = self.service.states[Ref(HOLD, hold_id)]
        assert isinstance(found, Hold)
        return found


def types(outcome: Outcome) -> list[tuple[str, str]]:
    """Class and subject of every fact an answer caused."""
    return [(type(one.fact).__name__, one.fact.key) for one in outcome.facts]


def fact(outcome: Outcome, type_: type, subject: str | None = None) -> Any:
    """The one fact of a class (about a subject) that an answer caused."""
    found = [
        one.fact for one in outcome.facts if isinstance(one.fact, type_) and subject in (None, one.fact.key)
    ]
    assert len(found) == 1, found
    return found[0]


def kg(*masses: Decimal) -> Decimal:
    """A sum of masses."""
    return sum(masses, Decimal(0))


def each(outcomes: Iterable[Outcome]) -> list[tuple[str, str | None]]:
    """Status and rule of each answer."""
    return [(one.status, one.rule) for one in outcomes]
