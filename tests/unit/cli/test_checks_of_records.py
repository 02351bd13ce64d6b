"""Checks of records as such hold on an honest ledger, and find the fault that is planted for them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orestream.chassis.records import Fetched
from orestream.cli.ledger import Ledger
from orestream.cli.ledger_checks import CHECKS
from orestream.cli.ledger_checks.answers import check_answers
from orestream.cli.ledger_checks.headers import check_headers
from orestream.cli.ledger_checks.ids import check_ids
from orestream.cli.ledger_checks.partitions import check_partitions
from orestream.cli.ledger_checks.sequences import check_sequences
from orestream.cli.ledger_checks.verdict import Check
from orestream.cli.ledger_checks.versions import check_versions
from orestream.contracts.mining import SourceRegistered
from orestream.contracts.outcome import CommandAnswered
from orestream.contracts.topics import OUTCOMES
from tests.support.ledgers import changed, ledger_of, with_header, without, wrong


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_an_honest_ledger_passes(check: Check, ledger: Ledger) -> None:
    verdict = check(ledger)
    assert wrong(check, ledger) == ""
    assert not verdict.counted.startswith("0 ")


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_an_empty_ledger_passes(check: Check) -> None:
    assert not check(Ledger(())).violations


@pytest.mark.parametrize(
    "name", ["ce_id", "ce_sequence", "ce_causationid", "ce_correlationid", "ce_dataschema"]
)
def test_a_missing_header_is_found(records: list[Fetched], name: str) -> None:
    records[5] = with_header(records[5], name, None)
    assert f"{records[5].at}: {name}" in wrong(check_headers, ledger_of(records))


def test_an_id_used_twice_is_found(records: list[Fetched]) -> None:
    id_of_first = dict(records[0].headers)["ce_id"]
    records[1] = with_header(records[1], "ce_id", id_of_first)
    assert f"{records[1].at}: id {id_of_first.decode()}" in wrong(check_ids, ledger_of(records))


def test_a_lost_record_is_found_by_its_sequence(records: list[Fetched]) -> None:
    series = [
        record for record in records if (record.topic, record.partition) == (OUTCOMES, records[-1].partition)
    ]
    records.remove(series[0])
    assert f"{series[1].at}: " in wrong(check_sequences, ledger_of(records))
    assert "wrote 2, where 1 follows" in wrong(check_sequences, ledger_of(records))


def test_records_out_of_order_are_found(records: list[Fetched]) -> None:
    series = [
        record for record in records if (record.topic, record.partition) == (OUTCOMES, records[-1].partition)
    ]
    one, two = series[:2]
    swapped = [one._replace(offset=two.offset), two._replace(offset=one.offset)]
    rest = [record for record in records if record not in (one, two)]
    assert "wrote 2, where 1 follows" in wrong(check_sequences, ledger_of([*rest, *swapped]))


def test_a_key_on_another_partition_is_found(records: list[Fetched]) -> None:
    records[0] = records[0]._replace(partition=(records[0].partition + 1) % 12, offset=1000)
    assert "belongs on partition" in wrong(check_partitions, ledger_of(records))


def test_an_unknown_type_is_found(records: list[Fetched]) -> None:
    record = with_header(records[0], "ce_type", b"orestream.lot.mined.v9")
    records[0] = with_header(record, "ce_dataschema", b"urn:orestream:lot:mined:v9")
    assert "is not a type" in wrong(check_versions, ledger_of(records))


def test_a_value_that_does_not_fit_its_type_is_found(records: list[Fetched]) -> None:
    records[0] = records[0]._replace(value=b"{}")
    assert records[0].at in wrong(check_versions, ledger_of(records))


def test_a_fact_on_a_topic_where_it_does_not_belong_is_found(ledger: Ledger) -> None:
    (first, *rest) = ledger.entries
    moved = replace(first, record=first.record._replace(topic=OUTCOMES))
    assert "does not belong on" in wrong(check_versions, replace(ledger, entries=(moved, *rest)))


def test_a_fact_written_by_another_service_is_found(ledger: Ledger) -> None:
    (first, *rest) = ledger.entries
    forged = replace(first, envelope=first.envelope._replace(source="/orestream/main/export"))
    assert "where only mining may" in wrong(check_versions, replace(ledger, entries=(forged, *rest)))


def test_a_second_final_answer_is_found(ledger: Ledger) -> None:
    answer = next(ledger.of(CommandAnswered))
    again = replace(answer, record=answer.record._replace(offset=9999))
    assert "is answered at" in wrong(check_answers, replace(ledger, entries=(*ledger.entries, again)))


def test_marked_repeats_are_no_second_answers(ledger: Ledger) -> None:
    answer = next(ledger.of(CommandAnswered))
    again = replace(answer, message=answer.message.model_copy(update={"repeat": True}))
    assert not wrong(check_answers, replace(ledger, entries=(*ledger.entries, again)))


def test_an_answer_that_names_a_fact_that_is_nowhere_is_found(ledger: Ledger) -> None:
    assert "which is nowhere" in wrong(check_answers, without(ledger, SourceRegistered))


def test_an_answer_that_miscounts_its_facts_is_found(ledger: Ledger) -> None:
    assert "it counts 7 facts" in wrong(check_answers, changed(ledger, CommandAnswered, facts_total=7))
