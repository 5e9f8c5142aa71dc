"""Every real file at hand, against sums worked out here with `csv` and `Decimal` alone."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from campaigns.exports.parse import ParsedRow, RowError, Totals, rows
from campaigns.exports.reader import open_source
from campaigns.exports.understand import understand
from tests.conftest import DATA

EXPORTS = DATA / "ads-manager-exports"
NOT_EXPORTS = ("headers-seen.csv", "header-names-by-language.csv")
FILES = sorted(p for p in EXPORTS.rglob("*.csv") if p.name not in NOT_EXPORTS) if EXPORTS.is_dir() else []
COLUMNS = {
    "spend": ("Amount spent (IDR)", "Amount spent (USD)", "Amount Spent", "Valor gasto (BRL)", "Spend"),
    "impressions": ("Impressions",),
    "clicks": ("Clicks (all)", "Clicks", "Link Clicks", "Outbound clicks"),
    "results": ("Results", "Resultados", "Purchases", "Messaging Conversations Started"),
    "revenue": ("Purchases conversion value", "Purchases conversion value for shared items only"),
}
UNNAMED = ("Ads", "Campaign name", "Age", "Gender", "Region", "Placement", "Platform", "Objective", "Day")


def parsed(path: Path) -> tuple[Totals, list[RowError]]:
    source = open_source(path)
    totals, errors = Totals(understand(source)), []
    for row in rows(source, totals.mapping):
        if isinstance(row, ParsedRow):
            totals.add(row)
        else:
            errors.append(row)
    return totals, errors


def split_total(body: list[dict[str, str]]) -> tuple[dict[str, str] | None, list[dict[str, str]]]:
    """The first row is a total where it names nothing although the file has columns for names."""
    names = [name for name in UNNAMED if body and name in body[0]]
    if names and not any(body[0][name] for name in names):
        return body[0], body[1:]
    return None, body


def expected(
    names: Sequence[str], total: dict[str, str] | None, body: list[dict[str, str]], header: Sequence[str]
) -> Any:
    name = next((name for name in names if name in header), None)
    if name is None:
        return None
    summed = sum((Decimal(row[name]) for row in body if row[name] not in ("", "-")), Decimal(0))
    if total and total[name]:
        assert summed in (Decimal(total[name]), 0), "the file's own total differs from its rows"
        return Decimal(total[name])
    return summed


@pytest.mark.skipif(not FILES, reason="the folder of real exports is absent")
def test_sixty_real_exports_are_at_hand() -> None:
    assert len(FILES) == 60


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_real_export_sums_to_the_cent(path: Path) -> None:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines)
        total, body = split_total(list(reader))
        header = reader.fieldnames or []
    totals, errors = parsed(path)
    assert errors == []
    assert totals.rows == totals.mapping.rows == len(body)
    for field, names in COLUMNS.items():
        assert totals.as_dict()[field] == expected(names, total, body, header), field
    assert not [check for check in totals.checks() if check.is_same is False]


def test_bulk_export_gives_names_and_no_figures(data_dir: Path) -> None:
    path = EXPORTS / "bulk-export-utf16.tsv.gz"
    if not path.exists():
        pytest.skip("bulk-export-utf16.tsv.gz is absent")
    totals, errors = parsed(path)
    mapping = totals.mapping
    assert (mapping.level, mapping.encoding, mapping.delimiter, totals.rows, errors) == ("ad", "UTF-16", "tab", 58, [])
    assert set(totals.as_dict().values()) == {None}
    assert mapping.is_ready


@pytest.mark.parametrize("name", ["KAG_conversion_data.csv", "KAG_conversion_data.cr-line-ends.csv"])
def test_kaggle_ads_sum_and_ask_for_their_period(data_dir: Path, name: str) -> None:
    path = data_dir / "kag-facebook" / name
    if not path.exists():
        pytest.skip(f"{name} is absent")
    body = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    totals, errors = parsed(path)
    assert errors == []
    assert totals.rows == 1143
    sums = {name: sum(Decimal(row[name]) for row in body) for name in ("Spent", "Impressions", "Clicks")}
    assert totals.as_dict() == {
        "spend": sums["Spent"], "impressions": sums["Impressions"], "clicks": sums["Clicks"], "results": 1079,
        "revenue": None,
    }  # fmt: skip
    assert {question.key for question in totals.mapping.open_questions} == {"currency", "from", "until"}


@pytest.mark.parametrize("name", ["ad_insights.json.gz", "daily_insights.json.gz"])
def test_insights_answer_sums_to_the_cent(data_dir: Path, name: str) -> None:
    path = data_dir / "meta-insights-api" / name
    if not path.exists():
        pytest.skip(f"{name} is absent")
    body = json.loads(gzip.decompress(path.read_bytes()))["data"]
    leads = sum(int(a["value"]) for row in body for a in row.get("actions", []) if a["action_type"] == "lead")
    totals, errors = parsed(path)
    assert errors == []
    assert totals.rows == len(body)
    assert totals.as_dict() == {
        **{field: sum(Decimal(row[field]) for row in body) for field in ("spend", "impressions", "clicks")},
        "results": leads, "revenue": None,
    }  # fmt: skip


def test_flattened_answer_sums_to_the_cent(data_dir: Path) -> None:
    path = data_dir / "meta-insights-api" / "purchase_campaign_age_gender.csv"
    if not path.exists():
        pytest.skip("purchase_campaign_age_gender.csv is absent")
    with path.open(encoding="utf-8", newline="") as lines:
        body = list(csv.DictReader(lines))
    totals, errors = parsed(path)
    assert errors == []
    assert totals.mapping.breakdowns == ("day", "age", "gender")
    names = {"spend": "spend", "impressions": "impressions", "clicks": "clicks", "results": "purchase",
             "revenue": "conversion_value"}  # fmt: skip
    assert totals.as_dict() == {field: sum(Decimal(row[name] or 0) for row in body) for field, name in names.items()}


@pytest.mark.parametrize("name", ["control_group.csv", "test_group.csv"])
def test_semicolon_file_with_dotted_days_sums(data_dir: Path, name: str) -> None:
    path = data_dir / "facebook-ab-test" / name
    if not path.exists():
        pytest.skip(f"{name} is absent")
    with path.open(encoding="utf-8", newline="") as lines:
        body = list(csv.DictReader(lines, delimiter=";"))
    totals, errors = parsed(path)
    mapping = totals.mapping
    assert errors == []
    assert (mapping.currency, str(mapping.first_day), str(mapping.last_day)) == ("USD", "2019-08-01", "2019-08-30")
    names = {"spend": "Spend [USD]", "impressions": "Impressions", "clicks": "Website Clicks", "results": "Purchase"}
    for field, name in names.items():
        assert totals.as_dict()[field] == sum(int(row[name] or 0) for row in body), field


def test_daily_series_with_names_of_its_own_sums(data_dir: Path) -> None:
    path = data_dir / "time-series" / "facebook_ads_daily_until_2022-02.csv"
    if not path.exists():
        pytest.skip(f"{path.name} is absent")
    with path.open(encoding="utf-8", newline="") as lines:
        body = list(csv.DictReader(lines))
    totals, errors = parsed(path)
    assert errors == []
    names = {
        "spend": "total_spend",
        "impressions": "total_impressions",
        "clicks": "total_clicks",
        "revenue": "total_value",
    }
    for field, name in names.items():
        assert totals.as_dict()[field] == sum(Decimal(row[name]) for row in body), field
