"""A service's image, built from this checkout and run against a real broker as an operator would.

Needs a container engine (`DOCKER_HOST` or the usual socket). `ORESTREAM_TEST_BASE_IMAGE` names the image to
build on where the Dockerfile's own cannot be pulled. Containers share the machine's network, so that they
reach the embedded broker.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from orestream.cli.embedded.node import KafkaNode
from orestream.cli.embedded.ports import free_port
from tests.support.brokers import fresh_name
from tests.support.engine import eventually
from tests.support.images import CHECKOUT, build_service

SERVICE = "mining"
DATA = "/var/lib/orestream"
READY_S = 90.0
STOP_S = 40

WHAT_IS_HERE = """
import importlib.util, json, os
def found(names): return [name for name in names if importlib.util.find_spec(name)]
services = found(["orestream.mining", "orestream.processing", "orestream.export", "orestream.cli"])
print(json.dumps({"uid": os.getuid(), "services": services, "tools": found(["pip", "uv", "uv_build"])}))
"""

pytestmark = [
    pytest.mark.container,
    pytest.mark.timeout(900),
    # the engine's client leaves its connections to the garbage collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def image(engine: Any) -> str:
    return build_service(engine, SERVICE)


@contextmanager
def volume(engine: Any) -> Iterator[str]:
    created = engine.volumes.create(fresh_name("orestream-test-"))
    try:
        yield created.name
    finally:
        created.remove(force=True)


def restricted(data: str) -> dict[str, Any]:
    """What an operator would take from the container; the services need none of it."""
    return {
        "network_mode": "host",
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "tmpfs": {"/tmp": ""},  # the container's
        "mem_limit": "384m",
        "volumes": {data: {"bind": DATA, "mode": "rw"}},
    }


def run_once(engine: Any, image: str, *command: str, **options: Any) -> str:
    """Run a container to its end and return what it printed; fail when it fails."""
    container = engine.containers.run(image, list(command), detach=True, **options)
    try:
        code = container.wait(timeout=120)["StatusCode"]
        output = container.logs().decode()
        assert code == 0, output
        return str(output)
    finally:
        container.remove(force=True)


@contextmanager
def running(engine: Any, image: str, **options: Any) -> Iterator[Any]:
    container = engine.containers.run(image, detach=True, **options)
    try:
        yield container
    finally:
        container.remove(force=True)


def health(container: Any) -> str:
    container.reload()
    state = container.attrs["State"]
    assert state["Running"], container.logs().decode()
    return str(state["Health"]["Status"])


def send(bootstrap: str, file: Path, container: Any) -> list[dict[str, Any]]:
    command = [str(Path(sys.executable).with_name("orestream")), "send", str(file), "--bootstrap", bootstrap]
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr + container.logs().decode()
    return [json.loads(line) for line in done.stdout.splitlines()]


def first_commands(path: Path) -> Path:
    """The commands of the example that register a source and mine a lot."""
    lines = (CHECKOUT / "tests" / "examples" / "chain.jsonl").read_text(encoding="utf-8").splitlines()
    wanted = [line for line in lines if json.loads(line)["command"] in {"RegisterSource", "MineLot"}][:2]
    path.write_text("\n".join(wanted) + "\n", encoding="utf-8")
    return path


def test_the_service_works_without_rights_and_stops_in_order(
    engine: Any, image: str, fresh_kafka: KafkaNode, tmp_path: Path
) -> None:
    environment = {
        "ORESTREAM_BOOTSTRAP_SERVERS": fresh_kafka.bootstrap,
        "ORESTREAM_MANAGEMENT_PORT": str(free_port()),
    }
    with volume(engine) as data:
        options = {"environment": environment, **restricted(data)}
        run_once(engine, image, "topics", "apply", **options)
        run_once(engine, image, "migrate", **options)
        with running(engine, image, **options) as container:
            eventually(lambda: health(container) == "healthy", READY_S, "the service is healthy")
            outcomes = send(fresh_kafka.bootstrap, first_commands(tmp_path / "commands.jsonl"), container)
            assert [outcome["status"] for outcome in outcomes] == ["accepted", "accepted"]
            lines = container.logs().decode().splitlines()
            assert {json.loads(line)["service"] for line in lines} == {SERVICE}
            container.stop(timeout=STOP_S)
            container.reload()
            assert container.attrs["State"]["ExitCode"] == 0, container.logs().decode()


def test_the_image_holds_one_service_no_build_tools_and_no_root(engine: Any, image: str) -> None:
    printed = run_once(engine, image, "-c", WHAT_IS_HERE, entrypoint=["python"])
    assert json.loads(printed) == {"uid": 10001, "services": [f"orestream.{SERVICE}"], "tools": []}
