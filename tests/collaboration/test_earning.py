"""Whether the account earns, as Today says it at the first look."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.models import AdAccount
from collaboration.earning import Earning, earning_of
from collaboration.figures import scale_of
from portfolio.models import Goal
from tests.factories import NOW, AdFactory, InsightFactory
from tests.proofs import log_in

pytestmark = pytest.mark.django_db
TODAY = NOW.date()


@pytest.fixture
def sold(account: AdAccount) -> Any:
    """`sold(days_ago, spend, revenue)`, two purchases each, at a margin of a half."""
    ad = AdFactory.create(ad_set__campaign__account=account)
    Goal.put(account, None, NOW, margin=Decimal("0.5"))

    def make(days_ago: int, spend: int, revenue: int) -> None:
        day = TODAY - timedelta(days=days_ago)
        InsightFactory.create(ad=ad, day=day, spend=spend, revenue=revenue, results=2)

    return make


def earning(account: AdAccount) -> Earning:
    return earning_of(account, TODAY, scale_of(account)[0])


@pytest.mark.parametrize(
    ("days", "words", "loses"),
    [
        ([(1, 100, 150), (7, 100, 500)], "Yesterday lost €25, the last 7 days earned €125, by Meta so far.", False),
        ([(1, 100, 300), (7, 400, 100)], "Yesterday earned €50, the last 7 days lost €300, by Meta so far.", True),
        ([(2, 100, 100)], "The last 7 days lost €50, by Meta so far.", True),
        ([(0, 900, 0), (1, 100, 200)], "Yesterday earned €0, the last 7 days earned €0, by Meta so far.", False),
        ([(8, 100, 500)], "", False),
    ],
)
def test_profit_of_yesterday_and_of_the_week_is_said(
    account: AdAccount, sold: Any, days: list[tuple[int, int, int]], words: str, loses: bool
) -> None:
    for one in days:
        sold(*one)
    found = earning(account)
    assert (found.words, found.lost) == (words, "Lost money in 7 days" if loses else "")


def test_yesterday_is_told_in_figures_with_its_break_even(account: AdAccount, sold: Any) -> None:
    sold(1, 100, 150)
    assert earning(account).yesterday == (
        "Yesterday: €100 spent, €150 revenue, ROAS 1.50 (break-even is 2.00), 2 purchases at €50.00, −€25 profit."
    )


def test_today_does_not_look_well_while_money_is_lost(account: AdAccount, sold: Any, manager: Any) -> None:
    for day in range(8):
        sold(day, 40, 40)
    page = log_in(Client(), manager).get(reverse("today", args=[account.key])).content.decode()
    assert '<span class="bad">Yesterday lost €20, the last 7 days lost €140, by Meta so far.</span>' in page
    head, _, card = page.partition('<h2 id="money">')
    assert "Lost money in 7 days" in head, "beside the words that it belongs to, not beside the ROAS of today"
    assert "Lost money" not in card
    assert "Spend on plan" not in card
    assert "Yesterday: €40 spent" in page


def test_imported_files_are_told_as_a_whole(sold: Any, account: AdAccount) -> None:
    sold(200, 100, 150)
    sold(1, 100, 150)
    AdAccount.objects.update(mode="shadow")
    account.refresh_from_db()
    assert earning(account) == Earning("These days lost €50 after the cost of ads.", lost="Lost money in these days")


def test_nothing_is_said_without_revenue(account: AdAccount, sold: Any) -> None:
    sold(1, 100, 0)
    assert earning(account) == Earning()
