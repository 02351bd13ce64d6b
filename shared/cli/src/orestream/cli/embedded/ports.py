"""Free TCP ports for servers that are to be restarted on the same port.

They are taken from below the range the kernel uses for outgoing connections: a client that tries to reconnect
to a stopped server on a port of that range may, by chance, connect to itself and so occupy the server's port.
"""

import random
import socket

_LOWEST, _BEYOND = 15_000, 32_000
_handed_out: set[int] = set()


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port of this host that nothing listens on and that was not handed out before."""
    while True:
        port = random.randrange(_LOWEST, _BEYOND)  # noqa: S311 - spreads concurrent starts, no secret
        if port not in _handed_out and is_free(host, port):
            _handed_out.add(port)
            return port


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen on that port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
