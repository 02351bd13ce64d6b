"""Container engine and waiting: what the fixtures for brokers, databases and images share."""

import time
from collections.abc import Callable
from functools import cache


@cache
def container_engine_answers() -> bool:
    """Whether an engine answers at the address of the environment (`DOCKER_HOST`) or the usual one."""
    import docker  # noqa: PLC0415 - slow to import, seldom used
    from docker.errors import DockerException  # noqa: PLC0415 - the same

    try:
        client = docker.from_env(timeout=5)
    except DockerException:
        return False
    try:
        return bool(client.ping())
    except (DockerException, OSError):
        return False
    finally:
        client.close()


def eventually(condition: Callable[[], bool], timeout_s: float, what: str) -> None:
    """Wait until the condition holds; fail the test when it does not come true in time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not so after {timeout_s:.0f} s: {what}")
        time.sleep(0.05)
