"""The way back: quietly before anything is sent, by a change of its own afterwards, with honest words where none is."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from campaigns.clock import now_for
from campaigns.models import Ad, AdAccount, AdSet, Change, Operation
from campaigns.sync import sync_structure
from mediabuyer.agent import execute
from mediabuyer.agent.models import UNDO_WINDOW, Decision
from mediabuyer.agent.observe import open_undo_rises
from mediabuyer.agent.undo import UNSETTLED, can_undo, undo
from mediabuyer.lib.clock import wall_now
from mediabuyer.lib.errors import Conflict, Fault, NotAllowed, PlatformError
from memory.models import Event
from tests.factories import ChangeFactory, DecisionFactory, InsightFactory, OperationFactory, budget_change
from tests.sandbox_process import running_sandbox

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
    back = [f"change.{name}" for name in ("planned", "sent", "done")]
    lines = Event.objects.filter(subject="change").order_by("number").values_list("kind", "data__is_undo")
    assert list(lines) == [(kind, None) for kind in back] + [(kind, True) for kind in back]


def test_asking_twice_sets_back_once(approved, manager, person, carry_out, fake, now):
    decision = approved([budget_change("130001", "50", "60")])
    carry_out()
    assert undo(decision, manager, now, wall_now()) == undo(decision, person("owner"), now, wall_now())
    carry_out()
    assert (fake.writes, Operation.objects.filter(is_undo=True).count()) == (2, 1)


def test_shift_goes_back_in_reverse(approved, manager, carry_out, fake, now):
    decision = approved(
        [budget_change("130002", "50", "60"), budget_change("130001", "50", "40")], action="shift_budget"
    )
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
    assert (decision.undo_state, can_undo(decision)[0]) == ("blocked", True)


# --- A way back that does not work -----------------------------------------------------------------------------------


@pytest.fixture
def done_raise(approved, carry_out):
    """A raise from 50 to 60 that has arrived."""
    decision = approved([budget_change("130001", "50", "60")])
    carry_out()
    decision.refresh_from_db()
    return decision


def test_undo_that_fails_is_said_once_and_tried_again(done_raise, manager, carry_out, fake, now):
    fake.script = [PlatformError(Fault.INVALID, "Budget too low", code=100)]
    undo(done_raise, manager, now, wall_now())
    carry_out()
    carry_out()
    done_raise.refresh_from_db()
    assert (done_raise.state, done_raise.undo_state) == ("done", "failed")
    assert done_raise.undo_error == "daily budget of the ad set “Broad” to €50.00: Budget too low."
    line = Event.objects.get(kind="decision.undo_failed")
    assert (line.actor, line.data["reason"]) == ("system", done_raise.undo_error)
    undo(done_raise, manager, now, wall_now())
    carry_out()
    done_raise.refresh_from_db()
    assert (done_raise.state, done_raise.undo_state, done_raise.undo_error) == ("undone", "", "")
    assert fake.objects["130001"]["daily_budget"] == "50.00"


def test_undo_of_unknown_outcome_is_settled_before_another(done_raise, manager, let_time_pass, fake, now):
    fake.script = ["error"] * Change.MAX_ATTEMPTS
    undo(done_raise, manager, now, wall_now())
    let_time_pass()
    done_raise.refresh_from_db()
    assert (done_raise.state, done_raise.undo_state) == ("done", "unknown")
    assert Event.objects.filter(kind="decision.undo_unknown").count() == 1
    assert can_undo(done_raise) == (False, UNSETTLED)
    with pytest.raises(Conflict, match="settled first"):
        undo(done_raise, manager, now, wall_now())
    assert Operation.objects.filter(is_undo=True).count() == 1


def test_undo_of_a_cut_counts_against_the_cap_while_unknown(
    approved, manager, carry_out, let_time_pass, fake, now, account
):
    decision = approved([budget_change("130001", "50", "40")])
    carry_out()
    fake.script = ["error"] * Change.MAX_ATTEMPTS
    undo(decision, manager, now, wall_now())
    let_time_pass()
    assert Change.objects.get(operation__is_undo=True).state == "unknown"
    assert open_undo_rises(account, None) == Decimal(10)


def test_late_end_of_an_earlier_try_says_nothing_of_the_next(done_raise, manager, carry_out, fake, now):
    fake.script = [PlatformError(Fault.INVALID, "Budget too low", code=100)]
    first = undo(done_raise, manager, now, wall_now())
    carry_out()
    done_raise.refresh_from_db()
    undo(done_raise, manager, now, wall_now())
    assert execute.settle(first) is False
    done_raise.refresh_from_db()
    assert done_raise.undo_state == "running"


def test_half_of_a_shift_that_went_back_is_named(approved, manager, carry_out, fake, now):
    decision = approved(
        [budget_change("130002", "50", "60"), budget_change("130001", "50", "40")], action="shift_budget"
    )
    carry_out()
    decision.refresh_from_db()
    fake.script = ["ok", PlatformError(Fault.INVALID, "Not now", code=100)]
    undo(decision, manager, now, wall_now())
    carry_out()
    decision.refresh_from_db()
    assert (decision.state, decision.undo_state) == ("done", "failed")
    assert "Done all the same" in decision.undo_error
    undo(decision, manager, now, wall_now())
    carry_out()
    decision.refresh_from_db()
    assert decision.state == "undone"
    assert {one["daily_budget"] for one in fake.objects.values()} == {"50.00"}


def test_shift_stopped_between_its_halves_has_a_way_back(approved, manager, carry_out, fake, now):
    """The cut has arrived, the raise was held back: the promise to set both back holds for what was done."""
    decision = approved(
        [budget_change("130002", "50", "60"), budget_change("130001", "50", "40")], action="shift_budget"
    )
    fake.script = ["ok", lambda: AdAccount.objects.update(is_stopped=True)]
    carry_out()
    decision.refresh_from_db()
    assert (decision.state, can_undo(decision)[0]) == ("failed", True)
    undo(decision, manager, now, wall_now())
    carry_out()
    decision.refresh_from_db()
    assert (decision.state, decision.undo_state) == ("failed", "blocked")  # the stop holds back what raises
    AdAccount.objects.update(is_stopped=False)
    undo(decision, manager, now, wall_now())
    carry_out()
    decision.refresh_from_db()
    assert (decision.state, decision.undo_state) == ("undone", "")
    assert {one["daily_budget"] for one in fake.objects.values()} == {"50.00"}


def test_failure_that_changed_nothing_has_nothing_to_set_back(approved, carry_out, fake):
    decision = approved([budget_change("130001", "50", "60")])
    fake.script = [PlatformError(Fault.INVALID, "Not now", code=100)]
    carry_out()
    decision.refresh_from_db()
    assert (decision.state, can_undo(decision)) == ("failed", (False, "It changed nothing at the platform."))


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
    ChangeFactory.create(
        operation=operation,
        kind="create_campaign",
        level="campaign",
        external_id="",
        remote_id="77",
        params={"name": "Autumn"},
        state="done",
        before={},
    )
    assert can_undo(decision) == (True, "What was created is paused, not deleted. The rest is set back to what it was.")


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("awaiting", "Nobody has approved it yet."),
        ("executing", "It is being sent right now. Wait until it is done, then take it back."),
        ("rejected", "Only the person who rejected it can take that back, within 10 s."),
        ("undone", "It was taken back already."),
    ],
)
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


def test_raise_arrives_in_the_sandbox_and_goes_back(account, manager):
    """By the real SDK over HTTP: what the Graph API answers is what counts."""
    with running_sandbox(history_days=3) as sandbox:
        row, now = _connect(account, sandbox)
        before = sandbox.graph(row.external_id, fields="daily_budget")[1]["daily_budget"]
        wanted = str(row.daily_budget + 5)
        change = budget_change(row.external_id, str(row.daily_budget), wanted)
        decision = DecisionFactory.create(
            account=account,
            subject_id=row.external_id,
            changes=[change],
            proposed_at=now,
            expires_at=now + timedelta(days=2),
        )
        decision.approve(manager, decision.content_hash, now, wall_now())
        execute.begin_due(wall_now() + UNDO_WINDOW)
        execute.run_due()
        decision.refresh_from_db()
        raised = sandbox.graph(row.external_id, fields="daily_budget")[1]["daily_budget"]
        assert (decision.state, int(raised) - int(before)) == ("done", 500)
        undo(decision, manager, now, wall_now())
        execute.run_due()
        decision.refresh_from_db()
        assert decision.state == "undone"
        assert sandbox.graph(row.external_id, fields="daily_budget")[1]["daily_budget"] == before


def _connect(account: Any, sandbox: Any) -> tuple[AdSet, datetime]:
    """The sandbox's tree in our rows, and one ad set with enough behind it to be raised."""
    keys = {name: getattr(sandbox, name) for name in ("access_token", "app_id", "app_secret", "page_id")}
    AdAccount.objects.filter(pk=account.pk).update(
        external_id=sandbox.account_id,
        graph_url=sandbox.url,
        credentials=json.dumps(keys),
        daily_cap=100_000,
        ad_set_cap=100_000,
    )
    account.refresh_from_db()
    now = now_for(account)
    sync_structure(account, now)
    AdAccount.objects.filter(pk=account.pk).update(synced_at=now)
    AdSet.objects.update(learning_status="SUCCESS", last_significant_edit_at=None)
    row = AdSet.objects.filter(daily_budget__isnull=False).order_by("external_id")[0]
    InsightFactory.create(ad=Ad.objects.filter(ad_set=row)[0], spend=Decimal(800), results=Decimal(40))
    return row, now


def test_undo_that_raises_counts_against_the_cap_of_others(approved, manager, carry_out, fake, now):
    cut = approved([budget_change("130001", "50", "40")])
    carry_out()
    AdAccount.objects.update(daily_cap=Decimal(180))  # worst day now 157.50; each of the two would make it 175
    undo(cut, manager, now, wall_now())
    Change.objects.filter(operation__is_undo=True).update(not_before=wall_now() + timedelta(hours=1))
    raised = approved([budget_change("130002", "50", "60")])
    carry_out()
    raised.refresh_from_db()
    assert (raised.state, fake.objects["130002"]["daily_budget"]) == ("blocked", "50.00")
