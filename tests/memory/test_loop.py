"""The graph may be away as long as it likes: nothing waits for it, nothing is lost, and it catches up in order."""

from __future__ import annotations

import time
from datetime import timedelta
from threading import Event, Thread

import pytest
from django.db import connection
from django.utils import timezone

from memory import loop
from memory.graph import GraphDown
from memory.loop import Projector
from memory.models import GraphChange, GraphMirror
from memory.parity import verify
from memory.status import graph_status
from tests.factories import AngleFactory, CreativeFactory

pytestmark = [pytest.mark.neo4j, pytest.mark.django_db(transaction=True)]

NOWHERE = "bolt://neo4j:nobody@127.0.0.1:9"


@pytest.fixture
def away(graph, settings):
    """`away(True)` moves the graph to where nobody answers; `away(False)` brings it back."""

    def move(is_away):
        settings.NEO4J_URL = NOWHERE if is_away else url

    url = settings.NEO4J_URL
    return move


@pytest.fixture
def running(graph):
    """The projector's loop in a thread of its own, as `graph run` has it."""

    def work():
        loop.run(stop)
        connection.close()

    stop = Event()
    thread = Thread(target=work)
    thread.start()
    yield
    stop.set()
    thread.join(timeout=40)
    assert not thread.is_alive()


def wait_until(true, seconds=40):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.1)


def is_drained():
    return not GraphChange.objects.filter(applied_at=None).exists()


def test_outage_loses_nothing(away, running, graph, brand):
    AngleFactory.create(brand=brand)
    wait_until(is_drained)
    away(True)
    creatives = CreativeFactory.create_batch(10, brand=brand)
    creatives[0].angle.delete()
    creatives[1].headline = "Changed meanwhile"
    creatives[1].save()
    wait_until(lambda: GraphMirror.objects.filter(state="down").exists())
    assert graph_status(timezone.now()).waiting > 30
    away(False)
    wait_until(is_drained)
    assert all(one.is_equal for one in verify())


def test_step_tells_that_the_graph_is_away(away):
    away(True)
    began = time.monotonic()
    with pytest.raises(GraphDown, match="not reachable"):
        Projector().step()
    assert time.monotonic() - began < 15


def test_wrong_password_is_told(graph, settings, neo4j_server):
    host = graph.address().url.removeprefix("bolt://")
    settings.NEO4J_URL = f"bolt://neo4j:wrong-word@{host}"
    with pytest.raises(GraphDown, match="password"):
        graph.read("RETURN 1")


def test_address_carries_user_and_password(graph, settings):
    settings.NEO4J_URL = "neo4j+s://me:p%40ss@graph.example:7687"
    assert graph.address() == ("neo4j+s://graph.example:7687", "me", "p@ss")


def test_saving_never_waits_for_the_graph(away, brand):
    away(True)
    began = time.monotonic()
    AngleFactory.create(brand=brand)
    assert time.monotonic() - began < 1


def test_silent_projector_shows_in_the_status(graph):
    now = timezone.now()
    Projector().step()
    assert graph_status(now).state == "ready"
    later = graph_status(now + timedelta(minutes=2))
    assert (later.state, later.words) == ("down", "not being filled")
