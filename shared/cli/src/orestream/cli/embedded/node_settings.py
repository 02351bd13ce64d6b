"""Configuration of the single-node broker: small, quick to start, one replica of everything."""

from collections.abc import Mapping
from pathlib import Path

LOGGING = """\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{ISO8601} %-5p %c{1}: %m%n
logger.server.name = kafka.server.KafkaRaftServer
logger.server.level = info
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
"""

_SINGLE = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "auto.create.topics.enable": "false",
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "group.initial.rebalance.delay.ms": "0",
    # after a crash the controller takes the broker back only when its former session has ended
    "broker.session.timeout.ms": "2000",
    "broker.heartbeat.interval.ms": "400",
    # the smallest heap that the flags give cannot hold the default buffer
    "log.cleaner.dedupe.buffer.size": "4194304",
    # index files are allocated at this size for each partition
    "log.index.size.max.bytes": "1048576",
    "num.io.threads": "4",
    "num.network.threads": "2",
    "background.threads": "4",
}


def node_properties(data: Path, host: str, port: int, controller_port: int, extra: Mapping[str, str]) -> str:
    """Return the text of the properties file; `extra` wins over what is built in."""
    properties = _SINGLE | {
        "controller.quorum.voters": f"1@{host}:{controller_port}",
        "listeners": f"PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{host}:{port}",
        "log.dirs": str(data),
        **extra,
    }
    return "".join(f"{name}={value}\n" for name, value in properties.items())
