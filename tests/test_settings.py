"""What the settings make of the environment, read by a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def read(tmp_path: Path, names: str, **environment: str) -> str:
    code = f"from mediabuyer import settings as s; print({names})"
    base = {name: value for name, value in os.environ.items() if name not in {"PORT", "DEPLOYED"}}
    own = {"MEDIABUYER_VAR": str(tmp_path), "SECRET_KEY": "x" * 60, **environment}
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=base | own, capture_output=True, text=True, check=True, timeout=60
    )
    return ended.stdout.strip()


@pytest.mark.parametrize(
    ("environment", "names"),
    [
        ({}, "sessionid csrftoken"),
        ({"DEPLOYED": "on", "ALLOWED_HOSTS": "ads.example"}, "__Host-session __Host-csrf"),
    ],
)
def test_cookies_are_tied_to_the_host_where_people_reach_it_over_a_network(
    tmp_path: Path, environment: dict[str, str], names: str
) -> None:
    """Django's own names elsewhere: scripts that log in know them."""
    assert read(tmp_path, "s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME", **environment) == names
