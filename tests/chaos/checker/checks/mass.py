"""No kilogram from nowhere: after every decision each tree of lots adds up, to the gram.

Mined and gained = stock + in transit + in process + lost and unaccounted + allocated + packed + shipped.
What leaves one place and what arrives in another are told by different facts, so one wrong fact tips a sum.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from tests.chaos.checker.derived import decisions, own_records, services
from tests.chaos.checker.evidence import FACT_TOPICS, Evidence
from tests.chaos.checker.masses import IN_HAND, NOTHING, TO_BE_BORN, Book, dry, kg, net
from tests.chaos.checker.records import Record
from tests.chaos.checker.verdicts import Findings, Verdict

Fact = Mapping[str, Any]
Wrong = Iterator[str]


def mass_is_conserved(evidence: Evidence) -> Verdict:
    """Walks mining, then processing, then export, decision after decision: no effect before its cause."""
    found = Findings("mass-is-conserved")
    book = Book()
    for record in _of_others(evidence):
        _decision(book, record.source, [record], record.at, found)
    for service in services(evidence):
        named = {record.id: record for record in own_records(evidence)[service]}
        for rows in decisions(evidence)[service]:
            facts = [named[row.id] for row in rows if row.id in named and named[row.id].type in _POSTS]
            if facts:
                _decision(book, service, facts, facts[0].at, found)
        found.examined += len(decisions(evidence)[service])
        _stocks(evidence, service, book, found)
    return found.verdict()


def _of_others(evidence: Evidence) -> list[Record]:
    """Facts of other sites, as far as they can be read: what they despatch arrives here."""
    own = {evidence.run.source(service) for service in services(evidence)}
    return [r for r in evidence.of(*FACT_TOPICS) if r.source not in own and r.type in _POSTS]


def _decision(book: Book, service: str, facts: Sequence[Record], where: str, found: Findings) -> None:
    """All facts of one decision are posted, givers before what is born; then everything must add up."""
    foreign = service.startswith("/")
    try:
        told = [(record.type, record.content()) for record in facts]
        for type_, fact in sorted(told, key=lambda one: _ORDER.index(one[0])):
            for wrong in _POSTS[type_](book, service, fact):
                if not foreign:
                    found.add(f"{where}: {wrong}")
        wrongs = [*book.settle()]
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        wrongs = [f"a fact of this decision cannot be posted: {error!r}"]
    for wrong in wrongs if not foreign else ():
        found.add(f"{where}: {wrong}")


def _mined(book: Book, service: str, fact: Fact) -> Wrong:
    wet = net(fact["tickets"])
    yield from _same("its tickets weigh", wet, fact["wet_kg"], fact["lot_id"])
    book.enter(fact["lot_id"], dry(wet, fact["moisture_pct"]))
    book.put(("stock", service, fact["lot_id"]), kg(fact["dry_kg"]))


def _drawn(book: Book, service: str, fact: Fact) -> Wrong:
    lot, into, mass = fact["lot_id"], fact["into"], kg(fact["dry_kg"])
    book.join(lot, into)
    yield from _take(book, ("stock", service, lot), mass, fact)
    book.put((IN_HAND, into), mass)


def _take(book: Book, place: tuple[str, ...], mass: Decimal, fact: Fact, lot: str | None = None) -> Wrong:
    """Out of a place; a last part may weigh more than there is, and the difference is declared."""
    more = kg(fact.get("difference_dry_kg"))
    book.enter(lot or place[-1], more)
    book.put(place, more - mass, lot)
    if more and book.lying[place]:
        left = f"{book.lying[place]} kg are left in {' '.join(place)}"
        yield f"{more} kg are declared a weighing difference, {left}"


def _made_of_lots(book: Book, service: str, fact: Fact) -> Wrong:
    lot = fact["lot_id"]
    parents = sum((kg(parent["dry_kg"]) for parent in fact["parents"]), NOTHING)
    yield from _same("its parents gave", parents, fact["dry_kg"], lot)
    book.put((IN_HAND, lot), -kg(fact["dry_kg"]))
    book.put(("stock", service, lot), kg(fact["dry_kg"]))


def _batch(book: Book, service: str, fact: Fact) -> Wrong:
    """What was drawn lies in the batch, until its products are born; losses and stock in process stay."""
    batch = fact["batch_id"]
    drawn = book.lying[(IN_HAND, batch)]
    fed = sum((kg(one["dry_kg"]) for one in fact["inputs"]), NOTHING)
    made = sum((kg(one["dry_kg"]) for one in fact["outputs"]), NOTHING)
    lost = sum((kg(one["dry_kg"]) for one in fact.get("losses", ())), NOTHING)
    opening, closing = (
        kg((fact.get("wip") or {}).get(at, {}).get("dry_kg")) for at in ("opening", "closing")
    )
    yield from _same("what was drawn for it is", drawn, str(fed), batch)
    entered, left = fed + opening, made + lost + closing
    line = fact["balance"].get("solids") or {}
    for name, sum_ in (("in_kg", entered), ("out_kg", left), ("unaccounted_kg", entered - left)):
        if line.get(name) is not None:
            yield from _same(f"its solids add up to {name[:-3]}", sum_, line[name], batch)
    unaccounted = kg(line["unaccounted_kg"]) if line.get("unaccounted_kg") is not None else entered - left
    book.put((IN_HAND, batch), -drawn)
    book.enter(batch, opening)
    book.put((TO_BE_BORN, service, batch), made)
    book.put(("in-process", service, fact["plant_id"], batch), closing)
    book.put(("lost", service, batch), lost)
    book.put(("unaccounted", service, batch), unaccounted)
    book.lying[("unaccounted", service, batch)] = NOTHING  # a gain is negative, and no debt of anybody


def _produced(book: Book, service: str, fact: Fact) -> Wrong:
    lot, batch = fact["lot_id"], fact["batch_id"]
    book.join(batch, lot)
    yield from _same(
        "its wet mass is dry", dry(kg(fact["wet_kg"]), fact["moisture_pct"]), fact["dry_kg"], lot
    )
    book.put((TO_BE_BORN, service, batch), -kg(fact["dry_kg"]))
    book.put(("stock", service, lot), kg(fact["dry_kg"]))


def _despatched(book: Book, service: str, fact: Fact) -> Wrong:
    lot = fact["lot_id"]
    stock = book.lying[("stock", service, lot)]
    yield from _same("its stock was", stock, fact["dry_kg"], lot)
    book.put(("stock", service, lot), -stock)
    book.put(("in-transit", fact["to"], lot), kg(fact["dry_kg"]))


def _received(book: Book, service: str, fact: Fact) -> Wrong:
    lot, here = fact["lot_id"], kg(fact["dry_kg"])
    stock, transit = ("stock", service, lot), ("in-transit", service, lot)
    wet = net(fact["tickets"])
    yield from _same("its tickets weigh", wet, fact["wet_kg"], lot)
    yield from _same("they are dry", dry(wet, fact["moisture_pct"]), fact["dry_kg"], lot)
    yield from _same("it left with", book.lying[stock] + book.lying[transit], fact["despatched_dry_kg"], lot)
    book.put(transit, -here)
    book.put(stock, here)
    yield from _same("so far it has arrived with", book.lying[stock], fact["total_dry_kg"], lot)
    if fact["complete"]:
        more = kg(fact["difference_dry_kg"])
        book.enter(lot, more)
        book.put(transit, more)
        if book.lying[transit]:
            yield f"{lot}: of {more} kg transit difference {book.lying[transit]} kg are unexplained"
    elif book.lying[transit] < 0:
        # more has come than left, and more is to come: the difference is told with the last part
        book.enter(lot, -book.lying[transit])
        book.put(transit, -book.lying[transit])


def _allocated(book: Book, service: str, fact: Fact) -> Wrong:
    lot, mass = fact["lot_id"], kg(fact["dry_kg"])
    yield from _take(book, ("stock", service, lot), mass, fact)
    book.put(("allocated", fact["shipment_id"], lot), mass)


def _stuffed(book: Book, service: str, fact: Fact) -> Wrong:
    for part in fact["contents"]:
        lot, mass = part["lot_id"], kg(part["dry_kg"])
        yield from _take(book, ("allocated", fact["shipment_id"], lot), mass, part)
        book.put(("packed", fact["shipment_id"], lot), mass)


def _sailed(book: Book, service: str, fact: Fact) -> Wrong:
    shipment = fact["shipment_id"]
    for part in fact["lots"]:
        book.put(("packed", shipment, part["lot_id"]), -kg(part["dry_kg"]))
        book.put(("shipped", shipment, part["lot_id"]), kg(part["dry_kg"]))
        if left := book.lying[("packed", shipment, part["lot_id"])]:
            yield f"{left} kg of {part['lot_id']} are packed in {shipment} and did not sail"
    total = sum((kg(part["dry_kg"]) for part in fact["lots"]), NOTHING)
    yield from _same("its lots are", total, fact["dry_kg"], shipment)


def _same(what: str, computed: Decimal, stated: str, name: str) -> Wrong:
    if computed != kg(stated):
        yield f"{name}: {what} {computed} kg, {stated} kg are stated"


_POSTS: Mapping[str, Callable[[Book, str, Fact], Wrong]] = {
    "orestream.lot.mined.v1": _mined,
    "orestream.lot.received.v1": _received,
    "orestream.lot.drawn.v1": _drawn,
    "orestream.batch.processed.v1": _batch,
    "orestream.lot.produced.v1": _produced,
    "orestream.lot.split.v1": _made_of_lots,
    "orestream.lot.blended.v1": _made_of_lots,
    "orestream.lot.despatched.v1": _despatched,
    "orestream.shipment.lot-allocated.v1": _allocated,
    "orestream.container.stuffed.v1": _stuffed,
    "orestream.shipment.dispatched.v1": _sailed,
}
_ORDER = tuple(_POSTS)
"""Within one decision: what gives, then what is made of it."""


def _stocks(evidence: Evidence, service: str, book: Book, found: Findings) -> None:
    """The stock that the service's database states is what the walk arrives at."""
    for (kind, lot), text in evidence.databases[service].aggregates.items():
        if kind != "lot" or text is None:
            continue
        found.examined += 1
        walked = book.lying.get(("stock", service, lot), NOTHING)
        name, state = _state(text)
        held = {"InStock": "stock_dry_kg", "Expected": "received_dry_kg"}.get(name)
        if walked != (kg(state[held]) if held else NOTHING):
            found.add(
                f"{service}: {lot} is {name} with {state.get(held or '', 'nothing')} kg; told were {walked}"
            )


def _state(text: str) -> tuple[str, Mapping[str, Any]]:
    ((name, state),) = json.loads(text).items()
    return name, state
