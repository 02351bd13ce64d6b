"""The history: one line when a record is handed over, one when its fate is known."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.workload.history import History
from tests.chaos.workload.workload import Workload

(SENDING,) = islice(Workload(1), 1)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_record_is_told_of_with_its_digest_before_its_fate(tmp_path: Path) -> None:
    path = tmp_path / "run" / "history.jsonl"
    with History(path) as history:
        number = history.sent(SENDING)
        assert len(lines(path)) == 1, "written at once"
        history.acked(number, 3, 12)
    sent, acked = lines(path)
    assert sent.pop("at") <= acked.pop("at")
    assert sent == {
        "event": "sent",
        "n": 1,
        "topic": "orestream.main.mining.commands.v1",
        "key": (SENDING.key or b"").decode(),
        "id": SENDING.command_id,
        "kind": "command",
        "service": "mining",
        "sha256": sha256(SENDING.value or b"").hexdigest(),
    }
    assert acked == {"event": "acked", "n": 1, "partition": 3, "offset": 12}


def test_the_first_fate_counts_and_what_has_none_has_failed(tmp_path: Path) -> None:
    with History(tmp_path / "history") as history:
        numbers = [history.sent(SENDING) for _ in range(3)]
        history.aborted(numbers[0])
        history.failed(numbers[0], "late")
        history.acked(numbers[1], 0, 0)
    fates = {(line["n"], line["event"]) for line in lines(tmp_path / "history") if line["event"] != "sent"}
    assert fates == {(1, "aborted"), (2, "acked"), (3, "failed")}
    assert history.counts == {"sent": 3, "aborted": 1, "acked": 1, "failed": 1}


@pytest.mark.parametrize(("key", "told"), [(None, None), (b"", ""), (b"\xff\n", "\\xff\n")])
def test_a_key_that_is_no_text_is_told_of_on_one_line(tmp_path: Path, key: bytes, told: str | None) -> None:
    with History(tmp_path / "history") as history:
        history.sent(replace(SENDING, key=key, value=None, kind="poison", command_id=None))
    sent, _ = lines(tmp_path / "history")
    assert (sent["key"], sent["id"], sent["sha256"]) == (told, None, sha256(b"").hexdigest())
