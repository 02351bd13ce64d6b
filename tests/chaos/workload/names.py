"""Names that count once: of lots, tickets, seals, containers, commands."""

from __future__ import annotations

from collections import Counter

_VALUES = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", (v for v in range(10, 39) if v % 11), strict=True))
"""A=10, B=12 … Z=38, multiples of eleven skipped (ISO 6346)."""
_OWNERS = ("CSQU", "TOLU", "MSKU", "HLXU", "TGHU", "OOLU")
_SERIALS = 1_000_000


class Names:
    """Counts up, so that no name comes twice; the prefix keeps workloads apart."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._counted: Counter[str] = Counter()

    def new(self, what: str) -> str:
        """`LOT-main7-000012`"""
        self._counted[what] += 1
        return f"{what}-{self._prefix}-{self._counted[what]:06d}"

    def container(self) -> str:
        """A container number with its check digit; the same one again after six million."""
        number = self._counted["container"]
        self._counted["container"] += 1
        owner = _OWNERS[number // _SERIALS % len(_OWNERS)]
        body = f"{owner}{number % _SERIALS:06d}"
        return f"{body}{check_digit(body)}"


def check_digit(body: str) -> int:
    """Of the ten characters before it: Σ value · 2^place, mod 11, mod 10 (ISO 6346)."""
    values = (_VALUES[sign] if sign.isalpha() else int(sign) for sign in body)
    return sum(value << place for place, value in enumerate(values)) % 11 % 10
