"""The web cuts long queries off. What has its environment and no visitors does not: an import waits for its turn."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.sandbox_process import ROOT

WORKER = "import django; django.setup()"
WEB = "import mediabuyer.wsgi"
SHOW = "from django.db import connection; print(connection.settings_dict['OPTIONS']['options'])"


@pytest.mark.parametrize(
    ("process", "given", "limit"), [(WEB, "", "30s"), (WEB, "7", "7s"), (WEB, "0", "0s"), (WORKER, "7", "0s")]
)
def test_only_the_web_cuts_queries_off(tmp_path, process, given, limit):
    own = {
        "MEDIABUYER_VAR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "mediabuyer.settings",
        "STATEMENT_SECONDS": given,
        "IS_WEB": "",
    }
    ended = subprocess.run(
        [sys.executable, "-c", f"{process}; {SHOW}"], cwd=ROOT, env={**os.environ, **own}, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    assert ended.stdout.split()[-1] == f"statement_timeout={limit}"
