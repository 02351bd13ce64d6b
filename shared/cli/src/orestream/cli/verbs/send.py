"""`orestream send`: commands from files to the services, and their answers back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from orestream.chassis.settings import Settings
from orestream.cli.describing import outcome_line
from orestream.cli.failing import ExitCode, Unusable
from orestream.cli.importing.checking import Checked
from orestream.cli.importing.files import read_commands
from orestream.cli.importing.rows import Fault
from orestream.cli.importing.templates import template
from orestream.cli.options import Bootstrap
from orestream.cli.outcomes import Answers, await_answers
from orestream.cli.reading import topic_reader
from orestream.cli.running import answering_for_mistakes, read_settings, run
from orestream.cli.sending import Place, send_all
from orestream.cli.terminal import answers as stdout
from orestream.cli.terminal import counted, notes, progress_bar, say, say_raw
from orestream.contracts.topics import OUTCOMES

_FAULTS_SHOWN = 50

EXAMPLE = "Example: orestream send september.jsonl weighbridge.csv --bootstrap localhost:9092"


def send(
    files: Annotated[
        list[str] | None,
        typer.Argument(help="JSONL (.jsonl) or CSV (.csv) files; - is stdin.", metavar="FILE"),
    ] = None,
    *,
    bootstrap: Bootstrap = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything and send nothing.")] = False,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Do not wait for the answers.")] = False,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for the answers.", min=0)] = 60.0,
    json: Annotated[bool, typer.Option("--json", help="Print one outcome a line, as JSON.")] = False,
    template_of: Annotated[
        str | None,
        typer.Option(
            "--template", help="Print the CSV header of a command, with an example row.", metavar="COMMAND"
        ),
    ] = None,
) -> None:
    """Send commands from files and wait for the answer to each.

    All files are checked before anything is sent; what is wrong is told by file, row and column.
    Ends with 0 when all were accepted, 3 when some were refused, 4 when some have no answer yet,
    2 when a file or the command line is wrong.
    """
    with answering_for_mistakes():
        if template_of is not None:
            say_raw(template(template_of).rstrip("\n"))
            return
        commands = _checked(files or [])
        settings = read_settings(bootstrap)
        if dry_run:
            say(notes(), f"nothing was sent; in order: {counted(len(commands), 'command')}")
            return
    if not commands:
        say(notes(), "there is nothing to send")
        return
    if no_wait:
        run(_send_only(settings, commands))
        return
    raise typer.Exit(run(_send_and_wait(settings, commands, timeout, as_json=json)))


def _checked(files: Sequence[str]) -> list[Checked]:
    """The commands of all files. Raises Unusable after telling every fault."""
    if not files:
        raise Unusable("no file is named", "name JSONL or CSV files, or - for stdin; see --help")
    if len(set(files)) < len(files):
        raise Unusable("a file is named twice", "name it once")
    commands, faults = read_commands(files)
    if faults:
        _tell(faults)
        raise Unusable(
            f"{len(faults)} fault{'s' if len(faults) > 1 else ''}; nothing was sent",
            "mend the rows and send the files again",
        )
    return commands


def _tell(faults: Sequence[Fault]) -> None:
    for fault in faults[:_FAULTS_SHOWN]:
        say(notes(), str(fault))
    if len(faults) > _FAULTS_SHOWN:
        say(notes(), f"… and {len(faults) - _FAULTS_SHOWN} more")


async def _send_only(settings: Settings, commands: Sequence[Checked]) -> None:
    with progress_bar() as bar:
        sent = bar.add_task("sent", total=len(commands))
        await send_all(settings, commands, lambda done: bar.update(sent, completed=done))
    say(notes(), f"{len(commands)} commands sent")


async def _send_and_wait(
    settings: Settings,
    commands: Sequence[Checked],
    patience: float,
    *,
    as_json: bool,
) -> ExitCode:
    async with topic_reader(settings, [OUTCOMES]) as reader:
        starts = await reader.starts("end")
        with progress_bar() as bar:
            sent = bar.add_task("sent", total=len(commands))
            answered = bar.add_task("answered", total=len(commands))
            places: list[Place] = await send_all(
                settings, commands, lambda done: bar.update(sent, completed=done)
            )
            answers = Answers()
            answers.expect(commands, places)
            await await_answers(
                reader, starts, answers, patience, lambda now: bar.update(answered, completed=len(now.final))
            )
    return _report(answers, as_json=as_json)


def _report(answers: Answers, *, as_json: bool) -> ExitCode:
    """Print what was answered in the order of the files, and say how it ended."""
    out = stdout()
    for index, checked in enumerate(answers.commands):
        outcome = answers.final.get(index) or answers.waiting.get(index)
        if outcome is not None:
            if as_json:
                say_raw(outcome.write().decode())
            else:
                say(out, outcome_line(outcome, checked.command.key))
        elif not as_json:
            say(out, (f"{'unanswered':<9} ", "yellow"), f"{checked.command.command_id} {checked.command.key}")
    return _summary(answers)


def _summary(answers: Answers) -> ExitCode:
    total, final = len(answers.commands), answers.final.values()
    refused = sum(outcome.status == "refused" for outcome in final)
    open_ = total - len(final)
    text = f"{len(final) - refused} accepted, {refused} refused, {open_} without a final answer"
    say(notes(), f"{counted(total, 'command')}: {text}")
    if open_:
        say(
            notes(),
            "  → commands without an answer stay with the services; send the files again to ask for it",
        )
        return ExitCode.UNANSWERED
    return ExitCode.REFUSED if refused else ExitCode.OK
