"""A decision as people read it: the very numbers, rounded honestly, and what changed since they looked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from collaboration.cards import HELD, build_card, difference, due_words, lines_of, why_held, why_somebody_else
from mediabuyer.agent.actions import ACTIONS
from mediabuyer.agent.context import Severity, planned_from
from mediabuyer.agent.guardrails import kill_switch
from mediabuyer.agent.models import Decision, Finding, Outcome
from portfolio.models import Conversion
from tests.agent.worlds import make_context
from tests.factories import (
    NOW,
    AdFactory,
    AdSetFactory,
    ChangeFactory,
    CycleFactory,
    DecisionFactory,
    InsightFactory,
    OperationFactory,
    budget_change,
)

pytestmark = pytest.mark.django_db
PAUSE = {"kind": "set_status", "level": "ad", "external_id": "140001", "name": "Blue", "params": {"status": "PAUSED"},
         "before": {"status": "ACTIVE"}}  # fmt: skip


def test_raise_shows_before_after_and_share(account):
    card = build_card(DecisionFactory.create(account=account))
    assert card.rows == [{"name": "Broad", "note": "ad set", "now": "€50.00", "then": "€60.00", "change": "+€10.00",
                          "share": "+20%"}]  # fmt: skip
    assert (card.total, card.one_in, card.can_change) == (None, 8, True)


def test_amounts_have_the_decimals_of_the_currency(account):
    change = budget_change("1", "219.0000", "262.8000")
    assert build_card(DecisionFactory.create(account=account, changes=[change])).amounts[0][1] == "262.80"
    account.currency = "JPY"
    assert build_card(DecisionFactory.create(account=account, changes=[change])).amounts[0][1] == "263"


def test_day_of_a_precedent_is_for_people(account):
    precedent = {"key": "k", "text": "It worked.", "outcome": "good", "on": "2026-11-06"}
    card = build_card(DecisionFactory.create(account=account, precedents=[precedent]))
    assert card.precedents == [{"tone": "good", "text": "It worked.", "note": "6 Nov 2026"}]


def test_who_raised_it_is_not_said_to_have_asked(account, person):
    first, second, third = person("manager"), person("manager"), person("owner")
    agents = DecisionFactory.create(account=account, cycle=CycleFactory.create(account=account), requested_by=first)
    agents.raised_by.add(first, second)
    wished = DecisionFactory.create(account=account, requested_by=third)
    assert build_card(wished).askers == f"{third} asked for this"
    wished.raised_by.add(third, first)
    assert build_card(agents).askers == f"{first} and {second} raised this"
    assert build_card(wished).askers == f"{third} asked for this and {first} raised it"
    assert why_somebody_else(agents, first) == "You raised this, so somebody else approves it."
    assert why_somebody_else(wished, third) == "You asked for this, so somebody else approves it."
    assert why_somebody_else(agents, third) == ""


@pytest.mark.parametrize(
    "changes",
    [[budget_change("1", "50", "60")], [budget_change("1", "50", "40")], [PAUSE], [],
     [budget_change("1", "50", "40"), budget_change("2", "50", "60")],
     [PAUSE | {"params": {"status": "ACTIVE"}}], [PAUSE | {"kind": "create_ad", "params": {}}]],
)  # fmt: skip
def test_card_holds_what_the_guardrail_of_the_stop_holds(account, changes):
    account.is_stopped = True
    decision = DecisionFactory.create(account=account, changes=changes)
    context = replace(make_context(is_stopped=True), changes=tuple(planned_from(changes)))
    blocks = kill_switch.check(context).severity == Severity.BLOCK
    card = build_card(decision)
    assert (bool(card.held), card.checks[0]["tone"] == "bad") == (blocks, blocks)
    decision.state = "done"
    assert (why_held(decision), build_card(decision).checks) == ("", [])


def test_stop_takes_the_place_of_what_was_found_before_it(account):
    decision = DecisionFactory.create(account=account)
    Finding.objects.create(
        decision=decision, guardrail="kill_switch", severity="pass", message="The stop is not pressed"
    )
    assert [one["text"] for one in build_card(decision).passed] == ["The stop is not pressed"]
    account.is_stopped = True
    card = build_card(decision)
    assert ([one["text"] for one in card.checks], card.passed) == ([HELD], [])


def test_shift_adds_up_to_nothing(account):
    changes = [budget_change("1", "50", "40"), budget_change("2", "50", "60")]
    card = build_card(DecisionFactory.create(account=account, action="shift_budget", changes=changes))
    assert card.rows[0]["share"] == "−20%"
    assert card.total == {"name": "Together, a day", "now": "€100.00", "then": "€100.00", "change": "€0.00"}


def test_pause_is_told_in_words(account):
    card = build_card(DecisionFactory.create(account=account, action="pause_ad", changes=[PAUSE]))
    assert (card.rows[0]["now"], card.rows[0]["then"], card.can_change) == ("Running", "Paused", False)


@pytest.mark.parametrize(("effective", "said"), [("ACTIVE", "Was running"), ("DELIVERED", "Delivered")])
def test_pause_on_a_file_says_of_an_ad_what_the_page_ads_says(account, effective, said):
    account.mode = "shadow"
    account.platform = "export"
    ad = AdFactory.create(ad_set__campaign__account=account, effective_status=effective)
    card = build_card(DecisionFactory.create(account=account, action="pause_ad", ad=ad, changes=[PAUSE]))
    assert (card.rows[0]["now"], card.rows[0]["then"]) == (said, "Paused")


def test_ads_of_one_name_in_one_place_are_told_apart_by_their_id(account, django_assert_num_queries):
    first = AdFactory.create(
        ad_set__campaign__account=account, ad_set__name="Broad", name="Ads 3", external_id="120001"
    )
    around = {"ad_set__campaign": first.campaign, "name": "Ads 3"}
    second = AdFactory.create(ad_set__name="Broad", external_id="9990120002", **around)
    other = AdFactory.create(ad_set__name="Narrow", external_id="120003", **around)
    rows = [
        DecisionFactory.create(account=account, subject_level="ad", subject_id=ad.external_id)
        for ad in (first, second, other)
    ]
    with django_assert_num_queries(3):
        places = [line["place"] for line in lines_of(rows, NOW)]
    campaign = first.campaign.name
    assert places == [f"Broad · {campaign} · id …120001", f"Broad · {campaign} · id …120002", f"Narrow · {campaign}"]
    for row in (first.ad_set, second.ad_set, first.campaign):  # a file that names ads alone
        row.is_placeholder, row.external_id = True, f"all:{row.pk}"
        row.save()
    assert build_card(rows[0]).place == "the account · id …120001"


def test_request_has_no_figure_and_no_day_of_judgement(account):
    card = build_card(DecisionFactory.create(account=account, action="refresh_creative", changes=[], expected={}))
    assert (card.effect, card.one_in, card.judged_on, card.rows) == (None, None, None, [])


def test_day_of_judgement_is_the_one_noted_and_then_the_grade(account):
    decision = DecisionFactory.create(account=account, state="done", decided_at=NOW)
    assert (build_card(decision).judged_on, build_card(decision).grade) == (date(2026, 11, 28), "")
    outcome = Outcome.objects.create(decision=decision, due_on=date(2026, 11, 30))  # it was held for two days
    assert build_card(decision).judged_on == date(2026, 11, 30)
    outcome.measured_at, outcome.verdict, outcome.figures = NOW, "better", {"per_day": "7.00"}
    assert build_card(decision).grade == "Better: +€7.00 a day"


@pytest.mark.parametrize(("state", "came_to_nothing"), [("done", False), ("failed", True)])
def test_failed_decision_of_which_half_was_done_did_not_come_to_nothing(account, state, came_to_nothing):
    decision = DecisionFactory.create(account=account, state="failed")
    operation = OperationFactory.create(account=account, decision_key=decision.key)
    for each in (state, "failed"):
        ChangeFactory.create(operation=operation, account=account, state=each)
    assert build_card(decision).came_to_nothing is came_to_nothing


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.slug)
def test_every_kind_has_its_icon(action, settings):
    assert f'id="i-{action.icon}"' in (settings.BASE_DIR / "static/img/icons.svg").read_text()


def test_unknown_action_of_an_older_version_is_shown(account):
    assert build_card(DecisionFactory.create(account=account, action="launch_test")).kind == "launch_test"


@pytest.mark.parametrize(("p_loss", "one_in"), [("0.5", 2), ("0.12", 8), ("0.006", 167), ("0.005", None), ("0", None)])
def test_loss_is_told_as_one_in_so_many(account, p_loss, one_in):
    expected = {"per_day": "1", "low": "0", "high": "2", "p_loss": p_loss}
    assert build_card(DecisionFactory.create(account=account, expected=expected)).one_in == one_in


def test_gravest_finding_comes_first_and_passes_are_apart(account):
    decision = DecisionFactory.create(account=account)
    for severity in ("pass", "note", "block", "approve"):
        Finding.objects.create(decision=decision, guardrail=severity, severity=severity, message=severity)
    card = build_card(decision)
    assert [check["text"] for check in card.checks] == ["block", "approve", "note"]
    assert [check["text"] for check in card.passed] == ["pass"]


def test_chart_shows_the_cost_of_the_ads_behind_it(account):
    ad = AdFactory.create(ad_set=AdSetFactory.create(campaign__account=account), external_id="140001")
    for back in range(1, 36):
        InsightFactory.create(
            ad=ad, day=date(2026, 11, 20) - timedelta(days=back), spend=Decimal(20), results=Decimal(2)
        )
    card = build_card(DecisionFactory.create(account=account, evidence={"ad": "140001"}))
    [line] = card.plot.series
    assert len(line.values) == len(card.plot.labels) == 28
    assert set(line.values) == {10.0}
    assert card.plot.labels[-1] == "19 Nov"
    assert "between €10.00 and €10.00" in card.plot.summary


def test_chart_shows_what_own_orders_cost_beside_what_meta_counts(account):
    """The reason of a pause rests on own orders, so the chart shows these too; another ad's and refunds are none."""
    ad, other = (AdFactory.create(ad_set=AdSetFactory.create(campaign__account=account)) for _ in range(2))
    for back in range(1, 36):
        day = date(2026, 11, 20) - timedelta(days=back)
        InsightFactory.create(ad=ad, day=day, spend=Decimal(20), results=Decimal(2))
        clicked = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        for number, (whose, kind) in enumerate([(ad, "purchase"), (ad, "refund"), (other, "purchase")]):
            Conversion.objects.create(
                account=account, ad=whose, event_id=f"{back}-{number}", kind=kind, clicked_at=clicked,
                converted_at=clicked, clicked_on=day, lag_days=0, value=Decimal(30),
            )  # fmt: skip
    by_meta, own = build_card(DecisionFactory.create(account=account, evidence={"ad": ad.external_id})).plot.series
    assert (set(by_meta.values), set(own.values)) == ({10.0}, {20.0})
    assert own.name == "By own orders; the last days still fill"


def test_request_shows_the_fall_of_the_click_rate(account):
    """An ad that began at 2 % and is fitted to have lost half of it; the chart begins with its first day."""
    ad = AdFactory.create(ad_set=AdSetFactory.create(campaign__account=account), external_id="140001")
    for back in range(1, 43):
        clicks = 20 if back > 30 else 10
        InsightFactory.create(ad=ad, day=date(2026, 11, 20) - timedelta(days=back), impressions=1000, clicks=clicks)
    evidence = {"ad": "140001", "fatigue": 0.5, "frequency_7d": 3.4}
    card = build_card(DecisionFactory.create(account=account, action="refresh_creative", changes=[], evidence=evidence))
    [line], [level] = card.plot.series, card.plot.levels
    assert line.name == "Clicks per impression (CTR), 7-day mean"
    assert len(line.values) == len(card.plot.labels) == 42
    assert (line.values[0], line.values[-1], level.value) == (0.02, 0.01, 0.02)
    assert card.plot.summary == (
        "Click rate over 42 days: from 2.00% to 1.00%, 50% below where it began. "
        "Each person has seen it 3.4 times in the last week."
    )


@pytest.mark.parametrize("fatigue", [None, 0, 1])
def test_fall_that_is_not_known_draws_no_level(account, fatigue):
    ad = AdFactory.create(ad_set=AdSetFactory.create(campaign__account=account), external_id="140001")
    InsightFactory.create(ad=ad)
    evidence = {"ad": "140001", "fatigue": fatigue}
    plot = build_card(DecisionFactory.create(account=account, action="refresh_creative", evidence=evidence)).plot
    assert plot.levels == []
    assert "how far it fell is not known" in plot.summary


def test_what_changes_says_where_it_runs(account):
    ad_sets = [
        AdSetFactory.create(campaign__account=account, campaign__name=name, external_id=key)
        for name, key in (("Autumn", "1"), ("Winter", "2"))
    ]
    changes = [budget_change("1", "50", "40"), budget_change("2", "50", "60")]
    card = build_card(
        DecisionFactory.create(
            account=account,
            action="shift_budget",
            changes=changes,
            subject_level="ad_set",
            subject_id=ad_sets[1].external_id,
        )
    )
    assert card.place == "Winter"
    assert [row["note"] for row in card.rows] == ["ad set in Autumn", "ad set"]


def test_no_chart_without_figures(account):
    AdFactory.create(ad_set=AdSetFactory.create(campaign__account=account), external_id="140001")
    assert build_card(DecisionFactory.create(account=account, evidence={"ad": "140001"})).plot is None


def test_judged_a_week_after_the_answer(account, now):
    assert build_card(DecisionFactory.create(account=account)).judged_on == date(2026, 11, 28)
    answered = DecisionFactory.create(account=account, decided_at=now + timedelta(days=1))
    assert build_card(answered).judged_on == date(2026, 11, 29)


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(hours=48), "48 h left"),
        (timedelta(minutes=119), "1 h left"),
        (timedelta(minutes=59), "59 min left"),
        (timedelta(seconds=30), "0 min left"),
        (timedelta(0), "lapsed"),
        (timedelta(days=-3), "lapsed"),
    ],
)
def test_time_left_is_told(account, now, left, words):
    assert due_words(DecisionFactory.build(account=account, expires_at=now + left), now) == words


def test_difference_is_from_the_version_that_was_seen(account, manager, now):
    decision = DecisionFactory.create(account=account)
    seen = decision.content_hash
    for amount in ("58", "57"):
        decision.revise(
            manager,
            decision.content_hash,
            now,
            raises_exposure=False,
            changes=[budget_change(decision.subject_id, "50", amount)],
        )
    assert difference(Decision.objects.get(), seen) == [{"name": "Broad", "now": "€60.00", "then": "€57.00"}]


@pytest.mark.parametrize("seen", ["", "0" * 64, "' OR 1=1"])
def test_unknown_version_has_no_difference(account, seen):
    assert difference(DecisionFactory.create(account=account), seen) == []
