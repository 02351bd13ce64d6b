"""Every lot is born once, of parents that exist, and never of itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from orestream.cli.ledger import Entry, Ledger
from orestream.cli.ledger_checks.verdict import Verdict, Violation, plural
from orestream.contracts.lots import LotBlended, LotSplit
from orestream.contracts.message import Message
from orestream.contracts.mining import LotMined, SourceRegistered
from orestream.contracts.processing import LotProduced

Birth = LotMined | LotProduced | LotSplit | LotBlended


def births(ledger: Ledger) -> Mapping[str, list[Entry[Birth]]]:
    """Lot → the facts that say it was born; there is one, unless something is wrong."""
    found: dict[str, list[Entry[Birth]]] = defaultdict(list)
    for entry in ledger.of(LotMined, LotProduced, LotSplit, LotBlended):
        found[entry.message.lot_id].append(entry)
    return found


def parents(birth: Message) -> tuple[str, ...]:
    """The lots that a lot was made from; none for mined ore."""
    return tuple(parent.lot_id for parent in getattr(birth, "parents", ()))


def check_lineage(ledger: Ledger) -> Verdict:
    """One birth a lot; parents and sources are known; no lot is its own ancestor."""
    born = births(ledger)
    found = [*_twins(born), *_orphans(ledger, born), *_cycles(born)]
    return Verdict("every lot has its birth and its parents", plural(len(born), "lot"), tuple(found))


def _twins(born: Mapping[str, list[Entry[Birth]]]) -> Iterator[Violation]:
    for lot, facts in born.items():
        for again in facts[1:]:
            yield Violation(lot, f"it is born at {facts[0].record.at} and again at {again.record.at}")


def _orphans(ledger: Ledger, born: Mapping[str, list[Entry[Birth]]]) -> Iterator[Violation]:
    sources = {entry.message.source_id for entry in ledger.of(SourceRegistered)}
    for lot, facts in born.items():
        for entry in facts:
            for parent in parents(entry.message):
                if parent not in born:
                    yield Violation(lot, f"its parent {parent} was never born")
            for origin in entry.message.origins:
                if origin.source_id not in sources:
                    yield Violation(lot, f"its source {origin.source_id} is not registered")


def _cycles(born: Mapping[str, list[Entry[Birth]]]) -> Iterator[Violation]:
    """Lots that cannot be put behind all of their parents."""
    open_ = {
        lot: {p for entry in facts for p in parents(entry.message) if p in born}
        for lot, facts in born.items()
    }
    children: dict[str, set[str]] = defaultdict(set)
    for lot, needed in open_.items():
        for parent in needed:
            children[parent].add(lot)
    ready = [lot for lot, needed in open_.items() if not needed]
    while ready:
        done = ready.pop()
        del open_[done]
        for child in children[done]:
            open_[child].discard(done)
            if not open_[child]:
                ready.append(child)
    for lot in open_:
        yield Violation(lot, "it is among its own ancestors, or descends from one that is")
