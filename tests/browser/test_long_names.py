"""Names without blanks, as campaigns of files have them, and long amounts: nothing is cut or scrolls sideways."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page

from campaigns.models import AdAccount
from mediabuyer.brands.models import User
from tests.factories import (
    NOW,
    AdFactory,
    AdSetFactory,
    CampaignFactory,
    CreativeFactory,
    DecisionFactory,
    InsightFactory,
    budget_change,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NAME = "2017_11_02_FBD_videoFBDgeral_publicoLeadlovers_1_percentual_semCompradores"
TO_THE_SIDE = """
    [document.documentElement.scrollWidth - innerWidth,
     ...[...document.querySelectorAll("main *")]
        .filter((one) => !one.closest(".scroll, .vh, svg") && one.getBoundingClientRect().right > innerWidth + 1)
        .map((one) => one.outerHTML.slice(0, 90))]
"""


@pytest.fixture
def long_named(account: AdAccount) -> Any:
    """A campaign, an ad set and an ad of that name, and a decision about it."""
    ad_set = AdSetFactory.create(campaign=CampaignFactory.create(account=account, name=NAME), name=NAME)
    ad = AdFactory.create(ad_set=ad_set, name=NAME)
    for back in range(1, 10):
        InsightFactory.create(ad=ad, day=NOW.date() - timedelta(days=back), spend=Decimal(40), revenue=Decimal(90))
    return DecisionFactory.create(
        account=account, subject_id=ad_set.external_id, title=f"Raise {NAME} to €110 a day", why=f"{NAME} earns.",
        changes=[budget_change(ad_set.external_id, "100", "110") | {"name": NAME}],
        expected={"per_day": "12", "low": "2", "high": "30", "p_loss": "0.1"},
    )  # fmt: skip


def test_long_word_breaks_on_a_phone(open_page: Callable[..., Page], manager: User, long_named: Any) -> None:
    account = long_named.account
    page = open_page(manager, width=390)
    ad = account.ad_set.get()
    addresses = [reverse(name, args=[account.key]) for name in ("inbox", "today", "portfolio", "ads", "agent")]
    addresses += [reverse("decision", args=[account.key, long_named.key]), reverse("ad", args=[account.key, ad.key])]
    found = {}
    for address in addresses:
        page.goto(address)
        found[address] = page.evaluate(TO_THE_SIDE)
    page.goto(reverse("inbox", args=[account.key]))
    page.locator(".pick").first.check()
    page.get_by_role("button", name="Approve selected").click()
    page.wait_for_url("**/bulk/**")
    found["bulk"] = page.evaluate(TO_THE_SIDE)
    assert found == {address: [0] for address in found}


CUT = """
    [...document.querySelectorAll(".kpi .value, .heat th, .heat td, .ads th, .ads td, main .scroll")]
        .filter((one) => one.checkVisibility() && one.clientWidth && one.scrollWidth > one.clientWidth + 1)
        .map((one) => `${one.innerText.slice(0, 40)} ${one.scrollWidth} > ${one.clientWidth}`)
        .concat([...document.querySelectorAll(".plot text")]
            .filter((one) => one.checkVisibility())
            .filter((one) => one.getBoundingClientRect().left < one.closest(".card").getBoundingClientRect().left)
            .map((one) => one.textContent))
"""


@pytest.mark.parametrize("width", [1280, 390])
def test_long_amounts_are_not_cut(
    open_page: Callable[..., Page], manager: User, account: AdAccount, width: int
) -> None:
    AdAccount.objects.filter(pk=account.pk).update(currency="COP")
    for angle in range(2):
        creative = CreativeFactory.create(brand=account.brand, angle__name=f"ANGLE_{angle}_{NAME}")
        ad_set = AdSetFactory.create(campaign__account=account, name=f"{NAME}_{angle}")
        ad = AdFactory.create(ad_set=ad_set, name=NAME, creative=creative)
        for back in range(10):
            day = NOW.date() - timedelta(days=back)
            InsightFactory.create(ad=ad, day=day, spend=Decimal(984504), revenue=Decimal(2984504), results=Decimal(40))
    page = open_page(manager, width=width)
    for name in ("today", "portfolio", "ads"):
        page.goto(reverse(name, args=[account.key]))
        assert page.evaluate(CUT) == []


def test_phone_names_the_account_one_is_in(open_page: Callable[..., Page], manager: User, account: AdAccount) -> None:
    page = open_page(manager, width=390)
    page.goto(reverse("today", args=[account.key]))
    name, brand = (page.locator(f".account-switch .who > {part}") for part in (".muted", "b"))
    assert (name.inner_text(), brand.inner_text()) == (account.name, account.brand.name)
    upper, lower = name.bounding_box(), brand.bounding_box()
    assert upper is not None
    assert lower is not None
    assert upper["y"] < lower["y"]
