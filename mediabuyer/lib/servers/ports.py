"""Loopback ports: which are free, and what to say when one is not."""

from __future__ import annotations

import socket
from collections.abc import Callable

from mediabuyer.lib.servers.state import ServerError


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port(wanted: int = 0) -> int:
    """`wanted` if it can be had, else any other."""
    if wanted and is_free(wanted):
        return wanted
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def choose_port(wanted: str, say: Callable[[str], None], *, default: int = 8000) -> int:
    """The port asked for, or the default, or the next free one. One asked for by name is never exchanged silently."""
    if wanted and not (wanted.isdigit() and 0 < int(wanted) < 65536):
        raise ServerError(f"PORT is “{wanted}”, which is no port number.")
    port = int(wanted or default)
    if is_free(port):
        return port
    other = next((candidate for candidate in range(port + 1, port + 50) if is_free(candidate)), 0) or free_port()
    if wanted:
        raise ServerError(f"Port {port} is in use by another program.", remedy=f"Try: PORT={other} make run")
    say(f"Port {port} is in use by another program; taking {other}. Choose your own with PORT.")
    return other
