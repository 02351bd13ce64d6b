"""Exact decimals, times and identifiers as they stand on the wire."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AwareDatetime,
    BeforeValidator,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)

DECIMAL_PATTERN = r"^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,9})?$"
_DECIMAL = re.compile(DECIMAL_PATTERN)

VALUE_PATTERN = r"^<?-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,12})?$"
"""A laboratory's result: a decimal, or `<` and the detection limit when the result is censored."""

ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._:/+#-]{0,119}$"
TIME_PATTERN = re.compile(r"^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)$")


def read_decimal(value: Any) -> Decimal:
    """The decimal that a wire string states.

    Raises:
        ValueError: for JSON numbers (they lose digits), exponents, NaN and thousands separators.
    """
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError("a decimal must be finite")
        return value
    if not isinstance(value, str):
        raise ValueError(f'a decimal is written as a string, like "24000.000", not as {type(value).__name__}')  # noqa: TRY004 - pydantic reports a ValueError with its place
    if not _DECIMAL.match(value):
        raise ValueError('a decimal is digits with an optional point, like "24000.000"')
    return Decimal(value)


def write_decimal(value: Decimal) -> str:
    """Plain digits, never an exponent."""
    return format(value, "f")


def _read_time(value: Any) -> Any:
    if isinstance(value, str) and not TIME_PATTERN.match(value):
        raise ValueError("a time is RFC 3339 with its zone, like 2025-09-03T08:00:00Z")
    if isinstance(value, int | float):
        raise ValueError("a time is an RFC 3339 string, not a number")  # noqa: TRY004 - pydantic reports a ValueError with its place
    return value


def _to_utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


def write_time(value: datetime) -> str:
    """RFC 3339 in UTC, with a fraction only where there is one."""
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return value.isoformat().replace("+00:00", "Z")


def _read_date(value: Any) -> Any:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        raise ValueError("a date is written like 2025-09-20")
    return value


Number = Annotated[
    Decimal,
    BeforeValidator(read_decimal),
    PlainSerializer(write_decimal, return_type=str),
    WithJsonSchema({"type": "string", "pattern": DECIMAL_PATTERN}),
]
"""Any exact decimal. Commands use it bare: their ranges are rules that a service answers."""

NotNegative = Annotated[
    Number, Field(ge=0), WithJsonSchema({"type": "string", "pattern": DECIMAL_PATTERN.replace("-?", "")})
]
"""A decimal of zero or more: facts are constrained."""

Kg = Annotated[NotNegative, Field(description="kg, three decimals")]
Positive = Annotated[
    Number, Field(gt=0), WithJsonSchema({"type": "string", "pattern": DECIMAL_PATTERN.replace("-?", "")})
]
MoisturePct = Annotated[NotNegative, Field(lt=100, description="moisture, % of the wet mass")]
Share = Annotated[NotNegative, Field(le=1, description="share of the dry mass, 0 to 1")]

Time = Annotated[
    AwareDatetime,
    BeforeValidator(_read_time),
    Field(json_schema_extra={"format": "date-time"}),
    PlainSerializer(write_time, return_type=str),
]
"""A moment with its zone, held and written in UTC."""

Day = Annotated[date, BeforeValidator(_read_date), PlainSerializer(date.isoformat, return_type=str)]
"""A calendar day; `expires_on` is good through that day, UTC."""

Id = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
"""The identifier of a lot, batch, source, contract or shipment; it is a Kafka key too."""

Text = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
"""ISO 3166-1 alpha-2."""

ResultValue = Annotated[str, StringConstraints(pattern=VALUE_PATTERN)]
"""A laboratory's result as printed: `5.20`, or censored `<0.01`."""
