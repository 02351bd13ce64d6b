"""The checker shares no code with what it checks, but for the one file that says so."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import tests.chaos.checker.fold

CHECKER = Path(tests.chaos.checker.fold.__file__).parent
FILES = sorted(CHECKER.rglob("*.py"))
DRIVERS = ("confluent_kafka", "asyncpg")
PURE = ("orestream.contracts", *(f"orestream.{name}.domain" for name in ("mining", "processing", "export")))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "."


def within(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(CHECKER)) for path in FILES])
def test_a_file_of_the_checker_imports_drivers_and_the_checker_only(path: Path) -> None:
    allowed: tuple[str, ...] = ("tests.chaos.checker", *DRIVERS)
    if path.name == "fold.py":
        allowed += (*PURE, "pydantic")
    others = [
        module
        for module in imported(path)
        if module.split(".")[0] not in sys.stdlib_module_names and not within(module, *allowed)
    ]
    assert not others


def test_only_the_fold_knows_the_services() -> None:
    assert [p.name for p in FILES if any(within(m, "orestream") for m in imported(p))] == ["fold.py"]


def test_the_exception_says_what_it_is() -> None:
    assert (CHECKER / "fold.py").read_text().startswith('"""THE ONE EXCEPTION')
