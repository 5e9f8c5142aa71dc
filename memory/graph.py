"""The graph's driver and the only place that knows it: one a process, made lazily, with a limit on every wait."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import unquote, urlsplit

from django.conf import settings
from neo4j import Driver, GraphDatabase, ManagedTransaction, Query, RoutingControl, unit_of_work
from neo4j.exceptions import AuthError, DriverError, Neo4jError

from mediabuyer.lib.errors import MediaBuyerError
from mediabuyer.lib.servers.state import read_state

DATABASE = "neo4j"
WRITE_TIMEOUT = 60.0
READ_TIMEOUT = 30.0
TOO_MUCH_AT_ONCE = "Neo.TransientError.General.MemoryPoolOutOfMemoryError"

Statement: TypeAlias = tuple[str, dict[str, Any]]
Rows: TypeAlias = list[dict[str, Any]]


class GraphDown(MediaBuyerError):
    """The graph cannot be reached or does not let us in. Nothing was written, as far as we know."""


class GraphRefused(MediaBuyerError):
    """The graph understood and refused: the same rows together will be refused again."""


class Address(NamedTuple):
    url: str
    user: str
    password: str


class _Connected(NamedTuple):
    process: int
    address: Address
    driver: Driver


_connected: _Connected | None = None


def address() -> Address | None:
    """`NEO4J_URL` with user and password in it, or where the embedded server says that it is ready."""
    if settings.NEO4J_URL:
        parts = urlsplit(settings.NEO4J_URL)
        host = parts.netloc.rpartition("@")[2]
        return Address(f"{parts.scheme}://{host}", unquote(parts.username or "neo4j"), unquote(parts.password or ""))
    state = read_state(settings.NEO4J_FILE)
    if state.get("state") != "ready":
        return None
    return Address(state["url"], state["user"], state["password"])


def write(statements: Sequence[Statement]) -> list[Rows]:
    """Runs all statements in one transaction and returns the rows of each."""

    @unit_of_work(timeout=WRITE_TIMEOUT)
    def work(transaction: ManagedTransaction) -> list[Rows]:
        return [transaction.run(text, parameters).data() for text, parameters in statements]

    with _speaking(), _driver().session(database=DATABASE) as session:
        return session.execute_write(work)


def read(text: str, **parameters: Any) -> Rows:
    with _speaking():
        query = Query(text, timeout=READ_TIMEOUT)
        answer = _driver().execute_query(query, parameters, database_=DATABASE, routing_=RoutingControl.READ)
        return [record.data() for record in answer.records]


def run_alone(text: str, **parameters: Any) -> None:
    """Runs a statement outside any transaction, as schema and `IN TRANSACTIONS` need."""
    with _speaking(), _driver().session(database=DATABASE) as session:
        session.run(text, parameters).consume()


def close() -> None:
    global _connected
    if _connected and _connected.process == os.getpid():
        _connected.driver.close()
    _connected = None


def _driver() -> Driver:
    """Made on first use and never carried over a fork; made anew where the server has moved."""
    global _connected
    where = address()
    if where is None:
        raise GraphDown("The graph has no address yet.")
    if _connected is None or (_connected.process, _connected.address) != (os.getpid(), where):
        close()
        _connected = _Connected(os.getpid(), where, _connect(where))
    return _connected.driver


def _connect(where: Address) -> Driver:
    """The driver's own limits would let a caller wait for minutes."""
    return GraphDatabase.driver(
        where.url,
        auth=(where.user, where.password),
        max_connection_pool_size=20,
        connection_acquisition_timeout=5,
        connection_timeout=3,
        max_transaction_retry_time=settings.GRAPH_PATIENCE,
        liveness_check_timeout=60,
        max_connection_lifetime=1800,
        telemetry_disabled=True,
        notifications_min_severity="WARNING",
    )


@contextmanager
def _speaking() -> Iterator[None]:
    """Turns the driver's errors into ours."""
    try:
        yield
    except AuthError as error:
        raise GraphDown(f"The graph does not accept our password: {error.code}.") from error
    except Neo4jError as error:
        if error.is_retryable() and error.code != TOO_MUCH_AT_ONCE:
            raise GraphDown(f"The graph is too busy: {error.code}.") from error
        raise GraphRefused(f"{error.code}: {error.message}"[:400]) from error
    except (DriverError, OSError) as error:
        raise GraphDown(f"The graph is not reachable: {type(error).__name__}.") from error
    except (TypeError, ValueError, OverflowError) as error:  # a value that Bolt cannot carry
        raise GraphRefused(f"{type(error).__name__}: {error}"[:400]) from error
