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


def test_keys_of_fields_may_come_from_a_file(tmp_path: Path) -> None:
    """Else the keys made from SECRET_KEY would be taken without a word, and lost with it."""
    (tmp_path / "keys").write_text("new,\nold\n")
    assert (
        read(tmp_path, "s.FIELD_ENCRYPTION_KEYS", FIELD_ENCRYPTION_KEYS_FILE=str(tmp_path / "keys")) == "['new', 'old']"
    )


def test_empty_address_of_the_site_is_none(tmp_path: Path) -> None:
    assert read(tmp_path, "s.SITE_URL", SITE_URL="") == "http://127.0.0.1:8000"
