"""FastStream with faststream-outbox: row and event in one transaction, a second subscriber relays events.

With what its pages on performance advise for many messages: batched deletes, larger fetches, four workers,
and its settings of autovacuum.
"""

import asyncio
from typing import Any

from faststream import FastStream
from faststream.kafka import KafkaBroker, KafkaResponse
from faststream_outbox import OutboxBroker, make_outbox_table
from faststream_outbox.autovacuum import outbox_autovacuum_ddl
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine

from tests.bench.events import LotWeighed
from tests.bench.peers.arguments import Arguments, arguments
from tests.bench.peers.lots import Base, create_tables, record

_QUEUE = "tallies"


async def main(given: Arguments) -> None:
    """Run until stopped."""
    engine = create_async_engine(given.database, pool_size=15)
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    outbox = OutboxBroker(engine, outbox_table=make_outbox_table(Base.metadata))
    await _prepare(engine)
    broker = KafkaBroker(given.bootstrap, logger=None)

    @broker.subscriber(
        given.input,
        group_id="outbox",
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    async def tally(event: LotWeighed) -> None:
        async with sessions() as session, session.begin():
            answer = await record(session, event)
            await outbox.publish(answer.model_dump(mode="json"), queue=_QUEUE, session=session)

    @broker.publisher(given.output)
    @outbox.subscriber(_QUEUE, max_workers=4, fetch_batch_size=100, terminal_flush_batch_size=100)
    async def relay(body: dict[str, Any]) -> KafkaResponse:
        return KafkaResponse(body, key=body["lot_id"].encode())

    await FastStream(outbox, on_startup=[broker.start], on_shutdown=[broker.stop]).run()


async def _prepare(engine: AsyncEngine) -> None:
    await create_tables(engine)
    async with engine.begin() as connection:
        await connection.execute(text(outbox_autovacuum_ddl("outbox")))


if __name__ == "__main__":
    asyncio.run(main(arguments()))
