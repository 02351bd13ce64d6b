"""The workload: the same for a seed, in the stated shares, and possible."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from itertools import islice, pairwise

import pytest

from orestream.cli.ledger_checks import CHECKS
from orestream.contracts.decision import Happened
from orestream.contracts.message import Command, Fact
from orestream.contracts.registry import decode
from orestream.contracts.topics import PARTITIONS, partition_of
from orestream.contracts.wire import Malformed, UnknownType
from orestream.export.app import build as export
from orestream.mining.app import build as mining
from orestream.processing.app import build as processing
from tests.chaos.workload.mix import Mix
from tests.chaos.workload.sending import Sending
from tests.chaos.workload.workload import Workload, plain
from tests.support.ledgers import ledger_of, records_of, wrong
from tests.support.worlds import PureChain, Whim

SERVICES = ("mining", "processing", "export")


@cache
def said(seed: int, n: int) -> tuple[Sending, ...]:
    return tuple(islice(Workload(seed), n))


def command_of(sending: Sending) -> Command:
    _, message = decode(sending.key, sending.headers, sending.value)
    assert isinstance(message, Command)
    return message


def all_three(whim: Whim | None = None) -> PureChain:
    domains = (mining(), processing(), export())
    return PureChain(domains) if whim is None else PureChain(domains, whim)


@cache
def played() -> PureChain:
    """Commands, repeats and conflicts in the order they are sent, and the other site's facts beside them."""
    chain = all_three()
    for sending in said(7, 1200):
        if sending.kind in ("command", "repeat", "conflict"):
            chain.send(sending.service, command_of(sending))
            chain.deliver()
        elif sending.kind == "foreign":
            hear(chain, sending)
    return chain


def hear(chain: PureChain, sending: Sending) -> None:
    try:
        envelope, fact = decode(sending.key, sending.headers, sending.value)
    except Malformed:
        return
    assert isinstance(fact, Fact)
    happened = Happened(fact, envelope.time, envelope.source, envelope.id, envelope.correlation_id)
    readers = ("processing", "export") if sending.service == "mining" else ("export",)
    for reader in readers:
        chain.services[reader].receive(happened)


def test_a_seed_gives_the_same_bytes_each_time() -> None:
    workload = Workload(11)
    assert list(islice(workload, 1500)) == list(islice(Workload(11), 1500)) == list(islice(workload, 1500))


def test_another_seed_or_site_gives_other_names() -> None:
    def names(workload: Workload) -> set[str | None]:
        return {one.command_id for one in islice(workload, 300) if one.kind != "poison"}

    assert names(Workload(1)).isdisjoint(names(Workload(2)))
    assert names(Workload(1)).isdisjoint(names(Workload(1, "quetta")))


def test_a_site_s_commands_go_to_its_own_topics() -> None:
    topics = {one.topic for one in islice(Workload(1, "quetta"), 500) if one.kind != "foreign"}
    assert topics == {f"orestream.quetta.{service}.commands.v1" for service in SERVICES}


@pytest.mark.parametrize("kind", ["repeat", "conflict", "poison", "foreign", "aborted"])
def test_each_kind_has_the_stated_share(kind: str) -> None:
    sendings = said(3, 8000)
    share = sum(one.kind == kind for one in sendings) / len(sendings)
    assert share == pytest.approx(getattr(Mix(), kind), rel=0.3)


def test_committed_transactions_and_deliberate_refusals_have_the_stated_share() -> None:
    commands = [one for one in said(3, 8000) if one.kind == "command"]
    committed = sum(one.within is not None for one in commands) / 8000
    refused = sum(one.meant == "refused" for one in commands) / len(commands)
    assert committed == pytest.approx(Mix().committed, rel=0.3)
    assert refused == pytest.approx(Mix().refused, rel=0.4)


def test_a_transaction_s_records_follow_one_another_and_share_its_fate() -> None:
    sendings = said(3, 8000)
    groups: dict[int, list[int]] = {}
    for place, one in enumerate(sendings):
        if one.within is not None:
            groups.setdefault(one.within, []).append(place)
    assert len(groups) > 50
    for places in groups.values():
        assert places == list(range(places[0], places[-1] + 1))
        assert len({sendings[place].kind for place in places}) == 1


def test_what_is_aborted_is_never_sent_otherwise() -> None:
    aborted = {one.command_id for one in said(3, 8000) if one.kind == "aborted"}
    assert aborted.isdisjoint(one.command_id for one in said(3, 8000) if one.kind != "aborted")


def test_every_command_is_well_formed_and_named_once() -> None:
    sendings = said(3, 6000)
    named = Counter(one.command_id for one in sendings if one.kind in ("command", "aborted"))
    assert set(named.values()) == {1}
    for one in sendings:
        if one.kind not in ("poison", "foreign"):
            assert command_of(one).command_id == one.command_id


def test_a_repeat_is_the_same_bytes_and_a_conflict_the_same_id_with_others() -> None:
    first: dict[str | None, Sending] = {}
    met: Counter[str] = Counter()
    for one in said(3, 6000):
        if one.kind == "command":
            first[one.command_id] = one
        elif one.kind in ("repeat", "conflict"):
            met[one.kind] += 1
            original = first[one.command_id]
            assert (one.topic, one.key, one.headers) == (original.topic, original.key, original.headers)
            assert (one.value == original.value) == (one.kind == "repeat")
    assert min(met["repeat"], met["conflict"]) > 10


def test_some_repeats_come_much_later() -> None:
    sendings = said(3, 8000)
    first = {one.command_id: n for n, one in enumerate(sendings) if one.kind == "command"}
    gaps = [n - first[one.command_id] for n, one in enumerate(sendings) if one.kind == "repeat"]
    assert min(gaps) < 100
    assert max(gaps) > 4000


def test_poison_is_no_command_of_its_topic() -> None:
    met = 0
    for one in said(3, 8000):
        if one.kind != "poison":
            continue
        met += 1
        try:
            envelope, message = decode(one.key, one.headers, one.value)
        except Malformed:
            continue
        assert isinstance(message, Command)
        assert message.type_for(one.service) != envelope.type
    assert met > 80


def test_poison_fits_through_a_broker() -> None:
    longest = max(len(one.value or b"") for one in said(3, 8000) if one.kind == "poison")
    assert 900_000 < longest < 1_000_000


def test_the_other_site_counts_its_facts_without_hole_and_some_cannot_be_decoded() -> None:
    last: Counter[tuple[str, str, int]] = Counter()
    outcomes: Counter[str] = Counter()
    for one in said(3, 8000):
        if one.kind != "foreign":
            continue
        headers = dict(one.headers)
        place = (one.topic, headers["ce_source"].decode(), partition_of(one.key or b"", PARTITIONS))
        last[place] += 1
        if "ce_sequence" in headers:
            assert int(headers["ce_sequence"]) == last[place]
        try:
            decode(one.key, one.headers, one.value)
            outcomes["good"] += 1
        except UnknownType:
            outcomes["unknown"] += 1
        except Malformed:
            outcomes["bad"] += 1
    assert outcomes["good"] > outcomes["unknown"] > outcomes["bad"] > 10


def test_two_bad_foreign_facts_never_follow_one_another() -> None:
    bad = []
    for one in said(3, 8000):
        if one.kind == "foreign":
            try:
                decode(one.key, one.headers, one.value)
                bad.append(False)
            except UnknownType:
                bad.append(False)
            except Malformed:
                bad.append(True)
    assert (True, True) not in set(pairwise(bad))


def test_what_is_meant_comes_true_in_order() -> None:
    chain, surprises = played(), []
    for one in said(7, 1200):
        outcome = chain.outcomes.get(one.command_id or "")
        if one.kind == "command" and outcome is not None and one.meant != "either":
            surprises += [(one, outcome)] if outcome.status != one.meant else []
    assert surprises == []
    assert len(chain.waiting) < 40


def test_the_rules_that_are_broken_on_purpose_are_many() -> None:
    rules = {outcome.rule for outcome in played().outcomes.values() if outcome.status == "refused"}
    assert {"R01", "R02", "R03", "R04", "R18", "R30"} <= rules


def test_everything_that_verify_asks_holds_of_what_comes_of_it() -> None:
    commands = [(one.service, command_of(one)) for one in said(7, 1200) if one.kind == "command"]
    ledger = ledger_of(records_of(played(), commands))
    for check in CHECKS:
        assert wrong(check, ledger) == "", check.__name__


def test_some_commands_come_before_what_they_need() -> None:
    """A lot is weighed in at the plant before it has been mined."""
    mined: dict[bytes | None, int] = {}
    received: dict[bytes | None, int] = {}
    for place, one in enumerate(said(3, 8000)):
        type_ = dict(one.headers).get("ce_type")
        if one.kind == "command" and one.meant == "accepted":
            if type_ == b"orestream.mining.mine-lot.v1":
                mined[one.key] = place
            elif type_ == b"orestream.processing.receive-lot.v1":
                received[one.key] = place
    both = mined.keys() & received.keys()
    early = sum(received[key] < mined[key] for key in both)
    assert 0.05 < early / len(both) < 0.3


def test_many_draws_are_on_one_stockpile() -> None:
    drawn = Counter(
        part["lot_id"]
        for one in said(3, 8000)
        if one.kind == "command" and dict(one.headers)["ce_type"] == b"orestream.processing.process-batch.v1"
        for part in json.loads(one.value or b"")["inputs"]
    )
    assert max(drawn.values()) > 0.2 * sum(drawn.values())


def test_lots_are_sailed_recalled_and_freed() -> None:
    told = Counter(type_ for (_, type_, _, _), n in played().told.items() for _ in range(n))
    for fact in (
        "shipment.dispatched",
        "shipment.recalled",
        "lot.hold-lifted",
        "batch.processed",
        "lot.blended",
    ):
        assert told[f"orestream.{fact}.v1"] > 0, fact


@pytest.mark.parametrize("seed", [0, 1])
def test_what_is_meant_comes_true_in_any_interleaving_of_keys(seed: int) -> None:
    commands = [one for one in said(7, 600) if one.kind == "command"]
    chain = all_three(Whim(seed))
    chain.run_interleaved([(one.service, command_of(one)) for one in commands])
    meant = {one.command_id: one.meant for one in commands if one.meant != "either"}
    found = {name: one.status for name, one in chain.outcomes.items() if name in meant}
    assert found == {name: meant[name] for name in found}
    assert len(found) > 0.9 * len(meant)


def test_plain_commands_of_mining_are_all_accepted() -> None:
    sendings = list(plain(5, 300))
    chain = all_three()
    chain.run([(one.service, command_of(one)) for one in sendings])
    assert {one.service for one in sendings} == {"mining"}
    assert [one.status for one in chain.outcomes.values()] == ["accepted"] * 300


def test_plain_commands_through_all_services_are_all_accepted() -> None:
    sendings = list(plain(5, 500, through=SERVICES))
    chain = all_three()
    chain.run([(one.service, command_of(one)) for one in sendings])
    assert {one.kind for one in sendings} == {"command"}
    assert [one.status for one in chain.outcomes.values()] == ["accepted"] * 500
