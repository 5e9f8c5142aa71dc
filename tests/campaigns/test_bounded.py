from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
import requests

from campaigns.platforms.bounded import BoundedSession

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


@contextmanager
def peer(behave: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server of one behaviour on a free port; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    talk, _ = server.accept()
                    with talk, suppress(OSError):
                        talk.recv(65536)
                        behave(talk)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def session(base: str, limit: float = 0.6) -> BoundedSession:
    return BoundedSession(base, limit, judge=lambda answer: None)


def drip(talk: socket.socket, head: bytes) -> None:
    talk.sendall(head)
    for _ in range(100):
        time.sleep(0.1)
        talk.sendall(b"x")


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
    ],
)
def test_answer_that_trickles_is_cut_off(head: bytes) -> None:
    with peer(lambda talk: drip(talk, head)) as base:
        began = time.monotonic()
        with pytest.raises(requests.Timeout):
            session(base).request("GET", f"{base}/x", timeout=5)
        assert time.monotonic() - began < 2


def test_silence_is_cut_off() -> None:
    with peer(lambda talk: time.sleep(3)) as base, pytest.raises(requests.Timeout):
        session(base).request("GET", f"{base}/x", timeout=5)


def test_redirect_is_not_followed() -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/elsewhere\r\nContent-Length: 0\r\n\r\n"
    with peer(lambda talk: talk.sendall(moved)) as base:
        assert session(base).request("GET", f"{base}/x", timeout=1).status_code == 302


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/x", "https://graph.facebook.com/v26.0/1", "{base}.evil.example/x"])
def test_other_host_is_refused_unsent(url: str) -> None:
    one = session("http://127.0.0.1:8000")
    with pytest.raises(requests.exceptions.InvalidURL):
        one.request("GET", url.format(base=one.base), timeout=1)
    assert not one.has_written


def test_call_can_be_called_off_before_the_first_byte() -> None:
    heard: list[bytes] = []

    def call_off() -> None:
        raise InterruptedError("the lease was lost")

    with peer(lambda talk: heard.append(b"called")) as base:
        one = session(base)
        one.before_send = call_off
        with pytest.raises((requests.RequestException, OSError)):
            one.request("POST", f"{base}/x", data={"a": "1"}, timeout=1)
    assert isinstance(one.called_off, InterruptedError)
    assert not one.has_written


def test_judge_sees_every_answer() -> None:
    seen: list[int] = []
    with peer(lambda talk: talk.sendall(ANSWER)) as base:
        one = BoundedSession(base, 2, judge=lambda answer: seen.append(answer.status_code))
        one.request("GET", f"{base}/x", timeout=1)
        assert one.has_written
    assert seen == [200]


def test_nothing_is_written_by_whoever_stood_still_after_the_last_question() -> None:
    """As a stopped process that goes on: the yes it holds is older than the call may be."""
    with peer(lambda talk: talk.sendall(ANSWER)) as base:
        asking = session(base, limit=0.2)
        asking.before_send = lambda: time.sleep(0.3)
        with pytest.raises(requests.Timeout):
            asking.request("POST", f"{base}/x", timeout=5)
    assert not asking.has_written
