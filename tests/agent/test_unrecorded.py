"""What cannot be written down is not sent: a full disk lets nothing leave, and all goes on when there is room again."""

from __future__ import annotations

import pytest
from django.db import connection

from campaigns.models import Change
from mediabuyer.agent.models import Decision
from memory.models import Event
from tests.factories import budget_change

pytestmark = pytest.mark.django_db
FULL = """
CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER no_room BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION pg_temp.refuse();
"""


@pytest.mark.parametrize(
    ("table", "when"),
    [("campaigns_change", "NEW.state = 'sent'"), ("memory_event", "NEW.kind = 'change.sent'")],
    ids=["the change", "its line in the journal"],
)
def test_nothing_leaves_that_could_not_be_recorded(approved, carry_out, fake, table, when):
    approved([budget_change("130001", "50", "60")])
    with connection.cursor() as cursor:
        cursor.execute(FULL.format(table=table, when=when))
        carry_out()
        assert (fake.writes, Change.objects.get().state, Change.objects.get().attempts) == (0, "planned", 0)
        assert not Event.objects.filter(kind="change.sent").exists()
        cursor.execute(f"DROP TRIGGER no_room ON {table}")
    Change.objects.update(lease_until=None)  # it has run out
    carry_out()
    assert (fake.writes, Decision.objects.get().state) == (1, "done")


def test_what_was_sent_and_cannot_be_settled_is_looked_for(approved, carry_out, fake):
    """The room ends between the call and its answer: the row says that it may have arrived."""
    approved([budget_change("130001", "50", "60")])
    with connection.cursor() as cursor:
        cursor.execute(FULL.format(table="campaigns_change", when="NEW.state = 'done'"))
        carry_out()
        assert (fake.writes, Change.objects.get().state) == (1, "sent")
        cursor.execute("DROP TRIGGER no_room ON campaigns_change")
    Change.objects.update(lease_until=None)
    carry_out()
    assert (fake.writes, Decision.objects.get().state) == (1, "done")
