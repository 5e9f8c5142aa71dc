"""What pages say of the graph, from a file and our own tables."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from memory.models import GraphChange, GraphMirror
from memory.status import graph_status
from tests.factories import NOW, AngleFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(settings, tmp_path):
    """`server(state="fetching", …)` is what the embedded server's starter has written last."""

    def told(**state):
        settings.NEO4J_FILE.write_text(json.dumps(state))

    settings.GRAPH, settings.NEO4J_URL, settings.NEO4J_FILE = True, "", tmp_path / "neo4j.json"
    return told


@pytest.mark.parametrize(
    ("told", "state", "words"),
    [
        ({"state": "fetching", "progress": 0.43}, "fetching", "fetching 43 %"),
        ({"state": "fetching"}, "fetching", "fetching 0 %"),
        ({"state": "starting"}, "starting", "starting"),
        ({"state": "failed", "detail": "its store is locked"}, "failed", "could not be started"),
        ({"state": "off"}, "down", "down"),
        ({"state": "ready"}, "ready", "ready"),
    ],
)
def test_words_of_each_state(server, told, state, words):
    server(**told)
    GraphMirror.objects.create(state="ready", checked_at=NOW)
    status = graph_status(NOW)
    assert (status.state, status.words) == (state, words)


def test_nothing_known_is_down(server):
    assert graph_status(NOW).state == "down"


def test_switched_off(server, settings):
    settings.GRAPH = False
    assert (graph_status(NOW).state, graph_status(NOW).is_late) == ("off", False)


def test_lag_counts_what_waits_only(server):
    server(state="ready")
    for angle in AngleFactory.create_batch(4):
        oldest = GraphChange.objects.get(key=str(angle.key))
    GraphChange.objects.update(created_at=NOW - timedelta(minutes=20))
    GraphChange.objects.filter(pk=oldest.pk).update(applied_at=NOW)
    GraphChange.objects.filter(pk=oldest.pk - 1).update(set_aside_at=NOW)
    status = graph_status(NOW)
    assert (status.waiting, status.set_aside, status.lag_seconds, status.is_late) == (2, 1, 1200.0, True)


def test_parity_is_unknown_before_the_first(server):
    assert graph_status(NOW).is_equal is None
    GraphMirror.objects.create(verified_at=NOW, parity=[{"is_equal": True}, {"is_equal": False}])
    assert graph_status(NOW).is_equal is False
