"""What decisions leave to be told in chunks; nothing that was there changes."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of tasks."""
    op.create_table(
        "task",
        sa.Column("id", sa.Text(), primary_key=True),
        _number("chunk"),
        _number("next_index"),
        _text("cause_id"),
        _text("cause_source"),
        _text("cause_time"),
        _text("correlation_id"),
        sa.Column("traceparent", sa.Text(), nullable=True),
        _text("kind"),
        _text("payload"),
        _number("begun_ms"),
    )
    op.create_index("task_begun", "task", ["begun_ms", "id"])


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)
