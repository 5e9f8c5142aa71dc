"""Insights add up: over breakdowns, over levels, over windows, and with the market's own truth."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from tests.sandbox_process import SandboxInfo

RANGE = {"since": "2026-11-08", "until": "2026-11-19"}
BREAKDOWNS = [
    "age",
    "gender",
    "age,gender",
    "country",
    "region",
    "publisher_platform",
    "publisher_platform,platform_position",
    "publisher_platform,impression_device",
    "publisher_platform,platform_position,impression_device",
    "device_platform",
    "hourly_stats_aggregated_by_advertiser_time_zone",
]


def rows_of(sandbox: SandboxInfo, node: str = "", **params: Any) -> list[dict[str, Any]]:
    """All rows of a question, page after page."""
    rows: list[dict[str, Any]] = []
    after = ""
    while True:
        asked = {"time_range": RANGE, "limit": 400, "fields": "impressions,clicks,spend", **params}
        status, body = sandbox.graph(
            f"{node or sandbox.account_id}/insights", **asked, **({"after": after} if after else {})
        )
        assert status == 200, body
        rows += body["data"]
        if "next" not in body.get("paging", {}):
            return rows
        after = body["paging"]["cursors"]["after"]


def cents(text: str) -> int:
    return round(float(text) * 100)


def sums(rows: list[dict[str, Any]]) -> tuple[int, int, int]:
    return (
        sum(int(row["impressions"]) for row in rows),
        sum(int(row.get("clicks", 0)) for row in rows),
        sum(cents(row["spend"]) for row in rows),
    )


@pytest.mark.parametrize("breakdowns", BREAKDOWNS)
def test_cells_sum_to_each_unbroken_row(sandbox: SandboxInfo, breakdowns: str) -> None:
    fields = "ad_id,impressions,clicks,spend"
    whole = rows_of(sandbox, level="ad", time_increment=1, fields=fields)
    cells = defaultdict(list)
    for row in rows_of(sandbox, level="ad", time_increment=1, fields=fields, breakdowns=breakdowns):
        assert set(breakdowns.split(",")) <= set(row)
        cells[row["ad_id"], row["date_start"]].append(row)
    for row in whole:
        assert sums(cells[row["ad_id"], row["date_start"]]) == sums([row])


def test_purchases_split_without_loss(sandbox: SandboxInfo) -> None:
    def purchases(rows: list[dict[str, Any]]) -> float:
        entries = [entry for row in rows for entry in row.get("actions", []) if entry["action_type"] == "omni_purchase"]
        return sum(int(entry.get("value", 0)) for entry in entries)

    whole = purchases(rows_of(sandbox, level="ad", fields="actions"))
    assert whole > 0
    assert purchases(rows_of(sandbox, level="ad", fields="actions", breakdowns="age,gender")) == whole
    assert purchases(rows_of(sandbox, level="ad", fields="actions", breakdowns="region")) == 0


@pytest.mark.parametrize("level", ["adset", "campaign", "account"])
def test_ads_sum_to_every_level_above(sandbox: SandboxInfo, level: str) -> None:
    assert sums(rows_of(sandbox, level=level)) == sums(rows_of(sandbox, level="ad"))


@pytest.mark.parametrize("increment", ["1", "7", "monthly"])
def test_buckets_sum_to_the_range(sandbox: SandboxInfo, increment: str) -> None:
    assert sums(rows_of(sandbox, time_increment=increment)) == sums(rows_of(sandbox))


def test_node_has_the_rows_of_its_own(sandbox: SandboxInfo) -> None:
    (row,) = rows_of(sandbox, level="campaign", fields="campaign_id,impressions,clicks,spend", limit=1)[:1]
    assert sums(rows_of(sandbox, node=row["campaign_id"])) == sums([row])


@pytest.mark.parametrize("level", ["ad", "adset", "campaign"])
def test_node_below_the_account_is_summed_at_its_level_too(sandbox: SandboxInfo, level: str) -> None:
    row = rows_of(sandbox, level=level, fields=f"{level}_id,impressions,clicks,spend")[0]
    assert sums(rows_of(sandbox, node=row[f"{level}_id"], level="account")) == sums([row])


def test_windows_only_grow(sandbox: SandboxInfo) -> None:
    windows = ["1d_click", "7d_click", "28d_click"]
    rows = rows_of(sandbox, level="ad", time_increment=1, fields="actions", action_attribution_windows=windows)
    entries = [entry for row in rows for entry in row.get("actions", []) if entry["action_type"] == "omni_purchase"]
    counts = [[int(entry.get(window, 0)) for window in windows] for entry in entries]
    assert counts
    assert all(one <= seven <= month for one, seven, month in counts)
    assert sum(month for *_, month in counts) > sum(one for one, *_ in counts)


def test_insights_equal_the_truth(sandbox: SandboxInfo) -> None:
    truth = sandbox.control("truth")
    wanted = {
        (row["ad_id"], row["day"]): row for row in truth["ad_days"] if RANGE["since"] <= row["day"] <= RANGE["until"]
    }
    fields = "ad_id,impressions,clicks,spend,actions,action_values"
    rows = rows_of(sandbox, level="ad", time_increment=1, fields=fields)
    assert len(rows) == len(wanted)
    for row in rows:
        mine = wanted[row["ad_id"], row["date_start"]]
        assert sums([row]) == (mine["impressions"], mine["clicks"], cents(str(mine["spend"])))
        found = {entry["action_type"]: entry for entry in row.get("action_values", [])}.get("omni_purchase", {})
        assert cents(found.get("value", "0")) == cents(str(mine["revenue"]))


def test_derived_figures_are_ratios(sandbox: SandboxInfo) -> None:
    (row,) = rows_of(sandbox, fields="impressions,clicks,spend,ctr,cpc,cpm,reach,frequency")
    shown, clicks, spend = int(row["impressions"]), int(row["clicks"]), float(row["spend"])
    assert float(row["ctr"]) == pytest.approx(100 * clicks / shown, abs=1e-6)
    assert float(row["cpc"]) == pytest.approx(spend / clicks, abs=1e-6)
    assert float(row["cpm"]) == pytest.approx(1000 * spend / shown, abs=1e-6)
    assert float(row["frequency"]) == pytest.approx(shown / int(row["reach"]), abs=1e-6)


def test_default_fields_and_zeroes(sandbox: SandboxInfo) -> None:
    _, body = sandbox.graph(f"{sandbox.account_id}/insights", time_range=RANGE)
    assert set(body["data"][0]) == {"account_id", "impressions", "spend", "date_start", "date_stop"}
    _, body = sandbox.graph(f"{sandbox.account_id}/insights", time_range={"since": "2024-01-01", "until": "2024-01-02"})
    assert body["data"] == []


def test_rows_are_filtered_and_sorted(sandbox: SandboxInfo) -> None:
    rule = [{"field": "spend", "operator": "GREATER_THAN", "value": 100}]
    rows = rows_of(sandbox, level="ad", filtering=rule, sort=["spend_descending"])
    spends = [float(row["spend"]) for row in rows]
    assert spends == sorted(spends, reverse=True)
    assert all(spend > 100 for spend in spends)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"breakdowns": "age,country"},
            "Current combination of data breakdown columns (action_type, age, country) is invalid",
        ),
        ({"breakdowns": "platform_position"}, "Current combination of data breakdown columns"),
        ({"breakdowns": "AGE"}, "breakdowns[0] must be one of the following values"),
        ({"level": "adgroup"}, "Param level must be one of"),
        ({"fields": "spent"}, "spent is not valid for fields param"),
        ({"date_preset": "lifetime"}, "Param date_preset must be one of"),
        ({"time_range": {"since": "2026-11-09", "until": "2026-11-08"}}, "start date must be before the end date"),
        ({"time_increment": "91"}, "time_increment must be"),
        ({"action_attribution_windows": ["30d_click"]}, "action_attribution_windows[0] must be one of"),
    ],
)
def test_bad_questions_are_refused(sandbox: SandboxInfo, params: dict[str, Any], message: str) -> None:
    status, body = sandbox.graph(f"{sandbox.account_id}/insights", **params)
    assert (status, body["error"]["code"]) == (400, 100)
    assert message in body["error"]["message"]


def test_history_ends_after_37_months(sandbox: SandboxInfo) -> None:
    _, body = sandbox.graph(f"{sandbox.account_id}/insights", time_range={"since": "2020-01-01", "until": "2026-11-08"})
    assert body["error"]["code"] == 3018
