"""The AsyncAPI document passes the specification's own parser."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

HERE = Path(__file__).parent / "asyncapi"
PUBLISHED = Path(str(files("orestream.contracts") / "published" / "asyncapi.json"))


def node(*command: str) -> subprocess.CompletedProcess[str]:
    """Runs one of the programs that come with the environment's own Node."""
    here = Path(sys.executable).parent
    path = os.pathsep.join((str(here), os.environ.get("PATH", "")))
    return subprocess.run(
        command, cwd=HERE, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module", autouse=True)
def parser() -> None:
    installed = HERE / "node_modules" / ".package-lock.json"
    if installed.exists() and installed.stat().st_mtime >= (HERE / "package-lock.json").stat().st_mtime:
        return
    shutil.rmtree(HERE / "node_modules", ignore_errors=True)
    run = node("npm", "ci", "--silent")
    assert run.returncode == 0, run.stderr


def test_the_published_document_has_no_error() -> None:
    run = node("node", "parse.mjs", str(PUBLISHED))
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_parser_would_notice_a_broken_reference(tmp_path: Path) -> None:
    document = json.loads(PUBLISHED.read_text())
    document["operations"]["mining-answers-commands"]["channel"]["$ref"] = "#/channels/nowhere"
    broken = tmp_path / "asyncapi.json"
    broken.write_text(json.dumps(document))
    assert node("node", "parse.mjs", str(broken)).returncode == 1
