"""Asks a service's management port whether it is ready."""

from __future__ import annotations

import asyncio

PATIENCE = 2.0


async def is_ready(port: int, host: str = "127.0.0.1") -> bool:
    """Whether `/readyz` says so; no answer is a no."""
    try:
        async with asyncio.timeout(PATIENCE):
            return b" 200 " in await _status_line(host, port)
    except (OSError, TimeoutError):
        return False


async def _status_line(host: str, port: int) -> bytes:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(f"GET /readyz HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        await writer.drain()
        return await reader.readline()
    finally:
        writer.close()
