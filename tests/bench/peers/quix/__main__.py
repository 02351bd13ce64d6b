"""Quix Streams with `processing_guarantee="exactly-once"`, its state in RocksDB with a changelog topic."""

from typing import Any

from quixstreams import Application, State

from tests.bench.peers.arguments import Arguments, arguments, with_state

# the default of 5 s would have the last records wait for the clock
_COMMIT_EACH_S = 0.1


def answer(value: bytes, state: State) -> bytes:
    """Keep the lot's state, and tell of it."""
    before: str | None = state.get("tally")
    after, told = with_state(None if before is None else before.encode(), value)
    # a state is kept as JSON; text is the quickest that it takes
    state.set("tally", after.decode())
    return told


def main(given: Arguments) -> None:
    """Run until stopped."""
    application = Application(
        broker_address=given.bootstrap,
        consumer_group="quix",
        auto_offset_reset="earliest",
        processing_guarantee="exactly-once",
        commit_interval=_COMMIT_EACH_S,
        state_dir=given.directory / "state",
        loglevel="WARNING",
    )
    events = application.topic(given.input, key_deserializer="bytes", value_deserializer="bytes")
    answers = application.topic(given.output, key_serializer="bytes", value_serializer="bytes")
    frame: Any = application.dataframe(events)
    frame.apply(answer, stateful=True).to_topic(answers)
    application.run()


if __name__ == "__main__":
    main(arguments())
