"""The command line: help with examples, mistakes answered in words, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from typer.testing import CliRunner

from orestream.cli.embedded.ports import free_port
from orestream.cli.failing import ExitCode, Unusable
from orestream.cli.main import VERBS, app, load
from orestream.cli.verbs.tail import start_of

CHAIN = Path(__file__).parents[2] / "examples" / "chain.jsonl"
runner = CliRunner()


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A verb that is given `--bootstrap` sets the variable that it stands for."""
    monkeypatch.setenv("ORESTREAM_BOOTSTRAP_SERVERS", f"127.0.0.1:{free_port()}")
    monkeypatch.setenv("ORESTREAM_DATABASE_URL", f"sqlite:///{tmp_path}/{{service}}.db")


def verbs(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    inner = getattr(command, "commands", {})
    for name, one in inner.items():
        yield from verbs(one, (*path, name))
    if not inner:
        yield path


ALL = sorted(path for verb in VERBS for path in verbs(load(verb), (verb,)))


def test_the_verbs_are_those_that_the_documentation_names() -> None:
    assert {path[0] for path in ALL} == {
        *("demo", "up", "send", "tail", "trace", "verify", "topics", "parked", "recover", "migrate", "doctor")
    }
    assert {path[1] for path in ALL if path[0] == "topics"} == {"plan", "apply"}
    assert {path[1] for path in ALL if path[0] == "parked"} >= {"list", "show", "retry", "discard"}


@pytest.mark.parametrize("verb", VERBS)
def test_the_summary_of_a_verb_is_the_first_line_of_its_help(verb: str) -> None:
    assert VERBS[verb] == " ".join(load(verb).help.partition("\n\n")[0].split())


def test_help_loads_no_verb_and_none_of_their_libraries() -> None:
    program = (
        "import sys; from orestream.cli.main import app\n"
        "try: app(['--help'])\n"
        "finally: print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "Follow ore from the licence to the buyer" in done.stdout
    assert "typer" in done.stderr.split()
    assert not {"aiokafka", "asyncpg", "faststream", "pydantic", "sqlalchemy"} & set(done.stderr.split())


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_each_verb_has_help_with_an_example_of_itself(path: tuple[str, ...]) -> None:
    shown = runner.invoke(app, [*path, "--help"], env={"COLUMNS": "200"})
    assert shown.exit_code == ExitCode.OK
    assert f"Example: orestream {' '.join(path)}" in shown.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["send", str(CHAIN), "--timeout", "1"],
        ["send", str(CHAIN), "--no-wait"],
        ["tail", "--until-end"],
        ["trace", "LOT-1"],
        ["verify"],
        ["topics", "plan"],
        ["topics", "apply"],
    ],
    ids=lambda arguments: " ".join(arguments[::2]),
)
def test_a_broker_that_does_not_answer_is_named_and_what_to_do(arguments: list[str]) -> None:
    done = runner.invoke(app, arguments)
    assert done.exit_code == ExitCode.UNUSABLE, done.output
    assert "no Kafka answers at 127.0.0.1:" in done.stderr
    assert "orestream up" in done.stderr
    assert "Traceback" not in done.output


def test_a_setting_that_cannot_work_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORESTREAM_SITE", "No Such Site")
    done = runner.invoke(app, ["verify"])
    assert done.exit_code == ExitCode.UNUSABLE
    assert "ORESTREAM_SITE" in done.stderr


def test_a_dry_run_checks_and_sends_nothing() -> None:
    done = runner.invoke(app, ["send", str(CHAIN), "--dry-run"])
    assert done.exit_code == ExitCode.OK
    assert "nothing was sent; in order: 42 commands\n" in done.stderr


def test_stdin_is_read_as_what_it_looks_like() -> None:
    from_json = runner.invoke(app, ["send", "-", "--dry-run"], input=CHAIN.read_text())
    from_csv = runner.invoke(
        app, ["send", "-", "--dry-run"], input=runner.invoke(app, ["send", "--template", "MineLot"]).stdout
    )
    assert "in order: 42 commands\n" in from_json.stderr
    assert "in order: 1 command\n" in from_csv.stderr


def test_faults_in_a_file_keep_everything_from_being_sent(tmp_path: Path) -> None:
    file = tmp_path / "f.jsonl"
    file.write_text(CHAIN.read_text().replace('"38000.000"', "38000.0", 1))
    done = runner.invoke(app, ["send", str(file)])
    assert done.exit_code == ExitCode.UNUSABLE
    assert f"{file}:2: tickets.0.gross_kg" in done.stderr
    assert "nothing was sent" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["send"], "no file is named"),
        (["send", str(CHAIN), str(CHAIN)], "named twice"),
        (["send", "nowhere.jsonl"], "cannot be read"),
        (["send", "--template", "MineLt"], "did you mean MineLot?"),
        (["tail", "--from", "yesterday"], "--from yesterday"),
        (["parked", "list", "--service", "smelter"], "is not a service"),
        (["parked", "list", "--service", "mining"], "mining has no database at"),
        (["migrate", "smelter"], "is not a service"),
        (["migrate", "--database", "sqlite:///one.db"], "share one database"),
        (["up", "--store", "mysql://x/y"], "this is no store"),
    ],
    ids=lambda value: "" if isinstance(value, str) else " ".join(value[:2]),
)
def test_a_mistake_is_answered_in_words(arguments: list[str], said: str, tmp_path: Path) -> None:
    done = runner.invoke(app, [*arguments, *(["--data-dir", str(tmp_path)] if arguments[0] == "up" else [])])
    assert done.exit_code == ExitCode.UNUSABLE
    assert said in done.stderr


def test_databases_are_migrated_and_then_looked_after() -> None:
    assert runner.invoke(app, ["migrate"]).exit_code == ExitCode.OK
    again = runner.invoke(app, ["migrate", "mining"])
    assert again.stdout.startswith("the schema of mining is at ")
    listed = runner.invoke(app, ["parked", "list", "--service", "mining", "--json"])
    assert json.loads(listed.stdout) == {"breaker": None, "parked": []}
    missing = runner.invoke(app, ["parked", "retry", "LOT-1", "--service", "mining"])
    assert missing.exit_code == ExitCode.UNUSABLE
    assert "nothing of LOT-1 fails" in missing.stderr


def test_the_doctor_says_what_is_missing_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORESTREAM_SASL_PASSWORD", "secret")
    monkeypatch.setenv("ORESTREAM_TYPO", "x")
    runner.invoke(app, ["migrate", "mining"])
    done = runner.invoke(app, ["doctor"])
    assert done.exit_code == ExitCode.VIOLATIONS
    assert "lack Kafka: no Kafka answers" in done.stdout.replace("  ", " ")
    assert "database of mining: sqlite:" in done.stdout
    assert "export has no database" in done.stdout
    assert "orestream migrate" in done.stdout
    assert "ORESTREAM_TYPO is set, and nothing reads it" in done.stdout
    assert "secret" not in done.stdout


def test_tail_begins_where_it_is_told() -> None:
    assert start_of("beginning") == "beginning"
    assert start_of("now") == "end"
    assert start_of("2025-09-03T08:00:00+05:00") == datetime(2025, 9, 3, 3, tzinfo=UTC)
    ago = start_of("15m")
    assert isinstance(ago, datetime)
    assert timedelta(minutes=14) < datetime.now(UTC) - ago < timedelta(minutes=16)
    with pytest.raises(Unusable):
        start_of("2025-09-03T08:00:00")
