"""Neo4j's programs: 216 Java archives, fetched once into the user's cache and checked against `neo4j.lock`.

`python -m mediabuyer.lib.servers.neo4j_jars fetch` brings them, `… lock VERSION` prints a new lock. Neo4j Community is
GPLv3 and a separate process: its archives are fetched by the user's machine and never shipped with the product.
"""

from __future__ import annotations

import hashlib
import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import requests
from jgo.constants import MAVEN_CENTRAL_URL
from jgo.maven import MavenContext, PythonResolver
from jgo.parse import Coordinate
from jgo.util import http

from mediabuyer.lib.servers.state import ServerError, locked, private_dir

LOCK = Path(__file__).with_name("neo4j.lock")
TRIES = 4
Progress = Callable[[int, int], None]
"""Called with bytes at hand and bytes in all."""


@dataclass(frozen=True)
class Jar:
    path: str  # in a Maven repository
    sha256: str
    size: int

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[1]


def cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "mediabuyer" / "neo4j"


def usable_cache(spare: Path) -> Path:
    """The user's cache; `spare` where there is no home, or one that may not be written to."""
    try:
        folder = cache_folder()
        if not is_complete(folder):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "lock").touch()
    except (OSError, RuntimeError):
        return spare
    return folder


def read_lock(lock: Path = LOCK) -> list[Jar]:
    lines = (line.split() for line in lock.read_text().splitlines() if not line.startswith("#"))
    return [Jar(path, sha256, int(size)) for path, sha256, size in lines]


def jars_folder(cache: Path, lock: Path = LOCK) -> Path:
    return cache / hashlib.sha256(lock.read_bytes()).hexdigest()[:12]


def is_complete(cache: Path, lock: Path = LOCK) -> bool:
    return (jars_folder(cache, lock) / "complete").exists()


def fetch(cache: Path, progress: Progress = lambda _done, _total: None, lock: Path = LOCK) -> Path:
    """The folder with every archive of the lock. What an interrupted fetch left is kept; two at once share one."""
    folder = jars_folder(cache, lock)
    if not is_complete(cache, lock):
        private_dir(folder)
        with locked(cache / "lock"):
            _fetch_missing(read_lock(lock), folder, progress)
            (folder / "complete").touch()
    return folder


def _fetch_missing(jars: list[Jar], folder: Path, progress: Progress) -> None:
    total = sum(jar.size for jar in jars)
    # A file under its final name was checked before it got that name.
    missing = [jar for jar in jars if not (folder / jar.name).exists()]
    done = total - sum(jar.size for jar in missing)
    guard = threading.Lock()

    def bring(jar: Jar) -> None:
        nonlocal done
        _download(jar, folder)
        with guard:
            done += jar.size
            progress(done, total)

    progress(done, total)
    with ThreadPoolExecutor(max_workers=8) as pool:
        try:
            list(pool.map(bring, missing))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _download(jar: Jar, folder: Path) -> None:
    for attempt in range(TRIES):
        try:
            content = _read(jar)
        except requests.RequestException as error:
            refused = error.response is not None and error.response.status_code < 500
            if refused or attempt == TRIES - 1:
                raise ServerError(f"{jar.name} cannot be fetched: {type(error).__name__}") from error
            time.sleep(2**attempt)
            continue
        part = folder / f".{jar.name}.part"
        part.write_bytes(content)
        part.rename(folder / jar.name)
        return


def _read(jar: Jar) -> bytes:
    response = http.get(f"{MAVEN_CENTRAL_URL}/{jar.path}", timeout=30)
    response.raise_for_status()
    if hashlib.sha256(response.content).hexdigest() != jar.sha256:
        raise ServerError(f"{jar.name} differs from its hash in {LOCK.name} and is not used.")
    return response.content


def print_lock(version: str, repository: Path) -> None:
    """Resolve the two artifacts that make a Community server and print one line per archive."""
    context = MavenContext(resolver=PythonResolver(), repo_cache=repository)
    wanted = (f"org.neo4j:neo4j:{version}", f"org.neo4j.app:neo4j-server:{version}")
    inputs, rest = context.resolver.resolve([context.create_dependency(Coordinate.parse(one)) for one in wanted])
    print(f"# Neo4j Community {version}: path, sha256 and bytes of every archive. Made by `make lock-neo4j`.")
    lines = []
    for dependency in (*inputs, *rest):
        content = dependency.artifact.resolve().read_bytes()
        path = dependency.artifact.component.path_prefix / dependency.artifact.filename
        lines.append(f"{path.as_posix()} {hashlib.sha256(content).hexdigest()} {len(content)}")
    print("\n".join(sorted(lines)))


class Shown:
    """Progress for whoever watches: one line that is written over at a terminal, else a line for each quarter."""

    def __init__(self, out: TextIO) -> None:
        self._out, self._written_over = out, out.isatty()
        self._quarter = -1

    def __call__(self, done: int, total: int) -> None:
        text = f"{done >> 20:3d} of {total >> 20} MB of Neo4j"
        if self._written_over:
            print(f"\r{text}", end="", file=self._out, flush=True)
        elif (quarter := 4 * done // max(total, 1)) > self._quarter:
            self._quarter = quarter
            print(text.strip(), file=self._out, flush=True)

    def end(self) -> None:
        """Leave the line that was written over. Where everything was there already, nothing was shown."""
        if self._written_over:
            print(file=self._out)


def main(arguments: list[str]) -> int:
    match arguments:
        case ["fetch"]:
            progress = Shown(sys.stdout)
            fetch(cache_folder(), progress)
            progress.end()
        case ["lock", version]:
            print_lock(version, cache_folder() / "repository")
        case _:
            print(__doc__)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
