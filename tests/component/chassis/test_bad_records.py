"""What cannot be decoded: commands are answered, facts are set aside (see test_parking)."""

import pytest

from orestream.chassis.records import Fetched
from tests.support.branch import Branch
from tests.support.toy_domain import COMMANDS, deposit, header, opening, rate


def with_header(record: Fetched, name: str, value: bytes | None) -> Fetched:
    headers = tuple((key, text) for key, text in record.headers if key != name)
    return record._replace(headers=headers if value is None else (*headers, (name, value)))


def changed(record: Fetched, what: str) -> Fetched:
    match what:
        case "tombstone":
            return record._replace(value=None)
        case "not json":
            return record._replace(value=b"\xff\xfe{")
        case "number for decimal":
            return record._replace(value=(record.value or b"").replace(b'"10"', b"10.0"))
        case "naive time":
            return record._replace(value=(record.value or b"").replace(b"08:00:00Z", b"08:00:00"))
        case "no key":
            return record._replace(key=None)
        case "empty key":
            return record._replace(key=b"")
        case "unknown type":
            return with_header(
                with_header(record, "ce_type", b"orestream.bank.rob.v1"), "ce_dataschema", b"urn:x"
            )
        case "no type":
            return with_header(record, "ce_type", None)
        case "for another service":
            return with_header(record, "ce_type", b"orestream.mining.deposit.v1")
        case _:
            raise AssertionError(what)


FIELDS: dict[str, str] = {
    "tombstone": "value",
    "not json": "value",
    "number for decimal": "amount",
    "naive time": "occurred_at",
    "no key": "key",
    "empty key": "key",
    "unknown type": "ce_dataschema",
    "no type": "ce_type",
    "for another service": "ce_dataschema",
}


@pytest.mark.parametrize("what", FIELDS)
async def test_a_command_that_cannot_be_decoded_is_refused_naming_the_field(
    branch: Branch, what: str
) -> None:
    await branch.take(changed(branch.commands.command(deposit("c-1", "A")), what))

    (answer,) = await branch.answers("c-1")
    assert (answer["status"], answer["rule"]) == ("refused", "R01")
    assert answer["details"]["field"] == FIELDS[what]
    assert answer["details"]["why"]


async def test_a_command_without_a_readable_id_is_answered_under_its_place(branch: Branch) -> None:
    record = with_header(branch.commands.command(opening("c-1", "A")), "ce_id", None)
    nameless = record._replace(value=b"{}")

    await branch.take(nameless)

    (answer,) = await branch.answers()
    assert answer["command_id"] == f"{COMMANDS}/0/0"
    assert (answer["status"], answer["rule"]) == ("refused", "R01")


async def test_a_command_id_that_only_the_value_has_is_used(branch: Branch) -> None:
    await branch.take(with_header(branch.commands.command(opening("c-1", "A")), "ce_id", None))

    assert await branch.finals() == {"c-1": "refused"}


@pytest.mark.parametrize(
    "value", [b"[1]", b"{", b"[" * 5000, b'{"command_id": "\\u0000"}', b'{"command_id": 7}']
)
async def test_nothing_in_a_value_keeps_the_next_record_from_being_decided(
    branch: Branch, value: bytes
) -> None:
    broken = with_header(branch.commands.command(opening("c-1", "A")), "ce_id", None)._replace(value=value)

    await branch.take(broken, branch.commands.command(opening("c-2", "B")))

    assert (await branch.finals())["c-2"] == "accepted"


@pytest.mark.parametrize(
    "name", ["ce_id", "ce_source", "ce_type", "ce_correlationid", "ce_time", "ce_subject"]
)
@pytest.mark.parametrize("value", [b"\x00", b"\xff\xfe", b"", b"x\x00y"])
async def test_no_header_whatever_it_holds_stops_the_intake(branch: Branch, name: str, value: bytes) -> None:
    await branch.take(
        with_header(branch.commands.command(opening("c-1", "A")), name, value),
        branch.commands.command(opening("c-2", "B")),
    )

    assert (await branch.finals())["c-2"] == "accepted"


async def test_a_broken_command_sent_again_is_a_repeat_and_a_good_one_under_its_id_a_conflict(
    branch: Branch,
) -> None:
    broken = changed(branch.commands.command(deposit("c-1", "A")), "not json")

    await branch.take(
        broken, broken._replace(offset=1), branch.commands.command(opening("c-1", "A"))._replace(offset=2)
    )

    first, again, other = await branch.answers("c-1")
    assert first["rule"] == "R01"
    assert (again["rule"], again["repeat"]) == ("R01", True)
    assert (other["rule"], other["conflict"]) == ("R02", True)


async def test_a_command_that_makes_the_code_fail_is_refused_and_changes_nothing(branch: Branch) -> None:
    branch.bank.faulty.add("gremlin")

    await branch.take(
        branch.commands.command(opening("c-1", "A")),
        branch.commands.command(deposit("c-2", "A", by="gremlin")),
        branch.commands.command(deposit("c-3", "A", "5")),
    )

    (answer,) = await branch.answers("c-2")
    assert (answer["status"], answer["rule"]) == ("refused", "R01")
    assert "gremlin" in answer["details"]["why"]
    assert await branch.balance("A") == "5"


async def test_a_fact_of_an_unknown_type_is_skipped_and_counted(branch: Branch) -> None:
    record = branch.rates.fact(rate("EUR"))
    newer = with_header(
        with_header(record, "ce_type", b"toy.rate.abolished.v1"),
        "ce_dataschema",
        b"urn:toy:rate:abolished:v1",
    )

    await branch.take(newer, branch.rates.fact(rate("USD")))

    assert branch.committed[-1].skipped == {"toy.rate.abolished.v1": 1}
    assert list(await branch.states()) == [("rate", "USD")]
    assert await branch.notices() == []


async def test_the_answer_names_command_input_digest_and_rules(branch: Branch) -> None:
    await branch.take(branch.commands.command(opening("c-1", "A")))

    (answer,) = await branch.answers("c-1")
    assert answer["command"] == "OpenAccount"
    assert answer["service"] == "bank"
    assert answer["input"] == {"topic": COMMANDS, "partition": 0, "offset": 0}
    assert answer["digest"].startswith("sha256:")
    assert answer["rules_version"] == "2025-09"
    (row,) = [row for row in await branch.outbox() if row.key == b"c-1"]
    assert header(row, "ce_subject") == "c-1"
