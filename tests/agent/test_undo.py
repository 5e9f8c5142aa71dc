"""The way back: quietly before anything is sent, by a change of its own afterwards, with honest words where none is."""

from __future__ import annotations

import pytest

from campaigns.models import AdAccount, Change, Operation
from mediabuyer.agent.models import Decision
from mediabuyer.agent.undo import can_undo, undo
from mediabuyer.lib.clock import wall_now
from mediabuyer.lib.errors import Conflict, NotAllowed
from memory.models import Event
from tests.factories import ChangeFactory, DecisionFactory, OperationFactory, budget_change

pytestmark = pytest.mark.django_db


def test_approval_is_withdrawn_before_anything_is_sent(approved, manager, carry_out, fake, now):
    decision = approved([budget_change("130001", "50", "60")])
    decision.refresh_from_db()
    assert undo(decision, manager, now, wall_now()) is None
    carry_out()
    assert (Decision.objects.get().state, fake.writes) == ("awaiting", 0)


def test_done_raise_is_set_back(approved, manager, carry_out, fake, now):
    decision = approved([budget_change("130001", "50", "60")])
    carry_out()
    operation = undo(decision, manager, now, wall_now())
    assert operation.is_undo
    carry_out()
    decision.refresh_from_db()
    assert (decision.state, fake.objects["130001"]["daily_budget"]) == ("undone", "50.00")
    assert Event.objects.get(kind="decision.undo_requested").actor == f"person:{manager.email}"
    assert Event.objects.get(kind="decision.undone").actor == f"person:{manager.email}"


def test_asking_twice_sets_back_once(approved, manager, person, carry_out, fake, now):
    decision = approved([budget_change("130001", "50", "60")])
    carry_out()
    assert undo(decision, manager, now, wall_now()) == undo(decision, person("owner"), now, wall_now())
    carry_out()
    assert (fake.writes, Operation.objects.filter(is_undo=True).count()) == (2, 1)


def test_shift_goes_back_in_reverse(approved, manager, carry_out, fake, now):
    decision = approved([budget_change("130002", "50", "60"), budget_change("130001", "50", "40")],
                        action="shift_budget")
    carry_out()
    undo(decision, manager, now, wall_now())
    carry_out()
    back = Change.objects.filter(operation__is_undo=True).order_by("settled_at")
    assert [(one.external_id, one.params["daily_budget"]) for one in back] == [("130002", "50.00"), ("130001", "50.00")]
    assert Decision.objects.get().state == "undone"


def test_undo_does_not_overwrite_what_others_changed(approved, manager, carry_out, fake, now):
    decision = approved([budget_change("130001", "50", "60")])
    carry_out()
    fake.objects["130001"]["daily_budget"] = "75.00"
    undo(decision, manager, now, wall_now())
    carry_out()
    decision.refresh_from_db()
    assert (decision.state, fake.objects["130001"]["daily_budget"]) == ("done", "75.00")
    assert "changed elsewhere" in Change.objects.get(operation__is_undo=True).error["message"]
    assert can_undo(decision)[0]


def test_undo_of_a_cut_is_held_back_by_the_stop(approved, manager, carry_out, fake, now):
    decision = approved([budget_change("130001", "50", "40")])
    carry_out()
    AdAccount.objects.update(is_stopped=True)
    undo(decision, manager, now, wall_now())
    carry_out()
    assert fake.objects["130001"]["daily_budget"] == "40"


def test_created_objects_are_paused_instead(account):
    decision = DecisionFactory.create(account=account, state="done")
    operation = OperationFactory.create(account=account, decision_key=decision.key)
    ChangeFactory.create(operation=operation, kind="create_campaign", level="campaign", external_id="", remote_id="77",
                         params={"name": "Autumn"}, state="done", before={})
    assert can_undo(decision) == (True, "What was created is paused, not deleted. The rest is set back to what it was.")


@pytest.mark.parametrize(("state", "words"), [
    ("awaiting", "Nobody has approved it yet."),
    ("executing", "It is being sent right now. Wait until it is done, then take it back."),
    ("rejected", "Nothing of it was sent."),
    ("undone", "It was taken back already."),
])
def test_no_way_back_is_said_in_words(account, manager, now, state, words):
    decision = DecisionFactory.create(account=account, state=state)
    assert can_undo(decision) == (False, words)
    with pytest.raises(Conflict, match=words[:20]):
        undo(decision, manager, now, wall_now())
    assert not Operation.objects.exists()


def test_viewer_cannot_take_back(approved, person, carry_out, now, fake):
    decision = approved([budget_change("130001", "50", "60")])
    carry_out()
    with pytest.raises(NotAllowed):
        undo(decision, person("viewer"), now, wall_now())
    assert not Operation.objects.filter(is_undo=True).exists()
