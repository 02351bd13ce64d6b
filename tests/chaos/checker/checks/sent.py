"""What the sender was told is in the log is there; what its producer aborted never is."""

from __future__ import annotations

from hashlib import sha256

from tests.chaos.checker.evidence import Evidence, Sent
from tests.chaos.checker.records import Record
from tests.chaos.checker.verdicts import Findings, Verdict


def acknowledged_is_in_the_log(evidence: Evidence) -> Verdict:
    """At the place that was acknowledged, with the same key and bytes; so for foreign facts too."""
    found = Findings("acknowledged-is-in-the-log")
    places = {record.at: record for record in evidence.of(*{sent.topic for sent in evidence.history})}
    for sent in evidence.history:
        if sent.end != "acked":
            continue
        found.examined += 1
        record = places.get(sent.place)
        if record is None:
            found.add(f"{sent.place}: {_named(sent)} was acknowledged and is not there")
        elif (_key(record), sha256(record.value or b"").hexdigest()) != (sent.key, sent.sha256):
            found.add(f"{sent.place}: {_named(sent)} was acknowledged, something else is there")
    return found.verdict()


def aborted_has_no_effect(evidence: Evidence) -> Verdict:
    """No record of an aborted producer transaction is visible, and none is answered."""
    found = Findings("aborted-has-no-effect")
    aborted = [sent for sent in evidence.history if sent.end == "aborted"]
    others = {_bytes(sent) for sent in evidence.history if sent.end != "aborted"}
    ids = {(sent.topic, sent.id) for sent in evidence.history if sent.end != "aborted"}
    shown = {
        (record.topic, _key(record), sha256(record.value or b"").hexdigest()): record
        for record in evidence.of(*{sent.topic for sent in aborted})
    }
    answered = _answered(evidence) if aborted else frozenset()
    for sent in aborted:
        found.examined += 1
        record = shown.get(_bytes(sent))
        if record is not None and _bytes(sent) not in others:
            found.add(f"{record.at}: {_named(sent)} was aborted, and is visible")
        if sent.id in answered and (sent.topic, sent.id) not in ids:
            found.add(f"{_named(sent)} was aborted, and {sent.service} has answered it")
    return found.verdict()


def _answered(evidence: Evidence) -> frozenset[str]:
    return frozenset(id_ for database in evidence.databases.values() for id_ in database.outcomes)


def _bytes(sent: Sent) -> tuple[str, str | None, str]:
    return sent.topic, sent.key, sent.sha256


def _key(record: Record) -> str | None:
    return None if record.key is None else record.key.decode("utf-8", "backslashreplace")


def _named(sent: Sent) -> str:
    return f"{sent.kind} {sent.id or f'number {sent.n}'}"
