"""The first shipment as commands, with the outcome each must have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from orestream.export.domain.containers import check_digit

CHAIN = Path(__file__).parent.parent / "examples" / "chain.jsonl"
EXPECTED: dict[str, dict[str, Any]] = json.loads(CHAIN.with_name("chain.expected.json").read_text())


def commands() -> list[dict[str, Any]]:
    """The commands in file order."""
    return [json.loads(line) for line in CHAIN.read_text().splitlines()]


def service_of(command: dict[str, Any]) -> str:
    """The service a command of the file goes to."""
    mining = ("RegisterSource", "MineLot")
    named = command.get("service")
    if named is not None:
        return str(named)
    if command["command"] in mining:
        return "mining"
    return "processing" if command["command"] == "ProcessBatch" else "export"


def verdicts(outcomes: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Status and rule of each outcome by command id, as the expected file states them."""
    return {
        outcome["command_id"]: {name: outcome[name] for name in ("status", "rule") if outcome.get(name)}
        for outcome in outcomes
    }


_OWN_IDS = (
    "c-0", "LOT-SB", "CON-SB", "TLS-SB", "SRC-SB", "BATCH-", "CTR-", "SHP-", "WB1-", "P1-", "KHI-", "S-1",
    "SEAL-", "SAH-", "PK-SEAL",
)  # fmt: skip


def many(chains: int) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]]]:
    """That many shipments with ids of their own, interleaved command by command, and their outcomes."""
    numbers = range(1, chains + 1)
    sent = [_renamed(command, number) for command in commands() for number in numbers]
    return sent, {f"{name}-{number}": outcome for name, outcome in EXPECTED.items() for number in numbers}


def _renamed(value: Any, number: int) -> Any:
    if isinstance(value, dict):
        return {name: _renamed(part, number) for name, part in value.items()}
    if isinstance(value, list):
        return [_renamed(part, number) for part in value]
    if isinstance(value, str) and value.startswith("CSQU"):
        return _container(value, number)
    if isinstance(value, str) and value.startswith(_OWN_IDS):
        return f"{value}-{number}"
    return value


def _container(number: str, chain: int) -> str:
    """Another container; its check digit is right where the example's is."""
    body = f"{number[:4]}{int(number[4:10]) + chain:06d}"
    right = check_digit(body)
    return f"{body}{right if check_digit(number[:10]) == int(number[10]) else (right + 1) % 10}"
