"""R19: licences, ownership and screening."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from orestream.export.domain.gates import provenance
from tests.support.cases import (
    AT,
    ORIGIN,
    cargo,
    case,
    contract,
    dug,
    licence,
    owner,
    screening,
    shipment,
    source,
)


def with_licence(**fields: Any) -> dict[str, Any]:
    return {"sources": {"SRC-1": source(licence=licence(**fields))}}


def with_screenings(*some: object) -> dict[str, Any]:
    return {"shipment": shipment(screenings=some)}


def test_a_licensed_source_with_its_owners_screened_passes() -> None:
    assert provenance.judge(case()).verdict == "pass"


@pytest.mark.parametrize(
    ("day", "verdict"),
    [
        (datetime(2024, 12, 31, 23, 59, tzinfo=UTC), "hold"),
        (datetime(2025, 1, 1, tzinfo=UTC), "pass"),
        (datetime(2035, 6, 30, 23, 59, tzinfo=UTC), "pass"),
        (datetime(2035, 7, 1, tzinfo=UTC), "hold"),
    ],
)
def test_the_licence_was_in_force_when_the_ore_was_mined(day: datetime, verdict: str) -> None:
    assert provenance.judge(case(dug=(dug(mined_at=day),))).verdict == verdict


def test_a_licence_that_expired_after_the_mining_does_not_matter() -> None:
    assert provenance.judge(case(**with_licence(expires_on=date(2025, 9, 3)))).verdict == "pass"


@pytest.mark.parametrize(
    ("words", "verdict"), [(("Cu",), "hold"), (("Cu", "sb"), "pass"), (("Antimony",), "pass")]
)
def test_the_licence_is_for_what_was_mined(words: tuple[str, ...], verdict: str) -> None:
    assert provenance.judge(case(**with_licence(commodities=words))).verdict == verdict


@pytest.mark.parametrize(("allowed", "verdict"), [(None, "pass"), (24000, "pass"), (23999, "hold")])
def test_the_source_had_not_given_more_than_its_licence_allows(allowed: int | None, verdict: str) -> None:
    mass = None if allowed is None else Decimal(allowed)
    assert provenance.judge(case(**with_licence(limit_wet_kg=mass))).verdict == verdict


def test_a_source_without_owners_is_held() -> None:
    gate = provenance.judge(case(sources={"SRC-1": source(owners=())}))
    assert gate.verdict == "hold"
    assert gate.missing is not None
    assert "SRC-1: owners" in gate.missing


def test_owners_of_more_than_the_whole_are_held() -> None:
    shared = (owner(share_pct="60"), owner("Second", "41"))
    names = screening("SRC-1", "Cooperative", "Second", "Seller", "Buyer", "9074729")
    gate = provenance.judge(case(sources={"SRC-1": source(owners=shared)}, **with_screenings(names)))
    assert (gate.verdict, gate.differs) == ("hold", ("SRC-1: owners",))


def test_origins_that_do_not_add_up_are_held() -> None:
    half = ORIGIN.model_copy(update={"share": Decimal("0.5")})
    gate = provenance.judge(case(cargo(origins=(half,))))
    assert gate.missing == ("CON-1: origin",)


@pytest.mark.parametrize("name", ["SRC-1", "Cooperative", "Seller", "Buyer", "9074729"])
def test_everyone_in_the_trade_is_screened(name: str) -> None:
    others = [one for one in ("SRC-1", "Cooperative", "Seller", "Buyer", "9074729") if one != name]
    gate = provenance.judge(case(**with_screenings(screening(*others))))
    assert (gate.verdict, gate.missing) == ("hold", (name,))


def test_screenings_of_a_part_each_add_up() -> None:
    two = with_screenings(screening("SRC-1", "Cooperative", "Seller"), screening("Buyer", "9074729"))
    assert provenance.judge(case(**two)).verdict == "pass"


@pytest.mark.parametrize(
    ("until", "verdict"),
    [(AT, "pass"), (AT - timedelta(seconds=1), "hold"), (AT + timedelta(days=1), "pass")],
)
def test_a_screening_is_current_until_its_last_moment(until: datetime, verdict: str) -> None:
    assert (
        provenance.judge(case(**with_screenings(screening(until=until, at=AT - timedelta(days=2))))).verdict
        == verdict
    )


def test_a_screening_after_the_act_does_not_count() -> None:
    later = screening(at=AT + timedelta(hours=1), until=AT + timedelta(days=7))
    assert provenance.judge(case(**with_screenings(later))).verdict == "hold"


@pytest.mark.parametrize("name", ["SRC-1", "Seller", "Buyer", "9074729"])
def test_a_hit_blocks(name: str) -> None:
    found = screening(hits=({"name": name, "reason": "listed"},))
    gate = provenance.judge(case(**with_screenings(found)))
    assert (gate.verdict, gate.differs) == ("block", (name,))


def test_a_hit_is_cleared_by_searching_again() -> None:
    found = screening(hits=({"name": "Seller", "reason": "same name"},), at=AT - timedelta(days=2))
    again = screening("Seller", at=AT - timedelta(days=1))
    assert provenance.judge(case(**with_screenings(found, again))).verdict == "pass"
    assert provenance.judge(case(**with_screenings(again, found))).verdict == "pass"


@pytest.mark.parametrize(("first", "second", "verdict"), [("25", "24.9", "pass"), ("25", "25", "block")])
def test_the_shares_of_blocked_owners_are_added_up(first: str, second: str, verdict: str) -> None:
    owners = (owner("A", first), owner("B", second), owner("C", "30"))
    names = ("SRC-1", "A", "B", "C", "Seller", "Buyer", "9074729")
    hits = tuple({"name": name, "reason": "listed"} for name in ("A", "B"))
    found = with_screenings(screening(*names, hits=hits))
    assert provenance.judge(case(sources={"SRC-1": source(owners=owners)}, **found)).verdict == verdict


def test_a_hit_may_state_the_blocked_share_itself() -> None:
    owners: dict[str, Any] = {"sources": {"SRC-1": source(owners=(owner("Cooperative", "40"),))}}
    hit = {"name": "Cooperative", "reason": "owned by a listed party", "blocked_share_pct": "50"}
    assert provenance.judge(case(**owners, **with_screenings(screening(hits=(hit,))))).verdict == "block"


def test_an_owner_who_is_the_seller_too_blocks_with_any_share() -> None:
    hit = {"name": "Cooperative", "reason": "listed", "blocked_share_pct": "10"}
    sold: dict[str, Any] = {"contracts": {"CTR-1": contract(seller="Cooperative")}}
    assert provenance.judge(case(**sold, **with_screenings(screening(hits=(hit,))))).verdict == "block"


def test_a_source_without_a_licence_is_held() -> None:
    gate = provenance.judge(case(sources={"SRC-1": source(licence=None)}))
    assert (gate.verdict, gate.missing) == ("hold", ("SRC-1: licence",))
