"""Every guardrail as a table: a name, a context, what it says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from mediabuyer.agent.context import Severity, gravest
from mediabuyer.agent.guardrails import GUARDRAILS, evaluate
from mediabuyer.agent.guardrails.base import Guardrail
from tests.agent.worlds import (
    NOW,
    activate,
    budget_to,
    changed,
    make_ad,
    make_budget,
    make_context,
    make_limits,
    pause,
)

BY_SLUG = {guardrail.slug: guardrail for guardrail in GUARDRAILS}
HOUR = timedelta(hours=1)

TABLE = [
    # guardrail, name, context, severity or None, part of the message
    ("mode", "sandbox may act", make_context(), "pass", "no money is spent"),
    ("mode", "shadow shows only", make_context(mode="shadow"), "block", "Shadow mode"),
    ("mode", "live unconfirmed", make_context(mode="live"), "block", "Nobody has confirmed"),
    ("mode", "live confirmed", make_context(mode="live", is_live_confirmed=True), "pass", "Live"),
    (
        "mode",
        "live without caps",
        make_context(mode="live", is_live_confirmed=True, live_missing=("No daily cap is set.",)),
        "block",
        "No daily cap is set.",
    ),
    ("person_decides", "sum under", make_context(moved_by_rule=Decimal("9.99")), "pass", "€9.99 moved alone"),
    (
        "person_decides",
        "sum at",
        make_context(moved_by_rule=Decimal(10)),
        "pass",
        "It moves €10 a day, €10 moved alone",
    ),
    ("person_decides", "sum over", make_context(moved_by_rule=Decimal("10.01")), "approve", "it would be €20.01"),
    ("mode", "unknown mode", make_context(mode="test"), "block", "do not know"),
    ("kill_switch", "not pressed", make_context(), "pass", "not pressed"),
    ("kill_switch", "pressed, raise", make_context(is_stopped=True), "block", "second person"),
    ("kill_switch", "pressed, move", make_context(budget_to("40"), budget_to("60"), is_stopped=True), "block", "whole"),
    ("kill_switch", "pressed, cut", make_context(budget_to("40"), is_stopped=True), "note", "only lowers"),
    ("kill_switch", "pressed, pause", make_context(pause(), is_stopped=True), "note", "only lowers"),
    ("kill_switch", "pressed, activation", make_context(activate(), is_stopped=True), "block", "second person"),
    ("account_link", "connected", make_context(), "pass", "connected"),
    ("account_link", "token refused", make_context(connection="reconnect"), "block", "no longer accepts"),
    ("account_link", "held", make_context(connection="held"), "block", "holds this account"),
    ("account_link", "unknown link", make_context(connection="?"), "block", "do not know"),
    (
        "spend_cap",
        "under the cap",
        make_context(),
        "pass",
        "€367.50 could be spent on a day (1.75 × the budgets), cap €600",
    ),
    (
        "spend_cap",
        "exactly the cap",
        make_context(limits=make_limits(daily_cap=Decimal("367.5"))),
        "pass",
        "cap €367.50",
    ),
    ("spend_cap", "a cent over", make_context(limits=make_limits(daily_cap=Decimal("367.49"))), "block", "Account cap"),
    ("spend_cap", "no cap", make_context(limits=make_limits(daily_cap=None)), "block", "No daily cap"),
    ("spend_cap", "cut needs no cap", make_context(budget_to("40"), limits=make_limits(daily_cap=None)), None, ""),
    ("spend_cap", "pause needs no cap", make_context(pause(), limits=make_limits(daily_cap=None)), None, ""),
    (
        "spend_cap",
        "shift while over",
        make_context(budget_to("45", external_id="set2"), budget_to("55"), limits=make_limits(daily_cap=Decimal(300))),
        "pass",
        "adds nothing",
    ),
    ("budget_ceiling", "under", make_context(), "pass", "No budget over €200"),
    ("budget_ceiling", "over", make_context(budget_to("201")), "block", "the highest allowed is €200"),
    ("budget_ceiling", "not set", make_context(limits=make_limits(ad_set_cap=None)), "block", "No highest budget"),
    ("budget_ceiling", "cut", make_context(budget_to("40")), None, ""),
    ("budget_floor", "fine", make_context(), "pass", "near zero"),
    ("budget_floor", "nearly nothing", make_context(budget_to("0.50")), "block", "Pause it instead"),
    ("budget_floor", "pause", make_context(pause()), None, ""),
    ("budget_step", "one step up", make_context(budget_to("60")), "pass", "20%"),
    ("budget_step", "one step down", make_context(budget_to("40")), "pass", "20%"),
    ("budget_step", "too far up", make_context(budget_to("65")), "change", "so €60"),
    ("budget_step", "too far down", make_context(budget_to("5")), "change", "so €40"),
    (
        "budget_step",
        "second step within a day",
        make_context(budget_to("66", before="58"), recent=(changed(NOW - 5 * HOUR, "50", "58"),)),
        "change",
        "so €60",
    ),
    (
        "budget_step",
        "second step a day later",
        make_context(budget_to("66", before="58"), recent=(changed(NOW - 25 * HOUR, "50", "58"),)),
        "pass",
        "",
    ),
    ("budget_step", "taking back", make_context(budget_to("20"), is_undo=True), None, ""),
    ("person_decides", "small move", make_context(), "pass", "I may do alone"),
    ("person_decides", "larger move", make_context(budget_to("75")), "approve", "a person decides"),
    ("person_decides", "amount not set", make_context(limits=make_limits(approval_over=None)), "approve", "No amount"),
    ("person_decides", "pause", make_context(pause()), "approve", "decided by a person"),
    ("min_data", "enough purchases", make_context(), "pass", "20 purchases, 10 needed"),
    ("min_data", "nine purchases", make_context(ads={"ad1": make_ad(results=9.0)}), "block", "9 purchases"),
    ("min_data", "unknown budget", make_context(budget_to("60", external_id="new")), "block", "know nothing"),
    ("min_data", "cut needs none", make_context(budget_to("45"), ads={}), "pass", "cuts need none"),
    ("min_data", "pause with spend", make_context(pause()), "pass", "€400 spent"),
    (
        "min_data",
        "pause too early",
        make_context(pause(), ads={"ad1": make_ad(spend=Decimal("59.99"))}),
        "block",
        "€60",
    ),
    (
        "min_data",
        "pause of one of the dearer kind",
        make_context(pause(), ads={"ad1": make_ad(spend=Decimal(449), may_cost=Decimal(150), result="lead")}),
        "block",
        "has spent €449; a verdict needs €450 (3 × what a lead may cost)",
    ),
    ("min_data", "pause of a stranger", make_context(pause("other")), "block", "no figure"),
    ("min_data", "no reference", make_context(pause(), reference_cpa=None), "approve", "may cost is not known"),
    (
        "min_data",
        "no reference beside a raise on too little",
        make_context(pause(), budget_to("60"), reference_cpa=None, ads={"ad1": make_ad(results=9.0)}),
        "block",
        "9 purchases behind",
    ),
    ("min_data", "leads", make_context(ads={"ad1": make_ad(results=9.0)}, results="leads"), "block", "9 leads behind"),
    ("tracking_alarm", "leads", make_context(has_tracking_alarm=True, results="leads"), "block", "fewer leads arrive"),
    ("learning_phase", "settled", make_context(), "pass", "over"),
    (
        "learning_phase",
        "learning",
        make_context(budgets={"set1": make_budget(learning_status="LEARNING", learning_conversions=12)}),
        "block",
        "12 of about 50",
    ),
    ("learning_phase", "pause", make_context(pause()), None, ""),
    ("cooldown", "rested", make_context(recent=(changed(NOW - 73 * HOUR),)), "pass", "72 hours"),
    ("cooldown", "too soon", make_context(recent=(changed(NOW - 70 * HOUR),)), "block", "rests for 3 more hours"),
    (
        "cooldown",
        "hour of the account",
        make_context(recent=(changed(datetime(2026, 11, 20, 7, 5, tzinfo=UTC)),), zone="Europe/Berlin"),
        "block",
        "was changed on 20 Nov 08:05 Berlin and rests",
    ),
    ("cooldown", "another object", make_context(recent=(changed(NOW - HOUR, external_id="set9"),)), "pass", ""),
    ("cooldown", "taking back", make_context(is_undo=True, recent=(changed(NOW - HOUR),)), None, ""),
    ("never_pause_all", "some left", make_context(pause(), active_ads_after=5), "pass", "5 of 6"),
    (
        "never_pause_all",
        "campaigns",
        make_context(pause(), active_ads_after=5, unit="campaign"),
        "pass",
        "campaigns are left",
    ),
    ("never_pause_all", "last one", make_context(pause(), active_ads=1, active_ads_after=0), "block", "last ad"),
    ("never_pause_all", "most of them", make_context(pause(), active_ads_after=2), "approve", "Only 2 of 6"),
    ("never_pause_all", "budget", make_context(), None, ""),
    ("tracking_alarm", "no alarm", make_context(), "pass", "as expected"),
    ("tracking_alarm", "alarm", make_context(has_tracking_alarm=True), "block", "tracking"),
    ("tracking_alarm", "taking back", make_context(has_tracking_alarm=True, is_undo=True), None, ""),
    ("freshness", "fresh", make_context(), "pass", "1 hours ago"),
    ("freshness", "stale raise", make_context(synced_at=NOW - 27 * HOUR), "block", "27 hours old"),
    ("freshness", "stale cut", make_context(budget_to("40"), synced_at=NOW - 27 * HOUR), "note", "27 hours old"),
    ("freshness", "from the future", make_context(synced_at=NOW + HOUR), "block", "not come yet"),
    ("freshness", "never read", make_context(synced_at=None), "block", "No figures"),
]


@pytest.mark.parametrize(
    ("slug", "name", "context", "severity", "words"), TABLE, ids=[f"{r[0]}: {r[1]}" for r in TABLE]
)
def test_guardrail_says(slug, name, context, severity, words):
    finding = BY_SLUG[slug].run(context)
    assert (finding.severity if finding else None) == severity
    assert words in (finding.message if finding else "")


def test_every_guardrail_has_a_table():
    assert {row[0] for row in TABLE} == set(BY_SLUG)


def test_rule_that_raises_blocks():
    def broken(_):
        raise ZeroDivisionError

    finding = Guardrail("broken", "Broken rule", broken).run(make_context())
    assert finding is not None
    assert finding.severity == Severity.BLOCK
    assert "could not be checked" in finding.message


def test_step_replaces_only_what_is_too_large():
    both = make_context(budget_to("90"), budget_to("45", external_id="set2"))
    finding = BY_SLUG["budget_step"].run(both)
    assert finding is not None
    assert finding.replace == {"set1": Decimal("60.00")}


def test_gravest_finding_decides():
    findings = evaluate(make_context(budget_to("75"), is_stopped=True))
    assert gravest(findings) == Severity.BLOCK


def test_nothing_configured_spends_nothing():
    empty = make_limits(daily_cap=None, ad_set_cap=None, approval_over=None)
    blocked = {finding.guardrail for finding in evaluate(make_context(limits=empty)) if finding.severity == "block"}
    assert blocked == {"spend_cap", "budget_ceiling"}


def test_open_rises_of_others_count():
    """Two raises that fit one by one do not fit together: the other one is in `committed` already."""
    alone = make_context(budget_to("60"), limits=make_limits(daily_cap=Decimal(368)))
    beside = replace(alone, committed=alone.committed + 10)
    assert BY_SLUG["spend_cap"].run(alone).severity == "pass"
    assert BY_SLUG["spend_cap"].run(beside).severity == "block"
