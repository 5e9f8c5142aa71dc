"""An account of any size, written in a few statements: for query counts and for measuring pages."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import islice
from typing import Any

from django.db import connection
from django.urls import reverse

from campaigns.models import Ad, AdAccount, AdSet, Campaign
from creatives.models import Angle, Creative
from mediabuyer.agent.models import Cycle, Decision
from memory.events import GENESIS, compute_hash
from memory.models import Event
from portfolio.models import AdState
from tests.factories import NOW, CycleFactory, budget_change

LAST_DAY = date(2026, 11, 19)
ANGLES = 12
SPLITS = {"age": ("18-24", "25-34", "35-44", "45-54"), "gender": ("female", "male"), "country": ("AT", "DE"),
          "publisher_platform,platform_position": ("facebook,feed", "instagram,story")}  # fmt: skip
STATES = ("done", "rejected", "blocked", "expired", "undone", "failed")
OPEN_OF = 10
"""One decision of so many still waits for an answer."""
INSIGHTS = """
INSERT INTO campaigns_insightday (account_id, ad_id, day, until, spend, impressions, clicks, link_clicks,
    landing_page_views, results, revenue, results_1d, results_7d, results_28d, is_derived)
SELECT a.account_id, a.id, d.day, d.day, 10 + (a.id + d.number) %% 7, 1000 + (a.id * 7 + d.number) %% 400,
    20 + (a.id + d.number * 3) %% 9, 15, 12, (a.id + d.number) %% 2, ((a.id + d.number) %% 2) * 45, 0, 0, 0, false
FROM campaigns_ad a, (SELECT %s::date - n AS day, n AS number FROM generate_series(0, %s - 1) n) d
WHERE a.account_id = %s
"""


def seed_account(account: AdAccount, *, campaigns: int, ad_sets: int, ads: int, days: int) -> int:
    """Returns the number of insight rows: campaigns x ad sets each x ads each x days, the last LAST_DAY."""
    running: dict[str, Any] = {"account": account, "status": "ACTIVE", "effective_status": "ACTIVE"}
    angles = Angle.objects.bulk_create(Angle(brand=account.brand, name=f"Angle {n}") for n in range(ANGLES))
    creatives = Creative.objects.bulk_create(
        Creative(brand=account.brand, angle=angles[n % ANGLES], external_id=f"9{n}", content_hash=f"{n:064x}")
        for n in range(ads)
    )
    tops = Campaign.objects.bulk_create(
        Campaign(external_id=f"1{n:06}", name=f"Campaign {n}", **running) for n in range(campaigns)
    )
    sets = AdSet.objects.bulk_create(
        AdSet(external_id=f"2{top.pk}{n:04}", name=f"Ad set {n}", campaign=top, daily_budget=50, **running)
        for top in tops
        for n in range(ad_sets)
    )
    made = Ad.objects.bulk_create(
        Ad(
            external_id=f"3{one.pk}{n:04}",
            name=f"Ad {n}",
            ad_set=one,
            campaign=one.campaign,
            creative=creatives[n],
            **running,
        )
        for one in sets
        for n in range(ads)
    )
    with connection.cursor() as cursor:
        cursor.execute(INSIGHTS, [LAST_DAY, days, account.pk])
    figures = {"spend": 1000.0, "payout_7": {"projected": 700.0}, "payout_30": {"projected": 1200.0}}
    AdState.objects.bulk_create(
        AdState(ad=ad, day=LAST_DAY, cpa=20, payout_30=24, payout_per_spend=1.2, maturity=0.9, figures=figures)
        for ad in made
    )
    return len(made) * days


BREAKDOWNS = """
INSERT INTO campaigns_insightbreakdown (account_id, ad_id, dimension, value, day, until, spend, impressions, clicks,
    link_clicks, landing_page_views, results, revenue, results_1d, results_7d, results_28d)
SELECT a.account_id, a.id, v.dimension, v.value, d.day, d.day, 2 + (a.id + d.number) %% 3, 200 + (a.id + v.place) %% 90,
    5 + (a.id + d.number) %% 4, 3, 2, (a.id + d.number + v.place) %% 2, ((a.id + v.place) %% 2) * 40, 0, 0, 0
FROM campaigns_ad a, (SELECT %s::date - n AS day, n AS number FROM generate_series(0, %s - 1) n) d,
    unnest(%s::text[], %s::text[]) WITH ORDINALITY AS v (dimension, value, place)
WHERE a.account_id = %s
"""


def seed_breakdowns(account: AdAccount, *, days: int) -> int:
    """Ten rows an ad and day, of all SPLITS; the last day is LAST_DAY."""
    dimensions = [name for name, values in SPLITS.items() for _ in values]
    values = [value for several in SPLITS.values() for value in several]
    with connection.cursor() as cursor:
        cursor.execute(BREAKDOWNS, [LAST_DAY, days, dimensions, values, account.pk])
        return int(cursor.rowcount)


CONVERSIONS = """
INSERT INTO portfolio_conversion (account_id, ad_id, event_id, kind, clicked_at, converted_at, clicked_on, lag_days,
    value)
SELECT a.account_id, a.id, a.id || '-' || n, CASE WHEN n %% 20 = 7 THEN 'refund' ELSE 'purchase' END,
    day + time '11:00', day + time '11:00' + make_interval(days => lag, hours => 2), day, lag,
    CASE WHEN n %% 20 = 7 THEN -1 ELSE 1 END * (30 + (a.id + n) %% 40 + 0.99)
FROM campaigns_ad a, generate_series(1, %s) n,
    LATERAL (SELECT %s::date - ((a.id * 13 + n * 7) %% 89)::int AS day, ((a.id + n * n) %% 20)::int AS lag) one
WHERE a.account_id = %s
"""


def seed_conversions(account: AdAccount, *, each: int) -> int:
    """So many orders an ad over the last 89 days, some paid back; the latest may come after LAST_DAY."""
    with connection.cursor() as cursor:
        cursor.execute(CONVERSIONS, [each, LAST_DAY, account.pk])
        return int(cursor.rowcount)


def seed_history(account: AdAccount, *, decisions: int, events: int, cycles: int = 100) -> None:
    """Decisions on the account's ad sets, and a journal whose chain is whole, spread over the last days."""
    runs = [CycleFactory.create(account=account, now=NOW - timedelta(hours=6 * back)) for back in range(cycles, 0, -1)]
    sets = [
        (key, list(Ad.objects.filter(ad_set__external_id=key, account=account).values_list("external_id", flat=True)))
        for key in account.adset_set.values_list("external_id", flat=True)
    ]
    made = Decision.objects.bulk_create(_decision(account, number, sets, runs) for number in range(decisions))
    _journal(account, made, events)


def _decision(account: AdAccount, number: int, sets: list[tuple[str, list[str]]], runs: list[Cycle]) -> Decision:
    """The newest are those that wait. An object has one open decision of a kind at most, hence the numbered subject."""
    waits = number % OPEN_OF == 0
    ad_set, ads = sets[number % len(sets)]
    decision = Decision(
        account=account,
        cycle=runs[number % len(runs)],
        action="scale_budget",
        title=f"Raise “Ad set {number}” from €50 to €60 a day",
        why="Its next euro earns more than it costs.",
        subject_level="ad_set",
        subject_id=f"{ad_set}-{number}" if waits else ad_set,
        changes=[budget_change(ad_set, "50", "60")],
        evidence={"budgets": [{"external_id": ad_set, "ad_ids": ads}]},
        expected={"per_day": "5.84", "low": "-0.60", "high": "12.30", "p_loss": 0.12},
        proposed_at=NOW - timedelta(hours=number % 2000),
        expires_at=NOW + timedelta(days=2),
        state="awaiting" if waits else STATES[number % len(STATES)],
    )
    decision.content_hash = decision.compute_hash()
    return decision


def _journal(account: AdAccount, decisions: list[Decision], count: int) -> None:
    kinds = ("decision.proposed", "decision.approved", "decision.done", "decision.rejected", "decision.expired")
    number, previous = 0, GENESIS

    def lines() -> Any:
        nonlocal number, previous
        while number < count:
            number += 1
            at = NOW - timedelta(minutes=count - number)
            event = Event(
                number=number,
                kind=kinds[number % len(kinds)],
                brand=account.brand,
                account_key=account.key,
                subject="decision",
                subject_key=str(decisions[number % len(decisions)].key),
                actor="agent",
                data={"what": f"Raise “Ad set {number}” from €50 to €60 a day"},
                happened_at=at,
                recorded_at=at,
                previous_hash=previous,
            )
            event.hash = previous = compute_hash(event)
            yield event

    source = lines()
    while batch := list(islice(source, 5000)):
        Event.objects.bulk_create(batch)


def pages_of(account: AdAccount) -> dict[str, str]:
    """Address of every page that people look at, by its name."""
    ads, portfolio, inbox = (reverse(name, args=[account.key]) for name in ("ads", "portfolio", "inbox"))
    one = account.ad_set.order_by("pk")[0]
    waiting = Decision.objects.filter(account=account).awaiting()[0]
    return {
        "Today": reverse("today", args=[account.key]),
        "Inbox": inbox,
        "Inbox, decided": f"{inbox}?view=decided",
        "Decision": reverse("decision", args=[account.key, waiting.key]),
        "Portfolio": portfolio,
        "Portfolio, 90 days": f"{portfolio}?period=90d",
        "Portfolio, by age": f"{portfolio}?by=age&across=gender",
        "Ads, tree": ads,
        "Ads, all open": f"{ads}?open=all",
        "Ads, list of ads": f"{ads}?level=ad",
        "Ads, 90 days": f"{ads}?period=90d",
        "Ads, search": f"{ads}?q=Ad+3",
        "Ads, part of an age": f"{ads}?split=age:25-34",
        "Ads, CSV of all ads": f"{ads}?level=ad&format=csv",
        "Ad": reverse("ad", args=[account.key, one.key]),
        "Agent": reverse("agent", args=[account.key]),
        "Agent, journal": reverse("agent-journal", args=[account.key]),
        "Agent, one cycle": reverse("cycle", args=[account.key, Cycle.objects.filter(account=account)[0].key]),
        "Settings": reverse("settings", args=[account.key]),
        "Import": reverse("import"),
        "Status": reverse("status"),
    }
