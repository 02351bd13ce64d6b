"""The world as one decision sees it: what is loaded, and a memory of what was asked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, TypeVar

from orestream.contracts.decision import Ref

T = TypeVar("T")

ID_LENGTH = 600


class Unloaded(Exception):
    """A decision has asked for what is not loaded: load it and decide again."""

    def __init__(self, refs: Collection[Ref]) -> None:
        super().__init__(f"{len(refs)} aggregates are not loaded")
        self.refs = refs


class Behind(Exception):
    """A decision asked for an aggregate that is parked: its record queues behind."""

    def __init__(self, key: str) -> None:
        super().__init__(f"behind {key}, which is parked")
        self.key = key


class Unreadable(ValueError):
    """An id that no database can hold."""


class View:
    """States for one decision.

    Attributes:
        asked: everything that was asked for, absences included.
        missing: what of it is not loaded.
    """

    __slots__ = ("_blocked", "_states", "asked", "missing")

    def __init__(self, states: Mapping[Ref, Any | None], blocked: Collection[str]) -> None:
        self._states = states
        self._blocked = blocked
        self.asked: set[Ref] = set()
        self.missing: set[Ref] = set()

    def run(self, function: Callable[..., T], incoming: object, *more: object) -> T:
        """What a pure function says of a message in this world, which is its second argument.

        Catches everything where something is missing: what is said of a world without it does not count,
        and neither does what is raised there.

        Raises:
            Unloaded: it has asked for what is not loaded; all of it is named, so that few runs are enough.
            Behind, Unreadable: it has asked for what is parked, or for what cannot be.
            Exception: whatever the function raises.
        """
        try:
            said = function(incoming, self, *more)
        except Exception as error:
            if self.missing:
                raise Unloaded(self.missing) from error
            raise
        if self.missing:
            raise Unloaded(self.missing)
        return said

    def get(self, kind: str, id: str) -> Any | None:  # noqa: A002 - the protocol's word
        """The state of one aggregate; None where there is none, or it is missing.

        Raises:
            Behind, Unreadable: caught by the chassis, never by a domain.
        """
        return self._look(Ref(kind, id))

    def get_all(self, kind: str, ids: Iterable[str]) -> Mapping[str, Any]:
        """The states of those that exist and are loaded, by id. Raises like `get`."""
        found = {}
        for id_ in ids:
            state = self._look(Ref(kind, id_))
            if state is not None:
                found[id_] = state
        return found

    def _look(self, ref: Ref) -> Any | None:
        self.asked.add(ref)
        if ref.id in self._blocked:
            raise Behind(ref.id)
        try:
            return self._states[ref]
        except KeyError:
            self.missing.add(checked(ref))
            return None


def checked(ref: Ref) -> Ref:
    """A name that may be looked up. Raises Unreadable."""
    if "\x00" in ref.id:
        raise Unreadable(f"the id of a {ref.kind} holds a NUL character")
    if len(ref.id) > ID_LENGTH:
        raise Unreadable(
            f"the id of a {ref.kind} has {len(ref.id)} characters, at most {ID_LENGTH} can be kept"
        )
    return ref
