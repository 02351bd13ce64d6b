"""Keeps the outbox rows that are lost when a recovered database takes another one's place."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Awaitable, Callable
from typing import Any

from tests.chaos.world.databases import Rows
from tests.chaos.world.world import World

Ask = Callable[[str], Awaitable[Rows]]
"""A query of the database that is lost."""
_BOUNDS = "SELECT position, (SELECT coalesce(max(position), 0) FROM outbox) FROM outbox_head"
_ROWS = (
    "SELECT position, link, previous_link, decision_end, topic, partition, sequence, key, headers, value"
    " FROM outbox WHERE position > {} AND position <= {} ORDER BY position"
)


async def keep(world: World, service: str, lost: Ask) -> int:
    """Write down the rows that the recovered database passed over; returns how many the lost one had.

    The services of that database do not run now.
    """
    ((visible, known),) = await world.databases.rows(service, _BOUNDS)
    rows = await lost(_ROWS.format(known, visible))
    with (world.directory.parent / "lost.jsonl").open("a", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps({"service": service, "row": [_told(part) for part in row]}) + "\n")
    return len(rows)


def _told(part: Any) -> Any:
    return b64encode(part).decode() if isinstance(part, bytes) else part
