"""Dated rule files: each states what changes from its day on, and is read over the ones before it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol, TypeVar


class Dated(Protocol):
    """Something that holds from a day on."""

    @property
    def effective_from(self) -> date:
        """The first day, UTC."""


D = TypeVar("D", bound=Dated)


@dataclass(frozen=True, slots=True)
class DatedRules:
    """All that holds from one day on, as the files state it."""

    effective_from: date
    version: str
    content: Mapping[str, Any]


class UnreadableRulesError(ValueError):
    """A rule file that cannot be used; says which file, and why."""


def read_dated(package: str, directory: Path | None = None) -> tuple[DatedRules, ...]:
    """The rule files of a package's `rules` folder and of an operator's directory, oldest first.

    Each file holds from its `effective_from` on and needs to state only what differs; an operator's file
    of the same day comes after the package's. `version` is the day unless a file states another.

    Raises:
        UnreadableRulesError: a file is no TOML or has no `effective_from`, or there is no file at all.
    """
    texts = [
        (f"{package}/rules/{entry.name}", entry.read_text("utf-8"))
        for entry in sorted(files(package).joinpath("rules").iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".toml")
    ]
    if directory is not None:
        texts += [(str(path), path.read_text("utf-8")) for path in sorted(directory.glob("*.toml"))]
    if not texts:
        raise UnreadableRulesError(f"there is no rule file in {package} or {directory}")
    return tuple(_cumulated(sorted((_parse(*text) for text in texts), key=lambda r: r.effective_from)))


def at(dated: tuple[D, ...], time: datetime) -> D:
    """The last one that holds at a time; the first one for times before all of them."""
    day = time.astimezone(UTC).date()
    for rules in reversed(dated):
        if rules.effective_from <= day:
            return rules
    return dated[0]


def _parse(name: str, text: str) -> DatedRules:
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UnreadableRulesError(f"{name}: {error}") from error
    day = content.pop("effective_from", None)
    if not isinstance(day, date):
        raise UnreadableRulesError(f"{name}: effective_from is missing; it is a date like 2025-09-01")
    return DatedRules(day, str(content.pop("version", day.isoformat())), content)


def _cumulated(dated: Iterable[DatedRules]) -> Iterator[DatedRules]:
    """Each with all before it beneath; of several of one day only the last, which has them all."""
    whole: Mapping[str, Any] = {}
    pending: DatedRules | None = None
    for rules in dated:
        if pending is not None and pending.effective_from != rules.effective_from:
            yield pending
        whole = _over(whole, rules.content)
        pending = replace(rules, content=whole)
    if pending is not None:
        yield pending


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> Mapping[str, Any]:
    merged = dict(below)
    for name, value in above.items():
        under = merged.get(name)
        both = isinstance(under, Mapping) and isinstance(value, Mapping)
        merged[name] = _over(under, value) if both else value  # type: ignore[arg-type]
    return merged
