"""Every record is of a known type, on the topic where it belongs, from the one who may write it."""

from __future__ import annotations

from collections.abc import Iterator

from orestream.cli.ledger import Entry, Ledger
from orestream.cli.ledger_checks.verdict import Verdict, Violation, plural
from orestream.contracts.message import Message
from orestream.contracts.topics import Topic, fact_topics


def check_versions(ledger: Ledger) -> Verdict:
    """Types are in the contracts, values fit their models, and the catalogue has them on this topic."""
    topics = {topic.name: topic for topic in fact_topics()}
    types = {entry.envelope.type for entry in ledger.entries}
    found = [
        Violation(unread.record.at, str(unread.why))
        for unread in ledger.unread
        if unread.envelope is not None
    ]
    for entry in ledger.entries:
        found.extend(_misplaced(entry, topics.get(entry.record.topic)))
    return Verdict("types and versions are known", plural(len(types), "type"), tuple(found))


def _misplaced(entry: Entry[Message], topic: Topic | None) -> Iterator[Violation]:
    if topic is None:
        return
    if type(entry.message).__name__ not in topic.messages:
        yield Violation(entry.record.at, f"{entry.envelope.type} does not belong on {topic.name}")
    elif topic.role == "facts" and entry.envelope.service != topic.writer:
        yield Violation(entry.record.at, f"{entry.envelope.source} writes where only {topic.writer} may")
