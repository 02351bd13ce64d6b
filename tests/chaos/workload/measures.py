"""Masses, moistures and grades as the generator counts them: whole grams, hundredths of a percent, ppm.

Whole numbers keep the generator's own books exact and quick; on the wire they are decimals in strings.
"""

from __future__ import annotations

_WHOLE = 10_000
"""Hundredths of a percent in all of it."""
_MILLION = 1_000_000


def kg(grams: int) -> str:
    """`24000.000`"""
    return f"{grams // 1000}.{grams % 1000:03d}"


def pct(hundredths: int) -> str:
    """`3.05`"""
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def grade(ppm: int) -> str:
    """In percent: `5.2000`"""
    return f"{ppm // _WHOLE}.{ppm % _WHOLE:04d}"


def dry_of(wet_g: int, moisture: int) -> int:
    """What is left of it without water."""
    return wet_g * (_WHOLE - moisture) // _WHOLE


def wet_of(dry_g: int, moisture: int) -> int:
    """What it weighs with its water, to the gram above."""
    return -(-dry_g * _WHOLE // (_WHOLE - moisture))


def metal_g(dry_g: int, ppm: int) -> int:
    """The metal in it."""
    return dry_g * ppm // _MILLION


def ppm_of(metal: int, dry_g: int) -> int:
    """The grade that so much metal makes, rounded to the nearest."""
    return (metal * _MILLION + dry_g // 2) // dry_g
