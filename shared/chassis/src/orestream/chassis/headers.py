"""Headers as one text, for the database: any bytes, and still readable where they are UTF-8."""

from __future__ import annotations

import json
from collections.abc import Iterable

Headers = tuple[tuple[str, bytes], ...]


def pack(headers: Iterable[tuple[str, bytes]]) -> str:
    """Headers as JSON in ASCII; bytes that are not UTF-8 become lone surrogates."""
    return json.dumps([[name, value.decode("utf-8", "surrogateescape")] for name, value in headers])


def unpack(text: str) -> Headers:
    """The headers that `pack` wrote."""
    return tuple((name, value.encode("utf-8", "surrogateescape")) for name, value in json.loads(text))
