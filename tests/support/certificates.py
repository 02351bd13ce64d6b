"""Certificates of a laboratory, in short."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from orestream.contracts.parts import Assay, Certificate, Result, Sample


def results(grades: Mapping[str, str], unit: str = "%") -> tuple[Result, ...]:
    """Analyte → value as results in one unit."""
    return tuple(Result(analyte=analyte, value=value, unit=unit) for analyte, value in grades.items())


def accredited(number: str, grades: Mapping[str, str], taken_at: datetime, occurred_at: datetime) -> Assay:
    """An accredited laboratory's assay of a sealed sample, in percent of the dry mass."""
    return Assay(
        certificate=Certificate(
            number=number, laboratory="Synthetic Assay House", accredited=True, issued_at=occurred_at
        ),
        sample=Sample(id=f"S-{number}", seal=f"SEAL-{number}", taken_at=taken_at),
        basis="dry",
        results=results(grades),
        occurred_at=occurred_at,
    )
