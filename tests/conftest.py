"""What every test may ask for: a brand, an account, a person per role, a stranger, the hour; and no way out."""

from __future__ import annotations

import gc
import ipaddress
import os
import socket
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import TransactionTestCase

from tests import migrated
from tests.emptying import empty_tables
from tests.factories import NOW, AccountFactory, BrandFactory, MemberFactory

DATA = Path(os.environ.get("MEDIABUYER_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")
TransactionTestCase._fixture_teardown = empty_tables


LONG = (
    "tests/faults/test_fault_run.py",
    "tests/faults/test_watchdog.py",
    "tests/test_schema.py",
    "tests/lib/servers/test_neo4j.py",
    "tests/campaigns/test_sync.py",
    "tests/browser/test_portfolio.py",
    "tests/scenarios/",
    "tests/collaboration/test_many_rows.py",
    "tests/browser/test_import.py",
    "tests/collaboration/test_importing.py",
    "tests/campaigns/operations/test_interleavings.py",
    "tests/browser/",
    "tests/faults/",
)
"""Files whose tests take seconds each, the longest first."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins first: at the end no worker is left alone with it.

    Tests that commit may so come before those that roll back; `empty_tables` leaves all that those rely on.
    """
    items.sort(
        key=lambda item: next((place for place, path in enumerate(LONG) if item.nodeid.startswith(path)), len(LONG))
    )


def pytest_collection_finish() -> None:
    """What is loaded by now stays; looking through it for garbage again and again takes a tenth of the suite's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any, django_db_keepdb: bool) -> None:
    """As ever, and the migrated database is kept for the next run, unless it is one of an earlier run itself."""
    if not django_db_keepdb:
        with django_db_blocker.unblock():
            migrated.keep_template(migrated.name_of_template())


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        migrated.use_template(migrated.name_of_template())


@pytest.fixture(scope="session", autouse=True)
def loopback_only() -> Iterator[None]:
    """Any connection beyond this machine fails the test that tries it."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and not _is_loopback(str(address[0])):
            raise AssertionError(f"a test tried to reach {address[0]}")
        connect(self, address)

    socket.socket.connect = guarded  # type: ignore[method-assign]
    yield
    socket.socket.connect = connect  # type: ignore[method-assign]


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def brand(db: None) -> Any:
    return BrandFactory.create(name="Norden Kaffee")


@pytest.fixture
def account(brand: Any) -> Any:
    return AccountFactory.create(brand=brand)


@pytest.fixture
def person(brand: Any) -> Callable[[str], Any]:
    """`person("manager")` is a member of the brand in that role; each call is another person."""
    return lambda role: MemberFactory.create(brand=brand, role=role).user


@pytest.fixture
def manager(person: Callable[[str], Any]) -> Any:
    return person("manager")


@pytest.fixture
def stranger(db: None) -> Any:
    """A manager of another brand."""
    return MemberFactory.create(role="owner").user


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Real exports and answers, where they are at hand."""
    if not DATA.is_dir():
        pytest.skip(f"the folder of real data is absent ({DATA.name}; set MEDIABUYER_DATA)")
    return DATA
