"""Decisions and cycles by REST: the same answers, guardrails and refusals as on the pages."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django_q.models import OrmQ

from mediabuyer.agent.models import Cycle, Decision, Finding, Outcome, Step
from mediabuyer.agent.revise import revise
from memory.models import Event
from tests.api_client import client_of, told
from tests.factories import NOW, CycleFactory, DecisionFactory, budget_change

pytestmark = pytest.mark.django_db


@pytest.fixture
def decision(account, ad_sets):
    return DecisionFactory.create(account=account, subject_id="130001", changes=[budget_change("130001", "50", "60")])


@pytest.fixture
def client(brand, manager):
    return client_of(manager, brand)


def post(client, decision, move, **content):
    return client.post(f"/api/decisions/{decision.key}/{move}/", content, format="json")


def assert_untouched(decision):
    before = (decision.state, decision.content_hash, decision.note, decision.decided_by_id)
    decision.refresh_from_db()
    assert (decision.state, decision.content_hash, decision.note, decision.decided_by_id) == before
    assert Event.objects.count() == 0


def test_decision_is_told_with_all_it_rests_on(client, decision):
    Finding.objects.create(decision=decision, guardrail="spend_cap", severity="pass", message="Below the cap.")
    told = client.get(f"/api/decisions/{decision.key}/").json()
    assert told["content_hash"] == decision.content_hash
    assert told["changes"] == [budget_change("130001", "50", "60")]
    assert told["expected"]["per_day"] == "5.84"
    assert [(one["guardrail"], one["severity"]) for one in told["findings"]] == [("spend_cap", "pass")]
    assert told["undo"] == {"possible": False, "words": "Nobody has approved it yet."}
    assert told["outcome"] is None


def test_approval_is_journalled_with_the_token(client, decision, manager):
    answer = post(client, decision, "approve", hash=decision.content_hash, note="Go")
    assert answer.status_code == 200, answer.json()
    assert answer.json()["state"] == "approved"
    decision.refresh_from_db()
    assert (decision.state, decision.decided_by, decision.note) == ("approved", manager, "Go")
    actor = Event.objects.get(kind="decision.approved").actor
    assert actor.startswith(f"person:{manager.email} (token mb_")


def test_second_approval_changes_nothing(client, decision):
    first = post(client, decision, "approve", hash=decision.content_hash)
    second = post(client, decision, "approve", hash=decision.content_hash)
    assert second.json() == first.json()
    assert Event.objects.filter(kind="decision.approved").count() == 1


def test_approval_of_what_changed_says_what_changed(client, decision, person, now):
    seen = decision.content_hash
    revise(decision, person("manager"), seen, {"130001": Decimal(55)}, now)
    events = Event.objects.count()
    answer = post(client, decision, "approve", hash=seen)
    assert answer.status_code == 409
    assert told(answer) == {
        "detail": "This decision changed since you opened it, so your answer was not taken.",
        "remedy": "Look at what changed and answer again.",
        "state": "awaiting",
        "hash": decision.content_hash,
        "changed": [{"external_id": "130001", "field": "daily_budget", "seen": "60", "now": "55.00"}],
    }
    assert (Decision.objects.get().state, Event.objects.count()) == ("awaiting", events)


def test_change_in_the_same_moment_is_noticed(decision, person, manager, now):
    """The row was read before the change and is answered after it."""
    stale = Decision.objects.get(pk=decision.pk)
    revise(decision, person("manager"), decision.content_hash, {"130001": Decimal(55)}, now)
    with pytest.raises(Exception, match="Somebody was faster"):
        stale.approve(manager, stale.content_hash, now, now)
    assert Decision.objects.get().state == "awaiting"


def test_guardrail_holds_for_the_api_too(client, decision, account):
    type(account).objects.filter(pk=account.pk).update(is_stopped=True)
    answer = post(client, decision, "approve", hash=decision.content_hash)
    assert answer.status_code == 409
    assert answer.json()["detail"].startswith("It cannot be approved now.")
    assert answer.json()["changed"] == []
    assert_untouched(decision)


def test_requester_cannot_approve_his_own(client, decision, manager):
    Decision.objects.update(requested_by=manager)
    answer = post(client, decision, "approve", hash=decision.content_hash)
    assert answer.status_code == 403
    assert answer.json()["remedy"] == "Ask another manager."
    assert_untouched(decision)


@pytest.mark.parametrize(("state", "is_told"), [("done", True), ("undone", False)])
def test_no_grade_is_promised_for_what_was_taken_back(brand, manager, decision, state, is_told):
    type(decision).objects.update(state=state)
    Outcome.objects.create(decision=decision, due_on=NOW.date())
    answer = client_of(manager, brand).get(f"/api/decisions/{decision.key}/").json()
    assert (answer["outcome"] is not None) is is_told
    Outcome.objects.update(measured_at=NOW, verdict="better")
    assert client_of(manager, brand).get(f"/api/decisions/{decision.key}/").json()["outcome"]["verdict"] == "better"


def test_no_of_oneself_has_a_way_back_for_some_seconds(brand, manager, decision):
    client = client_of(manager, brand)
    answer = post(client, decision, "reject", hash=decision.content_hash, reason_code="risk").json()
    assert answer["undo"] == {"possible": True, "words": "The rejection is taken back, and it waits again."}
    Decision.objects.update(decided_at=NOW - timedelta(hours=1))
    assert client.get(f"/api/decisions/{decision.key}/").json()["undo"]["possible"] is False


@pytest.mark.parametrize("role", ["viewer", "team", "reviewer"])
@pytest.mark.parametrize("move", ["approve", "reject", "undo"])
def test_smaller_roles_cannot_answer(brand, person, decision, role, move):
    answer = post(client_of(person(role), brand), decision, move, hash=decision.content_hash, reason_code="risk")
    assert answer.status_code == 403
    assert_untouched(decision)


@pytest.mark.parametrize("move", ["approve", "reject", "undo"])
def test_reading_scope_cannot_answer(brand, manager, decision, move):
    client = client_of(manager, brand, "read", "run", "import")
    answer = post(client, decision, move, hash=decision.content_hash, reason_code="risk")
    assert answer.status_code == 403
    assert told(answer) == {"detail": "This token lacks the scope “decide”."}
    assert_untouched(decision)


def test_deciding_scope_cannot_read(brand, manager, decision):
    assert client_of(manager, brand, "decide").get(f"/api/decisions/{decision.key}/").status_code == 403


@pytest.mark.parametrize("move", ["approve", "reject", "undo"])
def test_decision_is_unknown_to_a_stranger(stranger, decision, move):
    client = client_of(stranger, stranger.member_set.get().brand)
    assert client.get(f"/api/decisions/{decision.key}/").status_code == 404
    answer = post(client, decision, move, hash=decision.content_hash, reason_code="risk")
    assert answer.status_code == 404
    assert_untouched(decision)


def test_rejection_needs_a_known_reason(client, decision):
    for content in ({}, {"reason_code": ""}, {"reason_code": "because"}):
        answer = post(client, decision, "reject", hash=decision.content_hash, **content)
        assert answer.status_code == 400
        assert list(answer.json()["errors"]) == ["reason_code"]
    assert_untouched(decision)


def test_rejection_is_kept_with_its_reason(client, decision, manager):
    answer = post(client, decision, "reject", hash=decision.content_hash, reason_code="season", note="Sale")
    assert answer.status_code == 200
    decision.refresh_from_db()
    assert (decision.state, decision.reason_code, decision.note, decision.decided_by) == (
        "rejected",
        "season",
        "Sale",
        manager,
    )


def test_second_answer_comes_too_late(client, brand, person, decision, manager):
    post(client, decision, "approve", hash=decision.content_hash)
    answer = post(client_of(person("owner"), brand), decision, "reject", hash=decision.content_hash, reason_code="risk")
    assert answer.status_code == 409
    assert answer.json()["detail"] == f"This decision is already “Approved” by {manager}."
    assert Decision.objects.get().state == "approved"


def test_lapsed_decision_is_not_approved(client, decision, account):
    type(account).objects.filter(pk=account.pk).update(clock_at=NOW + timedelta(days=2), synced_at=NOW + timedelta(2))
    answer = post(client, decision, "approve", hash=decision.content_hash)
    assert answer.status_code == 409
    assert_untouched(decision)


def test_approval_is_withdrawn_before_it_is_sent(client, decision):
    post(client, decision, "approve", hash=decision.content_hash)
    answer = post(client, decision, "undo")
    assert (answer.status_code, answer.json()["state"]) == (200, "awaiting")
    assert "(token mb_" in Event.objects.get(kind="decision.cancelled").actor
    again = post(client, decision, "undo")
    assert again.status_code == 409
    assert again.json()["detail"] == "Nobody has approved it yet."


def test_nothing_else_can_be_set(client, decision, account):
    """`state`, `requested_by`, `account` and the like in the body change nothing."""
    post(
        client,
        decision,
        "reject",
        hash=decision.content_hash,
        reason_code="risk",
        state="done",
        version=9,
        account="other",
        decided_by=1,
        approved_hash="x",
        execute_after="2020-01-01",
    )
    row = Decision.objects.get()
    assert (row.state, row.version, row.account, row.approved_hash, row.execute_after) == (
        "rejected",
        1,
        account,
        "",
        None,
    )


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_decisions_are_not_edited(client, decision, method):
    answer = getattr(client, method)(f"/api/decisions/{decision.key}/", {"state": "approved"}, format="json")
    assert answer.status_code == 405
    assert_untouched(decision)


@pytest.mark.parametrize(
    "body", ["[]", '"text"', "{", '{"hash": {}}', '{"hash": "\\u0000"}', '{"hash": null}', "[" * 9000]
)
def test_broken_content_is_refused(client, decision, body):
    answer = client.post(f"/api/decisions/{decision.key}/approve/", body, content_type="application/json")
    assert answer.status_code == 400
    assert_untouched(decision)


def test_list_is_filtered_by_state_and_action(client, account, decision):
    done = DecisionFactory.create(account=account, state="done", action="pause_ad")
    url = f"/api/accounts/{account.key}/decisions/"
    found = {
        query: [row["key"] for row in client.get(url + query).json()["results"]]
        for query in ("", "?state=done", "?action=scale_budget", "?state=done&state=awaiting", "?state=failed")
    }
    first, second = str(decision.key), str(done.key)
    assert found == {
        "": [second, first],
        "?state=done": [second],
        "?action=scale_budget": [first],
        "?state=done&state=awaiting": [second, first],
        "?state=failed": [],
    }
    answer = client.get(url + "?state=nonsense")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["state"])


def test_list_asks_as_often_for_many(client, account, decision, django_assert_max_num_queries):
    cycle = CycleFactory.create(account=account)
    for _ in range(20):
        DecisionFactory.create(account=account, cycle=cycle)
    with django_assert_max_num_queries(6):
        answer = client.get(f"/api/accounts/{account.key}/decisions/?page_size=500")
    assert answer.json()["count"] == 21


# --- Cycles -----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_cycle_is_queued_and_rung_for(client, account, manager):
    answer = client.post(f"/api/accounts/{account.key}/cycles/")
    cycle = Cycle.objects.get()
    assert (answer.status_code, answer.json()["key"], answer.json()["state"]) == (202, str(cycle.key), "queued")
    assert (cycle.started_by, cycle.trigger) == (manager, "api")
    told = OrmQ.objects.get().task
    assert (told["func"], told["timeout"]) == ("mediabuyer.agent.tasks.run_cycle", 540)  # as long as any other cycle


def test_two_cycles_never_run_beside_each_other(client, account):
    client.post(f"/api/accounts/{account.key}/cycles/")
    answer = client.post(f"/api/accounts/{account.key}/cycles/")
    assert answer.status_code == 409
    assert told(answer) == {
        "detail": "A cycle is already running on this account.",
        "remedy": "GET the account's cycles to follow it; a new one can start when it is done.",
    }
    assert Cycle.objects.count() == 1


def test_cycle_is_told_step_by_step(client, account):
    cycle = CycleFactory.create(account=account)
    for order, name in enumerate(("observe", "evaluate")):
        Step.objects.create(
            cycle=cycle,
            order=order,
            name=name,
            state="done",
            summary=name.title(),
            started_at=NOW,
            finished_at=NOW + timedelta(seconds=2),
        )
    DecisionFactory.create(account=account, cycle=cycle)
    told = client.get(f"/api/cycles/{cycle.key}/").json()
    assert [(step["name"], step["seconds"]) for step in told["steps"]] == [("observe", 2.0), ("evaluate", 2.0)]
    assert told["decisions"] == 1
    assert "observation" not in told


def test_cycles_ask_as_often_for_many(client, account, manager, django_assert_max_num_queries):
    CycleFactory.create_batch(20, account=account, started_by=manager)
    with django_assert_max_num_queries(6):
        answer = client.get(f"/api/accounts/{account.key}/cycles/")
    assert answer.json()["count"] == 20


def test_reading_scope_cannot_start(brand, manager, account):
    answer = client_of(manager, brand, "read", "decide", "import").post(f"/api/accounts/{account.key}/cycles/")
    assert (answer.status_code, Cycle.objects.count()) == (403, 0)


def test_cycle_is_unknown_to_a_stranger(stranger, account):
    client = client_of(stranger, stranger.member_set.get().brand)
    assert client.get(f"/api/cycles/{CycleFactory.create(account=account).key}/").status_code == 404
    assert client.get(f"/api/accounts/{account.key}/cycles/").status_code == 404
    assert client.post(f"/api/accounts/{account.key}/cycles/").status_code == 404
    assert Cycle.objects.count() == 1
