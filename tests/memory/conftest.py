"""The real Neo4j, emptied of what the mirror wrote before each test that asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings

from mediabuyer.lib.servers.neo4j import ensure_neo4j
from mediabuyer.lib.servers.state import locked
from memory import graph as driver
from memory import schema
from memory.rebuild import rebuild


@pytest.fixture(scope="session")
def neo4j_server() -> Iterator[None]:
    """`NEO4J_URL`, or the embedded server, which stays for the next run."""
    if not django_settings.GRAPH:
        pytest.skip("the graph is switched off (MEDIABUYER_GRAPH=off)")
    if not django_settings.NEO4J_URL:
        ensure_neo4j(django_settings.NEO4J_FILE.parent)
    yield
    driver.close()


@pytest.fixture
def graph(neo4j_server: None, transactional_db: None) -> Iterator[Any]:
    """The driver's module, with an empty graph that belongs to the test's database.

    The outbox is read by commit, so these tests commit for real. Workers of one run share the server and take turns.
    """
    with locked(django_settings.NEO4J_FILE.with_name("neo4j-tests.lock")):
        schema.drop_all()
        rebuild()
        yield driver
