"""`verify`, `trace` and `tail` on topics as relays write them."""

from __future__ import annotations

import json

from orestream.chassis.records import Fetched
from orestream.contracts.topics import MINING_LOTS
from tests.integration.cli.conftest import Shell, produce
from tests.support.story import story_records


async def test_an_honest_ledger_is_verified_traced_and_read(shell: Shell) -> None:
    records = story_records()
    await produce(shell.bootstrap, records)

    verified = shell.run("verify")
    assert verified.returncode == 0, verified.stdout
    assert "verified: all of it holds" in verified.stdout

    traced = shell.json("trace", "SHP-901")
    assert [one["id"] for one in traced["ancestry"]["relatives"]] == [
        "CON-SB-901",
        "CON-CU-901",
        "CON-RE-901",
    ]
    assert "SHP-901" in json.dumps(shell.json("trace", "LOT-RE-901")["descent"])

    lines = shell.run("tail", "--from", "beginning", "--until-end", "--json").stdout.splitlines()
    assert len(lines) == len(records)
    assert {json.loads(line)["type"] for line in lines} >= {
        "orestream.lot.mined.v1",
        "orestream.shipment.dispatched.v1",
    }


async def test_a_lot_that_nobody_knows_is_answered_with_the_nearest(shell: Shell) -> None:
    await produce(shell.bootstrap, story_records())
    done = shell.run("trace", "LOT-SB-91")
    assert done.returncode == 2
    assert "LOT-SB-901" in done.stderr


async def test_a_record_that_was_lost_is_found(shell: Shell) -> None:
    (lost, *rest) = story_records()
    await produce(shell.bootstrap, rest)
    found = shell.json("verify")
    assert not found["clean"]
    broken = {one["check"] for one in found["checks"] if one["violations"]}
    assert "each command has one answer" in broken
    assert shell.run("verify").returncode == 1
    assert lost.topic == MINING_LOTS


async def test_a_record_that_was_doubled_is_found(shell: Shell) -> None:
    records = story_records()
    await produce(shell.bootstrap, [*records, records[0]])
    broken = {one["check"] for one in shell.json("verify")["checks"] if one["violations"]}
    assert broken >= {"ids are unique", "sequences have no hole"}


async def test_a_transaction_that_was_aborted_is_not_seen(shell: Shell) -> None:
    records = story_records()
    await produce(shell.bootstrap, records[:20], commit=False, name="aborted")
    await produce(shell.bootstrap, records)
    assert shell.run("verify").returncode == 0
    assert len(shell.run("tail", "--from", "beginning", "--until-end", "--json").stdout.splitlines()) == len(
        records
    )


async def test_what_is_no_event_at_all_is_reported_not_fatal(shell: Shell) -> None:
    junk = Fetched(MINING_LOTS, 0, 0, b"LOT-1", (), b"\xff", 0)
    await produce(
        shell.bootstrap, [*story_records(), junk, junk._replace(value=None), junk._replace(key=None)]
    )
    done = shell.run("verify")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "content-type: this header is missing" in done.stdout
    assert shell.run("tail", "--from", "beginning", "--until-end").returncode == 0
