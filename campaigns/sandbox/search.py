"""`/search`: a small catalogue of interests and places for targeting."""

from __future__ import annotations

from typing import Any

from campaigns.sandbox.call import Call
from campaigns.sandbox.draws import key_of
from campaigns.sandbox.errors import missing_parameter, not_one_of
from campaigns.sandbox.listing import limit_of
from campaigns.sandbox.market import COUNTRY_PEOPLE
from campaigns.sandbox.world import Record

INTERESTS = {
    "6003626773307": "Coffee",
    "6003107699532": "Espresso",
    "6003348604581": "Fine dining",
    "6003139266461": "Movies",
    "6003384248805": "Fitness and wellness",
    "6003012317397": "Tea",
    "6004037400009": "Barista",
    "6003088846792": "Coffeehouses",
    "6003659420716": "Cooking",
    "6002964301046": "Sustainability",
}
COUNTRIES = {
    "DE": "Germany",
    "AT": "Austria",
    "CH": "Switzerland",
    "NL": "Netherlands",
    "FR": "France",
    "IT": "Italy",
    "ES": "Spain",
    "PL": "Poland",
    "GB": "United Kingdom",
    "US": "United States",
    "BE": "Belgium",
    "DK": "Denmark",
    "SE": "Sweden",
    "CZ": "Czechia",
}
TYPES = ["adinterest", "adinterestsuggestion", "adinterestvalid", "adgeolocation", "adcountry", "adlocale"]
LOCALES = {6: "English (US)", 5: "German", 10: "Italian", 9: "French (France)", 23: "Spanish"}


def search(call: Call) -> dict[str, Any]:
    """Rows of the asked type whose name holds `q`."""
    kind = call.params.text("type")
    if not kind:
        raise missing_parameter("type")
    if kind not in TYPES:
        raise not_one_of("type", TYPES)
    text = call.params.text("q").lower()
    names = {str(name).lower() for name in call.params.items("interest_list")}
    rows = _rows(kind)
    if kind == "adinterestvalid":
        return {"data": [{**row, "valid": True} for row in rows if row["name"].lower() in names]}
    if kind == "adinterestsuggestion":
        return {"data": [row for row in rows if row["name"].lower() not in names][: limit_of(call.params)]}
    return {"data": [row for row in rows if text in row["name"].lower()][: limit_of(call.params)]}


def targeting_search(call: Call, _: Record) -> dict[str, Any]:
    """`/act_X/targetingsearch?q=` and `targetingbrowse`: interests only."""
    text = call.params.text("q").lower()
    rows = [{**row, "type": "interests"} for row in _rows("adinterest") if text in row["name"].lower()]
    return {"data": rows[: limit_of(call.params)]}


GET_EDGES = {("account", edge): targeting_search for edge in ("targetingsearch", "targetingbrowse")}


def _rows(kind: str) -> list[dict[str, Any]]:
    if kind.startswith("adinterest"):
        return [
            {
                "id": key,
                "name": name,
                "audience_size_lower_bound": 1_000_000 + key_of(key) % 90_000_000,
                "audience_size_upper_bound": 100_000_000 + key_of(key) % 90_000_000,
                "path": ["Interests", name],
                "topic": "Food and drink",
            }
            for key, name in INTERESTS.items()
        ]
    if kind == "adlocale":
        return [{"key": key, "name": name} for key, name in LOCALES.items()]
    return [
        {
            "key": code,
            "name": COUNTRIES[code],
            "type": "country",
            "country_code": code,
            "country_name": COUNTRIES[code],
            "supports_region": True,
            "supports_city": True,
        }
        for code in COUNTRY_PEOPLE
        if code in COUNTRIES
    ]
