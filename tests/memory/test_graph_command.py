"""`manage.py graph`: what an operator reads, and exit codes that a script can trust."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from io import StringIO

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command

from memory.loop import Projector
from memory.models import GraphMirror
from tests.factories import AngleFactory
from tests.sandbox_process import ROOT

pytestmark = [pytest.mark.neo4j, pytest.mark.django_db(transaction=True)]


def run(*arguments):
    out = StringIO()
    call_command("graph", *arguments, "--json", stdout=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_status_gives_lag_and_counts(graph, brand):
    AngleFactory.create(brand=brand)
    Projector().step()
    AngleFactory.create(brand=brand)
    (status,) = run("status")
    assert (status["state"], status["waiting"], status["counts"]["Angle"]) == ("ready", 1, 1)


def test_verify_is_silent_about_equal_stores(graph, brand):
    AngleFactory.create(brand=brand)
    Projector().step()
    *parts, whole = run("verify")
    assert whole == {"is_equal": True, "differing": [], "waiting": 0, "set_aside": 0}
    assert [(one["expected"], one["found"]) for one in parts if one["slug"] == "Angle"] == [(1, 1)]
    assert GraphMirror.objects.get().verified_at is not None


def test_verify_fails_where_they_differ_until_rebuilt(graph, brand):
    AngleFactory.create(brand=brand)
    Projector().step()
    graph.run_alone("MATCH (a:Angle) DELETE a")
    with pytest.raises(CommandError) as failed:
        run("verify")
    assert failed.value.returncode == 1
    assert run("rebuild")[0]["nodes"] == 1
    assert run("verify")[-1]["is_equal"] is True


def test_absent_graph_has_an_exit_code_of_its_own(graph, settings):
    settings.NEO4J_URL = "bolt://neo4j:nobody@127.0.0.1:9"
    with pytest.raises(CommandError) as failed:
        run("verify")
    assert failed.value.returncode == 3


def test_switched_off_graph_is_no_failure_of_status(db, settings):
    settings.GRAPH = False
    assert run("status")[0]["state"] == "off"
    with pytest.raises(CommandError, match="switched off"):
        run("rebuild")


def test_projector_of_a_switched_off_graph_says_so_once_and_waits(db):
    """It is kept running by something that starts again whatever ends."""
    own = {"MEDIABUYER_GRAPH": "off", "SECRET_KEY": django_settings.SECRET_KEY}
    command = [sys.executable, "manage.py", "graph", "run"]
    environment = {**os.environ, **own, "DJANGO_SETTINGS_MODULE": "mediabuyer.settings"}
    projector = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    assert projector.stdout is not None
    assert "switched off" in projector.stdout.readline()
    with pytest.raises(subprocess.TimeoutExpired):
        projector.wait(timeout=1)
    projector.terminate()
    assert projector.communicate(timeout=20)[0] == ""
    assert projector.returncode == 0
