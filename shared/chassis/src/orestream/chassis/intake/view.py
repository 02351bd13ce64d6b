"""The world as one decision sees it: what is loaded, and a memory of what was asked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from orestream.contracts.decision import Ref

ID_LENGTH = 600


class Unloaded(Exception):
    """A decision asked for what is not loaded: load it and decide again."""

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
    """States for one decision."""

    __slots__ = ("_blocked", "_states", "asked")

    def __init__(self, states: Mapping[Ref, Any | None], blocked: Collection[str]) -> None:
        self._states = states
        self._blocked = blocked
        self.asked: set[Ref] = set()

    def get(self, kind: str, id: str) -> Any | None:  # noqa: A002 - the protocol's word
        """The state of one aggregate, or None where there is none.

        Raises:
            Unloaded, Behind, Unreadable: caught by the chassis, never by a domain.
        """
        ref = Ref(kind, id)
        self.asked.add(ref)
        if id in self._blocked:
            raise Behind(id)
        try:
            return self._states[ref]
        except KeyError:
            raise Unloaded((checked(ref),)) from None

    def get_all(self, kind: str, ids: Iterable[str]) -> Mapping[str, Any]:
        """The states of those that exist, by id; all missing ones are loaded in one go. Raises like `get`."""
        refs = [Ref(kind, id_) for id_ in ids]
        self.asked.update(refs)
        for ref in refs:
            if ref.id in self._blocked:
                raise Behind(ref.id)
        missing = [checked(ref) for ref in refs if ref not in self._states]
        if missing:
            raise Unloaded(missing)
        found = {ref.id: self._states[ref] for ref in refs}
        return {id_: state for id_, state in found.items() if state is not None}


def checked(ref: Ref) -> Ref:
    """A name that may be looked up. Raises Unreadable."""
    if "\x00" in ref.id:
        raise Unreadable(f"the id of a {ref.kind} holds a NUL character")
    if len(ref.id) > ID_LENGTH:
        raise Unreadable(
            f"the id of a {ref.kind} has {len(ref.id)} characters, at most {ID_LENGTH} can be kept"
        )
    return ref
