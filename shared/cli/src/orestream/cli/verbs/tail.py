"""`orestream tail`: facts and outcomes as they become visible."""

from __future__ import annotations

import json as json_
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from orestream.chassis.durations import read_duration
from orestream.chassis.records import Fetched
from orestream.chassis.settings import Settings
from orestream.cli.describing import fact_line, outcome_line
from orestream.cli.failing import Unusable
from orestream.cli.ledger import LEDGER_TOPICS, Entry, decode_one
from orestream.cli.options import AsJson, Bootstrap
from orestream.cli.reading import Start, TopicReader, topic_reader
from orestream.cli.running import answering_for_mistakes, read_settings, run
from orestream.cli.stopping import until_signalled
from orestream.cli.terminal import answers, notes, say, say_raw
from orestream.contracts.decimals import TIME_PATTERN
from orestream.contracts.outcome import CommandAnswered

EXAMPLE = "Example: orestream tail --from 15m --json | jq .type"


def tail(
    topics: Annotated[
        list[str] | None,
        typer.Argument(help="Topics; all fact topics and outcomes unless named.", metavar="TOPIC"),
    ] = None,
    *,
    bootstrap: Bootstrap = None,
    json: AsJson = False,
    begin: Annotated[
        str,
        typer.Option("--from", help="beginning, now, a time (2025-09-03T08:00:00Z) or how long ago (15m)."),
    ] = "now",
    until_end: Annotated[bool, typer.Option("--until-end", help="Stop where the topics end now.")] = False,
) -> None:
    """Follow the topics live, one line a record, until Ctrl-C. Reads committed records only."""
    with answering_for_mistakes():
        settings = read_settings(bootstrap)
        start = start_of(begin)
    run(
        until_signalled(
            _tail(settings, topics or list(reversed(LEDGER_TOPICS)), start, as_json=json, until_end=until_end)
        )
    )


def start_of(text: str) -> Start:
    """Where to begin. Raises Unusable."""
    if text == "beginning":
        return "beginning"
    if text in ("now", "end"):
        return "end"
    if TIME_PATTERN.match(text):
        return datetime.fromisoformat(text.upper())
    try:
        ago: timedelta = read_duration(text)
    except ValueError as error:
        raise Unusable(
            f"--from {text}: {error}", "write beginning, now, a time with its zone, or 15m"
        ) from error
    return datetime.now(UTC) - ago


async def _tail(
    settings: Settings, topics: list[str], start: Start, *, as_json: bool, until_end: bool
) -> None:
    async with topic_reader(settings, topics) as reader:
        starts = await reader.starts(start)
        if until_end:
            for record in sorted(await reader.between(starts, await reader.ends()), key=_when):
                _print(record, as_json=as_json)
            return
        await _follow(reader, starts, as_json=as_json)


async def _follow(reader: TopicReader, starts: dict[Any, int], *, as_json: bool) -> None:
    say(notes(), "following; Ctrl-C ends it")
    async for records in reader.follow(starts):
        for record in sorted(records, key=_when):
            _print(record, as_json=as_json)


def _when(record: Fetched) -> tuple[int, str, int, int]:
    return record.timestamp_ms, record.topic, record.partition, record.offset


def _print(record: Fetched, *, as_json: bool) -> None:
    if as_json:
        say_raw(json_.dumps(as_json_object(record), ensure_ascii=False))
        return
    found = decode_one(record)
    if not isinstance(found, Entry):
        say(answers(), (f"{record.at}: {found.why}", "yellow"))
    elif isinstance(found.message, CommandAnswered):
        say(answers(), outcome_line(found.message))
    else:
        say(answers(), fact_line(found.envelope, found.message))


def as_json_object(record: Fetched) -> dict[str, Any]:
    """A record with its place, its headers as text and its value as JSON, or as text where it is none."""
    headers = {name: (value or b"").decode(errors="replace") for name, value in record.headers}
    text = None if record.value is None else record.value.decode(errors="replace")
    try:
        value: Any = None if text is None else json_.loads(text)
    except json_.JSONDecodeError:
        value = text
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "key": None if record.key is None else record.key.decode(errors="replace"),
        "type": headers.get("ce_type"),
        "subject": headers.get("ce_subject"),
        "headers": headers,
        "value": value,
    }
