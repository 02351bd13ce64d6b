"""The decision on a batch that has run: drawn from stock, balanced, recorded, frozen where it conflicts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from orestream.contracts.decision import Accepted, Decision, Refused, Waits, World
from orestream.contracts.lots import LotHeld
from orestream.contracts.message import Fact
from orestream.contracts.processing import BatchQuarantined, ProcessBatch
from orestream.lots.assaying import above_ceiling
from orestream.lots.results import dry_results, results_at
from orestream.lots.rules import R06
from orestream.lots.stock import draw, find_stock
from orestream.lots.tables import RuleTable, Tables
from orestream.lots.telling import accepted
from orestream.metallurgy.balance import Balance, Stream, balance
from orestream.processing.domain.accounts import processed, produced
from orestream.processing.domain.admission import check_ids, check_statement, check_sums
from orestream.processing.domain.streams import Fed, streams_of
from orestream.processing.domain.verdicts import (
    Finding,
    first_rule,
    grades_out_of_order,
    imbalances,
    recoveries_beyond_the_whole,
    too_poor,
)

LONGEST_REASON = 2000

_ELEMENT = re.compile(r"[A-Z][a-z]?")
"""The symbol of a chemical element; compounds, sums of oxides and nuclides are written longer."""


def process(command: ProcessBatch, world: World, tables: Tables) -> Decision:
    """A batch has run. It is recorded whatever its balance says; a conflict freezes it and what it made."""
    rules = tables.at(command.occurred_at)
    wrong = check_statement(command, rules) or check_ids(command, world)
    if wrong is not None:
        return wrong
    inputs = _drawn(command, world, rules)
    if isinstance(inputs, Refused | Waits):
        return inputs
    streams = streams_of(command, inputs, rules.plant(command.plant_id))
    balanced = _balance(command, streams, inputs, rules)
    findings = tuple(_findings(command, streams, balanced, inputs, rules))
    facts = tuple(_facts(command, inputs, balanced, rules, findings))
    return _judged(accepted(world, "processing", facts, command.occurred_at), balanced, findings)


def _drawn(command: ProcessBatch, world: World, rules: RuleTable) -> tuple[Fed, ...] | Refused | Waits:
    """Every input with what it gives and rests on; waits for those that are not here yet."""
    lots = find_stock(world, [wanted.lot_id for wanted in command.inputs])
    if isinstance(lots, Refused | Waits):
        return lots
    wrong = check_sums(command, rules)
    if wrong is not None:
        return wrong
    inputs = []
    for wanted in command.inputs:
        lot = lots[wanted.lot_id]
        draws = draw(lot, [wanted.wet_kg], rules, wanted.moisture_pct)
        if isinstance(draws, Refused):
            return draws
        inputs.append(Fed(wanted, lot, draws[0], results_at(world, lot, command.started_at)))
    return tuple(inputs)


def _balance(
    command: ProcessBatch, streams: Sequence[Stream], inputs: Sequence[Fed], rules: RuleTable
) -> Balance:
    tracked = {name for material in _materials(command, inputs) for name in rules.materials[material].tracked}
    stated = dict.fromkeys(
        name for stream in streams for name, grade in stream.grades.items() if grade.unit != "Bq/g"
    )
    elements = [name for name in stated if name in tracked or _ELEMENT.fullmatch(name)]
    return balance(streams, rules.stages[command.stage], rules.batch_tolerance(command.plant_id), elements)


def _materials(command: ProcessBatch, inputs: Sequence[Fed]) -> list[str]:
    """What came out, products first, and what went in."""
    made = sorted(command.outputs, key=lambda output: output.role != "product")
    return [*(output.material for output in made), *(fed.lot.material for fed in inputs)]


def _findings(
    command: ProcessBatch,
    streams: Sequence[Stream],
    balanced: Balance,
    inputs: Sequence[Fed],
    rules: RuleTable,
) -> Iterator[Finding]:
    """Everything that the batch conflicts with: R06, R07, R08, R09."""
    for output in command.outputs:
        results = dry_results(output.results, output.basis, output.moisture_pct)
        above = above_ceiling(results, output.material, output.mineral, rules)
        if above is not None:
            yield Finding(R06, f"{output.lot_id}: {above}", {"lot_id": output.lot_id})
    yield from imbalances(balanced)
    metal = _enriched(command, inputs, rules)
    if rules.stages[command.stage] == "physical" and metal is not None:
        yield from grades_out_of_order(streams, metal)
    yield from recoveries_beyond_the_whole(balanced, rules.batch_tolerance(command.plant_id))


def _enriched(command: ProcessBatch, inputs: Sequence[Fed], rules: RuleTable) -> str | None:
    """The metal that the stage is there for: the first that the product's material is tracked by."""
    tracked = (rules.materials[material].tracked for material in _materials(command, inputs))
    return next((names[0] for names in tracked if names), None)


def _facts(
    command: ProcessBatch,
    inputs: Sequence[Fed],
    balanced: Balance,
    rules: RuleTable,
    findings: Sequence[Finding],
) -> Iterator[Fact]:
    kind = rules.stages[command.stage]
    yield processed(command, inputs, balanced, kind=kind, rules_version=rules.version)
    yield from (fed.draw.fact("batch", command.batch_id) for fed in inputs)
    yield from produced(command, inputs)
    if findings:
        yield from _quarantine(command, findings)


def _quarantine(command: ProcessBatch, findings: Sequence[Finding]) -> Iterator[Fact]:
    """The batch is frozen, and with it every lot it made; all under one hold, the command's."""
    rule, reason = first_rule(findings), _reason(findings)
    yield BatchQuarantined(
        batch_id=command.batch_id,
        hold_id=command.command_id,
        rule=rule,
        reason=reason,
        by=command.by,
        occurred_at=command.occurred_at,
    )
    for output in command.outputs:
        yield LotHeld(
            lot_id=output.lot_id,
            hold_id=command.command_id,
            kind="quarantine",
            cause=rule,
            root=command.batch_id,
            reason=reason,
            by=command.by,
            occurred_at=command.occurred_at,
        )


def _judged(happened: Accepted, balanced: Balance, findings: Sequence[Finding]) -> Accepted:
    if findings:
        details = {name: value for finding in findings for name, value in finding.details.items()}
        rule, why = first_rule(findings), _reason(findings)
        return replace(happened, rule=rule, message=why, details=details)
    poor = too_poor(balanced)
    if poor:
        why = f"measurement too poor to balance within the cap: {', '.join(poor)}"
        return replace(happened, message=why, details={"measurement_too_poor": list(poor)})
    return happened


def _reason(findings: Iterable[Finding]) -> str:
    """What a person reads: the rule's own finding first, then the others; no longer than a text may be."""
    ordered = sorted(findings, key=lambda finding: finding.rule)
    whole = "; ".join(finding.why for finding in ordered)
    return whole if len(whole) <= LONGEST_REASON else f"{whole[: LONGEST_REASON - 1]}…"
