"""The demo's story as a ledger."""

from __future__ import annotations

import pytest

from orestream.chassis.records import Fetched
from orestream.cli.ledger import Ledger
from tests.support.ledgers import ledger_of
from tests.support.story import story_records


@pytest.fixture
def records() -> list[Fetched]:
    """Every record of the story."""
    return story_records()


@pytest.fixture
def ledger(records: list[Fetched]) -> Ledger:
    """The same, decoded."""
    return ledger_of(records)
