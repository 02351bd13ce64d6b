"""Images for tests: the services', and stand-ins for Kafka's and PostgreSQL's where none can be pulled.

The stand-ins are made of what the embedded run uses. `python -m tests.support.images` builds both on
`ORESTREAM_TEST_BASE_IMAGE`; their names are then what `ORESTREAM_TEST_KAFKA_IMAGE` and
`ORESTREAM_TEST_POSTGRES_IMAGE` may be set to.
"""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from orestream.cli.embedded.cluster import packaged
from orestream.cli.embedded.runtime import prepare

KAFKA = "orestream-test-kafka:latest"
POSTGRES = "orestream-test-postgres:latest"
TAG = "test"
CHECKOUT = Path(__file__).parents[2]
RECIPES = CHECKOUT / "tests" / "container"


def build_kafka(engine: Any, base: str) -> None:
    """Build the stand-in for Apache's image."""
    runtime = prepare()
    with tempfile.TemporaryDirectory() as context:
        shutil.copytree(RECIPES / "kafka", context, dirs_exist_ok=True)
        shutil.copytree(runtime.java.executable.parents[1], Path(context, "java"))
        Path(context, "jars").mkdir()
        for jar in runtime.jars:
            shutil.copy(jar, Path(context, "jars"))
        build(engine, Path(context), KAFKA, {"BASE_IMAGE": base})


def build_postgres(engine: Any, base: str) -> None:
    """Build the stand-in for PostgreSQL's official image."""
    with tempfile.TemporaryDirectory() as context:
        shutil.copytree(RECIPES / "postgres", context, dirs_exist_ok=True)
        install = packaged("postgres").parents[1]
        # the programs look for their libraries beside the package that holds them
        shutil.copytree(install, Path(context, "postgres", "package", "install"))
        for libraries in install.parents[1].glob(f"{install.parent.name}.libs"):
            shutil.copytree(libraries, Path(context, "postgres", libraries.name))
        build(engine, Path(context), POSTGRES, {"BASE_IMAGE": base})


def build_service(engine: Any, service: str) -> str:
    """Build a service's image as an operator would and return its name.

    On the base image of `ORESTREAM_TEST_BASE_IMAGE`, else on the Dockerfile's own.
    """
    name = f"orestream-{service}:{TAG}"
    base = os.environ.get("ORESTREAM_TEST_BASE_IMAGE")
    arguments = {"SERVICE": service} | ({"BASE_IMAGE": base} if base else {})
    # the machine's network, because a private one may not reach the package index
    build(engine, CHECKOUT, name, arguments, dockerfile="deploy/Dockerfile", network_mode="host")
    return name


def build(engine: Any, context: Path, name: str, arguments: dict[str, str], **options: str) -> None:
    """Build a directory's Dockerfile."""
    engine.images.build(path=str(context), tag=name, buildargs=arguments, rm=True, forcerm=True, **options)


def main() -> None:
    """Build both."""
    import docker  # noqa: PLC0415 - slow to import, seldom used

    base = os.environ["ORESTREAM_TEST_BASE_IMAGE"]
    engine = docker.from_env(timeout=600)
    try:
        build_kafka(engine, base)
        build_postgres(engine, base)
    finally:
        engine.close()


if __name__ == "__main__":
    main()
