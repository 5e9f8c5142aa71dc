"""Other amounts by a person: within the guardrails, told afresh, and decided by somebody else where they are higher."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from mediabuyer.agent.models import Decision
from mediabuyer.agent.revise import WRITTEN_BEFORE, can_revise, revise
from mediabuyer.agent.snapshots import as_json
from mediabuyer.lib.errors import Conflict, Invalid, NotAllowed
from memory.models import Event
from tests.agent.worlds import make_budget, make_observation
from tests.factories import CycleFactory, DecisionFactory, budget_change

pytestmark = pytest.mark.django_db


@pytest.fixture
def cycle(account, ad_sets):
    budgets = tuple(make_budget(row.external_id, name=row.name) for row in ad_sets)
    return CycleFactory.create(account=account, observation=as_json(make_observation(budgets=budgets)))


@pytest.fixture
def raise_one(account, cycle):
    return DecisionFactory.create(
        account=account, cycle=cycle, subject_id="130001", changes=[budget_change("130001", "50", "58")]
    )


@pytest.fixture
def shift(account, cycle):
    return DecisionFactory.create(
        account=account,
        cycle=cycle,
        action="shift_budget",
        subject_id="130001",
        changes=[budget_change("130002", "50", "42"), budget_change("130001", "50", "58")],
    )


def test_lower_amount_makes_a_new_version(raise_one, manager, now):
    old = raise_one.content_hash
    revise(raise_one, manager, old, {"130001": Decimal(54)}, now)
    fresh = Decision.objects.get()
    assert (fresh.version, fresh.title, fresh.requested_by) == (2, "Raise “Broad” from €50 to €54 a day", None)
    assert fresh.changes[0]["params"] == {"daily_budget": "54.00"}
    assert fresh.content_hash == fresh.compute_hash() != old
    assert Event.objects.get(kind="decision.changed").actor == f"person:{manager.email}"


def test_reason_and_way_back_are_those_of_the_new_amounts(shift, manager, person, now):
    type(shift).objects.update(why="The total stays as it is.")
    shift.refresh_from_db()
    for amount in ("46", "44"):
        revise(shift, manager, shift.content_hash, {"130002": Decimal(amount)}, now)
        shift.refresh_from_db()
    assert shift.why == f"The total stays as it is. {WRITTEN_BEFORE}"  # said once
    assert shift.way_back.startswith("Set both budgets back, one click")


def test_effect_follows_the_amount(raise_one, manager, now):
    revise(raise_one, manager, raise_one.content_hash, {"130001": Decimal(54)}, now)
    smaller = Decimal(Decision.objects.get().expected["per_day"])
    revise(raise_one, manager, raise_one.content_hash, {"130001": Decimal(60)}, now)
    larger = Decimal(Decision.objects.get().expected["per_day"])
    assert 0 < smaller < larger
    assert Decision.objects.get().waiting_cost == larger


@pytest.mark.parametrize(
    ("amount", "said"),
    [("90", "a budget moves by 20% at most"), ("0.50", "less than €1 a day"), ("39", "moves by 20% at most")],
)
def test_amount_outside_the_limits_names_the_rule(raise_one, manager, now, amount, said):
    before = Decision.objects.values().get()
    with pytest.raises(Invalid, match=said) as refused:
        revise(raise_one, manager, raise_one.content_hash, {"130001": Decimal(amount)}, now)
    assert refused.value.field == "amount"
    assert Decision.objects.values().get() == before
    assert not Event.objects.exists()


def test_amount_over_the_cap_names_the_cap(raise_one, account, manager, now):
    type(account).objects.update(daily_cap=Decimal(180))
    with pytest.raises(Invalid, match="Account cap"):
        revise(raise_one, manager, raise_one.content_hash, {"130001": Decimal(59)}, now)


def test_who_raises_cannot_approve(raise_one, manager, person, now):
    revise(raise_one, manager, raise_one.content_hash, {"130001": Decimal(60)}, now)
    assert Decision.objects.get().requested_by == manager
    with pytest.raises(NotAllowed):
        raise_one.approve(manager, raise_one.content_hash, now, now)
    raise_one.approve(person("manager"), raise_one.content_hash, now, now)


def test_who_raised_an_earlier_version_cannot_approve(raise_one, person, now):
    first, second, third = person("manager"), person("manager"), person("owner")
    revise(raise_one, first, raise_one.content_hash, {"130001": Decimal(59)}, now)
    revise(raise_one, second, raise_one.content_hash, {"130001": Decimal("59.01")}, now)
    fresh = Decision.objects.get()
    assert (fresh.requested_by, fresh.askers()) == (first, [first, second])
    for person_who_raised in (first, second):
        with pytest.raises(NotAllowed, match="You raised this, so somebody else decides it"):
            fresh.approve(person_who_raised, fresh.content_hash, now, now)
    fresh.approve(third, fresh.content_hash, now, now)


def test_who_asked_cannot_approve_after_somebody_else_raised(raise_one, person, now):
    asker = person("manager")
    Decision.objects.update(requested_by=asker)
    raise_one.refresh_from_db()
    revise(raise_one, person("owner"), raise_one.content_hash, {"130001": Decimal(59)}, now)
    fresh = Decision.objects.get()
    with pytest.raises(NotAllowed):
        fresh.approve(asker, fresh.content_hash, now, now)


def test_who_lowers_may_approve_what_another_raised(raise_one, manager, person, now):
    revise(raise_one, manager, raise_one.content_hash, {"130001": Decimal(60)}, now)
    lower = person("owner")
    revise(raise_one, lower, raise_one.content_hash, {"130001": Decimal(59)}, now)
    raise_one.approve(lower, raise_one.content_hash, now, now)
    assert Decision.objects.get().state == "approved"


def test_who_makes_a_cut_smaller_cannot_approve(shift, manager, now):
    revise(shift, manager, shift.content_hash, {"130002": Decimal(50)}, now)
    assert Decision.objects.get().requested_by == manager


def test_smaller_shift_needs_nobody_else(shift, manager, now):
    revise(shift, manager, shift.content_hash, {"130002": Decimal(40), "130001": Decimal(55)}, now)
    fresh = Decision.objects.get()
    assert (fresh.requested_by, fresh.title) == (
        None,
        "Change daily budgets: “Broad” from €50 to €40; “Broad” from €50 to €55",
    )


def test_shift_whose_sides_differ_names_both_amounts(shift, manager, now):
    revise(shift, manager, shift.content_hash, {"130002": Decimal(49), "130001": Decimal(58)}, now)
    assert Decision.objects.get().title == ("Change daily budgets: “Broad” from €50 to €49; “Broad” from €50 to €58")


def test_same_amount_is_no_change(raise_one, manager, now):
    with pytest.raises(Invalid, match="has already"):
        revise(raise_one, manager, raise_one.content_hash, {"130001": Decimal("58.00")}, now)
    assert Decision.objects.get().version == 1


def test_amounts_of_other_objects_are_ignored(raise_one, manager, now):
    with pytest.raises(Invalid, match="has already"):
        revise(raise_one, manager, raise_one.content_hash, {"130002": Decimal(55)}, now)


def test_version_that_changed_meanwhile_is_refused(raise_one, manager, person, now):
    seen = raise_one.content_hash
    revise(Decision.objects.get(), person("owner"), seen, {"130001": Decimal(55)}, now)
    with pytest.raises(Conflict, match="changed"):
        revise(raise_one, manager, seen, {"130001": Decimal(54)}, now)
    assert Decision.objects.get().changes[0]["params"] == {"daily_budget": "55.00"}


def test_lapsed_decision_is_not_changed(raise_one, manager, now):
    with pytest.raises(Conflict, match="lapsed"):
        revise(raise_one, manager, raise_one.content_hash, {"130001": Decimal(55)}, now + timedelta(hours=49))


def test_lower_roles_may_not_change(raise_one, person, now):
    with pytest.raises(NotAllowed):
        revise(raise_one, person("reviewer"), raise_one.content_hash, {"130001": Decimal(55)}, now)


def test_pause_has_no_amount(account, manager, now):
    pause = {
        "kind": "set_status",
        "level": "ad",
        "external_id": "a",
        "name": "Ad",
        "params": {"status": "PAUSED"},
        "before": {"status": "ACTIVE"},
    }
    decision = DecisionFactory.create(account=account, action="pause_ad", changes=[pause])
    assert not can_revise(decision)
    with pytest.raises(Invalid, match="no amount"):
        revise(decision, manager, decision.content_hash, {"a": Decimal(5)}, now)


def test_findings_are_those_of_the_new_amounts(raise_one, manager, now):
    revise(raise_one, manager, raise_one.content_hash, {"130001": Decimal(54)}, now)
    told = dict(raise_one.finding_set.values_list("guardrail", "message"))
    assert told["person_decides"] == "It moves €4 a day; up to €20 I may do alone"
