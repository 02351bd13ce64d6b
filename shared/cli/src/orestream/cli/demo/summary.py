"""What the demo says at its end: what sailed, what was balanced, what fired, and whether it all came out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from orestream.cli.demo.scenario import Scenario
from orestream.cli.demo.tables import balance_table, chain_table, rules_table, shipped_table
from orestream.cli.ledger import Ledger
from orestream.cli.ledger_checks.lineage import births
from orestream.cli.ledger_checks.verdict import Verdict
from orestream.cli.outcomes import Answers
from orestream.cli.terminal import answers as stdout
from orestream.cli.terminal import say
from orestream.contracts.mining import LotMined
from orestream.contracts.outcome import CommandAnswered
from orestream.contracts.processing import BatchProcessed, BatchQuarantined
from orestream.contracts.shipments import ShipmentDispatched


def differences(scenario: Scenario, answers: Answers, ledger: Ledger) -> list[str]:
    """Everything that did not come out as expected; empty where all did."""
    found = []
    for index, checked in enumerate(answers.commands):
        name = checked.command.command_id
        outcome = answers.final.get(index)
        told = "no final answer" if outcome is None else _verdict(outcome)
        wanted = scenario.outcomes[name]
        if told != " ".join(wanted.values()):
            found.append(f"{name}: {' '.join(wanted.values())} was expected, {told} came")
    told_to_wait = {
        one.message.command_id for one in ledger.of(CommandAnswered) if one.message.status == "waiting"
    }
    found += [f"{name} did not have to wait" for name in scenario.waited - told_to_wait]
    repeated = {one.message.command_id for one in ledger.of(CommandAnswered) if one.message.repeat}
    found += [f"{name} was sent twice and not repeated" for name in _sent_twice(scenario) - repeated]
    frozen = {one.message.batch_id for one in ledger.of(BatchQuarantined)}
    found += [f"{name}: whether it is quarantined differs" for name in scenario.quarantined ^ frozen]
    sailed = {one.message.shipment_id for one in ledger.of(ShipmentDispatched)}
    found += [f"{name}: whether it sailed differs" for name in scenario.sailed ^ sailed]
    return found


def _verdict(outcome: CommandAnswered) -> str:
    return " ".join(word for word in (outcome.status, outcome.rule) if word)


def _sent_twice(scenario: Scenario) -> set[str]:
    counted = Counter(checked.command.command_id for checked in scenario.commands)
    return {name for name, count in counted.items() if count > 1}


def show_summary(
    ledger: Ledger, verdicts: Sequence[Verdict], different: Sequence[str], commands: int
) -> None:
    """The tables, records by topic, the verdicts, and the end of it."""
    out = stdout()
    ships = [entry.message for entry in ledger.of(ShipmentDispatched)]
    batches = [entry.message for entry in ledger.of(BatchProcessed)]
    frozen = {entry.message.batch_id for entry in ledger.of(BatchQuarantined)}
    outcomes = [e.message for e in ledger.of(CommandAnswered) if not (e.message.repeat or e.message.conflict)]
    out.print()
    out.print(shipped_table(ships))
    for ship in ships:
        say(
            out,
            f"{ship.shipment_id}: {len(ship.containers)} containers ({', '.join(ship.containers)}), "
            f"{ship.dry_kg:,} kg dry, sailed {ship.sailed_at:%Y-%m-%d} on {ship.vessel.name} "
            f"from {ship.from_port} to {ship.to_port} for {ship.consignee}",
        )
    out.print()
    out.print(balance_table(batches, frozen))
    out.print()
    out.print(chain_table(_fed(ledger, batches), _shipped(ships)))
    out.print()
    out.print(rules_table(outcomes))
    out.print()
    _show_topics(ledger)
    _show_verdicts(verdicts)
    _show_end(different, commands)


def _fed(ledger: Ledger, batches: Sequence[BatchProcessed]) -> Mapping[str, Decimal]:
    """Element → kg that came with the ore: into batches that were fed nothing but ore, and not frozen."""
    ore = {lot for lot, facts in births(ledger).items() if all(_is_ore(entry.message) for entry in facts)}
    frozen = {entry.message.batch_id for entry in ledger.of(BatchQuarantined)}
    fed: dict[str, Decimal] = defaultdict(Decimal)
    for batch in batches:
        if batch.batch_id in frozen or not all(used.lot_id in ore for used in batch.inputs):
            continue
        for component, line in batch.balance.items():
            if line.in_kg is not None:
                fed[component] += line.in_kg
    return fed


def _is_ore(birth: object) -> bool:
    return isinstance(birth, LotMined) or type(birth).__name__ in ("LotSplit", "LotBlended")


def _shipped(ships: Sequence[ShipmentDispatched]) -> Mapping[str, Decimal]:
    shipped: dict[str, Decimal] = defaultdict(Decimal)
    for ship in ships:
        for lot in ship.lots:
            for element, kg in lot.contained_kg.items():
                shipped[element] += kg
    return shipped


def _show_topics(ledger: Ledger) -> None:
    out = stdout()
    say(out, ("records by topic", "bold"))
    for topic, count in sorted(Counter(record.topic for record, _ in ledger.envelopes()).items()):
        say(out, f"  {topic:<33} {count:>6,}")


def _show_verdicts(verdicts: Sequence[Verdict]) -> None:
    out = stdout()
    out.print()
    say(out, ("verified from the topics alone", "bold"))
    for verdict in verdicts:
        wrong = len(verdict.violations)
        mark = (f"  {wrong} wrong", "bold red") if wrong else ("  holds", "green")
        say(out, mark, f"  {verdict.check} ({verdict.counted})")
        for violation in verdict.violations:
            say(out, ("    wrong: ", "red"), f"{violation.where}: {violation.what}")
    for verdict in verdicts[-1:]:
        for name, value in verdict.figures:
            say(out, (f"         {name:<32} {value}", "dim"))


def _show_end(different: Sequence[str], commands: int) -> None:
    out = stdout()
    out.print()
    for line in different:
        say(out, ("not as expected: ", "red"), line)
    if not different:
        say(out, ("as expected: ", "bold green"), f"all {commands} commands came out as they must")
