"""HTTP on loopback: reads a request, strikes with faults, answers with JSON and usage headers."""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
import traceback
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from campaigns.sandbox.call import Call, Sandbox
from campaigns.sandbox.control import BadControl, control
from campaigns.sandbox.errors import GraphError
from campaigns.sandbox.graph_api import answer, split_path, trace_of
from campaigns.sandbox.params import Params, read_params

LARGEST_BODY = 64 * 1024 * 1024
TIER = "standard_access"
WRITES = ("POST", "DELETE")


class Server(ThreadingHTTPServer):
    """One thread a connection; connections stay open."""

    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = True

    sandbox: Sandbox  # set before serving; the port is taken first, so that a used one is noticed at once

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(address, Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is not our error."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def log_message(self, *_: Any) -> None:
        """Quiet: URLs hold tokens."""

    def do_GET(self) -> None:
        """Read."""
        self._handle()

    def do_POST(self) -> None:
        """Write."""
        self._handle()

    def do_DELETE(self) -> None:
        """Delete."""
        self._handle()

    def _handle(self) -> None:
        body = self._body()
        if body is None:
            self.close_connection = True  # what follows on it cannot be told from the body
            self._send(413, b"{}", {"Connection": "close"})
            return
        url = urlsplit(self.path)
        if url.path.startswith("/_sandbox/"):
            self._control(url.path.removeprefix("/_sandbox/").strip("/"), url.query, body)
            return
        self._graph(url.path, url.query, body)

    def _body(self) -> bytes | None:
        """The whole body, by length or in chunks; None when it is too large or has no readable length."""
        try:
            if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
                length = int(self.headers.get("Content-Length") or 0)
                return self.rfile.read(length) if 0 <= length <= LARGEST_BODY else None
            body = b""
            while size := int(self.rfile.readline().partition(b";")[0], 16):
                if size < 0 or len(body) + size > LARGEST_BODY:
                    return None
                body += self.rfile.read(size)
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass  # trailers
        except ValueError:
            return None
        return body

    def _control(self, name: str, query: str, body: bytes) -> None:
        sandbox = self.server.sandbox
        try:
            params = read_params(query, "application/json", body)
            with sandbox.world.lock:
                sandbox.delivery.catch_up()
                result = control(sandbox, self.command, name, params)
        except (BadControl, GraphError) as error:
            self._send(400, json.dumps({"error": str(error)}).encode(), {})
            return
        self._send(200, json.dumps(result).encode(), {})

    # -- Graph -----------------------------------------------------------------------------------------------------

    def _graph(self, path: str, query: str, body: bytes) -> None:
        sandbox = self.server.sandbox
        version, parts = split_path(path)
        call = Call(sandbox, self.command, version, parts, Params())
        try:
            call.params = self._params(query, body)
            call.method = call.params.text("method", self.command).upper() if self.command == "POST" else self.command
            sandbox.faults.wait(call.name)
            sandbox.faults.before(call.name, sandbox.world.identity.account_id)
        except GraphError as error:
            self._refuse(call, error)
            return
        if call.method in WRITES and self._goes_astray(call):
            return
        self._finish(call, *self._answered(call))

    def _params(self, query: str, body: bytes) -> Params:
        params = read_params(query, self.headers.get("Content-Type", ""), body)
        bearer = self.headers.get("Authorization", "")
        if bearer.startswith("Bearer "):
            params.values.setdefault("access_token", bearer.removeprefix("Bearer ").strip())
        return params

    def _answered(self, call: Call) -> tuple[int, Any, dict[str, str]]:
        """(status, body, headers) of a call that is carried out now."""
        try:
            return 200, perform(call), {}
        except GraphError as error:
            return error.status, error.envelope(trace_of(call.sandbox, call)), error.headers
        except Exception:  # noqa: BLE001 - a mistake of ours must look like Meta's own, not like a lost connection
            sys.stderr.write(f"{call.name} failed\n{traceback.format_exc()}")  # the name holds no token
            unknown = GraphError(1, "An unknown error occurred", subcode=99, status=500)
            return unknown.status, unknown.envelope(trace_of(call.sandbox, call)), {}

    def _goes_astray(self, call: Call) -> bool:
        """Late and lost answers: the work is done later or now, and the caller never hears of it."""
        faults = call.sandbox.faults
        is_create = call.method == "POST" and len(call.path) == 2
        if is_create and faults.hits("late_create", call.name):
            timer = threading.Timer(faults.seconds("late_create"), _perform_late, [call])
            timer.daemon = True
            timer.start()
            self._hang_up()
            return True
        if is_create and faults.hits("answer_lost_after_create", call.name):
            self._answered(call)
            self._hang_up()
            return True
        if faults.hits("http_500_after", call.name):
            self._answered(call)
            self._refuse(call, GraphError(1, "An unknown error occurred", subcode=99, status=500))
            return True
        return False

    def _hang_up(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def _refuse(self, call: Call, error: GraphError) -> None:
        self._finish(call, error.status, error.envelope(trace_of(call.sandbox, call)), error.headers, spoil=False)

    def _finish(self, call: Call, status: int, result: Any, headers: dict[str, str], spoil: bool = True) -> None:
        sandbox = call.sandbox
        body = json.dumps(result).encode()
        if spoil and sandbox.faults.hits("garbage_body", call.name):
            body = sandbox.faults.garbage()
            status = 502 if body.startswith(b"<") else status
        usage = sandbox.limiter.headers(
            sandbox.world.identity.account_id,
            TIER,
            kind="ads_insights" if "insights" in call.path else "ads_management",
        )
        self._send(
            status,
            body,
            {**usage, "facebook-api-version": call.version, "x-fb-request-id": f"{id(call):x}", **headers},
            drip=sandbox.faults.seconds("slow_drip") if sandbox.faults.hits("slow_drip", call.name) else 0.0,
        )

    def _send(self, status: int, body: bytes, headers: dict[str, str], drip: float = 0.0) -> None:
        """Head and body in one write: two would wait for each other's acknowledgement."""
        lines = [
            f"HTTP/1.1 {status} {self.responses.get(status, ('', ''))[0]}",
            "Content-Type: application/json; charset=UTF-8",
            f"Content-Length: {len(body)}",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode()
        with suppress(OSError):
            if not drip:
                self.wfile.write(head + body)
                return
            self.wfile.write(head)
            for at in range(len(body)):
                time.sleep(drip)
                self.wfile.write(body[at : at + 1])


def perform(call: Call) -> Any:
    """Carry a call out under the lock; whatever it writes is on disk when this returns."""
    world = call.world
    with world.lock:
        call.sandbox.limiter.charge(call.method)
        call.sandbox.delivery.catch_up()
        if call.method in WRITES:
            with world.writing():
                return answer(call)
        with world.store.transaction():
            return answer(call)


def _perform_late(call: Call) -> None:
    with suppress(GraphError):
        perform(call)
