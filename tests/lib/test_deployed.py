"""Where people reach it over a network, what is dangerous does not start at all: gunicorn asks no system check."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.sandbox_process import ROOT

SAFE = {
    "DEPLOYED": "1", "DEBUG": "", "SECRET_KEY": "x7" * 32, "ALLOWED_HOSTS": "media.example",
    "DJANGO_SETTINGS_MODULE": "mediabuyer.settings",
}  # fmt: skip


def start(tmp_path, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in (*SAFE, "SECRET_KEY_FILE")}
    return subprocess.run(
        [sys.executable, "-c", "import mediabuyer.settings"],
        cwd=ROOT,
        env={**kept, "MEDIABUYER_VAR": str(tmp_path), **SAFE, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"DEBUG": "1"}, "DEBUG"),
        ({"SECRET_KEY": ""}, "SECRET_KEY"),
        ({"SECRET_KEY": "building"}, "SECRET_KEY"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS"),
        ({"ALLOWED_HOSTS": "media.example, *"}, "ALLOWED_HOSTS"),
    ],
)
def test_dangerous_setting_is_refused_by_its_name(tmp_path, variables, named):
    ended = start(tmp_path, **variables)
    assert ended.returncode != 0
    assert ended.stderr.splitlines()[-1].startswith(f"django.core.exceptions.ImproperlyConfigured: {named} ")
    assert not (tmp_path / "secret_key").exists()


def test_safe_settings_start(tmp_path):
    assert start(tmp_path).returncode == 0
