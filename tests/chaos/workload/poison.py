"""Bytes on a command topic that are no command, each in another way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

from tests.chaos.workload.sending import Said, Sending, record, written

HUGE_BYTES = 960_000
"""Near the largest record that a broker takes unless set otherwise (1,048,588 with its frame)."""

Spoiler = Callable[[Sending, Random], Sending]


def poison(site: str, said: Said, chance: Random, *, huge: bool) -> Sending:
    """A command that would be accepted, spoiled; no other command rests on it."""
    whole = replace(record(site, said, "poison"), meant="refused")
    spoiled = _huge(whole, chance) if huge else chance.choice(SPOILERS)(whole, chance)
    return replace(spoiled, command_id=_readable_id(spoiled))


def _readable_id(sending: Sending) -> str | None:
    """`ce_id`, where it stands there once and is text."""
    ids = [value for name, value in sending.headers if name == "ce_id"]
    if len(ids) != 1:
        return None
    try:
        return ids[0].decode() or None
    except UnicodeDecodeError:
        return None


def _valued(sending: Sending, value: bytes | None) -> Sending:
    return replace(sending, value=value)


def _headed(sending: Sending, name: str, value: bytes) -> Sending:
    headers = tuple((other, value if other == name else text) for other, text in sending.headers)
    return replace(sending, headers=headers)


def _without(sending: Sending, name: str) -> Sending:
    return replace(sending, headers=tuple(pair for pair in sending.headers if pair[0] != name))


def _huge(sending: Sending, chance: Random) -> Sending:
    """JSON whose one text is far too long."""
    letter = chance.choice("abcxyz")
    return _valued(sending, written({"command_id": sending.command_id, "reason": letter * HUGE_BYTES}))


def _not_json(sending: Sending, chance: Random) -> Sending:
    return _valued(sending, chance.randbytes(chance.randint(1, 200)))


def _cut_short(sending: Sending, chance: Random) -> Sending:
    value = sending.value or b""
    return _valued(sending, value[: chance.randrange(1, len(value))])


def _number(sending: Sending, chance: Random) -> Sending:
    """A decimal as a JSON number, which loses digits."""
    return _valued(sending, (sending.value or b"").replace(b'"moisture_pct":"2.50"', b'"moisture_pct":2.50'))


def _exponent(sending: Sending, chance: Random) -> Sending:
    return _valued(sending, (sending.value or b"").replace(b'"2.50"', b'"2.5e0"'))


def _bad_header(sending: Sending, chance: Random) -> Sending:
    return _headed(sending, chance.choice(("ce_source", "ce_id", "ce_type", "ce_time")), b"\xff\xfe\x00")


def _missing_header(sending: Sending, chance: Random) -> Sending:
    return _without(sending, chance.choice([name for name, _ in sending.headers]))


def _twice(sending: Sending, chance: Random) -> Sending:
    return replace(sending, headers=(*sending.headers, chance.choice(sending.headers)))


def _wrong_header(sending: Sending, chance: Random) -> Sending:
    name, value = chance.choice(
        (
            ("ce_specversion", b"0.3"),
            ("ce_time", b"yesterday"),
            ("ce_time", b"2025-13-45T25:00:00Z"),
            ("ce_dataschema", b"urn:orestream:something:else"),
            ("ce_partitionkey", b"another"),
            ("content-type", b"text/plain"),
            ("ce_correlationid", b"c" * 2_000),
            ("ce_subject", b"not an id \xe2\x98\xa0"),
            ("ce_id", b"i" * 500),
        )
    )
    return _headed(sending, name, value)


def _wrong_type(sending: Sending, chance: Random) -> Sending:
    """A command nobody knows, or one of another service."""
    type_ = chance.choice(("orestream.mining.polish-lot.v1", "orestream.export.clear-shipment.v1"))
    return _headed(
        _headed(sending, "ce_type", type_.encode()),
        "ce_dataschema",
        b"urn:" + type_.replace(".", ":").encode(),
    )


SPOILERS: tuple[Spoiler, ...] = (
    _not_json,
    _cut_short,
    _number,
    _exponent,
    _bad_header,
    _missing_header,
    _twice,
    _wrong_header,
    _wrong_type,
    lambda sending, _: replace(sending, headers=()),
    lambda sending, _: replace(sending, headers=(), value=b"nobody knows what this is"),
    lambda sending, _: replace(sending, key=None, headers=(), value=b'"neither this"'),
    lambda sending, _: replace(sending, key=b""),
    lambda sending, _: replace(sending, key=None),
    lambda sending, _: replace(sending, key=b"\xc3\x28\x00"),
    lambda sending, _: _valued(sending, None),
    lambda sending, _: _valued(sending, b""),
    lambda sending, _: _valued(sending, b"[1, 2, 3]"),
    lambda sending, _: _valued(sending, b'{"command_id": ' * 400),
    lambda sending, _: _valued(sending, (sending.value or b"").replace(b'"by":', b'"from":')),
    lambda sending, _: _valued(
        sending, (sending.value or b"").replace(b'"command_id":"', b'"command_id":"x-')
    ),
)
