"""What a service measures, for Prometheus; every name is listed here once, with its help."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from orestream.chassis.records import Series
from orestream.contracts.decision import Happened

SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)


@dataclass(frozen=True, slots=True)
class Observation:
    """Something a domain wants on its dashboard, such as a batch's mass imbalance by element."""

    name: str
    """Prometheus name without prefix, as `mass_imbalance_kg`."""
    help: str
    labels: Mapping[str, str]
    value: float


Observe = Callable[[Happened], Iterable[Observation]]
"""A service's hook: what there is to observe in one of its own facts."""


def observe_nothing(_happened: Happened) -> Iterable[Observation]:
    """The hook of a service that has nothing to add."""
    return ()


class Metrics:
    """One service's measurements, in a registry of its own so that a process may hold several.

    What has labels of its own is called with them: `metrics.records(topic).inc()`.
    """

    def __init__(self, service: str) -> None:
        self.registry = CollectorRegistry()
        self._service = service
        self._observed: dict[str, Gauge] = {}

        gauge, counter = self._gauge, self._counter
        self._lag = gauge("lag_records", "Records not yet taken in.", "topic", "partition")
        self.oldest = gauge("oldest_unprocessed_seconds", "Age of the oldest record not taken in.").labels(
            service
        )
        self.outbox_age = gauge("outbox_age_seconds", "Age of the oldest row not published.").labels(service)
        self.parked_keys = gauge("parked_keys", "Aggregates set aside, all behind them too.").labels(service)
        self.halted = gauge("halted_partitions", "Partitions that stand still: facts are lost.").labels(
            service
        )
        self.waiting = gauge("waiting_commands", "Commands that wait for a fact.").labels(service)
        self.open_tasks = gauge("open_tasks", "Decisions of which facts are still to come.").labels(service)
        self.oldest_task = gauge("oldest_task_seconds", "Since the oldest of them was made.").labels(service)
        self.relaying = gauge("relaying", "1 where this replica holds the relay's lease.").labels(service)
        self.records = partial(counter("records", "Records taken in.", "topic").labels, service)
        self.dropped = partial(
            counter("dropped_records", "Records dropped, to be read again.", "why").labels, service
        )
        self.batches = partial(
            counter("batches", "Batches, by what became of them.", "result").labels, service
        )
        self.outcomes = partial(counter("outcomes", "Answers to commands.", "status", "rule").labels, service)
        self.skipped = partial(counter("skipped_facts", "Facts of unknown type.", "type").labels, service)
        self.conflicts = counter("conflicts", "Decisions run again: others changed the state.").labels(
            service
        )
        self.rebalances = counter("rebalances", "Assignments of partitions to this replica.").labels(service)
        self.retries = counter("intake_retries", "Back-offs after a passing failure.").labels(service)
        self.published = partial(
            counter("published_records", "Records made visible.", "topic").labels, service
        )
        self.transactions = counter("relay_transactions", "Kafka transactions committed.").labels(service)
        self.doubts = counter("relay_doubts", "Producers thrown away after a doubt.").labels(service)
        self.fences = counter("relay_fences", "Times another producer took the relay's place.").labels(
            service
        )
        self.take_seconds = self._histogram("take_seconds", "Time to decide and commit one batch.")
        self.publish_seconds = self._histogram("publish_seconds", "Time of one Kafka transaction.")

    def set_lags(self, lags: Mapping[Series, int]) -> None:
        """The lag of what this replica reads; what it reads no more is another's to tell."""
        self._lag.clear()
        for one, lag in lags.items():
            self._lag.labels(self._service, one.topic, str(one.partition)).set(lag)

    def observe(self, observation: Observation) -> None:
        """Set one of the domain's own gauges."""
        names = sorted(observation.labels)
        if observation.name not in self._observed:
            self._observed[observation.name] = self._gauge(observation.name, observation.help, *names)
        labels = (self._service, *(observation.labels[name] for name in names))
        self._observed[observation.name].labels(*labels).set(observation.value)

    def exposition(self) -> bytes:
        """Everything, in Prometheus's text format."""
        return generate_latest(self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"orestream_{name}", text, ("service", *labels), registry=self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"orestream_{name}", text, ("service", *labels), registry=self.registry)

    def _histogram(self, name: str, text: str) -> Histogram:
        metric = Histogram(f"orestream_{name}", text, ("service",), registry=self.registry, buckets=SECONDS)
        return metric.labels(self._service)
