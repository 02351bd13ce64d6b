"""FastStream as its documentation teaches: one handler a message, a session as a dependency, a publisher.

Its own default of acknowledging first is left as it is: the offset moves by itself, apart from what the
handler does. Acknowledging after the handler would be one request to the broker more for each message.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from faststream import Depends, FastStream
from faststream.kafka import KafkaBroker, KafkaResponse
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from tests.bench.events import LotWeighed
from tests.bench.peers.arguments import Arguments, arguments
from tests.bench.peers.lots import create_tables, record


async def main(given: Arguments) -> None:
    """Run until stopped."""
    engine = create_async_engine(given.database)
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    await create_tables(engine)
    broker = KafkaBroker(given.bootstrap, logger=None)

    async def session() -> AsyncIterator[AsyncSession]:
        async with sessions() as opened:
            yield opened

    @broker.subscriber(
        given.input,
        group_id="faststream",
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    @broker.publisher(given.output)
    async def tally(event: LotWeighed, opened: Annotated[AsyncSession, Depends(session)]) -> KafkaResponse:
        answer = await record(opened, event)
        await opened.commit()
        return KafkaResponse(answer, key=event.lot_id.encode())

    await FastStream(broker).run()


if __name__ == "__main__":
    asyncio.run(main(arguments()))
