"""The ledger that pure services would have written: records with headers, partitions and sequences."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeVar

from orestream.chassis.records import Fetched
from orestream.cli.ledger import LEDGER_TOPICS, Entry, Ledger, decode_all
from orestream.cli.ledger_checks.verdict import Check
from orestream.contracts.decision import Happened
from orestream.contracts.message import Command, Message
from orestream.contracts.outcome import CausedFact, CommandAnswered, InputPlace
from orestream.contracts.topics import OUTCOMES, commands_topic, partition_of, topic_of_fact
from orestream.contracts.wire import Envelope, encode, fact_id, source_of
from tests.support.worlds import SITE, Outcome, PureChain, PureService

PARTITIONS = 12

M = TypeVar("M", bound=Message)
Where = Callable[[Any], bool]


class LedgerWriter:
    """Gives records their partitions, offsets and sequences, as relays would."""

    def __init__(self) -> None:
        self.records: list[Fetched] = []
        self._offsets: dict[tuple[str, int], int] = defaultdict(int)
        self._sequences: dict[tuple[str, str, int], int] = defaultdict(int)

    def write(self, topic: str, message: Message, envelope: Envelope) -> Fetched:
        """One record at the end of its partition."""
        partition = partition_of(envelope.subject.encode(), PARTITIONS)
        series = (envelope.source, topic, partition)
        self._sequences[series] += 1
        wire = encode(message, envelope._replace(sequence=self._sequences[series]))
        offset = self._offsets[topic, partition]
        self._offsets[topic, partition] += 1
        record = Fetched(topic, partition, offset, wire.key, wire.headers, wire.value, 0)
        self.records.append(record)
        return record


def records_of(chain: PureChain, commands: Iterable[tuple[str, Command]] = ()) -> list[Fetched]:
    """Facts of every service, and one final outcome a command."""
    writer = LedgerWriter()
    sent = {command.command_id: (service, command) for service, command in commands}
    for name, service in chain.services.items():
        for happened in service.facts:
            _write_fact(writer, name, happened)
        for outcome in service.outcomes.values():
            if outcome.command_id in sent:
                _write_outcome(writer, service, outcome, sent[outcome.command_id][1])
    return writer.records


def ledger_of(records: Sequence[Fetched]) -> Ledger:
    """The records as `verify` reads them."""
    return decode_all(records, dict.fromkeys(LEDGER_TOPICS, PARTITIONS))


def _write_fact(writer: LedgerWriter, service: str, happened: Happened) -> None:
    envelope = Envelope(
        id=happened.id,
        source=happened.source,
        type=happened.fact.TYPE,
        subject=happened.fact.key,
        time=happened.time,
        correlation_id=happened.correlation_id,
        causation_id=happened.correlation_id,
    )
    writer.write(topic_of_fact(service, type(happened.fact).__name__), happened.fact, envelope)


def _write_outcome(writer: LedgerWriter, service: PureService, outcome: Outcome, command: Command) -> None:
    source = source_of(SITE, service.service)
    answered = CommandAnswered(
        command_id=outcome.command_id,
        command=type(command).__name__,
        service=service.service,
        status=outcome.status,
        rule=outcome.rule,
        message=outcome.message,
        facts=tuple(
            CausedFact(type=type(one.fact).TYPE, subject=one.fact.key, id=one.id)
            for one in outcome.facts[:100]
        ),
        facts_total=len(outcome.facts),
        input=InputPlace(topic=commands_topic(SITE, service.service), partition=0, offset=0),
        digest="sha256:0",
        rules_version="2025-09-01",
    )
    envelope = Envelope(
        id=fact_id(source, "cli", outcome.command_id, "outcome"),
        source=source,
        type=CommandAnswered.TYPE,
        subject=outcome.command_id,
        time=command.occurred_at,
        correlation_id=outcome.command_id,
        causation_id=outcome.command_id,
    )
    writer.write(OUTCOMES, answered, envelope)


def anything(_: Any) -> bool:
    return True


def wrong(check: Check, ledger: Ledger) -> str:
    """Everything that a check says against a ledger."""
    return "\n".join(f"{violation.where}: {violation.what}" for violation in check(ledger).violations)


def changed(ledger: Ledger, kind: type[M], where: Where = anything, **changes: Any) -> Ledger:
    """The ledger with the first fitting fact saying something else."""
    entries: list[Entry[Message]] = list(ledger.entries)
    for index, entry in enumerate(entries):
        if isinstance(entry.message, kind) and where(entry.message):
            told = {
                name: value(entry.message) if callable(value) else value for name, value in changes.items()
            }
            entries[index] = replace(entry, message=entry.message.model_copy(update=told))
            return replace(ledger, entries=tuple(entries))
    raise AssertionError(f"no {kind.__name__} fits")


def without(ledger: Ledger, kind: type[Message], where: Where = anything) -> Ledger:
    """The ledger without the fitting facts."""
    kept = tuple(e for e in ledger.entries if not (isinstance(e.message, kind) and where(e.message)))
    assert len(kept) < len(ledger.entries)
    return replace(ledger, entries=kept)


def more(field: str, kg: str = "1.000") -> Callable[[Any], Decimal]:
    return lambda message: Decimal(getattr(message, field)) + Decimal(kg)


def with_header(record: Fetched, name: str, value: bytes | None) -> Fetched:
    headers = tuple((known, old) for known, old in record.headers if known != name)
    return record._replace(headers=headers if value is None else (*headers, (name, value)))
