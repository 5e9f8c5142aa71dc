"""Every platform, the same questions; Meta is asked by its real SDK against a real sandbox."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import timedelta

import pytest

from campaigns.models import AdAccount
from campaigns.platforms import PLATFORMS, connect
from campaigns.platforms.base import ChangeKind, InsightRow, Level, Platform, PlatformChange, Receipt
from mediabuyer.lib.errors import Fault, PlatformError
from tests.factories import AccountFactory
from tests.sandbox_process import SandboxInfo

pytestmark = pytest.mark.django_db
MARKER = "0123456789abcdef"


@pytest.fixture(params=sorted(PLATFORMS))
def platform(request: pytest.FixtureRequest) -> Platform:
    if request.param == "meta":
        return connect(request.getfixturevalue("meta_account"))
    brand = request.getfixturevalue("brand")
    return connect(AccountFactory.create(brand=brand, platform=request.param, mode="shadow", graph_url=""))


def changes(sandbox: SandboxInfo) -> dict[ChangeKind, PlatformChange]:
    """One change of every kind, on objects that the sandbox has."""
    objects = {level: sandbox.graph(f"{sandbox.account_id}/{edge}")[1]["data"][0]["id"] for level, edge in (
        ("campaign", "campaigns"), ("ad_set", "adsets"), ("creative", "adcreatives"))}  # fmt: skip
    targeting = {"geo_locations": {"countries": ["DE"]}}
    params = {
        ChangeKind.SET_STATUS: {"status": "PAUSED"},
        ChangeKind.SET_BUDGET: {"daily_budget": "55.50"},
        ChangeKind.CREATE_CAMPAIGN: {"name": "New", "objective": "OUTCOME_SALES", "daily_budget": "40"},
        ChangeKind.CREATE_AD_SET: {
            "name": "New", "campaign_id": objects["campaign"], "targeting": targeting,
            "optimization_goal": "LINK_CLICKS",
        },
        ChangeKind.CREATE_CREATIVE: {"name": "New", "headline": "H", "body": "B", "link": "https://roastery.example/x"},
        ChangeKind.CREATE_AD: {"name": "New", "ad_set_id": objects["ad_set"], "creative_id": objects["creative"]},
    }  # fmt: skip
    levels = {kind: Level(kind.value.removeprefix("create_")) for kind in ChangeKind if kind.creates}
    return {
        kind: PlatformChange(kind, levels.get(kind, Level.AD_SET), "" if kind.creates else objects["ad_set"], values)
        for kind, values in params.items()
    }


def test_platform_has_every_method_of_the_contract(platform: Platform) -> None:
    for name, method in inspect.getmembers(Platform, inspect.isfunction):
        if not name.startswith("_"):
            wanted = list(inspect.signature(method).parameters)[1:]
            assert list(inspect.signature(getattr(platform, name)).parameters) == wanted, name


def test_clock_is_aware(platform: Platform) -> None:
    assert platform.read_now().utcoffset() is not None


def test_insights_lie_in_the_days_asked_for(platform: Platform) -> None:
    until = platform.read_now().date()
    since = until - timedelta(days=5)
    rows = list(platform.read_insights(since, until))
    assert all(isinstance(row, InsightRow) and since <= row.day <= until for row in rows)
    assert len({(row.ad_id, row.day) for row in rows}) == len(rows)


def test_unknown_marker_finds_nothing(platform: Platform) -> None:
    for level in Level:
        assert platform.find_by_marker(level, MARKER) == []


@pytest.mark.parametrize("kind", list(ChangeKind))
def test_every_kind_is_carried_out_or_refused(platform: Platform, kind: ChangeKind, sandbox: SandboxInfo) -> None:
    change = changes(sandbox)[kind]
    if platform.account.is_read_only:  # type: ignore[attr-defined]
        with pytest.raises(PlatformError) as caught:
            platform.apply(change, MARKER, lambda: None)
        assert (caught.value.fault, caught.value.ambiguous) == (Fault.PERMISSION, False)
        return
    receipt = platform.apply(change, MARKER, lambda: None)
    assert isinstance(receipt, Receipt)
    assert receipt.external_id
    assert change.external_id in ("", receipt.external_id)


def test_missing_object_is_no_surprise(platform: Platform) -> None:
    with pytest.raises(PlatformError) as caught:
        platform.read_state(Level.AD, "1")
    assert caught.value.fault in (Fault.MISSING, Fault.PERMISSION)


def test_change_can_be_called_off_at_the_last_moment(platform: Platform, sandbox: SandboxInfo) -> None:
    change = changes(sandbox)[ChangeKind.SET_BUDGET]
    before = sandbox.graph(change.external_id, fields="daily_budget")

    def call_off() -> None:
        raise InterruptedError("the lease was lost")

    with pytest.raises((InterruptedError, PlatformError)):
        platform.apply(change, MARKER, call_off)
    assert sandbox.graph(change.external_id, fields="daily_budget") == before


def test_platform_that_is_down_answers_with_our_error(account: AdAccount) -> None:
    account.credentials = '{"access_token": "t"}'
    platform = connect(account)  # port 9 of this machine: nobody listens
    calls: list[Callable[[], object]] = [
        platform.read_now, platform.read_account, platform.read_structure,
        lambda: list(platform.read_insights(*[platform.account.created_at.date()] * 2)),  # type: ignore[attr-defined]
        lambda: platform.read_state(Level.AD, "1"), lambda: platform.find_by_marker(Level.AD, MARKER),
        lambda: platform.apply(PlatformChange(ChangeKind.SET_STATUS, Level.AD, "1", {"status": "PAUSED"}), "", int),
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(PlatformError) as caught:
            call()
        assert caught.value.fault is Fault.TRANSIENT  # nothing left this machine, so nothing is in doubt
