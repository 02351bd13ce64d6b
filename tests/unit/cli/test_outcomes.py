"""Which answer belongs to which command that was sent."""

import json

from orestream.chassis.intake.inbound import digest_of as digest_of_service
from orestream.cli.importing.checking import Checked, check_rows
from orestream.cli.importing.rows import Row
from orestream.cli.outcomes import Answers, digest_of
from orestream.cli.sending import Place
from orestream.contracts.outcome import CommandAnswered, InputPlace
from tests.unit.cli.test_importing_jsonl import MINE

TOPIC = "orestream.main.mining.commands.v1"


def command(command_id: str = "c-1", moisture: str = "3.00") -> Checked:
    ((checked,), _) = check_rows([Row("f", 1, {**MINE, "command_id": command_id, "moisture_pct": moisture})])
    return checked


def place(offset: int) -> Place:
    return Place(TOPIC, 0, offset)


def answer(
    of: Checked,
    offset: int,
    status: str = "accepted",
    *,
    repeat: bool | None = None,
    conflict: bool | None = None,
) -> CommandAnswered:
    return CommandAnswered.model_validate(
        {
            "command_id": of.command.command_id,
            "command": "MineLot",
            "service": "mining",
            "status": status,
            "input": InputPlace(topic=TOPIC, partition=0, offset=offset),
            "digest": digest_of(of),
            "rules_version": "2025-09-01",
            "repeat": repeat,
            "conflict": conflict,
        }
    )


def test_the_digest_is_the_one_that_services_state() -> None:
    checked = command()
    assert digest_of(checked) == digest_of_service(checked.command)


def test_commands_are_answered_when_each_has_its_final_outcome() -> None:
    answers = Answers()
    one, two = command("c-1"), command("c-2")
    answers.expect([one, two], [place(0), place(1)])
    answers.take(answer(two, 1, "refused"))
    assert not answers.complete
    answers.take(answer(one, 0))
    assert answers.complete
    assert [answers.final[index].status for index in (0, 1)] == ["accepted", "refused"]


def test_waiting_is_not_final() -> None:
    answers = Answers()
    one = command()
    answers.expect([one], [place(0)])
    answers.take(answer(one, 0, "waiting"))
    assert not answers.complete
    assert answers.waiting[0].status == "waiting"


def test_a_repeat_with_a_final_status_answers() -> None:
    answers = Answers()
    one = command()
    answers.expect([one], [place(7)])
    answers.take(answer(one, 7, repeat=True))
    assert answers.complete


def test_what_is_sent_twice_while_it_waits_is_answered_by_the_one_final_outcome() -> None:
    answers = Answers()
    one = command()
    answers.expect([one, one], [place(0), place(1)])
    answers.take(answer(one, 0, "waiting"))
    answers.take(answer(one, 1, "waiting", repeat=True))
    answers.take(answer(one, 0))
    assert answers.complete


def test_the_final_outcome_of_an_earlier_sending_answers_the_same_content() -> None:
    answers = Answers()
    one = command()
    answers.expect([one], [place(9)])
    answers.take(answer(one, 3))
    assert answers.complete


def test_other_content_under_a_used_id_is_answered_by_its_conflict_alone() -> None:
    answers = Answers()
    one, other = command(moisture="3.00"), command(moisture="4.00")
    answers.expect([one, other], [place(0), place(1)])
    answers.take(answer(one, 0))
    assert not answers.complete
    answers.take(answer(other, 1, "refused", conflict=True))
    assert [answers.final[index].status for index in (0, 1)] == ["accepted", "refused"]


def test_outcomes_of_others_are_not_ours() -> None:
    answers = Answers()
    answers.expect([command("c-1")], [place(0)])
    answers.take(answer(command("c-9"), 0))
    assert not answers.final


def test_a_final_outcome_is_never_replaced() -> None:
    answers = Answers()
    one = command()
    answers.expect([one], [place(0)])
    answers.take(answer(one, 0))
    answers.take(answer(one, 0, "refused"))
    assert answers.final[0].status == "accepted"


def test_an_outcome_prints_as_it_stands_on_the_topic() -> None:
    outcome = answer(command(), 0)
    assert json.loads(outcome.write())["status"] == "accepted"
