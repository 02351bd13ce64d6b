"""Writes `published/` anew, or with `--check` says what there is stale.

python -m orestream.contracts.generate [--check]
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from orestream.contracts.generate.asyncapi import document
from orestream.contracts.generate.golden import golden_records
from orestream.contracts.generate.schemas import schema_files

PUBLISHED = Path(__file__).parent.parent / "published"


def artefacts() -> dict[str, str]:
    """File below `published/` → its text."""
    made: dict[str, Any] = {"asyncapi.json": document()}
    made |= {f"schemas/{type_}.json": schema for type_, schema in schema_files().items()}
    made |= {f"golden/{type_}.json": record for type_, record in golden_records().items()}
    return {name: json.dumps(content, indent=2, ensure_ascii=False) + "\n" for name, content in made.items()}


def stale(made: dict[str, str]) -> list[str]:
    """Files that differ, are missing or no longer made, sorted."""
    there = {str(path.relative_to(PUBLISHED)): path.read_text("utf-8") for path in PUBLISHED.rglob("*.json")}
    return sorted(name for name in made.keys() | there.keys() if made.get(name) != there.get(name))


def write(made: dict[str, str]) -> None:
    """Brings `published/` to what is made, removing what no longer is."""
    for name in stale(made):
        path = PUBLISHED / name
        if name in made:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(made[name], "utf-8")
        else:
            path.unlink()


def main(argv: list[str] | None = None) -> int:
    """0: done, or fresh; 1: stale."""
    parser = argparse.ArgumentParser(prog="python -m orestream.contracts.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, exit 1 where a file is stale")
    made = artefacts()
    if not parser.parse_args(argv).check:
        write(made)
        return 0
    old = stale(made)
    for name in old:
        print(f"stale: {name}; run python -m orestream.contracts.generate", file=sys.stderr)  # noqa: T201 - a command's answer
    return 1 if old else 0


if __name__ == "__main__":
    sys.exit(main())
