"""A Bytewax dataflow: Kafka in, a stateful map, Kafka out; recovery partitions on disk, as its guide says."""

from datetime import timedelta

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSinkMessage, KafkaSourceMessage
from bytewax.connectors.kafka import operators as kop
from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main

from tests.bench.peers.arguments import Arguments, arguments, with_state

_SNAPSHOT_EACH = timedelta(seconds=10)
"""Bytewax's own default."""


def _keyed(message: KafkaSourceMessage[bytes, bytes]) -> tuple[str, bytes]:
    return message.key.decode(), message.value


def _sent(answer: tuple[str, bytes]) -> KafkaSinkMessage[bytes, bytes]:
    return KafkaSinkMessage(key=answer[0].encode(), value=answer[1])


def flow(given: Arguments) -> Dataflow:
    """The dataflow."""
    dataflow = Dataflow("tally")
    source = kop.input("in", dataflow, brokers=[given.bootstrap], topics=[given.input])
    tallied = op.stateful_map("tally", op.map("key", source.oks, _keyed), with_state)
    kop.output("out", op.map("send", tallied, _sent), brokers=[given.bootstrap], topic=given.output)
    return dataflow


def main(given: Arguments) -> None:
    """Run until killed."""
    recovery = given.directory / "recovery"
    recovery.mkdir()
    init_db_dir(recovery, 1)
    cli_main(flow(given), epoch_interval=_SNAPSHOT_EACH, recovery_config=RecoveryConfig(recovery))


if __name__ == "__main__":
    main(arguments())
