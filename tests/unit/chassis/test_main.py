"""A service's command line: help with examples, and every mistake in a sentence with its exit code."""

from pathlib import Path

import pytest

from orestream.chassis.exits import Exit
from orestream.chassis.main import serve
from orestream.chassis.settings import cards
from orestream.contracts.decision import Domain
from orestream.mining.app import build


@pytest.fixture(autouse=True)
def _own_database(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ORESTREAM_DATABASE_URL", f"sqlite:///{tmp_path}/{{service}}.db")
    monkeypatch.setenv("ORESTREAM_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setattr("orestream.chassis.main.configure", lambda *_: None)


def test_help_shows_examples_and_every_setting(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        serve("mining", build, ["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert "python -m orestream.mining topics apply" in shown
    assert all(card.variable in shown for card in cards())


@pytest.mark.parametrize("argv", [["fly"], ["topics"], ["topics", "burn"]])
def test_an_unknown_verb_is_refused(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        serve("mining", build, argv)
    assert ended.value.code == Exit.SETTINGS
    assert "usage" in capsys.readouterr().err


def test_wrong_settings_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ORESTREAM_LOG_LEVEL", "LOUD")
    assert serve("mining", build, []) == Exit.SETTINGS
    assert capsys.readouterr().err.startswith("ORESTREAM_LOG_LEVEL")


def test_a_service_that_cannot_read_its_own_tables_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    def broken(_rules: Path | None) -> Domain:
        raise ValueError("the rules of 2025-09 lack or misstate 'cap'")

    assert serve("mining", broken, []) == Exit.SETTINGS
    assert capsys.readouterr().err == "error: the rules of 2025-09 lack or misstate 'cap'\n"


def test_an_operators_own_rule_tables_are_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "own.toml").write_text("effective_from = 2025-09-02\n[figures.scale_pct]\nvalue = 'half'\n")
    monkeypatch.setenv("ORESTREAM_RULES_DIR", str(tmp_path))
    assert serve("mining", build, []) == Exit.SETTINGS
    assert "2025-09-02" in capsys.readouterr().err


def test_migrate_brings_the_schema_up_and_may_be_run_again(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        assert serve("mining", build, ["migrate"]) == Exit.OK
    assert "the schema of mining is at" in capsys.readouterr().out


def test_topics_without_a_broker_end_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert serve("mining", build, ["topics", "plan"]) == Exit.NOT_PREPARED
    assert capsys.readouterr().err.startswith("error:")


def test_an_empty_database_is_told_what_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORESTREAM_MANAGEMENT_PORT", "off")
    assert serve("mining", build, ["run"]) == Exit.NOT_PREPARED
