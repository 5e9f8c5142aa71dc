"""The run that everything else rests on: killed workers, lost and late answers, and nothing doubled or missing."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from campaigns.models import Change
from mediabuyer.brands.models import Brand
from tests.sandbox_process import ROOT

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]


def fault_run(environment: dict[str, str], **flags: Any) -> tuple[int, dict[str, Any]]:
    arguments = [part for name, value in flags.items() for part in (f"--{name}", str(value))]
    ended = subprocess.run(
        [sys.executable, "manage.py", "fault_run", "--json", "--skip-checks", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=220,
        check=False,
    )
    assert ended.stdout, ended.stderr[-3000:]
    return ended.returncode, json.loads(ended.stdout)


def test_hundred_changes_survive_a_dozen_kills(environment: dict[str, str]) -> None:
    code, verdict = fault_run(environment, changes=100, workers=4, kills=12, lost=0.1, late=0.2, errors=0.1, seed=1)
    assert verdict["violations"] == []
    assert (verdict["changes"], verdict["duplicates"], verdict["missing"], verdict["over_cap"]) == (100, 0, 0, 0)
    assert verdict["objects"] >= 50
    assert list(verdict)[:6] == ["changes", "objects", "duplicates", "missing", "over_cap", "violations"]
    assert (verdict["kills"], verdict["seed"]) == (12, 1)
    assert 0 < verdict["seconds"] < 220
    assert 0 <= verdict["creations"] - verdict["objects"] <= verdict["held_back"] + verdict["failed"]
    assert code == 0
    assert not Brand.objects.exists(), "the run cleans up after itself"
    assert not Change.objects.exists()
