"""Waiting that ends early when something happens."""

from __future__ import annotations

import asyncio


async def until(event: asyncio.Event, seconds: float) -> bool:
    """Wait for the event, at most so long; True where it happened."""
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True
