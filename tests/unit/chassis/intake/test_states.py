"""States come back from the database as they went in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, ClassVar

import pytest

from orestream.chassis.errors import StateOutOfRange
from orestream.chassis.intake.states import StateCodec
from orestream.chassis.store.aggregates import Stored

WHEN = datetime(2025, 9, 3, 8, 0, 0, 123456, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Part:
    share: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class Expected:
    id: str


@dataclass(frozen=True, slots=True)
class InStock:
    """Has the fields of `Expected` and more, so that only its name tells it apart."""

    id: str
    kg: Decimal = Decimal(0)
    parts: tuple[Part, ...] = ()
    notes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Exhausted:
    id: str
    FORMAT: ClassVar[int] = 2


CODEC = StateCodec({"lot": Expected | InStock | Exhausted, "part": Annotated[Part, "of a lot"]})

STATES = [
    ("lot", Expected("LOT-1")),
    ("lot", InStock("LOT-1")),
    ("lot", InStock("LOT-1", Decimal("24000.000"), (Part(Decimal("0.5157"), WHEN),), frozenset({"a", "b"}))),
    ("lot", Exhausted("LOT-1")),
    ("part", Part(Decimal("1E-9"), WHEN)),
    ("lot", Expected('quo"ted \x00 ütf \U0001f600')),
]


@pytest.mark.parametrize(("kind", "state"), STATES)
def test_a_state_comes_back_as_it_went(kind: str, state: object) -> None:
    format_, text = CODEC.write(state)

    assert CODEC.read(kind, Stored(1, format_, text)) == state


def test_alternatives_with_the_same_fields_are_told_apart() -> None:
    for class_ in (Expected, InStock, Exhausted):
        assert type(CODEC.read("lot", Stored(1, *CODEC.write(class_("LOT-1"))))) is class_


def test_decimals_keep_every_digit() -> None:
    _, text = CODEC.write(InStock("LOT-1", Decimal("24000.000")))

    assert '"24000.000"' in text


def test_a_placeholder_is_no_state() -> None:
    assert CODEC.read("lot", Stored(3, 0, None)) is None


def test_a_state_says_its_format() -> None:
    assert CODEC.write(Expected("LOT-1"))[0] == 1
    assert CODEC.write(Exhausted("LOT-1"))[0] == 2


def test_an_older_format_is_read_with_what_is_new_at_its_default() -> None:
    assert CODEC.read("lot", Stored(1, 1, '{"InStock":{"id":"LOT-1"}}')) == InStock("LOT-1")


@pytest.mark.parametrize(
    ("format_", "text"), [(2, '{"InStock":{"id":"LOT-1"}}'), (1, '{"Melted":{"id":"LOT-1"}}')]
)
def test_a_state_of_a_newer_version_is_refused_not_guessed(format_: int, text: str) -> None:
    with pytest.raises(StateOutOfRange, match="newer version"):
        CODEC.read("lot", Stored(1, format_, text))


def test_the_same_name_in_another_kind_is_another_state() -> None:
    with pytest.raises(StateOutOfRange):
        CODEC.read("part", Stored(1, *CODEC.write(Expected("LOT-1"))))
