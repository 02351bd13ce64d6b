"""A story: what people and instruments say of a few lots, in the order it happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from tests.chaos.workload.names import Names
from tests.chaos.workload.sending import Meant, Said

START = datetime(2025, 10, 1, tzinfo=UTC)

Spoil = Callable[[], None]
"""Says something that must be refused."""


class Story:
    """Commands, each later than the one before by its own clock.

    The commands of one service and key must reach their topic in this order; all others may come in any
    order. So a command rests only on what came before it under its own service and key, or on what it
    waits for.

    Args:
        minute: when it begins, in minutes after the start of the workload's world.
        refused: how many of its commands are to be refused on purpose, as a share.
    """

    def __init__(self, names: Names, chance: Random, minute: int, refused: float) -> None:
        self.names = names
        self.chance = chance
        self.said: list[Said] = []
        self._minute = minute
        self.refused = refused
        self._spoils: dict[str, Sequence[Spoil]] = {}

    def now(self, minutes: int = 0) -> str:
        """The story's time, as it stands on the wire."""
        moment = START + timedelta(minutes=self._minute + minutes)
        return moment.isoformat().replace("+00:00", "Z")

    def day(self, days: int = 0) -> str:
        """A calendar day so many days from now."""
        return (START + timedelta(minutes=self._minute, days=days)).date().isoformat()

    def say(
        self,
        service: str,
        name: str,
        key: str,
        /,
        *,
        by: str = "desk",
        meant: Meant = "accepted",
        **fields: Any,
    ) -> str:
        """A command, half an hour later; answers with its id."""
        self._minute += 30
        id_ = self.names.new("c")
        stated = {"command_id": id_, "occurred_at": self.now(), "by": by, **fields}
        self.said.append(Said(service, name, key, stated, meant))
        if meant == "accepted":
            self._spoil()
        return id_

    def refuse(self, service: str, name: str, key: str, /, **fields: Any) -> str:
        """A command that is refused whenever it is decided."""
        return self.say(service, name, key, meant="refused", **fields)

    def offer(self, about: str, *spoils: Spoil) -> None:
        """From here on these are refused; they take the place of what was offered about the same thing."""
        self._spoils[about] = spoils

    def withdraw(self, about: str) -> None:
        """From here on they would not be, or would do harm."""
        self._spoils.pop(about, None)

    def between(self, ends: tuple[int, int]) -> int:
        """A whole number by chance, the ends included."""
        return self.chance.randint(*ends)

    def _spoil(self) -> None:
        while self._spoils and self.chance.random() < self.refused:
            about = self.chance.choice(list(self._spoils))
            self.chance.choice(self._spoils[about])()


def in_order(said: Sequence[Said]) -> Iterator[Said]:
    """As it happened."""
    return iter(said)


def late(said: Sequence[Said], chance: Random) -> Iterator[Said]:
    """Each service's commands of a key in order, but every such stream behind the others by chance."""
    delays: dict[tuple[str, str], float] = {}
    for one in said:
        delays.setdefault((one.service, one.key), chance.uniform(0, 1.5 * len(said)))
    places = sorted(range(len(said)), key=lambda n: (n + delays[said[n].service, said[n].key], n))
    return (said[n] for n in places)
