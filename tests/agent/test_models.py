"""The decision's state machine: who may move it, on what, and that nothing else happens."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mediabuyer.agent.models import UNDO_WINDOW, Decision
from mediabuyer.lib.errors import Conflict, Invalid, NotAllowed
from memory.events import verify_chain
from memory.models import Event
from tests.factories import DecisionFactory, budget_change

pytestmark = pytest.mark.django_db


@pytest.fixture
def decision(account):
    return DecisionFactory.create(account=account)


def test_approval_binds_the_hash(decision, manager, now):
    decision.approve(manager, decision.content_hash, now, now)
    decision.refresh_from_db()
    assert decision.state == "approved"
    assert decision.approved_hash == decision.content_hash
    assert decision.decided_by == manager
    assert Event.objects.get(kind="decision.approved").actor == f"person:{manager.email}"


def test_approval_of_older_version_is_refused(decision, manager, now):
    with pytest.raises(Conflict, match="changed since you opened it"):
        decision.approve(manager, "0" * 64, now, now)
    decision.refresh_from_db()
    assert decision.state == "awaiting"
    assert Event.objects.count() == 0


def test_repeated_approval_changes_nothing(decision, manager, now):
    decision.approve(manager, decision.content_hash, now, now)
    decision.approve(manager, decision.content_hash, now, now)
    assert Event.objects.filter(kind="decision.approved").count() == 1


def test_second_persons_rejection_comes_too_late(decision, person, now):
    decision.approve(person("manager"), decision.content_hash, now, now)
    late = Decision.objects.get(pk=decision.pk)
    with pytest.raises(Conflict, match="already “Approved” by"):
        late.reject(person("owner"), late.content_hash, "risk", now)


def test_stale_row_in_memory_cannot_move(decision, person, now):
    copy = Decision.objects.get(pk=decision.pk)
    decision.reject(person("manager"), decision.content_hash, "risk", now)
    with pytest.raises(Conflict, match="Somebody was faster"):
        copy.approve(person("owner"), copy.content_hash, now, now)
    assert Decision.objects.get().state == "rejected"


@pytest.mark.parametrize("role", ["viewer", "team", "reviewer"])
def test_lower_roles_may_not_decide(decision, person, role, now):
    with pytest.raises(NotAllowed):
        decision.approve(person(role), decision.content_hash, now, now)
    assert Decision.objects.get().state == "awaiting"


def test_stranger_may_not_decide(decision, stranger, now):
    with pytest.raises(NotAllowed):
        decision.approve(stranger, decision.content_hash, now, now)


def test_own_request_is_decided_by_somebody_else(account, manager, now):
    decision = DecisionFactory.create(account=account, requested_by=manager)
    with pytest.raises(NotAllowed, match="You asked for this"):
        decision.approve(manager, decision.content_hash, now, now)


def test_rejection_needs_a_known_reason(decision, manager, now):
    with pytest.raises(Invalid, match="needs a reason"):
        decision.reject(manager, decision.content_hash, "because", now)


def test_lapsed_decision_is_not_approved(decision, manager, now):
    with pytest.raises(Conflict, match="lapsed"):
        decision.approve(manager, decision.content_hash, now + timedelta(days=3), now)


def test_revision_changes_the_hash_and_keeps_the_old_one_out(decision, manager, now):
    shown = decision.content_hash
    smaller = [budget_change(decision.subject_id, "50", "55")]
    decision.revise(manager, shown, now, changes=smaller, raises_exposure=False)
    with pytest.raises(Conflict):
        decision.approve(manager, shown, now, now)
    decision.approve(manager, decision.content_hash, now, now)
    assert Decision.objects.get().version == 2


def test_who_raises_the_amount_cannot_approve_it(decision, manager, person, now):
    larger = [budget_change(decision.subject_id, "50", "90")]
    decision.revise(manager, decision.content_hash, now, changes=larger, raises_exposure=True)
    with pytest.raises(NotAllowed):
        decision.approve(manager, decision.content_hash, now, now)
    decision.approve(person("owner"), decision.content_hash, now, now)
    assert Decision.objects.get().state == "approved"


def test_changed_content_is_blocked_before_execution(decision, manager, now):
    decision.approve(manager, decision.content_hash, now, now)
    Decision.objects.update(changes=[budget_change(decision.subject_id, "50", "500")])
    tampered = Decision.objects.get()
    tampered.begin(now)
    assert Decision.objects.get().state == "blocked"


def test_withdrawn_approval_waits_again(decision, manager, now):
    decision.approve(manager, decision.content_hash, now, now)
    decision.withdraw(manager, now)
    fresh = Decision.objects.get()
    assert (fresh.state, fresh.approved_hash, fresh.execute_after) == ("awaiting", "", None)


def test_rejection_is_taken_back_in_time_by_the_same_person(decision, manager, person, now):
    decision.reject(manager, decision.content_hash, "risk", now)
    with pytest.raises(Conflict, match="A rejection is no approval"):
        decision.withdraw(manager, now)
    for who, late in ((person("owner"), timedelta(0)), (manager, UNDO_WINDOW + timedelta(seconds=1))):
        with pytest.raises(Conflict):
            decision.reconsider(who, now + late)
    decision.reconsider(manager, now + UNDO_WINDOW)
    fresh = Decision.objects.get()
    assert (fresh.state, fresh.decided_by, fresh.reason_code, fresh.finished_at) == ("awaiting", None, "", None)
    assert fresh.content_hash == decision.compute_hash()


def test_lapsed_rejection_stands(decision, manager, now):
    Decision.objects.update(expires_at=now + timedelta(seconds=2))
    decision.refresh_from_db()
    decision.reject(manager, decision.content_hash, "risk", now)
    with pytest.raises(Conflict, match="A rejection stands"):
        decision.reconsider(manager, now + timedelta(seconds=3))


def test_moves_leave_an_unbroken_chain(decision, manager, now, brand):
    decision.approve(manager, decision.content_hash, now, now)
    decision.begin(now)
    decision.finish("done", now)
    assert verify_chain(brand) is None
    assert list(Event.objects.order_by("number").values_list("kind", flat=True)) == [
        "decision.approved",
        "decision.executing",
        "decision.done",
    ]
