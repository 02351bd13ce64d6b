"""Log lines are one JSON object each, with the service and what they are about."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from orestream.chassis.logs import Event, bound, configure, logger


@pytest.fixture
def lines() -> Iterator["Lines"]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield Lines()
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("orestream").setLevel(logging.NOTSET)
    logging.getLogger("aiokafka").setLevel(logging.NOTSET)
    structlog.reset_defaults()


class Lines:
    """What was logged, in JSON."""

    def __init__(self) -> None:
        self.stream = io.StringIO()
        configure("mining", "json", "INFO", self.stream)

    def read(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]


def test_a_line_names_its_event_and_its_service(lines: Lines) -> None:
    logger("orestream.test").info(Event.RELAY_STARTED, position=7)
    (line,) = lines.read()
    assert (line["event"], line["service"], line["level"]) == ("relay.started", "mining", "info")
    assert line["position"] == 7
    assert line["timestamp"].endswith("Z")


def test_lines_within_a_block_carry_what_it_is_about(lines: Lines) -> None:
    log = logger("orestream.test")
    with bound(topic="lots", partition=3, offset=42, key=None):
        log.warning(Event.INTAKE_RETRIES)
    log.warning(Event.INTAKE_RETRIES)
    within, after = lines.read()
    assert (within["topic"], within["partition"], within["offset"]) == ("lots", 3, 42)
    assert "key" not in within
    assert "topic" not in after


def test_a_traceback_stays_on_its_line(lines: Lines) -> None:
    logger("orestream.test").error(Event.INTAKE_FAILED, exc_info=ValueError("broken\nin two"))
    (line,) = lines.read()
    assert "ValueError: broken" in line["exception"]


def test_below_the_level_nothing_is_written(lines: Lines) -> None:
    logger("orestream.test").debug(Event.BATCH_TAKEN)
    assert lines.read() == []


def test_libraries_write_the_same_lines_from_warning_on(lines: Lines) -> None:
    logging.getLogger("some.library").info("chatter")
    logging.getLogger("some.library").warning("careful")
    (line,) = lines.read()
    assert (line["event"], line["service"], line["level"]) == ("careful", "mining", "warning")


def test_event_names_are_unique() -> None:
    assert len(set(Event)) == len(Event.__members__)


def test_stderr_is_where_lines_go_unless_said(lines: Lines) -> None:
    configure("mining", "json", "INFO")
    (handler,) = logging.getLogger().handlers
    assert isinstance(handler, logging.StreamHandler)
    assert handler.stream is sys.stderr
    assert lines.read() == []
