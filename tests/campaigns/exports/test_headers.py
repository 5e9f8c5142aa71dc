from __future__ import annotations

import csv
from pathlib import Path

import pytest

from campaigns.exports.header_names import ENGLISH, OTHERS
from campaigns.exports.header_names_rest import REST
from campaigns.exports.headers import CUSTOM, count_known, guess_language, is_total_label, normalise, read_heading


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("Amount spent (IDR)", "spend"),
        ("Amount Spent", "spend"),
        ("Spend [USD]", "spend"),
        ("Valor gasto (BRL)", "spend"),
        ("Montant dÃ©pensÃ© (EUR)", "spend"),
        ("Harcanan Tutar (TRY)", "spend"),
        ("消化金額 (JPY)", "spend"),
        ("點擊次數（全部）", "clicks"),
        ("클릭(전체)", "clicks"),
        ("LINK CLICKS", "link_clicks"),
        ("ad_name", "ad"),
        ("Số tiền đã chi tiêu (VND)", "spend"),
        ("Result indicator", "result_type"),
        ("actions:omni_purchase", "purchases"),
        ("Amount spent EUR", "spend"),
        ("Spend, EUR", "spend"),
        ("Amount spent (€)", "spend"),
        ("Betrag ausgegeben", "spend"),
        ("Elköltött összeg (HUF)", "spend"),
        ("จำนวนเงินที่ใช้จ่ายไป (THB)", "spend"),
        ("المبلغ الذي تم إنفاقه (EGP)", "spend"),
        ("סכום שהוצא (ILS)", "spend"),
        ("Beløp brukt (NOK)", "spend"),
        ("Витрачена сума (UAH)", "spend"),
        ("Website registrations completed", "conversions"),
    ],
)
def test_heading_means_its_field(header: str, field: str) -> None:
    assert read_heading(header).field == field


@pytest.mark.parametrize("header", ["* COST/ Follow (IDR)", "* COST /Follow (IDR)", "* COST / Follow (IDR)"])
def test_custom_metric_is_left_out(header: str) -> None:
    heading = read_heading(header)
    assert (heading.field, heading.reason, heading.currency) == (None, CUSTOM, "IDR")


def test_all_in_brackets_is_no_currency() -> None:
    assert read_heading("CTR (all)").currency is None
    assert read_heading("CPC (all) (USD)").currency == "USD"


@pytest.mark.parametrize(
    "header", ["Amount spent EUR", "Spend - EUR", "Spend in EUR", "Amount spent (€)", "Spend [EUR]"]
)
def test_currency_of_a_heading_is_seen(header: str) -> None:
    assert read_heading(header).currency == "EUR"


@pytest.mark.parametrize(
    ("header", "field", "currency"),
    [
        ("Geo Markets (DMA)", None, None),
        ("DMA region (DMA)", "dma", None),
        ("CTR (ALL)", None, None),
        ("Amount spent (XOF)", "spend", "XOF"),
        ("Amount spent (R$)", "spend", "BRL"),
    ],
)
def test_three_letters_are_a_currency_only_where_money_is(header: str, field: str | None, currency: str | None) -> None:
    heading = read_heading(header)
    assert (heading.field, heading.currency) == (field, currency)


def test_long_text_is_no_heading_and_costs_no_time() -> None:
    assert count_known(["," * 1_000_000, "Impressions"]) == 1


def test_language_is_guessed_from_names_of_its_own() -> None:
    headers = ["Tag", "Ausgegebener Betrag (EUR)", "Impressionen", "Link-Klicks"]
    assert guess_language([read_heading(header) for header in headers]) == "German"


@pytest.mark.parametrize(
    "label", ["Total", "GESAMT", "Resultados totales", "合計", "Results from 93 ads", "Ergebnisse aus 12 Anzeigen"]
)
def test_total_is_known_in_any_language(label: str) -> None:
    assert is_total_label(label)


def test_no_name_means_two_fields_within_a_language() -> None:
    for language, fields in (("English", ENGLISH), *OTHERS.items(), *REST.items()):
        names = [normalise(name) for joined in fields.values() for name in joined.split("|")]
        doubled = {name for name in names if names.count(name) > 1}
        assert doubled == set(), language


def test_no_name_means_two_fields_in_two_languages() -> None:
    meant: dict[str, set[str]] = {}
    for fields in (ENGLISH, *OTHERS.values()):
        for field, joined in fields.items():
            for name in joined.split("|"):
                meant.setdefault(normalise(name), set()).add(field)
    assert {name: fields for name, fields in meant.items() if len(fields) > 1} == {}


FIELDS = {
    "reporting_starts": "starts", "reporting_ends": "ends", "account_name": "account", "campaign_name": "campaign",
    "adset_name": "ad_set", "ad_name": "ad", "clicks_all": "clicks", "purchase_value": "revenue",
    "messaging_started": "messages", "result_indicator": "result_type", "campaign_delivery": "delivery",
    "adset_delivery": "delivery", "ad_delivery": "delivery", "delivery_status": "delivery",
}  # fmt: skip


def test_headings_gathered_from_public_tools_are_known(data_dir: Path) -> None:
    path = data_dir / "ads-manager-exports" / "header-names-by-language.csv"
    if not path.exists():
        pytest.skip("header-names-by-language.csv is absent")
    known = {*ENGLISH, *FIELDS} - {"starts", "ends"}  # in that table: of the ad set, not of the report
    wrong = []
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            expected = FIELDS.get(row["field"], row["field"])
            if row["field"] in known and read_heading(row["header"]).field != expected:
                wrong.append((row["language"], row["header"], expected))
    assert wrong == []
