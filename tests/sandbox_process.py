"""Runs the real sandbox for tests: a process of its own on a free port, ended by its id."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from campaigns.sandbox.__main__ import arguments, open_world

ROOT = Path(__file__).resolve().parents[1]
START = "2026-11-20T12:00:00+01:00"
STORE = "sandbox.sqlite3"


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
    command = [sys.executable, "-m", "campaigns.sandbox", *_written(store, flags)]
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
def running_sandbox(*, fresh: bool = False, **flags: Any) -> Iterator[SandboxInfo]:
    """A sandbox with a throw-away store. Small, seeded and frozen unless told otherwise.

    Its history is a copy of one made before with the same flags; `fresh` for those who look at how it comes to be, and
    for a clock that runs, which would also have passed the time since.
    """
    defaults: dict[str, Any] = {"seed": 7, "history_days": 14, "campaigns": 2, "ads": 6, "frozen": True, "start": START}
    flags = {**defaults, **flags}
    with tempfile.TemporaryDirectory() as folder:
        if not fresh:
            _bring_history(Path(folder), flags)
        info = start_sandbox(Path(folder), **flags)
        try:
            yield info
        finally:
            stop_sandbox(info, kill=True)  # nobody reads its store again


def _written(store: Path, flags: dict[str, Any]) -> list[str]:
    """As on the command line."""
    words = ["--port", "0", "--store", str(store)]
    for name, value in flags.items():
        if value is not False:
            words += [f"--{name.replace('_', '-')}", *([] if value is True else [str(value)])]
    return words


def _bring_history(folder: Path, flags: dict[str, Any]) -> None:
    """Copy the store kept of these flags; the first who asks makes it, as the process itself would, and keeps it.

    Two workers may make the same one side by side: the later replaces the earlier.
    """
    assert flags["frozen"], "a clock that runs would have passed the time since its history was made"
    assert flags["start"], "a history that ends now is another one each time"
    name = hashlib.sha256(json.dumps(flags, sort_keys=True).encode()).hexdigest()[:16]
    kept = _kept_histories() / f"{name}.sqlite3"
    try:
        shutil.copyfile(kept, folder / STORE)
    except FileNotFoundError:
        open_world(arguments(_written(folder, flags))).store.close()  # which leaves one file, without a log beside it
        part = kept.with_suffix(f".{os.getpid()}")
        shutil.copyfile(folder / STORE, part)
        part.replace(kept)


@cache
def _kept_histories() -> Path:
    """A folder among what the tests write, named for all that a history follows from; those of other code go."""
    digest = hashlib.sha256()
    for path in sorted([*(ROOT / "campaigns" / "sandbox").glob("*.py"), ROOT / "requirements" / "dev.txt"]):
        digest.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    folder = Path(os.environ["MEDIABUYER_TEST_VAR"]) / "sandboxes" / digest.hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    for other in folder.parent.iterdir():
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)
    return folder
