"""A world of which only a part is loaded, as a decision meets it in the chassis."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from orestream.contracts.decision import Ref


class Missing(Exception):
    """Something has to be loaded first."""

    def __init__(self, refs: set[Ref]) -> None:
        super().__init__()
        self.refs = refs


class Loading:
    """A world that loads only what was asked for, as the chassis does."""

    def __init__(self, states: Mapping[Ref, Any], loaded: set[Ref]) -> None:
        self._states = states
        self._loaded = loaded

    def get(self, kind: str, id: str) -> Any | None:  # noqa: A002 - as World names it
        """The state, or an interruption."""
        return self.get_all(kind, [id]).get(id)

    def get_all(self, kind: str, ids: Iterable[str]) -> Mapping[str, Any]:
        """The states, or an interruption."""
        refs = {Ref(kind, one) for one in ids}
        if refs - self._loaded:
            raise Missing(refs - self._loaded)
        return {ref.id: self._states[ref] for ref in refs if ref in self._states}
