"""Whether Postgres is to blame, asked of one that answers, one that refuses and one that stands still."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mediabuyer.lib.servers.outage import is_outage
from mediabuyer.lib.servers.ports import free_port
from mediabuyer.lib.servers.postgres import ensure_postgres

WELCOME = b"R\0\0\0\x08\0\0\0\0S\0\0\0\x18server_version\x0018.0\0Z\0\0\0\x05I"
"""Of Postgres to a client: you are who you say, this is who I am, ask."""


def at(address: str, var: Path) -> dict[str, str]:
    return {"DATABASE_URL": address, "MEDIABUYER_VAR": str(var), "DJANGO_SETTINGS_MODULE": "mediabuyer.settings"}


def test_postgres_that_refuses_is_an_outage(tmp_path: Path) -> None:
    assert is_outage(at(f"postgresql://127.0.0.1:{free_port()}/x", tmp_path))


def test_postgres_that_stands_still_is_an_outage(tmp_path: Path) -> None:
    """It takes the connection, so the time limit of that is over, and then says nothing."""

    def welcome(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(1000)
            connection.sendall(WELCOME)
            while connection.recv(1000):
                pass

    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor() as pool:
        pool.submit(welcome, server)
        address = f"postgresql://x@127.0.0.1:{server.getsockname()[1]}/x?sslmode=disable&gssencmode=disable"
        assert is_outage(at(address, tmp_path))


def test_postgres_that_answers_is_none(shared_var: Path) -> None:
    """It says that the table is not there, which no waiting cures."""
    assert not is_outage(at(ensure_postgres(shared_var, durable=False), shared_var))
