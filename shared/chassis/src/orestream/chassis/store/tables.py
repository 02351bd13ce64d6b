"""The tables of a service's database, the same in PostgreSQL and SQLite.

Times are milliseconds since 1970 by the database's own clock. Versions only grow; a row of version 0 is a
placeholder, which stands for an absence that somebody has relied on.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)

METADATA = MetaData()


def _table(name: str, *columns: Column[object] | Index) -> Table:
    return Table(name, METADATA, *columns)


def _text(name: str, *, key: bool = False, null: bool = False) -> Column[object]:
    return Column(name, Text(), primary_key=key, nullable=null)


def _number(name: str, *, key: bool = False, null: bool = False) -> Column[object]:
    return Column(name, BigInteger(), primary_key=key, nullable=null, autoincrement=False)


def _bytes(name: str, *, null: bool = True) -> Column[object]:
    return Column(name, LargeBinary(), nullable=null)


HISTORY = _table("history", _number("one", key=True), _text("name"))
"""One row: the random name of this database's history."""

INTAKE = _table(
    "intake",
    _text("cluster", key=True),
    _text("topic_id", key=True),
    _number("partition", key=True),
    _text("topic"),
    _number("first_offset"),
    _number("next_offset"),
)
"""The next offset of every partition read; moves first in every transaction."""

RECEIVED = _table(
    "received",
    _text("source", key=True),
    _text("topic", key=True),
    _number("partition", key=True),
    _number("sequence"),
)
"""The last `ce_sequence` seen of other services' facts."""

AGGREGATE = _table(
    "aggregate",
    _text("kind", key=True),
    _text("id", key=True),
    _number("version"),
    Column("format", Integer(), nullable=False),
    _text("state", null=True),
)
"""States as JSON, and placeholders."""

OUTCOME = _table(
    "outcome",
    _text("command_id", key=True),
    _text("digest"),
    _text("status"),
    _text("answer"),
)
"""Every command id ever decided or queued, with its answer."""

LANE = _table(
    "lane",
    _text("key", key=True),
    _number("version"),
    Column("ready", Boolean(), nullable=False),
    _number("next_place"),
    Index("lane_ready", "key", postgresql_where=text("ready"), sqlite_where=text("ready")),
)
"""One per command key, never deleted."""

WAITING = _table(
    "waiting",
    _text("key", key=True),
    _number("place", key=True),
    _text("command_id"),
    _text("topic"),
    _number("partition"),
    _number("at_offset"),
    _text("headers"),
    _bytes("value"),
    _number("timestamp_ms"),
    _number("arrived_ms"),
    Index("waiting_arrived", "arrived_ms"),
)
"""The queue of each lane."""

WAITS_FOR = _table(
    "waits_for",
    _text("kind", key=True),
    _text("id", key=True),
    _text("key", key=True),
    _number("place", key=True),
    Index("waits_for_lane", "key", "place"),
)
"""Which queued command waits for which aggregate."""

PARKED = _table(
    "parked",
    _number("place", key=True),
    _text("key"),
    _text("topic"),
    _number("partition"),
    _number("at_offset"),
    _bytes("record_key"),
    _text("headers"),
    _bytes("value"),
    _number("timestamp_ms"),
    _text("reason"),
    Column("attempts", Integer(), nullable=False),
    _text("behind", null=True),
    _text("wish", null=True),
    _text("wish_why", null=True),
    _number("parked_ms"),
    Index("parked_key", "key", "place"),
)
"""Facts set aside: `behind` names the parked key that one follows, or is null where it fails itself."""

TASK = _table(
    "task",
    _text("id", key=True),
    _number("chunk"),
    _number("next_index"),
    _text("cause_id"),
    _text("cause_source"),
    _text("cause_time"),
    _text("correlation_id"),
    _text("traceparent", null=True),
    _text("kind"),
    _text("payload"),
    _number("begun_ms"),
    Index("task_begun", "begun_ms", "id"),
)
"""What decisions have left to be told in chunks: where to go on, and the index of the next fact."""

OUTBOX = _table(
    "outbox",
    _number("position", key=True),
    _text("link"),
    _text("previous_link"),
    Column("decision_end", Boolean(), nullable=False),
    _text("topic"),
    _number("partition"),
    _number("sequence"),
    _bytes("key"),
    _bytes("headers", null=False),
    _bytes("value"),
    _number("timestamp_ms"),
)
"""What the relay publishes; headers as they stand in a Kafka record."""

OUTBOX_HEAD = _table("outbox_head", _number("one", key=True), _number("position"), _text("link"))
"""One row: the last position given and the link of the last transaction."""

SEQUENCE = _table("sequence", _text("topic", key=True), _number("partition", key=True), _number("last"))
"""The last `ce_sequence` given in each partition written."""

LEASE = _table("lease", _text("name", key=True), _text("holder"), _number("expires_ms"))
"""Who may do what only one replica should do."""
