"""Runs the real sandbox for tests: a process of its own on a free port, ended by its id."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parents[1]
START = "2026-11-20T12:00:00+01:00"


@dataclass(frozen=True, slots=True)
class SandboxInfo:
    """What the sandbox printed when it was ready, and the process behind it."""

    url: str
    account_id: str
    access_token: str
    app_id: str
    app_secret: str
    business_id: str
    page_id: str
    pixel_id: str
    instagram_id: str
    now: str
    process: subprocess.Popen[str]
    store: Path

    def control(self, name: str, body: dict[str, Any] | None = None, query: str = "") -> Any:
        """GET (or POST with a body) of `/_sandbox/<name>`."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.url}/_sandbox/{name}{query}", data=data, headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)

    def graph(self, path: str, method: str = "GET", version: str = "v26.0", **params: Any) -> tuple[int, Any]:
        """(status, body) of a raw Graph call; dicts and lists are sent as JSON."""
        encoded = {
            name: json.dumps(value) if isinstance(value, (dict, list, bool)) else value
            for name, value in params.items()
        }
        query = urlencode({"access_token": self.access_token, **(encoded if method != "POST" else {})})
        data = urlencode(encoded).encode() if method == "POST" else None
        request = urllib.request.Request(f"{self.url}/{version}/{path}?{query}", data=data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"{}")


def start_sandbox(store: Path, **flags: Any) -> SandboxInfo:
    """Start a process on a store; flags as on the command line, `history_days=7` for `--history-days 7`."""
    command = [sys.executable, "-m", "campaigns.sandbox", "--port", "0", "--store", str(store)]
    for name, value in flags.items():
        if value is not False:
            command += [f"--{name.replace('_', '-')}", *([] if value is True else [str(value)])]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"the sandbox ended with code {process.wait()}")
    told = json.loads(line)
    names = {field.name for field in fields(SandboxInfo)} - {"process", "store"}
    return SandboxInfo(**{name: told[name] for name in names}, process=process, store=store)


def stop_sandbox(info: SandboxInfo, kill: bool = False) -> None:
    """End the process we started: politely, or as a crash would."""
    if kill:
        info.process.kill()
    else:
        info.process.terminate()
    info.process.wait(timeout=20)
    if info.process.stdout is not None:
        info.process.stdout.close()


@contextmanager
def running_sandbox(**flags: Any) -> Iterator[SandboxInfo]:
    """A sandbox with a throw-away store. Small, seeded and frozen unless told otherwise."""
    defaults: dict[str, Any] = {"seed": 7, "history_days": 14, "campaigns": 2, "ads": 6, "frozen": True, "start": START}
    with tempfile.TemporaryDirectory() as folder:
        info = start_sandbox(Path(folder), **{**defaults, **flags})
        try:
            yield info
        finally:
            stop_sandbox(info, kill=True)  # nobody reads its store again
