"""aiokafka's consumer and producer, nothing else: offsets committed by themselves, state in a dictionary."""

import asyncio

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from tests.bench.peers.arguments import Arguments, arguments, with_state


async def main(given: Arguments) -> None:
    """Run until killed."""
    consumer = AIOKafkaConsumer(
        given.input,
        bootstrap_servers=given.bootstrap,
        group_id="raw-aiokafka",
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    producer = AIOKafkaProducer(bootstrap_servers=given.bootstrap, linger_ms=5, max_batch_size=1 << 18)
    states: dict[bytes, bytes] = {}
    async with consumer, producer:
        while True:
            batches = await consumer.getmany(timeout_ms=1_000, max_records=500)
            for records in batches.values():
                for record in records:
                    states[record.key], answer = with_state(states.get(record.key), record.value)
                    await producer.send(given.output, answer, record.key)


if __name__ == "__main__":
    asyncio.run(main(arguments()))
