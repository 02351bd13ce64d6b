"""Headers as one text, for the database: any bytes, and still readable where they are UTF-8."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from json.encoder import encode_basestring_ascii as _quote

Headers = tuple[tuple[str, bytes], ...]


_quoted = lru_cache(maxsize=1024)(_quote)
"""Names come again and again."""


def pack(headers: Iterable[tuple[str, bytes]]) -> str:
    """Headers as JSON in ASCII; bytes that are not UTF-8 become lone surrogates."""
    pairs = [
        f"[{_quoted(name)}, {_quote(value.decode('utf-8', 'surrogateescape'))}]" for name, value in headers
    ]
    return f"[{', '.join(pairs)}]"


def unpack(text: str) -> Headers:
    """The headers that `pack` wrote."""
    return tuple((name, value.encode("utf-8", "surrogateescape")) for name, value in json.loads(text))
