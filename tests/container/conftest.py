"""The container engine, for tests that drive it themselves."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.engine import container_engine_answers


@pytest.fixture(scope="session")
def engine() -> Iterator[Any]:
    """A client of the engine; without an engine the test is skipped."""
    if not container_engine_answers():
        pytest.skip("no container engine answers")
    import docker  # noqa: PLC0415 - slow to import, seldom used

    client = docker.from_env(timeout=600)
    yield client
    client.close()
