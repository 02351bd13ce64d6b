"""The compose file, as an operator starts it: a shipment goes through three containers and PostgreSQL.

Needs a container engine and `docker compose` or docker-compose. `ORESTREAM_TEST_KAFKA_IMAGE` and
`ORESTREAM_TEST_POSTGRES_IMAGE` name the images to use where the public ones cannot be pulled.
"""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from orestream.cli.embedded.ports import free_port
from tests.support.brokers import fresh_name
from tests.support.chain import CHAIN, EXPECTED, verdicts
from tests.support.engine import eventually
from tests.support.images import CHECKOUT, TAG, build_service

SERVICES = ("mining", "processing", "export")
FILE = CHECKOUT / "deploy" / "compose.yaml"
IMAGES = {"ORESTREAM_KAFKA_IMAGE": "apache/kafka:4.3.1", "ORESTREAM_POSTGRES_IMAGE": "postgres:17"}
READY_S = 120.0

pytestmark = [
    pytest.mark.container,
    pytest.mark.timeout(900),
    # the engine's client leaves its connections to the garbage collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def compose() -> list[str]:
    for command in (["docker", "compose"], ["docker-compose"]):
        try:
            found = subprocess.run([*command, "version"], capture_output=True, timeout=60, check=False)
        except FileNotFoundError:
            continue
        if found.returncode == 0:
            return command
    pytest.skip("neither docker compose nor docker-compose is here")


def image_to_use(engine: Any, variable: str, public: str) -> str:
    from docker.errors import APIError  # noqa: PLC0415 - slow to import, seldom used

    named = os.environ.get(variable.replace("ORESTREAM_", "ORESTREAM_TEST_"))
    if named:
        return named
    try:
        engine.images.pull(public)
    except APIError as error:
        pytest.skip(f"{public} cannot be pulled: {error.explanation}")
    return public


@contextmanager
def everything(compose: list[str], settings: Mapping[str, str]) -> Iterator[str]:
    """Start the compose file's containers; yield the project's name."""
    project = fresh_name("orestreamtest")
    command = [*compose, "-p", project, "-f", str(FILE)]
    environment = {**os.environ, **settings}

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [*command, *arguments], env=environment, capture_output=True, text=True, timeout=400, check=False
        )
        return f"{done.returncode}\n{done.stdout}{done.stderr}"

    try:
        started = run("up", "-d", "--no-build")
        assert started.startswith("0\n"), started + run("logs", "--no-color")
        yield project
    finally:
        run("down", "--volumes", "--timeout", "40")


def services_of(engine: Any, project: str) -> dict[str, Any]:
    found = engine.containers.list(filters={"label": f"com.docker.compose.project={project}"})
    containers = {each.labels["com.docker.compose.service"]: each for each in found}
    return {name: container for name, container in containers.items() if name in SERVICES}


def orestream(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = Path(sys.executable).with_name("orestream")
    return subprocess.run([command, *arguments], capture_output=True, text=True, timeout=300, check=False)


def test_the_first_shipment_goes_through_the_compose_file(engine: Any, compose: list[str]) -> None:
    for service in SERVICES:
        build_service(engine, service)
    port = free_port()
    settings = {
        "ORESTREAM_VERSION": TAG,
        "ORESTREAM_KAFKA_PORT": str(port),
        "ORESTREAM_POSTGRES_PASSWORD": secrets.token_hex(16),
    } | {variable: image_to_use(engine, variable, public) for variable, public in IMAGES.items()}
    with everything(compose, settings) as project:

        def healthy() -> bool:
            found = services_of(engine, project)
            return len(found) == len(SERVICES) and all(each.health == "healthy" for each in found.values())

        eventually(healthy, READY_S, "the three services are healthy")
        bootstrap = f"localhost:{port}"
        sent = orestream("send", CHAIN, "--bootstrap", bootstrap, "--json", "--timeout", "180")
        logs = "".join(each.logs(tail=30).decode() for each in services_of(engine, project).values())
        assert sent.returncode in (0, 3), sent.stdout + sent.stderr + logs
        assert verdicts([json.loads(line) for line in sent.stdout.splitlines()]) == EXPECTED
        verified = orestream("verify", "--bootstrap", bootstrap)
        assert verified.returncode == 0, verified.stdout + verified.stderr
