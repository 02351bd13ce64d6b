"""One record that the sender is to send, and how a command becomes one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from orestream.contracts.message import kebab
from orestream.contracts.topics import commands_topic
from orestream.contracts.wire import dataschema_of

Kind = Literal["command", "repeat", "conflict", "poison", "aborted", "foreign"]
Meant = Literal["accepted", "refused", "waiting", "either"]
"""What the generator meant to come of a command; `either` where it depends on who comes first."""


@dataclass(frozen=True, slots=True)
class Sending:
    """A record as bytes, and what is to be known of it afterwards."""

    topic: str
    key: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    value: bytes | None
    kind: Kind
    service: str
    """Whose topic it goes to: the service asked, or for a foreign fact the service that tells."""
    command_id: str | None
    """`ce_id` where it can be read: of a command its id, of a foreign fact the fact's."""
    within: int | None = None
    """The number of the producer's transaction it is part of; that of kind `aborted` is aborted."""
    meant: Meant = "accepted"


@dataclass(frozen=True, slots=True)
class Said:
    """A command before it is a record."""

    service: str
    name: str
    """`MineLot`"""
    key: str
    fields: Mapping[str, Any]
    """With `command_id` and `occurred_at`."""
    meant: Meant = "accepted"


def written(fields: Mapping[str, Any]) -> bytes:
    """Compact UTF-8 JSON."""
    return json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode()


def record(site: str, said: Said, kind: Kind = "command", within: int | None = None) -> Sending:
    """A command as it stands on its topic."""
    id_ = said.fields["command_id"]
    return Sending(
        topic=commands_topic(site, said.service),
        key=said.key.encode(),
        headers=headers_of(
            type_=command_type(said.service, said.name),
            subject=said.key,
            id_=id_,
            source=f"/orestream/{site}/cli",
            time=said.fields["occurred_at"],
        ),
        value=written(said.fields),
        kind=kind,
        service=said.service,
        command_id=id_,
        within=within,
        meant=said.meant,
    )


@cache
def command_type(service: str, name: str) -> str:
    """`orestream.mining.mine-lot.v1`."""
    return f"orestream.{service}.{kebab(name)}.v1"


def headers_of(
    *, type_: str, subject: str, id_: str, source: str, time: str, sequence: int | None = None
) -> tuple[tuple[str, bytes], ...]:
    """What stands in the headers of a well-formed record."""
    key = subject.encode()
    pairs = [
        ("content-type", b"application/json"),
        ("ce_specversion", b"1.0"),
        ("ce_id", id_.encode()),
        ("ce_source", source.encode()),
        ("ce_type", type_.encode()),
        ("ce_subject", key),
        ("ce_time", time.encode()),
        ("ce_dataschema", dataschema_of(type_).encode()),
        ("ce_partitionkey", key),
        ("ce_correlationid", id_.encode()),
    ]
    if sequence is not None:
        pairs.append(("ce_sequence", b"%020d" % sequence))
    return tuple(pairs)
