"""What the models refuse, what they let through for the rules to answer, and how they write."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from orestream.contracts.decimals import read_decimal, write_decimal
from orestream.contracts.generate.schemas import examples
from orestream.contracts.lots import LotDrawn
from orestream.contracts.message import Command
from orestream.contracts.mining import MineLot
from orestream.contracts.registry import MESSAGES

CHAIN = Path(__file__).parent.parent / "examples" / "chain.jsonl"
MINED = examples()["MineLot"]


def mined(**change: Any) -> MineLot:
    return MineLot.model_validate(MINED | change)


def ticket(**change: Any) -> tuple[dict[str, Any], ...]:
    return (MINED["tickets"][0] | change,)


@pytest.mark.parametrize("name", list(MESSAGES))
def test_every_example_is_a_message_and_survives_the_wire(name: str) -> None:
    model = MESSAGES[name]
    message = model.model_validate(examples()[name])
    assert model.read(message.write()) == message


def test_every_line_of_the_first_shipment_is_a_command() -> None:
    for line in CHAIN.read_text().splitlines():
        fields = json.loads(line)
        model = MESSAGES[fields.pop("command")]
        fields.pop("service", None)
        assert issubclass(model, Command)
        assert model.model_validate(fields).command_id == fields["command_id"]


def test_a_writer_may_not_add_a_field() -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        mined(colour="grey")
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        mined(tickets=ticket(colour="grey"))


def test_a_message_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        mined().lot_id = "LOT-2"  # type: ignore[misc] # that it is refused is what is tested


@pytest.mark.parametrize("number", [38000.0, 38000, True, "38,000", "3.8e4", "", "١٢", " 1", "NaN", "1" * 16])
def test_a_decimal_is_a_plain_string_of_digits(number: Any) -> None:
    with pytest.raises(ValidationError):
        mined(tickets=ticket(gross_kg=number))


@pytest.mark.parametrize("time", ["2025-09-03T08:00:00", "2025-09-03", 1756886400, "03.09.2025"])
def test_a_time_has_a_zone(time: Any) -> None:
    with pytest.raises(ValidationError):
        mined(occurred_at=time)


def test_a_time_is_held_and_written_in_utc() -> None:
    assert b'"occurred_at":"2025-09-03T08:00:00Z"' in mined(occurred_at="2025-09-03T13:00:00+05:00").write()


def test_ranges_of_commands_are_left_to_the_rules() -> None:
    assert mined(moisture_pct="100").moisture_pct == Decimal(100)
    assert mined(tickets=ticket(gross_kg="-1")).tickets[0].gross_kg == Decimal(-1)


def test_facts_are_constrained_fully() -> None:
    drawn = {"lot_id": "L", "purpose": "batch", "into": "B", "wet_kg": "-0.001", "dry_kg": "0"}
    with pytest.raises(ValidationError, match="greater than or equal to 0"):
        LotDrawn.model_validate(drawn)


@pytest.mark.parametrize("key", ["", " ", "a b", "lot\n", "ü", "-x", "a" * 121])
def test_an_id_is_a_plain_word(key: str) -> None:
    with pytest.raises(ValidationError):
        mined(lot_id=key)


def test_what_is_released_is_named() -> None:
    command = MESSAGES["ReleaseQuarantine"].model_validate(
        {"command_id": "c", "occurred_at": "2025-09-03T08:00:00Z", "by": "b", "reason": "r", "authority": "a"}
    )
    with pytest.raises(ValueError, match="one of shipment_id, batch_id, lot_id is needed"):
        _ = command.key


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**14), max_value=10**14))
def test_a_decimal_keeps_every_digit_on_the_wire(value: Decimal) -> None:
    assert read_decimal(write_decimal(value)) == value
