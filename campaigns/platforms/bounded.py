"""HTTP that ends in time, goes to one address only, and asks once more right before it writes."""

from __future__ import annotations

import logging
import socket
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import connectionpool

logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)  # at DEBUG it writes whole URLs, with their token


class BoundedSession(requests.Session):
    """A session for one base address. A redirect is an answer, not a journey: the token stays with the host.

    `requests` counts its time limit anew with each byte, so a peer that sends one byte at a time could hold a worker
    for ever; here the whole call has `limit` seconds and its socket is shut down when they are over.
    """

    def __init__(self, base: str, limit: float, *, judge: Callable[[requests.Response], None]) -> None:
        super().__init__()
        self.base, self.limit, self.judge = base, limit, judge
        self.before_send: Callable[[], None] | None = None
        self.has_written = False
        self.called_off: Exception | None = None
        self._ends_at = 0.0
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        adapter = _Adapter(self)
        self.mount("http://", adapter)
        self.mount("https://", adapter)

    def request(  # type: ignore[override]
        self, method: str, url: str, *args: Any, limit: float | None = None, **options: Any
    ) -> requests.Response:
        """`limit` shortens the time of this one call."""
        seconds = self.limit if limit is None else limit
        if not url.startswith(f"{self.base}/"):
            raise requests.exceptions.InvalidURL("The address is not below the account's own host.")
        self.has_written = False
        self._ends_at = time.monotonic() + seconds
        is_over = threading.Event()
        timer = threading.Timer(seconds, self._cut, [is_over])
        timer.daemon = True
        timer.start()
        try:
            response = super().request(method, url, *args, **{**options, "allow_redirects": False})
        except (requests.RequestException, OSError) as error:
            if is_over.is_set():
                raise requests.Timeout(f"No complete answer within {seconds:g} seconds.") from error
            raise
        finally:
            timer.cancel()
        if is_over.is_set():  # a body cut short by the shutdown may look complete
            raise requests.Timeout(f"No complete answer within {seconds:g} seconds.")
        self.judge(response)
        return response

    def note_socket(self, sock: socket.socket) -> None:
        self._sockets.add(sock)

    def ask_once_more(self) -> None:
        """The last moment at which a call can be called off; from here on it may have arrived."""
        if self.before_send is not None:
            try:
                self.before_send()
            except Exception as error:
                self.called_off = error  # kept, because an OSError would come out as trouble of the connection
                raise
        if time.monotonic() >= self._ends_at:  # stood still since it was told to go on: that word is out of date
            raise requests.Timeout(f"Not begun within {self.limit:g} seconds.")
        self.has_written = True

    def _cut(self, is_over: threading.Event) -> None:
        is_over.set()
        for sock in list(self._sockets):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # closed already


class _Adapter(HTTPAdapter):
    def __init__(self, session: BoundedSession) -> None:
        self._session = weakref.proxy(session)
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _watched(connectionpool.HTTPConnectionPool, self._session),
            "https": _watched(connectionpool.HTTPSConnectionPool, self._session),
        }


def _watched(pool: Any, session: BoundedSession) -> Any:
    """The pool's class with connections that show their sockets to the session and ask it before they write."""

    class Connection(pool.ConnectionCls):
        def connect(self) -> None:
            super().connect()
            session.note_socket(self.sock)

        def request(self, *args: Any, **options: Any) -> None:
            if self.sock is None:
                self.connect()
            session.ask_once_more()
            super().request(*args, **options)

    return type(pool.__name__, (pool,), {"ConnectionCls": Connection})
