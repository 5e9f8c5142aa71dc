"""A person's proposal: who may ask, for what, and that it becomes a decision like any other, never one's own yes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from campaigns.models import Ad, AdAccount
from mediabuyer.agent import answer
from mediabuyer.agent.actions import scale_budget
from mediabuyer.agent.ask import MOST, preview, propose_by_person, read_nodes, rise_of, weigh_together
from mediabuyer.agent.decide import LIFETIME, decide
from mediabuyer.agent.guard import guard_one
from mediabuyer.agent.models import Decision
from mediabuyer.agent.observe import read_ground
from mediabuyer.agent.revise import revise
from mediabuyer.agent.scorecard import scorecard
from mediabuyer.agent.snapshots import as_json
from mediabuyer.agent.steps import step
from mediabuyer.agent.wish import Deed, Wish, read_wish
from mediabuyer.brands.models import Member, Role
from mediabuyer.brands.permissions import ALLOWED, Right
from mediabuyer.lib.clock import wall_now
from mediabuyer.lib.errors import Invalid, NotAllowed
from memory.events import verify_chain
from memory.models import Episode, Event
from tests.agent.worlds import make_ad, make_budget, make_observation
from tests.factories import (
    AdFactory,
    AdSetFactory,
    CampaignFactory,
    CycleFactory,
    DecisionFactory,
    InsightFactory,
    budget_change,
)

pytestmark = pytest.mark.django_db
PAUSE, ON = Wish(Deed.PAUSE), Wish(Deed.SWITCH_ON)
UP, TO_55 = Wish(Deed.CHANGE_BUDGET, percent=Decimal(10)), Wish(Deed.SET_BUDGET, daily_budget=Decimal(55))
REASON = "The gift weeks begin."


@pytest.fixture
def seen(account, ad_sets):
    """The last cycle knew both budgets and their ads."""
    budgets = tuple(make_budget(row.external_id, name=row.name) for row in ad_sets)
    ads = tuple(make_ad(ad.external_id) for ad in Ad.objects.filter(account=account))
    return CycleFactory.create(account=account, observation=as_json(make_observation(budgets=budgets, ads=ads)))


@pytest.fixture
def ask(account, now, person):
    """Proposes as a person of this role, or as the person given."""

    def run(wish: Wish, *nodes: Any, who: Any = "team", reason: str = REASON, **options: Any) -> list[Any]:
        asker = person(who) if isinstance(who, str) else who
        return propose_by_person(account, asker, nodes, wish, reason, now, **options)

    return run


def made(items):
    return [item.decision is not None for item in items]


# --- What it becomes --------------------------------------------------------------------------------------------------


def test_it_is_a_decision_like_the_agents_but_waits(ask, ad_sets, seen, person, now):
    team = person("team")
    [item] = ask(TO_55, ad_sets[0], who=team)
    decision = Decision.objects.get()
    assert item.decision == decision
    assert (decision.state, decision.requested_by, decision.decided_by, decision.cycle) == (
        "awaiting",
        team,
        None,
        None,
    )
    assert decision.title == f"Raise “{ad_sets[0].name}” from €50 to €55 a day"
    assert decision.why == f"{team} asks for it: {REASON}"
    assert decision.changes == [
        {
            "kind": "set_budget",
            "level": "ad_set",
            "external_id": "130001",
            "name": ad_sets[0].name,
            "params": {"daily_budget": "55.00"},
            "before": {"daily_budget": "50.0000"},
        }
    ]
    assert decision.content_hash == decision.compute_hash()
    assert decision.expires_at == now + LIFETIME
    assert decision.way_back.startswith("Set it back to €50, one click")
    assert decision.finding_set.filter(guardrail="spend_cap", severity="pass").exists()


def test_small_move_that_a_rule_would_allow_waits_all_the_same(ask, ad_sets, seen, account):
    """€5 is under what the agent may do alone; for a person's wish that counts for nothing."""
    [item] = ask(TO_55, ad_sets[0])
    assert item.guarded.verdict == "pass"
    assert item.decision.state == "awaiting"
    assert item.decision.execute_after is None


def test_journal_names_the_person_and_the_reason(ask, ad_sets, person, brand):
    team = person("team")
    ask(TO_55, ad_sets[0], who=team)
    lines = Event.objects.order_by("number")
    assert [(line.kind, line.actor) for line in lines] == [
        ("decision.proposed", f"person:{team.email}"),
        ("decision.awaiting", f"person:{team.email}"),
    ]
    assert REASON in lines[0].data["reason"]
    assert verify_chain(brand) is None


def test_evidence_and_effect_are_the_agents_own(ask, ad_sets, seen, account, now):
    """The same budget, raised by the agent to the same amount, rests on the same figures."""
    [item] = ask(Wish(Deed.SET_BUDGET, daily_budget=Decimal(60)), ad_sets[0])
    ours = item.decision
    Decision.objects.all().delete()
    [theirs] = scale_budget.propose(make_observation(budgets=(make_budget("130001", name=ad_sets[0].name),)))
    cycle = CycleFactory.create(account=account, state="running")
    with step(cycle, "decide") as note:
        [decision] = decide(cycle, [guard_one(read_ground(account, seen.now), theirs, make_observation())], {}, note)
    assert (ours.action, ours.expected, ours.risk, ours.title) == (
        decision.action,
        decision.expected,
        decision.risk,
        decision.title,
    )
    assert {key for one in ours.evidence["budgets"] for key in one} == {
        key for one in decision.evidence["budgets"] for key in one
    }
    assert ours.evidence["budgets"][0]["payout_per_spend"] == decision.evidence["budgets"][0]["payout_per_spend"] == 1.6


def test_pause_carries_the_ads_figures(ask, ad_sets, seen):
    ad = Ad.objects.first()
    [item] = ask(PAUSE, ad)
    decision = item.decision
    assert (decision.action, decision.title, decision.ad) == ("pause_ad", f"Pause “{ad.name}”", ad)
    assert decision.evidence["payout_per_spend"] == 1.6
    assert Decimal(decision.expected["per_day"]) == Decimal("-6.00")  # €10 a day that bring back 1.6 times as much


def test_without_a_cycle_no_figure_is_made_up(ask, ad_sets):
    ad = Ad.objects.first()
    items = ask(PAUSE, ad) + ask(TO_55, ad_sets[0])
    assert [item.decision.expected for item in items] == [{}, {}]
    assert items[0].decision.evidence == {"ad": ad.external_id}
    assert [item.decision.waiting_cost for item in items] == [None, None]


def test_older_observation_counts_as_none(ask, ad_sets, account):
    CycleFactory.create(account=account, observation={"ads": []})
    [item] = ask(TO_55, ad_sets[0])
    assert item.decision.expected == {}


def test_switching_on_is_a_decision_without_a_promise(ask, ad_sets, seen):
    Ad.objects.update(status="PAUSED", effective_status="PAUSED")
    ad = Ad.objects.first()
    [item] = ask(ON, ad)
    change = item.decision.changes[0]
    assert (item.decision.title, item.decision.expected) == (f"Switch on “{ad.name}”", {})
    assert (change["params"], change["before"]) == ({"status": "ACTIVE"}, {"status": "PAUSED"})


# --- Who --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", Role.values)
@pytest.mark.parametrize("wish", [PAUSE, TO_55, UP], ids=lambda wish: wish.deed.value)
def test_roles_that_may_ask(ask, ad_sets, role, wish):
    node = Ad.objects.first() if wish is PAUSE else ad_sets[0]
    if role in ALLOWED[Right.PROPOSE]:
        assert made(ask(wish, node, who=role)) == [True]
        return
    with pytest.raises(NotAllowed, match="You may not propose"):
        ask(wish, node, who=role)
    assert not Decision.objects.exists()
    assert not Event.objects.exists()


def test_only_the_viewer_may_not_ask():
    assert set(Role.values) - ALLOWED[Right.PROPOSE] == {"viewer"}


def test_stranger_may_not_ask(ask, ad_sets, stranger):
    with pytest.raises(NotAllowed):
        ask(TO_55, ad_sets[0], who=stranger)
    assert not Decision.objects.exists()


def test_own_proposal_is_approved_by_somebody_else(ask, ad_sets, manager, person, now):
    ask(TO_55, ad_sets[0], who=manager)
    decision = Decision.objects.get()
    with pytest.raises(NotAllowed, match="You asked for this"):
        answer.approve(decision, manager, decision.content_hash, now, wall_now())
    assert Decision.objects.get().state == "awaiting"
    other = person("manager")
    answer.approve(decision, other, decision.content_hash, now, wall_now())
    assert Decision.objects.get().decided_by == other


def test_whoever_asked_may_retract_without_the_right_to_decide(ask, ad_sets, person, now, account):
    asker, other = person("team"), person("team")
    ask(TO_55, ad_sets[0], who=asker)
    decision = Decision.objects.get()
    for somebody in (other, person("manager")):
        with pytest.raises(NotAllowed, match="did not ask"):
            answer.retract(decision, somebody, decision.content_hash, now)
    with pytest.raises(NotAllowed):  # a no is for whoever may decide
        answer.reject(decision, asker, decision.content_hash, "risk", now)
    with pytest.raises(Invalid):
        answer.reject(decision, person("manager"), decision.content_hash, "retracted", now)
    assert Decision.objects.get().state == "awaiting"
    answer.retract(decision, asker, decision.content_hash, now)
    assert (decision.state, decision.decided_by) == ("rejected", asker)
    assert Event.objects.filter(kind="decision.retracted").count() == 1
    episode = Episode.objects.get()
    assert (episode.outcome != "bad", episode.text.endswith("retracted by the one who asked.")) == (True, True)
    assert (scorecard(account, now).rejected, scorecard(account, now).reasons) == (0, [])


def test_asker_who_lost_the_right_to_ask_cannot_retract(ask, ad_sets, person, now):
    asker = person("team")
    ask(TO_55, ad_sets[0], who=asker)
    decision = Decision.objects.get()
    Member.objects.filter(user=asker).update(role=Role.VIEWER)
    with pytest.raises(NotAllowed):
        answer.retract(decision, asker, decision.content_hash, now)


def test_raising_the_agents_proposal_does_not_make_it_ones_own(account, manager, now):
    decision = DecisionFactory.create(account=account, cycle=CycleFactory.create(account=account), requested_by=manager)
    with pytest.raises(NotAllowed, match="did not ask"):
        answer.retract(decision, manager, decision.content_hash, now)


def test_lower_amount_by_the_one_who_decides_follows_the_figures(ask, ad_sets, seen, manager, now):
    [item] = ask(Wish(Deed.SET_BUDGET, daily_budget=Decimal(60)), ad_sets[0])
    before = Decimal(item.decision.expected["per_day"])
    revise(item.decision, manager, item.decision.content_hash, {"130001": Decimal(54)}, now)
    assert 0 < Decimal(Decision.objects.get().expected["per_day"]) < before
    assert Decision.objects.get().requested_by == item.decision.requested_by


# --- What the guardrails say ------------------------------------------------------------------------------------------


def test_block_is_named_and_not_made(ask, ad_sets):
    type(ad_sets[0]).objects.filter(pk=ad_sets[0].pk).update(learning_status="LEARNING")
    blocked, fine = ask(TO_55, *ad_sets)
    assert "is still learning" in blocked.problem
    assert (blocked.decision, fine.problem) == (None, "")
    assert list(Decision.objects.values_list("subject_id", flat=True)) == ["130002"]


def test_too_large_a_wish_is_cut_and_says_so(ask, ad_sets, seen):
    [item] = ask(Wish(Deed.SET_BUDGET, daily_budget=Decimal(90)), ad_sets[0])
    assert item.decision.changes[0]["params"] == {"daily_budget": "60.00"}
    assert item.decision.title.endswith("from €50 to €60 a day")
    said = item.decision.finding_set.get(severity="change").message
    assert said.startswith(f"Changed: €90 was wanted for “{ad_sets[0].name}”.")


def test_pressed_stop_holds_back_a_raise_but_not_a_cut(ask, ad_sets, account, manager, now):
    account.stop(manager, "Look first.", now)
    raised = ask(UP, ad_sets[0])
    cut = ask(Wish(Deed.CHANGE_BUDGET, percent=Decimal(-10)), ad_sets[0])
    assert (made(raised), made(cut)) == ([False], [True])
    assert "The stop is pressed" in raised[0].problem


def test_it_passes_the_guardrails_again_when_it_is_sent(ask, ad_sets, person, carry_out, fake, account, now):
    """Approved by somebody else, then the cap is lowered: the claim refuses it."""
    ask(TO_55, ad_sets[0])
    decision = Decision.objects.get()
    answer.approve(decision, person("manager"), decision.content_hash, now, wall_now())
    Decision.objects.update(execute_after=wall_now())
    AdAccount.objects.update(daily_cap=Decimal(100))
    carry_out()
    assert fake.objects["130001"]["daily_budget"] == "50.00"
    assert Decision.objects.get().finding_set.filter(stage="claim", guardrail="spend_cap").exists()


def test_approved_by_another_it_is_sent(ask, ad_sets, person, carry_out, fake, now):
    ask(TO_55, ad_sets[0])
    decision = Decision.objects.get()
    answer.approve(decision, person("manager"), decision.content_hash, now, wall_now())
    Decision.objects.update(execute_after=wall_now())
    carry_out()
    assert Decimal(fake.objects["130001"]["daily_budget"]) == 55
    assert Decision.objects.get().state == "done"


def test_all_together_may_be_too_much(account, ad_sets, now):
    """Each ad alone leaves another running; both would leave none."""
    items = preview(account, list(Ad.objects.filter(account=account)), PAUSE, now)
    assert [item.problem for item in items] == ["", ""]
    [finding] = weigh_together(account, items, now)
    assert finding.message.startswith("Nothing would be left running.")
    assert weigh_together(account, items[:1], now) == []


def test_shadow_account_only_shows(ask, ad_sets, account, manager, now):
    account.mode, account.graph_url = "shadow", ""
    account.save()
    [item] = ask(TO_55, ad_sets[0])
    assert item.decision.state == "proposed"
    assert list(Event.objects.values_list("kind", flat=True)) == ["decision.proposed"]


# --- Several at once --------------------------------------------------------------------------------------------------


def test_fifty_with_one_collision(ask, account):
    AdAccount.objects.update(daily_cap=Decimal(20_000))
    campaign = CampaignFactory.create(account=account)
    rows = AdSetFactory.create_batch(50, campaign=campaign)
    for row in rows:
        InsightFactory.create(ad=AdFactory.create(ad_set=row, creative=None), spend=Decimal(800), results=Decimal(40))
    taken = rows[17].external_id
    other = DecisionFactory.create(account=account, subject_id=taken, changes=[budget_change(taken, "50", "45")])
    items = ask(UP, *rows)
    assert made(items).count(True) == 49
    assert (items[17].decision, items[17].open) == (None, other)
    assert items[17].problem == f"An open decision speaks about it already: {other.title}."
    assert Decision.objects.filter(state="awaiting").count() == 50
    assert rise_of([item for item in items if item.decision]) == Decimal("245")


def test_shift_collides_with_both_of_its_budgets(ask, ad_sets, account):
    changes = [budget_change("130002", "50", "42"), budget_change("130001", "50", "58")]
    DecisionFactory.create(account=account, action="shift_budget", subject_id="130001", changes=changes)
    assert made(ask(TO_55, *ad_sets)) == [False, False]


def test_same_proposal_twice_is_made_once(ask, ad_sets):
    assert made(ask(TO_55, ad_sets[0]) + ask(TO_55, ad_sets[0])) == [True, False]
    assert Decision.objects.count() == 1


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_reason_is_needed(ask, ad_sets, reason):
    with pytest.raises(Invalid, match="needs a reason") as refused:
        ask(TO_55, ad_sets[0], reason=reason)
    assert refused.value.field == "reason"
    assert not Decision.objects.exists()


def test_nothing_and_too_many_are_refused(ask, ad_sets):
    for nodes in ([], [ad_sets[0]] * (MOST + 1)):
        with pytest.raises(Invalid, match=f"Between 1 and {MOST}"):
            ask(TO_55, *nodes)


def test_preview_writes_nothing(account, ad_sets, seen, now):
    [item] = preview(account, [ad_sets[0]], TO_55, now)
    assert item.guarded.proposal.effect.per_day > 0
    assert not Decision.objects.exists()
    assert not Event.objects.exists()


def test_nodes_of_other_accounts_are_left_out(account, ad_sets):
    ad, other = Ad.objects.first(), AdFactory.create()
    keys = [ad.key, other.key, ad_sets[0].key, ad.key, ad_sets[0].campaign.key]
    assert read_nodes(account, keys) == [ad, ad_sets[0], ad_sets[0].campaign]


# --- What fits what ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "values", "wish", "said"),
    [
        ("ad_set", {}, PAUSE, "Only single ads are paused or switched on"),
        ("campaign", {}, ON, "Only single ads are paused or switched on"),
        ("ad", {"status": "PAUSED"}, PAUSE, "It is paused already"),
        ("ad", {}, ON, "It is switched on already"),
        ("ad", {"status": "DELETED"}, PAUSE, "deleted or archived"),
        ("ad", {}, UP, "An ad has no budget of its own"),
        ("campaign", {}, UP, "Its ad sets hold the budgets"),
        ("ad_set", {"daily_budget": None}, UP, "holds the budget. Choose the campaign"),
        ("ad_set", {"daily_budget": None, "lifetime_budget": Decimal(900)}, UP, "a budget for its whole life"),
        ("ad_set", {"daily_budget": Decimal(55)}, TO_55, "the budget it has already"),
    ],
)
def test_what_does_not_apply_is_said(account, ad_sets, now, level, values, wish, said):
    node = {"ad": Ad.objects.first(), "ad_set": ad_sets[0], "campaign": ad_sets[0].campaign}[level]
    type(node).objects.filter(pk=node.pk).update(**values)
    [item] = preview(account, read_nodes(account, [node.key]), wish, now)
    assert said in item.problem
    assert item.guarded is None


@pytest.mark.parametrize(
    ("deed", "daily_budget", "percent", "expected"),
    [
        ("pause", "", "", PAUSE),
        ("set_budget", "55,00", "", TO_55),
        ("change_budget", "", "+10 %", UP),
        ("change_budget", "", "−7.5", Wish(Deed.CHANGE_BUDGET, percent=Decimal("-7.5"))),
    ],
)
def test_wish_is_read_as_people_write(deed, daily_budget, percent, expected):
    assert read_wish(deed, daily_budget, percent, "EUR") == expected


@pytest.mark.parametrize(
    ("deed", "daily_budget", "percent", "field"),
    [
        ("delete", "", "", "do"),
        ("", "", "", "do"),
        ("set_budget", "", "", "daily_budget"),
        ("set_budget", "1,000", "", "daily_budget"),
        ("set_budget", "-5", "", "daily_budget"),
        ("set_budget", "0", "", "daily_budget"),
        ("set_budget", "0,00", "", "daily_budget"),
        ("change_budget", "", "", "percent"),
        ("change_budget", "", "0", "percent"),
        ("change_budget", "", "-100", "percent"),
        ("change_budget", "", "501", "percent"),
        ("change_budget", "", "ten", "percent"),
        ("change_budget", "", "--5", "percent"),
    ],
)
def test_wish_that_means_nothing_names_its_field(deed, daily_budget, percent, field):
    with pytest.raises(Invalid) as refused:
        read_wish(deed, daily_budget, percent, "EUR")
    assert refused.value.field == field


def test_budget_of_nothing_is_refused_and_a_pause_offered():
    with pytest.raises(Invalid) as refused:
        read_wish("set_budget", "0", "", "EUR")
    assert (refused.value.field, refused.value.value) == ("daily_budget", "0")
    assert refused.value.message == "“0” is no daily budget."
    assert refused.value.remedy == "To stop the spending, pause the ads instead."


@pytest.mark.parametrize(("percent", "after"), [("7.5", "53.79"), ("-7.5", "46.29")])
def test_percent_is_never_rounded_to_more(account, ad_sets, now, percent, after):
    type(ad_sets[0]).objects.update(daily_budget=Decimal("50.04"))
    [item] = preview(
        account, read_nodes(account, [ad_sets[0].key]), read_wish("change_budget", "", percent, "EUR"), now
    )
    assert item.changes[0].params == {"daily_budget": after}
