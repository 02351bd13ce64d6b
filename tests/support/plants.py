"""What can go wrong, each with the check that is meant to catch it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

from tests.chaos.checker.derived import DISCARDED, answers, decisions, own_records
from tests.chaos.checker.evidence import SECOND_READER, Evidence, ProcessSample
from tests.chaos.checker.records import Record
from tests.support.planted import (
    MINING,
    Plant,
    answered_otherwise,
    at_the_end,
    cursor_at_head,
    database,
    decision_of,
    fact,
    final,
    forgotten,
    headed,
    is_fact_and_answer,
    more,
    published,
    reordered,
    restated,
    retold,
    row_of,
    rows_changed,
    shown,
    stored,
)


def a_lost_record(evidence: Evidence) -> Evidence:
    return shown(evidence, without=[fact(evidence, "lot.mined")])


def a_duplicate(evidence: Evidence) -> Evidence:
    return shown(evidence, at_the_end(evidence, fact(evidence, "lot.mined")))


def a_swap_of_two(evidence: Evidence) -> Evidence:
    one, other = _neighbours(evidence)
    return shown(evidence, one.having(offset=other.offset), other.having(offset=one.offset))


def _neighbours(evidence: Evidence) -> tuple[Record, Record]:
    own = own_records(evidence)["mining"]
    return next((a, b) for a, b in pairwise(own) if a.series == b.series)


def a_torn_decision(evidence: Evidence) -> Evidence:
    rows = next(rows for rows in decisions(evidence)["processing"] if is_fact_and_answer(rows))
    return shown(evidence, without=[r for r in own_records(evidence)["processing"] if r.id == rows[0].id])


def a_decision_in_two_transactions(evidence: Evidence) -> Evidence:
    rows = next(rows for rows in decisions(evidence)["processing"] if is_fact_and_answer(rows))
    return rows_changed(evidence, "processing", rows[0].position, link="another", decision_end=False)


def a_changed_byte_in_a_value(evidence: Evidence) -> Evidence:
    record = fact(evidence, "lot.mined")
    return shown(evidence, record.having(value=(record.value or b"").replace(b"antimony", b"antimonY", 1)))


def a_changed_byte_in_a_key(evidence: Evidence) -> Evidence:
    record = fact(evidence, "lot.mined")
    return shown(evidence, record.having(key=(record.key or b"")[:-1] + b"9"))


def a_changed_byte_in_a_header(evidence: Evidence) -> Evidence:
    record = fact(evidence, "lot.mined")
    return shown(evidence, record.having(headers=headed(record, "ce_time", "2025-09-03T08:00:01Z")))


def headers_in_another_order(evidence: Evidence) -> Evidence:
    record = fact(evidence, "lot.mined")
    return shown(evidence, record.having(headers=tuple(reversed(record.headers))))


def a_leaked_uncommitted_record(evidence: Evidence) -> Evidence:
    record = at_the_end(evidence, fact(evidence, "lot.mined"))
    return shown(evidence, record.having(headers=headed(record, "ce_id", "uncommitted")))


def a_record_of_a_stranger(evidence: Evidence) -> Evidence:
    record = at_the_end(evidence, fact(evidence, "lot.mined"))
    headers = headed(record, "ce_source", "/orestream/nowhere/mining")
    return shown(evidence, record.having(headers=headers))


def a_missing_outcome(evidence: Evidence) -> Evidence:
    return forgotten(evidence, "mining", final(evidence, "mining").command_id)


def a_second_different_outcome(evidence: Evidence) -> Evidence:
    answer = final(evidence, "mining")
    record = answered_otherwise(evidence, answer, status="refused", rule="R03", facts=[], facts_total=0)
    return published(evidence, "mining", record)


def an_answer_that_is_remembered_otherwise(evidence: Evidence) -> Evidence:
    answer, known = final(evidence, "mining"), database(evidence, "mining").outcomes
    digest, status, _ = known[answer.command_id]
    return stored(evidence, "mining", outcomes={**known, answer.command_id: (digest, status, "{}")})


def a_waiting_command_that_is_forgotten(evidence: Evidence) -> Evidence:
    return stored(evidence, "processing", waiting=())


def an_answer_to_nobody(evidence: Evidence) -> Evidence:
    answer = final(evidence, "mining")
    place = {"topic": evidence.run.commands_topic("mining"), "partition": 0, "offset": 999_999}
    told = answered_otherwise(evidence, answer, command_id="c-nobody", input=place)
    return published(evidence, "mining", told.having(key=b"c-nobody"))


def a_repeat_with_another_outcome(evidence: Evidence) -> Evidence:
    repeat = next(a for a in answers(evidence) if a.repeat and a.status == "accepted")
    return restated(evidence, repeat, status="refused", rule="R03")


def a_conflict_that_is_accepted(evidence: Evidence) -> Evidence:
    conflict = next(a for a in answers(evidence) if a.conflict)
    return restated(evidence, conflict, status="accepted", rule=None)


def a_conflict_that_is_called_a_repeat(evidence: Evidence) -> Evidence:
    conflict = next(a for a in answers(evidence) if a.conflict)
    return restated(evidence, conflict, conflict=False, repeat=True)


def poison_that_is_accepted(evidence: Evidence) -> Evidence:
    poison = next(sent for sent in evidence.history if sent.kind == "poison")
    answer = next(a for a in answers(evidence) if a.input == poison.place)
    return restated(evidence, answer, status="accepted", rule=None)


def a_fact_that_its_outcome_does_not_count(evidence: Evidence) -> Evidence:
    answer = final(evidence, "mining")
    return restated(evidence, answer, facts_total=answer.total + 1)


def an_outcome_with_another_decision_s_fact(evidence: Evidence) -> Evidence:
    answer, other = final(evidence, "mining"), final(evidence, "mining", 1)
    listed = [{"id": id_, "type": type_, "subject": subject} for id_, type_, subject in other.facts]
    return restated(evidence, answer, facts=listed)


def an_acknowledged_command_that_is_gone(evidence: Evidence) -> Evidence:
    return shown(evidence, without=[evidence.of(evidence.run.commands_topic("export"))[0]])


def an_acknowledged_command_that_is_another(evidence: Evidence) -> Evidence:
    command = evidence.of(evidence.run.commands_topic("export"))[0]
    return shown(evidence, command.having(value=b"{}"))


def an_aborted_command_that_is_seen(evidence: Evidence) -> Evidence:
    sent = next(sent for sent in evidence.history if sent.end == "acked" and sent.kind == "command")
    history = (replace(one, end="aborted") if one is sent else one for one in evidence.history)
    repeats = (one for one in history if one.end == "aborted" or one.id != sent.id)
    return evidence.having(history=tuple(repeats))


def commands_of_a_key_in_another_order(evidence: Evidence) -> Evidence:
    """Assays follow the mining of their lot in one lane; here the outbox has them the other way round."""
    told = [a for a in answers(evidence) if a.service == "mining" and a.final]
    mined = next(a for a in told if a.command == "AssayLot")
    key = next(r.key for r in evidence.of(evidence.run.commands_topic("mining")) if r.at == mined.input)
    places = [r.at for r in evidence.of(evidence.run.commands_topic("mining")) if r.key == key]
    first, then = (next(a for a in told if a.input == place) for place in places[:2])
    places_ = [
        decision_of(evidence, "mining", of=lambda row, one=one: row.id == one.record.id)  # type: ignore[misc]
        for one in (first, then)
    ]
    return reordered(evidence, "mining", places_[0], places_[1])


def a_queue_in_another_order(evidence: Evidence) -> Evidence:
    (waiting, *others) = database(evidence, "processing").waiting
    behind = replace(waiting, place=waiting.place + 1, offset=waiting.offset - 1)
    return stored(evidence, "processing", waiting=(waiting, behind, *others))


def a_key_in_a_wrong_partition(evidence: Evidence) -> Evidence:
    """Its record and its row, as if the writer's own hash were wrong."""
    record = own_records(evidence)["mining"][-1]
    partition = (record.partition + 1) % evidence.partitions[record.topic]
    moved = replace(record, partition=partition)
    placed = moved.having(
        offset=evidence.ends[moved.series],
        headers=headed(
            moved, "ce_sequence", f"{database(evidence, 'mining').sequences.get(moved.series, 0) + 1:020d}"
        ),
    )
    base = database(evidence, "mining")
    rows = tuple(
        row_of(placed, row.position, row.link, row.previous_link, end=row.decision_end)
        if row.id == record.id
        else row
        for row in base.outbox
    )
    sequences = {
        **base.sequences,
        record.series: record.sequence - 1,
        placed.series: placed.sequence,
    }
    sequences = {series: last for series, last in sequences.items() if last}
    evidence = stored(shown(evidence, placed, without=[record]), "mining", outbox=rows, sequences=sequences)
    return cursor_at_head(evidence, "mining")


def a_sequence_hole(evidence: Evidence) -> Evidence:
    """A number that was given to nothing; the last record of its partition and its row agree."""
    record = own_records(evidence)["mining"][-1]
    later = record.having(headers=headed(record, "ce_sequence", f"{record.sequence + 1:020d}"))
    base = database(evidence, "mining")
    rows = tuple(
        replace(row, sequence=later.sequence, print=later.print) if row.id == record.id else row
        for row in base.outbox
    )
    sequences = {**base.sequences, record.series: later.sequence}
    evidence = stored(shown(evidence, later), "mining", outbox=rows, sequences=sequences)
    return cursor_at_head(evidence, "mining")


def a_reader_that_misses_one(evidence: Evidence) -> Evidence:
    series, seen = next(iter(evidence.readings[SECOND_READER].items()))
    reading = {**evidence.readings[SECOND_READER], series: seen[1:]}
    return evidence.having(readings={**evidence.readings, SECOND_READER: reading})


def an_open_transaction_that_hides_the_end(evidence: Evidence) -> Evidence:
    return evidence.having(hidden={(MINING, 0): 0})


def an_outbox_link_that_does_not_follow(evidence: Evidence) -> Evidence:
    links = dict.fromkeys(row.link for row in database(evidence, "mining").outbox)
    of = list(links)[1]
    rows = (
        replace(row, previous_link="elsewhere") if row.link == of else row
        for row in database(evidence, "mining").outbox
    )
    return stored(evidence, "mining", outbox=tuple(rows))


def an_outbox_position_that_is_missing(evidence: Evidence) -> Evidence:
    rows = database(evidence, "mining").outbox
    return stored(evidence, "mining", outbox=(*rows[:3], *rows[4:]))


def a_cursor_behind_the_head(evidence: Evidence) -> Evidence:
    return shown(evidence, without=[evidence.of(evidence.run.cursor_topic("mining"))[-1]])


def a_cursor_within_a_decision(evidence: Evidence) -> Evidence:
    rows = next(rows for rows in decisions(evidence)["mining"] if is_fact_and_answer(rows))
    record = evidence.of(evidence.run.cursor_topic("mining"))[0]
    told = {**record.content(), "position": rows[0].position, "link": rows[0].link}
    return shown(evidence, record.having(value=json.dumps(told).encode()))


def an_offset_that_goes_back(evidence: Evidence) -> Evidence:
    at = next(i for i, s in enumerate(evidence.offsets) if any(s.offsets.values()))
    place = next(name for name, offset in evidence.offsets[at].offsets.items() if offset)
    back = replace(evidence.offsets[at], offsets={**evidence.offsets[at].offsets, place: 10**9})
    return evidence.having(offsets=(*evidence.offsets[:at], back, *evidence.offsets[at + 1 :]))


def an_outbox_that_goes_back(evidence: Evidence) -> Evidence:
    first = replace(evidence.offsets[0], position=10**9)
    return evidence.having(offsets=(first, *evidence.offsets[1:]))


def a_history_that_was_exchanged(evidence: Evidence) -> Evidence:
    last = max((s for s in evidence.offsets if s.service == "mining"), key=lambda s: s.at)
    other = replace(last, at=last.at + 1, link="another history")
    return evidence.having(offsets=(*evidence.offsets, other))


def a_parked_key_that_is_applied_before_its_release(evidence: Evidence) -> Evidence:
    """What followed from the release of a key was committed before the notice of it."""
    notices = [r for r in own_records(evidence)["processing"] if r.type == DISCARDED]
    at = decision_of(evidence, "processing", of=lambda row: row.id == notices[0].id)
    key = notices[0].key
    then = decision_of(
        evidence, "processing", of=lambda row: row.key == key and row.type == "orestream.lot.received.v1"
    )
    return reordered(evidence, "processing", at, then)


def a_fact_that_follows_from_a_parked_one(evidence: Evidence) -> Evidence:
    aside = {parked.at for parked in database(evidence, "processing").parked}
    cause = next(r for r in evidence.of(MINING) if r.at in aside and r.value and r.value.startswith(b"{"))
    record = fact(evidence, "lot.received")
    headers = headed(replace(record, packed=record.packed), "ce_causationid", cause.id)
    other = record.having(headers=headers)
    return published(evidence, "processing", other.having(headers=headed(other, "ce_id", "too-early")))


def a_parked_record_that_vanished(evidence: Evidence) -> Evidence:
    return stored(evidence, "processing", parked=database(evidence, "processing").parked[:-1])


def an_unreadable_fact_that_nobody_parked(evidence: Evidence) -> Evidence:
    record = next(
        r for r in evidence.of(MINING) if r.source.endswith("/main/mining") and r.type.endswith("assayed.v1")
    )
    return shown(evidence, record.having(value=b"\xff"))


def a_wait_for_something_present(evidence: Evidence) -> Evidence:
    base = database(evidence, "processing")
    present = next(ref for ref, text in base.aggregates.items() if text and ref[0] == "batch")
    waits = tuple((*present, key, place) for _, _, key, place in base.waits_for)
    return stored(evidence, "processing", waits_for=waits)


def a_lane_that_could_go_on(evidence: Evidence) -> Evidence:
    base = database(evidence, "processing")
    return stored(evidence, "processing", lanes={**base.lanes, base.waiting[0].key: True})


def a_state_that_is_not_the_fold(evidence: Evidence) -> Evidence:
    base = database(evidence, "export").aggregates
    ref = next(ref for ref, text in base.items() if text and ref[0] == "kin")
    return stored(evidence, "export", aggregates={**base, ref: (base[ref] or "").replace("mined", "split")})


def a_state_that_no_fact_gives(evidence: Evidence) -> Evidence:
    base = database(evidence, "mining").aggregates
    text = next(text for (kind, _), text in base.items() if kind == "kin" and text)
    return stored(evidence, "mining", aggregates={**base, ("kin", "LOT-FROM-NOWHERE"): text})


def a_state_that_is_missing(evidence: Evidence) -> Evidence:
    base = database(evidence, "mining").aggregates
    gone = next(ref for ref, text in base.items() if ref[0] == "kin" and text)
    return stored(evidence, "mining", aggregates={r: text for r, text in base.items() if r != gone})


def gram_more(type_: str, *path: str | int) -> Plant:
    """A gram too much in one fact, which everything else agrees with."""
    return lambda evidence: retold(evidence, fact(evidence, type_), more(*path))


def a_gram_of_metal_too_much(evidence: Evidence) -> Evidence:
    record = fact(evidence, "batch.processed")
    return retold(evidence, record, more("balance", "Sb", "out_kg", kg="0.005"))


def a_gram_of_metal_too_much_on_board(evidence: Evidence) -> Evidence:
    record = fact(evidence, "shipment.dispatched")
    return retold(evidence, record, more("lots", 0, "contained_kg", "Sb", kg="0.005"))


def a_fact_that_is_passed_over(evidence: Evidence) -> Evidence:
    base = database(evidence, "export").received
    series = next(of for of in base if of[0].endswith("/main/processing"))
    return stored(evidence, "export", received={**base, series: base[series] - 1})


def a_task_that_stays(evidence: Evidence) -> Evidence:
    return stored(evidence, "mining", tasks=(("hold", "c-hold"),))


def a_lag_that_stays(evidence: Evidence) -> Evidence:
    return evidence.having(run=replace(evidence.run, quiet_at=None))


def a_lag_that_stays_too_long(evidence: Evidence) -> Evidence:
    return evidence.having(run=replace(evidence.run, lag_limit_s=0.001))


def a_record_that_is_not_taken_in(evidence: Evidence) -> Evidence:
    base = database(evidence, "processing").intake
    topic = evidence.run.commands_topic("processing")
    series = next(of for of, at in base.items() if of[0] == topic and at)
    return stored(evidence, "processing", intake={**base, series: 0})


def memory_that_grows(evidence: Evidence) -> Evidence:
    sizes = (60.0 + 5 * n for n in range(60))
    return evidence.having(
        processes=tuple(ProcessSample(float(n), "mining-1", size, 0, 0) for n, size in enumerate(sizes))
    )


def memory_beyond_the_cap(evidence: Evidence) -> Evidence:
    return evidence.having(run=replace(evidence.run, rss_limit_mb=1.0))


MASS = "mass-is-conserved"
PLANTS: Mapping[Plant, str] = {
    a_lost_record: "nothing-lost",
    a_duplicate: "no-duplicate-id",
    a_swap_of_two: "sequences-without-holes",
    a_sequence_hole: "sequences-without-holes",
    a_torn_decision: "decisions-are-whole",
    a_decision_in_two_transactions: "decisions-are-whole",
    a_changed_byte_in_a_value: "byte-for-byte",
    a_changed_byte_in_a_key: "byte-for-byte",
    a_changed_byte_in_a_header: "byte-for-byte",
    headers_in_another_order: "byte-for-byte",
    a_leaked_uncommitted_record: "nothing-leaked",
    a_record_of_a_stranger: "nothing-leaked",
    a_missing_outcome: "one-final-outcome",
    a_second_different_outcome: "one-final-outcome",
    an_answer_that_is_remembered_otherwise: "one-final-outcome",
    a_waiting_command_that_is_forgotten: "one-final-outcome",
    an_answer_to_nobody: "nothing-unsent-is-answered",
    a_repeat_with_another_outcome: "repeats-and-conflicts",
    a_conflict_that_is_accepted: "repeats-and-conflicts",
    a_conflict_that_is_called_a_repeat: "repeats-and-conflicts",
    poison_that_is_accepted: "repeats-and-conflicts",
    a_fact_that_its_outcome_does_not_count: "outcomes-have-their-facts",
    an_outcome_with_another_decision_s_fact: "outcomes-have-their-facts",
    an_acknowledged_command_that_is_gone: "acknowledged-is-in-the-log",
    an_acknowledged_command_that_is_another: "acknowledged-is-in-the-log",
    an_aborted_command_that_is_seen: "aborted-has-no-effect",
    commands_of_a_key_in_another_order: "order-per-key",
    a_queue_in_another_order: "order-per-key",
    a_key_in_a_wrong_partition: "one-partition-per-key",
    a_reader_that_misses_one: "readers-agree",
    an_open_transaction_that_hides_the_end: "readers-agree",
    an_outbox_link_that_does_not_follow: "outbox-is-linked",
    an_outbox_position_that_is_missing: "outbox-is-linked",
    a_cursor_behind_the_head: "cursor-agrees-with-head",
    a_cursor_within_a_decision: "cursor-agrees-with-head",
    an_offset_that_goes_back: "offsets-only-forward",
    an_outbox_that_goes_back: "offsets-only-forward",
    a_history_that_was_exchanged: "offsets-only-forward",
    a_parked_key_that_is_applied_before_its_release: "parked-keys-stand-still",
    a_fact_that_follows_from_a_parked_one: "parked-keys-stand-still",
    a_parked_record_that_vanished: "parked-is-told",
    an_unreadable_fact_that_nobody_parked: "parked-is-told",
    a_wait_for_something_present: "waiting-is-for-something-absent",
    a_lane_that_could_go_on: "waiting-is-for-something-absent",
    a_state_that_is_not_the_fold: "states-are-the-fold",
    a_state_that_no_fact_gives: "states-are-the-fold",
    a_state_that_is_missing: "states-are-the-fold",
    a_lag_that_stays: "lag-returns-to-zero",
    a_lag_that_stays_too_long: "lag-returns-to-zero",
    a_record_that_is_not_taken_in: "lag-returns-to-zero",
    memory_that_grows: "memory-is-bounded",
    memory_beyond_the_cap: "memory-is-bounded",
    a_gram_of_metal_too_much: "metal-is-conserved",
    a_gram_of_metal_too_much_on_board: "metal-is-conserved",
    a_fact_that_is_passed_over: "facts-are-taken-in",
    a_task_that_stays: "facts-are-taken-in",
}
"""Plant → the check that is meant to catch it."""

GRAMS: Mapping[str, Plant] = {
    "mined": gram_more("lot.mined", "dry_kg"),
    "mined, wet": gram_more("lot.mined", "wet_kg"),
    "despatched": gram_more("lot.despatched", "dry_kg"),
    "received": gram_more("lot.received", "dry_kg"),
    "received in all": gram_more("lot.received", "total_dry_kg"),
    "drawn": gram_more("lot.drawn", "dry_kg"),
    "fed to a batch": gram_more("batch.processed", "inputs", 0, "dry_kg"),
    "made by a batch": gram_more("batch.processed", "outputs", 0, "dry_kg"),
    "lost in a batch": gram_more("batch.processed", "balance", "solids", "unaccounted_kg"),
    "produced": gram_more("lot.produced", "dry_kg"),
    "allocated": gram_more("shipment.lot-allocated", "dry_kg"),
    "packed": gram_more("container.stuffed", "contents", 0, "dry_kg"),
    "sailed": gram_more("shipment.dispatched", "lots", 0, "dry_kg"),
}
"""Where a gram too much can be told; the mass check alone can see it."""
