"""Container engine and waiting: what the fixtures for brokers, databases and images share."""

import os
import socket
import time
from collections.abc import Callable
from functools import cache
from urllib.parse import urlsplit

_PING = b"GET /_ping HTTP/1.0\r\nHost: engine\r\n\r\n"


@cache
def container_engine_answers() -> bool:
    """Whether an engine answers at the address of the environment (`DOCKER_HOST`) or the usual one."""
    address = urlsplit(os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock")
    family, place = (
        (socket.AF_UNIX, address.path)
        if address.scheme == "unix"
        else (socket.AF_INET, (address.hostname, address.port or 2375))
    )
    try:
        with socket.socket(family) as connection:
            connection.settimeout(5)
            connection.connect(place)
            connection.sendall(_PING)
            return b" 200 " in connection.recv(64)
    except OSError:
        return False


def eventually(condition: Callable[[], bool], timeout_s: float, what: str) -> None:
    """Wait until the condition holds; fail the test when it does not come true in time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not so after {timeout_s:.0f} s: {what}")
        time.sleep(0.05)
