"""The journal: one unbroken chain a brand, that nobody edits unseen."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest
from django.db import DatabaseError, connection, transaction

from memory.events import GENESIS, KINDS, record, sentence, verify_chain
from memory.models import Event
from memory.tasks import verify_journal
from tests.factories import NOW, BrandFactory

pytestmark = pytest.mark.django_db


def write(brand, number=1, **data):
    with transaction.atomic():
        return [
            record("insights.synced", "account", "a", brand=brand, now=NOW, actor="system", rows=n, **data)
            for n in range(number)
        ]


def tamper(statement, *parameters):
    """As somebody with the database's own rights would."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE memory_event DISABLE TRIGGER USER")
        cursor.execute(statement, parameters)
        cursor.execute("ALTER TABLE memory_event ENABLE TRIGGER USER")


def test_lines_are_chained(brand):
    first, second = write(brand, 2)
    assert (first.number, first.previous_hash) == (1, GENESIS)
    assert (second.number, second.previous_hash) == (2, first.hash)
    assert verify_chain(brand) is None


def test_each_brand_has_its_own_chain(brand):
    other = BrandFactory.create()
    write(brand, 2)
    assert write(other)[0].number == 1
    assert verify_chain(other) is None


def test_line_is_read_as_a_sentence(brand):
    assert sentence(write(brand)[0]) == "read 0 rows of insights"


def test_sentence_survives_missing_data(brand):
    event = Event(kind="decision.rejected", data={"what": "Pause “Broad”"})
    assert sentence(event) == "rejected: Pause “Broad” (…)"


def test_unknown_kind_is_refused(brand):
    with pytest.raises(KeyError, match="unknown kind"):
        record("account.dreamed", "account", "a", brand=brand, now=NOW, actor="system")
    assert Event.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_line_outside_a_transaction_is_refused():
    with pytest.raises(RuntimeError, match="in the transaction"):
        record("insights.synced", "account", "a", brand=BrandFactory.create(), now=NOW, actor="system", rows=1)


def test_rolled_back_line_leaves_no_gap(brand):
    write(brand)
    with transaction.atomic():
        record("insights.synced", "account", "a", brand=brand, now=NOW, actor="system", rows=1)
        transaction.set_rollback(True)
    assert write(brand)[0].number == 2
    assert verify_chain(brand) is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE memory_event SET actor = 'nobody'",
        "DELETE FROM memory_event",
        "UPDATE memory_event SET hash = hash",
    ],
)
def test_lines_can_be_neither_edited_nor_deleted(brand, statement):
    write(brand, 2)
    with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic(), connection.cursor() as c:
        c.execute(statement)
    assert Event.objects.filter(actor="system").count() == 2


@pytest.mark.parametrize(
    ("statement", "first_bad"),
    [
        ("UPDATE memory_event SET actor = 'nobody' WHERE number = 3", 3),
        ("UPDATE memory_event SET data = '{\"rows\": 1000}' WHERE number = 2", 2),
        ("UPDATE memory_event SET happened_at = happened_at - interval '1 day' WHERE number = 5", 5),
        ("UPDATE memory_event SET recorded_at = recorded_at - interval '1 day' WHERE number = 1", 1),
        ("DELETE FROM memory_event WHERE number = 3", 3),
        ("DELETE FROM memory_event WHERE number = 1", 1),
        ("UPDATE memory_event SET number = number + 10 WHERE number = 5", 5),
    ],
)
def test_tampering_is_found(brand, statement, first_bad):
    write(brand, 5)
    tamper(statement)
    assert verify_chain(brand) == first_bad


def test_nightly_check_names_the_brands_that_are_broken(brand):
    whole = BrandFactory.create()
    write(brand, 3)
    write(whole, 3)
    tamper("UPDATE memory_event SET actor = 'nobody' WHERE number = 2 AND brand_id = %s", brand.pk)
    assert verify_journal() == {str(brand.key): 2}


@pytest.mark.django_db(transaction=True)
def test_simultaneous_writers_make_no_fork():
    brand, barrier, trouble = BrandFactory.create(), Barrier(3), []

    def work():
        try:
            barrier.wait()
            for _ in range(25):
                write(brand)
        except DatabaseError as error:
            trouble.append(error)
        finally:
            connection.close()

    threads = [Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert trouble == []
    assert list(Event.objects.order_by("number").values_list("number", flat=True)) == list(range(1, 76))
    assert verify_chain(brand) is None


def test_every_kind_is_noun_and_participle():
    assert all(kind.count(".") == 1 and kind == kind.lower() for kind in KINDS)


@pytest.mark.parametrize(
    ("kind", "actor", "data", "words"),
    [
        ("insights.synced", "agent", {"rows": 17991}, "read 17,991 rows of insights"),
        ("change.sent", "person:jana@example.com", {"what": "it"}, "agreed, and it was sent: it"),
        (
            "change.done",
            "person:jana@example.com",
            {"what": "it", "is_undo": True},
            "wanted it back, and that was done: it",
        ),
        (
            "change.blocked",
            "person:jana@example.com",
            {"what": "it", "reason": "no", "is_undo": True},
            "had this held back by a guardrail: it (no)",
        ),
        ("change.done", "agent", {"what": "it"}, "done: it"),
        ("decision.approved", "person:jana@example.com", {"what": "it"}, "approved: it"),
    ],
)
def test_sentence_follows_the_name_of_its_actor(kind: str, actor: str, data: dict[str, object], words: str) -> None:
    assert sentence(Event(kind=kind, actor=actor, data=data)) == words
