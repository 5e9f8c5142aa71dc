"""PostgreSQL refuses to run as root: which account runs it then, and what that account can reach."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from pathlib import Path

from mediabuyer.lib.servers.state import ServerError

ACCOUNT = "mediabuyer-pg"
# Used only where no account can be made; the macOS name of PostgreSQL's account starts with an underscore.
FALLBACKS = ("postgres", "_postgres", "nobody")


def server_user(data: Path) -> pwd.struct_passwd | None:
    """None for a normal user, who runs the server himself; for root the owner of the data or an account of its own."""
    owner = data.stat().st_uid if data.exists() else None
    if os.geteuid() != 0:
        if owner not in (None, os.geteuid()):
            raise ServerError(
                f"The database in {data} belongs to another account (number {owner}).",
                remedy="Start as the one who made it, or with another MEDIABUYER_VAR.",
            )
        return None
    if owner:
        return pwd.getpwuid(owner)
    if not _known(ACCOUNT) and shutil.which("useradd"):
        command = ["useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent", ACCOUNT]
        subprocess.run(command, check=False, capture_output=True, timeout=30)
    for name in (ACCOUNT, *FALLBACKS):
        if user := _known(name):
            return user
    raise ServerError("PostgreSQL cannot run as root and no other account exists.", remedy="Start as a normal user.")


def _known(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def can_enter(user: pwd.struct_passwd, path: Path) -> bool:
    """Whether `user` can walk down to `path` and into it."""
    return all(_may(user, folder.stat(), stat.S_IXUSR) for folder in (path, *path.parents))


def can_run(user: pwd.struct_passwd, program: Path) -> bool:
    return can_enter(user, program.parent) and _may(user, program.stat(), stat.S_IXUSR)


def _may(user: pwd.struct_passwd, info: os.stat_result, bit: int) -> bool:
    if info.st_uid == user.pw_uid:
        return bool(info.st_mode & bit)
    if info.st_gid == user.pw_gid:
        return bool(info.st_mode & bit >> 3)
    return bool(info.st_mode & bit >> 6)


def give(path: Path, user: pwd.struct_passwd | None) -> Path:
    """Hand `path` itself over to `user`; nothing to do for a normal user."""
    if user:
        os.chown(path, user.pw_uid, user.pw_gid)
    return path
