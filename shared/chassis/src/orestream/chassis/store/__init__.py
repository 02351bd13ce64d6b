"""A service's database: PostgreSQL in production, SQLite by default, the same behaviour in both."""

from orestream.chassis.store.outbox_row import OutboxRow
from orestream.chassis.store.parked import Parked
from orestream.chassis.store.schema import migrate
from orestream.chassis.store.store import Store

__all__ = ["OutboxRow", "Parked", "Store", "migrate"]
