"""THE ONE EXCEPTION: folds the ledger with the services' own pure part, since that is what defines a state.

Nothing else of the checker imports the services. Only the contracts' decoding and each domain's `changes`
and `evolve` are used, no chassis, no store: other services' facts first, then the service's own in the order
of its outbox. States do not depend on how the two interleave: the domain promises so, and this checks it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any, cast

from pydantic import TypeAdapter

from orestream.contracts.decision import Domain, Happened, Ref
from orestream.contracts.message import Fact
from orestream.contracts.registry import decode
from orestream.contracts.wire import Malformed
from orestream.export.domain import ExportDomain
from orestream.mining.domain import MiningDomain
from orestream.processing.domain import ProcessingDomain
from tests.chaos.checker.records import Record

_NO_TABLES = cast("Any", None)
"""Rule tables are for deciding; folding never looks at them."""
_DOMAINS: Mapping[str, Domain] = {
    "mining": MiningDomain(_NO_TABLES),
    "processing": ProcessingDomain(_NO_TABLES),
    "export": ExportDomain(_NO_TABLES),
}
_ADAPTERS: dict[type, TypeAdapter[Any]] = {}


def fold(service: str, records: Iterable[Record]) -> dict[tuple[str, str], str]:
    """Kind and id → the state after these facts, as the store writes it; unknown types change nothing."""
    domain = _DOMAINS[service]
    states: dict[Ref, Any] = {}
    for happened in _facts(records):
        for ref in domain.changes(happened):
            states[ref] = domain.evolve(ref, states.get(ref), happened)
    return {(ref.kind, ref.id): _written(state) for ref, state in states.items()}


def digest(text: str) -> str:
    """Of a state, however its JSON is spaced and ordered."""
    return sha256(json.dumps(json.loads(text), sort_keys=True).encode()).hexdigest()


def _facts(records: Iterable[Record]) -> Iterator[Happened]:
    for record in records:
        try:
            envelope, message = decode(record.key, record.headers, record.value)
        except Malformed:
            continue  # it changes nothing: parked, which the checks of parking look at
        if isinstance(message, Fact):
            yield Happened(message, envelope.time, envelope.source, envelope.id, envelope.correlation_id)


def _written(state: Any) -> str:
    class_ = type(state)
    adapter = _ADAPTERS.get(class_)
    if adapter is None:
        adapter = _ADAPTERS[class_] = TypeAdapter(class_)
    return f'{{"{class_.__name__}":{adapter.dump_json(state).decode()}}}'
