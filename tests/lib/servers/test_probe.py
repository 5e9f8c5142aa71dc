"""What the container's own health check asks, and what it makes of the answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from mediabuyer.lib.servers.ports import free_port
from mediabuyer.lib.servers.probe import is_up


class Served(BaseHTTPRequestHandler):
    """As the deployed web server: other names are refused, plain HTTP is sent elsewhere."""

    is_down = False

    def do_GET(self) -> None:
        if self.headers["Host"] != "ads.example":
            status = 400
        elif self.headers["X-Forwarded-Proto"] != "https":
            status = 301
        else:
            status = 503 if self.is_down else 200
        self.send_response(status if self.path == "/healthz" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), Served)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("allowed_hosts", "expected"),
    [("ads.example", True), (" ads.example , other.example", True), (".ads.example", True), ("other.example", False)],
)
def test_probe_asks_by_a_name_that_is_served(port: int, allowed_hosts: str, expected: bool) -> None:
    assert is_up(port, allowed_hosts) is expected


def test_probe_hears_that_the_database_is_away(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Served, "is_down", True)
    assert not is_up(port, "ads.example")


def test_probe_takes_silence_for_down() -> None:
    assert not is_up(free_port(), "ads.example")
