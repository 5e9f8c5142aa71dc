"""The real Neo4j, started beside the first tests and emptied before each one that asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from threading import Thread
from typing import Any

import pytest
from django.conf import settings as django_settings

from mediabuyer.lib.servers.neo4j import ensure_neo4j
from mediabuyer.lib.servers.state import ServerError, locked
from memory import graph as driver
from memory import projector, schema


def pytest_collection_finish(session: pytest.Session) -> None:
    """Nobody waits for the start: it runs beside the tests that come first."""
    is_ours = django_settings.GRAPH and not django_settings.NEO4J_URL
    if session.config.option.collectonly or not is_ours:
        return
    if any("graph" in getattr(item, "fixturenames", ()) for item in session.items):
        Thread(target=_start, daemon=True).start()


def _start() -> None:
    with suppress(ServerError):  # the fixture asks again and tells
        ensure_neo4j(django_settings.NEO4J_FILE.parent)


@pytest.fixture(scope="session")
def neo4j_server() -> Iterator[None]:
    """`NEO4J_URL`, or the embedded server, which stays for the next run."""
    if not django_settings.GRAPH:
        pytest.skip("the graph is switched off (MEDIABUYER_GRAPH=off)")
    if not django_settings.NEO4J_URL:
        ensure_neo4j(django_settings.NEO4J_FILE.parent)
    with turn():
        schema.ensure_constraints()
    yield
    driver.close()


@pytest.fixture
def graph(neo4j_server: None, transactional_db: None) -> Iterator[Any]:
    """The driver's module, with an empty graph that belongs to the test's database.

    The outbox is read by commit, so these tests commit for real.
    """
    with turn():
        driver.run_alone("MATCH (n) DETACH DELETE n")
        projector.send([], 0, projector.source())
        yield driver


def turn() -> AbstractContextManager[None]:
    """Workers of one run share the server, one after the other."""
    return locked(django_settings.NEO4J_FILE.with_name("neo4j-tests.lock"))
