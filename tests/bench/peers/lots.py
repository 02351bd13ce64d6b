"""The lot as a SQLAlchemy model, for the peers that keep it in PostgreSQL."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import DateTime, Numeric, String
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from tests.bench.events import LotTallied, LotWeighed, Tally, tallied, told


class Base(DeclarativeBase):
    """Declares the tables."""


class Lot(Base):
    """A lot and what it has of ore."""

    __tablename__ = "lot"

    lot_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    material: Mapped[str] = mapped_column(String(40))
    loads: Mapped[int]
    wet_kg: Mapped[Decimal] = mapped_column(Numeric(15, 3))
    dry_kg: Mapped[Decimal] = mapped_column(Numeric(15, 3))
    first_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    last_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    last_ticket: Mapped[str] = mapped_column(String(40))


async def create_tables(engine: AsyncEngine) -> None:
    """Create what is declared; commits."""
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)


async def record(session: AsyncSession, event: LotWeighed) -> LotTallied:
    """Bring the lot's row up to date in the session; the caller commits."""
    lot = await session.get(Lot, event.lot_id)
    tally = tallied(None if lot is None else _tally(lot), event)
    if lot is None:
        session.add(Lot(**{column.key: getattr(tally, column.key) for column in Lot.__table__.columns}))
    else:
        lot.loads, lot.wet_kg, lot.dry_kg = tally.loads, tally.wet_kg, tally.dry_kg
        lot.last_at, lot.last_ticket = tally.last_at, tally.last_ticket
    return told(tally, event)


def _tally(lot: Lot) -> Tally:
    return Tally(
        lot.lot_id,
        lot.material,
        lot.loads,
        lot.wet_kg,
        lot.dry_kg,
        lot.first_at,
        lot.last_at,
        lot.last_ticket,
    )
