"""The demo's story as records, decided by the pure services: what `verify` and `trace` read."""

from __future__ import annotations

from functools import cache

from orestream.chassis.records import Fetched
from orestream.cli.demo.scenario import scenario
from orestream.export.app import build as export
from orestream.mining.app import build as mining
from orestream.processing.app import build as processing
from tests.support.ledgers import records_of
from tests.support.worlds import PureChain


@cache
def _records() -> tuple[Fetched, ...]:
    commands = [(checked.service, checked.command) for checked in scenario().commands]
    chain = PureChain((mining(), processing(), export()))
    chain.run(commands)
    return tuple(records_of(chain, commands))


def story_records() -> list[Fetched]:
    """Every record of the story."""
    return list(_records())
