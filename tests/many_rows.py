"""An account of any size, written in a few statements: for query counts and for measuring pages."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import connection

from campaigns.models import Ad, AdAccount, AdSet, Campaign
from creatives.models import Angle, Creative
from portfolio.models import AdState

LAST_DAY = date(2026, 11, 19)
ANGLES = 12
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
