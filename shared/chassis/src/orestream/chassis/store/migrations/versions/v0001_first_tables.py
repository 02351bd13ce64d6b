"""The first tables."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create everything, and the rows of which there is always one."""
    _reading()
    _deciding()
    _waiting()
    _parking()
    _publishing()
    history = sa.table("history", sa.column("one"), sa.column("name"))
    op.bulk_insert(history, [{"one": 1, "name": secrets.token_hex(16)}])
    head = sa.table("outbox_head", sa.column("one"), sa.column("position"), sa.column("link"))
    op.bulk_insert(head, [{"one": 1, "position": 0, "link": ""}])


def _text(name: str, *, key: bool = False, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), primary_key=key, nullable=null)


def _number(name: str, *, key: bool = False, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), primary_key=key, nullable=null, autoincrement=False)


def _small(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _bytes(name: str, *, null: bool = True) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), nullable=null)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def _reading() -> None:
    op.create_table("history", _number("one", key=True), _text("name"))
    op.create_table(
        "intake",
        _text("cluster", key=True),
        _text("topic_id", key=True),
        _number("partition", key=True),
        _text("topic"),
        _number("first_offset"),
        _number("next_offset"),
    )
    op.create_table(
        "received",
        _text("source", key=True),
        _text("topic", key=True),
        _number("partition", key=True),
        _number("sequence"),
    )


def _deciding() -> None:
    op.create_table(
        "aggregate",
        _text("kind", key=True),
        _text("id", key=True),
        _number("version"),
        _small("format"),
        _text("state", null=True),
    )
    op.create_table(
        "outcome", _text("command_id", key=True), _text("digest"), _text("status"), _text("answer")
    )


def _waiting() -> None:
    op.create_table("lane", _text("key", key=True), _number("version"), _flag("ready"), _number("next_place"))
    only_ready = sa.text("ready")
    op.create_index("lane_ready", "lane", ["key"], postgresql_where=only_ready, sqlite_where=only_ready)
    op.create_table(
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
    )
    op.create_index("waiting_arrived", "waiting", ["arrived_ms"])
    op.create_table(
        "waits_for",
        _text("kind", key=True),
        _text("id", key=True),
        _text("key", key=True),
        _number("place", key=True),
    )
    op.create_index("waits_for_lane", "waits_for", ["key", "place"])


def _parking() -> None:
    op.create_table(
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
        _small("attempts"),
        _text("behind", null=True),
        _text("wish", null=True),
        _text("wish_why", null=True),
        _number("parked_ms"),
    )
    op.create_index("parked_key", "parked", ["key", "place"])


def _publishing() -> None:
    op.create_table(
        "outbox",
        _number("position", key=True),
        _text("link"),
        _text("previous_link"),
        _flag("decision_end"),
        _text("topic"),
        _number("partition"),
        _number("sequence"),
        _bytes("key"),
        _bytes("headers", null=False),
        _bytes("value"),
        _number("timestamp_ms"),
    )
    op.create_table("outbox_head", _number("one", key=True), _number("position"), _text("link"))
    op.create_table("sequence", _text("topic", key=True), _number("partition", key=True), _number("last"))
    op.create_table("lease", _text("name", key=True), _text("holder"), _number("expires_ms"))
