"""Breakdowns: divides an ad's day into cells (age, gender, country, placement, hour) whose sums are exact.

Cells are not stored. They follow from the seed, the ad and the day, so the same question always has the same answer.
Related breakdowns are margins of one cube: ages are sums over age and gender, platforms over positions and devices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from campaigns.sandbox.draws import Floats, Ints, Keys, key_of, normal, uniform
from campaigns.sandbox.errors import GraphError
from campaigns.sandbox.fields import words
from campaigns.sandbox.market import COUNTRY_PEOPLE, HOUR_WEIGHTS
from campaigns.sandbox.traits import countries_of

AGES = {  # first and last year, share, click affinity, purchase affinity
    "18-24": (18, 24, 0.13, 1.15, 0.6),
    "25-34": (25, 34, 0.27, 1.0, 1.0),
    "35-44": (35, 44, 0.23, 0.95, 1.2),
    "45-54": (45, 54, 0.18, 0.95, 1.15),
    "55-64": (55, 64, 0.12, 1.05, 0.95),
    "65+": (65, 120, 0.07, 1.15, 0.75),
}
GENDERS = {"female": (2, 0.53, 1.05, 1.05), "male": (1, 0.455, 0.95, 0.95), "unknown": (0, 0.015, 1.0, 0.8)}
PLACEMENTS = {  # (platform, position): share, click affinity, purchase affinity
    ("facebook", "feed"): (0.30, 1.1, 1.1),
    ("facebook", "facebook_reels"): (0.07, 0.6, 0.7),
    ("facebook", "facebook_stories"): (0.04, 0.7, 0.7),
    ("facebook", "marketplace"): (0.04, 0.8, 0.9),
    ("instagram", "feed"): (0.22, 1.0, 1.2),
    ("instagram", "instagram_stories"): (0.14, 0.9, 1.0),
    ("instagram", "instagram_reels"): (0.13, 0.7, 0.8),
    ("audience_network", "an_classic"): (0.05, 2.2, 0.2),
    ("messenger", "messenger_inbox"): (0.01, 0.6, 0.6),
}
DEVICES = {"iphone": (0.44, 1.05), "android_smartphone": (0.40, 0.95), "desktop": (0.12, 1.25), "ipad": (0.04, 1.2)}
DEVICE_PLATFORM = {
    "iphone": "mobile_app",
    "android_smartphone": "mobile_app",
    "ipad": "mobile_web",
    "desktop": "desktop",
}
REGIONS = {
    "DE": ("Bavaria", "Berlin", "Hamburg", "Hesse", "North Rhine-Westphalia", "Saxony"),
    "AT": ("Vienna", "Tyrol", "Styria"),
    "CH": ("Zürich", "Bern", "Geneva"),
    "NL": ("North Holland", "South Holland", "Utrecht"),
    "FR": ("Île-de-France", "Occitanie", "Grand Est"),
    "IT": ("Lombardy", "Lazio", "Veneto"),
    "ES": ("Madrid", "Catalonia", "Andalusia"),
}
HOURLY = ("hourly_stats_aggregated_by_advertiser_time_zone", "hourly_stats_aggregated_by_audience_time_zone")
ALLOWED = [
    frozenset(names)
    for names in (
        [],
        ["age"],
        ["gender"],
        ["age", "gender"],
        ["country"],
        ["region"],
        ["comscore_market"],
        ["publisher_platform"],
        ["device_platform"],
        ["publisher_platform", "impression_device"],
        ["publisher_platform", "device_platform"],
        ["publisher_platform", "platform_position"],
        ["publisher_platform", "platform_position", "impression_device"],
        ["publisher_platform", "platform_position", "device_platform"],
        [HOURLY[0]],
        [HOURLY[1]],
    )
]
NO_DATA = words("""
product_id app_id skan_conversion_id image_asset video_asset body_asset title_asset description_asset link_url_asset
call_to_action_asset ad_format_asset frequency_value place_page_id media_type
""")
OFF_META_HIDDEN = frozenset({"region", *HOURLY})  # no web conversions with these


@dataclass(frozen=True, slots=True)
class Cells:
    """K cells: their labels, and per ad set class the shares and affinities, shape (ads, K) and (K,)."""

    labels: list[dict[str, str]]
    shares: Floats
    click: Floats
    buy: Floats
    fold: Ints  # which label each fine cell belongs to


def check_breakdowns(names: list[str], by_device: bool = False) -> None:
    """Refuse what Meta refuses: unknown values and combinations outside its table.

    `by_device`: actions are asked for by device, and only then may impression_device stand alone.
    """
    known = sorted({name for combination in ALLOWED for name in combination} | NO_DATA)
    for index, name in enumerate(names):
        if name not in known:
            raise GraphError(100, f"(#100) breakdowns[{index}] must be one of the following values: {', '.join(known)}")
    allowed = frozenset(names) in ALLOWED or (by_device and names == ["impression_device"])
    if not allowed and not NO_DATA & set(names):
        columns = ", ".join(["action_type", *names])
        raise GraphError(100, f"(#100) Current combination of data breakdown columns ({columns}) is invalid")


def cells_for(names: list[str], targetings: list[dict[str, Any]]) -> Cells:
    """The fine cells behind a breakdown, with shares after each ad's targeting, and the labels they fold into."""
    wanted = set(names)
    if wanted & {"age", "gender"}:
        fine, shares, click, buy = _people(targetings)
    elif "comscore_market" in wanted:
        # Markets are of the United States; everybody else is in none.
        fine, shares, click, buy = [{names[0]: "Unknown"}], np.ones((len(targetings), 1)), np.ones(1), np.ones(1)
    elif wanted & {"country", "region"}:
        fine, shares, click, buy = _places(targetings)
    elif wanted & set(HOURLY):
        fine, shares, click, buy = _hours(names[0], len(targetings))
    else:
        fine, shares, click, buy = _placements(len(targetings))
    labels: list[dict[str, str]] = []
    fold = []
    for cell in fine:
        label = {name: cell[name] for name in names}
        if label not in labels:
            labels.append(label)
        fold.append(labels.index(label))
    return Cells(labels, shares, click, buy, np.array(fold))


Parts = tuple[list[dict[str, str]], Floats, Floats, Floats]


def _people(targetings: list[dict[str, Any]]) -> Parts:
    fine = [(age, gender) for age in AGES for gender in GENDERS]
    shares = np.array([[_person_share(targeting, age, gender) for age, gender in fine] for targeting in targetings])
    click = np.array([AGES[age][3] * GENDERS[gender][2] for age, gender in fine])
    buy = np.array([AGES[age][4] * GENDERS[gender][3] for age, gender in fine])
    return [{"age": age, "gender": gender} for age, gender in fine], shares, click, buy


def _person_share(targeting: dict[str, Any], age: str, gender: str) -> float:
    first, last, share, *_ = AGES[age]
    code, part, *_ = GENDERS[gender]
    genders = targeting.get("genders") or []
    inside = last >= int(targeting.get("age_min", 18)) and first <= int(targeting.get("age_max", 65))
    return share * part if inside and (not genders or code in genders) else 0.0


def _places(targetings: list[dict[str, Any]]) -> Parts:
    reached = [countries_of(targeting) for targeting in targetings]
    countries = sorted({country for countries in reached for country in countries})
    fine = [(country, region) for country in countries for region in REGIONS.get(country, (f"{country} region",))]
    shares = np.array(
        [
            [
                COUNTRY_PEOPLE.get(country, 5.0) / len(REGIONS.get(country, ("",))) * (country in mine)
                for country, _ in fine
            ]
            for mine in reached
        ]
    ).reshape(len(reached), len(fine))
    flat = np.array([0.9 + 0.2 * float(uniform(key_of("place", country, region))[0]) for country, region in fine])
    return [{"country": country, "region": region} for country, region in fine], shares, flat, flat**2


def _hours(name: str, ads: int) -> Parts:
    labels = [{name: f"{hour:02d}:00:00 - {hour:02d}:59:59"} for hour in range(24)]
    return labels, np.tile(HOUR_WEIGHTS, (ads, 1)), np.ones(24), np.ones(24)


def _placements(ads: int) -> Parts:
    fine = [(place, device) for place in PLACEMENTS for device in DEVICES]
    share = np.array([PLACEMENTS[place][0] * DEVICES[device][0] for place, device in fine])
    click = np.array([PLACEMENTS[place][1] for place, _ in fine])
    buy = np.array([PLACEMENTS[place][2] * DEVICES[device][1] for place, device in fine])
    labels = [
        {
            "publisher_platform": place[0],
            "platform_position": place[1],
            "impression_device": device,
            "device_platform": DEVICE_PLATFORM[device],
        }
        for place, device in fine
    ]
    return labels, np.tile(share, (ads, 1)), click, buy


class Splitter:
    """Splits one metric after another for the same rows; `ad_keys` and `days` say whose day each row is."""

    def __init__(self, cells: Cells, ad_index: Ints, ad_keys: Keys, days: Ints) -> None:
        self._cells, self._keys, self._days = cells, ad_keys, days
        column = np.arange(cells.shares.shape[1])[None, :]
        noise = np.exp(0.22 * normal(ad_keys[:, None], days[:, None], column, 501))
        self._base = cells.shares[ad_index] * noise
        empty = self._base.sum(axis=1) <= 0
        self._base[empty] = 1.0
        self._impressions: Floats | None = None
        self._clicks: Floats | None = None
        self._sales: Floats | None = None

    def split(self, metric: str, values: Ints) -> Ints:
        """(rows, labels) whole numbers; each row sums to its value."""
        return self._folded(self._fine(metric, values))

    def _fine(self, metric: str, values: Ints) -> Ints:
        weights = self._weights(metric)
        without = weights.sum(axis=1) <= 0
        if without.any():
            weights = np.where(without[:, None], self._base, weights)
        edges = np.cumsum(weights, axis=1)
        edges = edges / edges[:, -1:]
        start = uniform(self._keys, self._days, key_of("split", metric))[:, None]
        marks = np.floor(values[:, None] * edges + start)
        marks[:, -1] = values + np.floor(start[:, 0])
        fine = np.diff(marks, axis=1, prepend=0.0)
        return self._remembered(metric, fine).astype(np.int64)

    def _weights(self, metric: str) -> Floats:
        """What a metric is spread by: money and reactions follow impressions, clicks too, orders follow clicks."""
        if self._impressions is None or metric == "impressions":
            return self._base
        if metric == "clicks":
            return self._impressions * self._cells.click[None, :]
        if metric in ("spend", "reactions"):
            return self._impressions
        if metric.startswith("value") and self._sales is not None:
            return self._sales
        clicks = self._impressions if self._clicks is None else self._clicks
        return clicks * self._cells.buy[None, :] if metric.startswith(("purchase", "value")) else clicks

    def _remembered(self, metric: str, fine: Floats) -> Floats:
        if metric == "impressions":
            self._impressions = fine
        elif metric == "clicks":
            self._clicks = fine
        elif metric.startswith("purchase"):
            self._sales = fine
        return fine

    def _folded(self, fine: Ints) -> Ints:
        folded = np.zeros((fine.shape[0], len(self._cells.labels)), dtype=np.int64)
        for column, target in enumerate(self._cells.fold):
            folded[:, target] += fine[:, column]
        return folded
