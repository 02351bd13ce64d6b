"""What waits really waits: for something that is not there, and no lane that could go on stands still."""

from __future__ import annotations

import json

from tests.chaos.checker.derived import services
from tests.chaos.checker.evidence import Database, Evidence
from tests.chaos.checker.verdicts import Findings, Verdict


def waiting_is_for_something_absent(evidence: Evidence) -> Verdict:
    """The head of every queue names something absent, its lane is not ready, and it was told to wait."""
    found = Findings("waiting-is-for-something-absent")
    for service in services(evidence):
        database = evidence.databases[service]
        needs: dict[tuple[str, int], list[tuple[str, str]]] = {}
        for kind, id_, key, place in database.waits_for:
            needs.setdefault((key, place), []).append((kind, id_))
        heads: dict[str, int] = {}
        for waiting in database.waiting:
            found.examined += 1
            where = f"{service}: {waiting.command_id} (key {waiting.key})"
            status = database.outcomes.get(waiting.command_id, ("", "unknown", ""))[1]
            if status != "waiting":
                found.add(f"{where} is queued, its outcome is {status}")
            if heads.setdefault(waiting.key, waiting.place) == waiting.place:
                _head(where, database, waiting.key, needs.get((waiting.key, waiting.place), []), found)
        _unqueued(service, database, found)
    return found.verdict()


def _head(where: str, database: Database, key: str, needs: list[tuple[str, str]], found: Findings) -> None:
    if database.lanes.get(key):
        found.add(f"{where} could be decided: its lane is ready")
    if not any(absent(database, kind, id_) for kind, id_ in needs):
        named = ", ".join(f"{kind} {id_}" for kind, id_ in needs) or "nothing"
        found.add(f"{where} waits for {named}: there is nothing absent in that")


def _unqueued(service: str, database: Database, found: Findings) -> None:
    queued = {waiting.command_id for waiting in database.waiting}
    for id_, (_, status, _) in database.outcomes.items():
        if status == "waiting" and id_ not in queued:
            found.add(f"{service}: {id_} was told to wait and stands in no queue")


def absent(database: Database, kind: str, id_: str) -> bool:
    """Whether there is nothing of that name, or not yet what a command can wait for."""
    if kind == "parked":
        return any(id_ in (parked.key, parked.behind) for parked in database.parked)
    text = database.aggregates.get((kind, id_))
    if text is None:
        return True
    ((name, state),) = json.loads(text).items()
    match kind:
        case "lot":
            return bool(name == "Expected")
        case "kin":
            return bool(state["birth"] is None)
        case "source":
            return "licence" in state and state["licence"] is None
        case _:
            return False
