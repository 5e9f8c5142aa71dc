"""One insights row as Meta writes it: texts, ratios, lists of actions, zero metrics left out."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import numpy as np

from campaigns.sandbox.action_splits import divided
from campaigns.sandbox.clock import iso
from campaigns.sandbox.draws import Floats, Ints, key_of, uniform
from campaigns.sandbox.errors import GraphError, bad_parameter
from campaigns.sandbox.fields import KNOWN, words
from campaigns.sandbox.filters import matches
from campaigns.sandbox.insight_query import Query
from campaigns.sandbox.insight_table import Table
from campaigns.sandbox.statuses import DELIVERY_INFO, effective_status
from campaigns.sandbox.world import LIVING, World

Row = dict[str, Any]
PURCHASE_TYPES = (
    "omni_purchase",
    "purchase",
    "offsite_conversion.fb_pixel_purchase",
    "onsite_web_purchase",
    "web_in_store_purchase",
)
SOFT_TYPES = {  # metric: names under which Meta repeats it
    "landing": ("landing_page_view", "omni_landing_page_view"),
    "content": ("view_content", "omni_view_content", "offsite_conversion.fb_pixel_view_content"),
    "cart": ("add_to_cart", "omni_add_to_cart", "offsite_conversion.fb_pixel_add_to_cart"),
    "checkout": ("initiate_checkout", "omni_initiated_checkout", "offsite_conversion.fb_pixel_initiate_checkout"),
    "reactions": ("post_reaction",),
    "comments": ("comment",),
}
DEFAULT_FIELDS = {
    "account": ("account_id",),
    "campaign": ("account_id", "campaign_id"),
    "adset": ("account_id", "campaign_id", "adset_id"),
    "ad": ("account_id", "campaign_id", "adset_id", "ad_id"),
}
FIGURE_COLUMNS = {
    "impressions": "impressions",
    "spend": "spend",
    "clicks": "clicks",
    "inline_link_clicks": "link_clicks",
    "results": "purchase:default",
}
ACTION_TYPE = "action_type"
SITE = "roastery.example"
RANKS = ("ABOVE_AVERAGE", "AVERAGE", "BELOW_AVERAGE_35", "BELOW_AVERAGE_20", "BELOW_AVERAGE_10")


def shown_row(world: World, query: Query, table: Table, index: int, whole_range: bool = False) -> Row:
    """Row `index` of a table."""
    figures = {name: int(column[index]) for name, column in table.columns.items()}
    first, last = query.buckets[int(table.bucket[index])]
    if whole_range:
        last = query.buckets[-1][1]
    entity = table.entities[int(table.entity[index])]
    makers = _Makers(world, query, figures, entity)
    row: Row = {}
    for name in query.fields or (*DEFAULT_FIELDS[query.level], "impressions", "spend"):
        value = makers.value(name)
        if isinstance(value, list):
            value = [entry for entry in value if makers.is_wanted(entry)]
        if value not in (None, [], ""):
            row[name] = value
    row["date_start"], row["date_stop"] = date.fromordinal(first).isoformat(), date.fromordinal(last).isoformat()
    row.update(table.labels[int(table.cell[index])])
    return row


class _Makers:
    """Makes the fields of one row from its figures."""

    def __init__(self, world: World, query: Query, figures: dict[str, int], entity: str) -> None:
        self._world, self._query, self._figures = world, query, figures
        self._entity = world.objects[entity]
        self._types = [item for item in json.loads(query.filtering) if item["field"] == ACTION_TYPE]

    def is_wanted(self, entry: dict[str, Any]) -> bool:
        """Whether an entry of a list passes the filter on action types."""
        kind = entry.get(ACTION_TYPE)
        return kind is None or all(matches(kind, item["operator"], item.get("value")) for item in self._types)

    def value(self, name: str) -> Any:
        """A field's value, None where there is nothing to show."""
        figures, cents = self._figures, self._figures["spend"]
        reach = self._reach()
        ratios = {
            "ctr": (100 * figures["clicks"], figures["impressions"]),
            "cpc": (cents / 100, figures["clicks"]),
            "cpm": (cents * 10, figures["impressions"]),
            "frequency": (figures["impressions"], reach),
            "cpp": (cents * 10, reach),
            "inline_link_click_ctr": (100 * figures["link_clicks"], figures["impressions"]),
            "cost_per_inline_link_click": (cents / 100, figures["link_clicks"]),
            "unique_ctr": (95 * figures["clicks"], reach),
            "cost_per_unique_click": (cents / 95, figures["clicks"]),
            "cost_per_inline_post_engagement": (cents / 100, self._engagements()),
        }
        if name in ratios:
            over, under = ratios[name]
            return f"{over / under:.6f}" if under and over else None
        counts = {
            "clicks": figures["clicks"],
            "reach": reach,
            "inline_link_clicks": figures["link_clicks"],
            "unique_clicks": round(0.95 * figures["clicks"]),
            "inline_post_engagement": self._engagements(),
            "unique_inline_link_clicks": round(0.95 * figures["link_clicks"]),
        }
        if name in counts:
            return str(counts[name]) if counts[name] else None
        if name == "impressions":
            return str(figures["impressions"])
        if name == "spend":
            return money(cents)
        return self._list(name) if name in LISTS else self._named(name)

    def _reach(self) -> int:
        """People reached: fewer than impressions, and not additive over days, ads or cells."""
        shown = self._figures["impressions"]
        if not shown or any(name.startswith("hourly") for name in self._query.breakdowns):
            return 0
        people = 60_000.0 * {"ad": 1, "adset": 2, "campaign": 5, "account": 15}[self._entity.kind]
        return max(min(int(people * (1.0 - np.exp(-shown / people)) * 0.96), shown), 1)

    def _engagements(self) -> int:
        return self._figures["link_clicks"] + self._figures["reactions"] + self._figures["comments"]

    def _list(self, name: str) -> Any:
        cents, figures = self._figures["spend"], self._figures
        links, bought = figures["link_clicks"], figures["purchase:default"]
        if name in ("actions", "unique_actions"):
            world, query = self._world, self._query
            seed = f"{world.identity.seed}|{self._entity.id}|{query.buckets[0]}"
            return divided(self._actions(), query.action_breakdowns, seed, world.identity.page_id, SITE)
        if name in ("conversions", "action_values", "conversion_values"):
            return self._purchase_entries("value") if "value" in name else None
        if name in ("purchase_roas", "website_purchase_roas"):
            kind = "omni_purchase" if name == "purchase_roas" else "offsite_conversion.fb_pixel_purchase"
            return self._roas(kind)
        if name == "cost_per_action_type":
            return [
                {"action_type": entry["action_type"], "value": f"{cents / 100 / int(entry['value']):.6f}"}
                for entry in self._actions()
                if int(entry.get("value", 0)) and cents
            ]
        if name == "results":
            indicator = "actions:offsite_conversion.fb_pixel_purchase"
            return (
                [{"indicator": indicator, "values": [{"value": str(bought), "attribution_windows": ["default"]}]}]
                if bought
                else None
            )
        if name == "cost_per_result":
            indicator = "actions:offsite_conversion.fb_pixel_purchase"
            return [{"indicator": indicator, "values": [{"value": f"{cents / 100 / bought:.6f}"}]}] if bought else None
        value = {
            "outbound_clicks": str(links),
            "outbound_clicks_ctr": f"{100 * links / max(figures['impressions'], 1):.6f}",
            "website_ctr": f"{100 * links / max(figures['impressions'], 1):.6f}",
            "cost_per_outbound_click": f"{cents / 100 / max(links, 1):.6f}",
        }[name]
        return (
            [{"action_type": "link_click" if name == "website_ctr" else "outbound_click", "value": value}]
            if links
            else None
        )

    def _actions(self) -> list[dict[str, str]]:
        figures = self._figures
        soft = [
            ("link_click", figures["link_clicks"]),
            ("post_engagement", self._engagements()),
            ("page_engagement", self._engagements()),
        ]
        soft += [(name, figures[metric]) for metric, names in SOFT_TYPES.items() for name in names]
        entries = [
            {"action_type": name, "value": str(count), **self._same_in_all_windows(count)}
            for name, count in soft
            if count
        ]
        return entries + self._purchase_entries("purchase")

    def _same_in_all_windows(self, count: int) -> dict[str, str]:
        return {window: str(count) for window in self._query.windows if window.endswith("_click")}

    def _purchase_entries(self, kind: str) -> list[dict[str, str]]:
        """Purchases (or their value) under each name that Meta repeats them under, with the windows asked for."""
        figures = self._figures
        write = money if kind == "value" else str
        entry = {}
        if figures["purchase:default"]:
            entry["value"] = write(figures[f"{kind}:default"])
        for window in self._query.windows:
            if figures.get(f"purchase:{window}"):
                entry[window] = write(figures[f"{kind}:{window}"])
        return [{"action_type": name, **entry} for name in PURCHASE_TYPES] if entry else []

    def _roas(self, action_type: str) -> Any:
        cents, figures = self._figures["spend"], self._figures
        if not cents or not figures["value:default"]:
            return None
        entry = {"action_type": action_type, "value": f"{figures['value:default'] / cents:.6f}"}
        for window in self._query.windows:
            if figures.get(f"value:{window}"):
                entry[window] = f"{figures[f'value:{window}'] / cents:.6f}"
        return [entry]

    def _named(self, name: str) -> Any:
        """Ids, names and settings of the row's object and of those above it."""
        world = self._world
        above = {self._entity.kind: self._entity}
        for kind in ("adset", "campaign"):
            if f"{kind}_id" in self._entity.data:
                above[kind] = world.objects[self._entity.data[f"{kind}_id"]]
        kind, _, what = name.rpartition("_")
        if what in ("id", "name") and kind in above and kind != "account":
            return above[kind].id if what == "id" else above[kind].data.get("name")
        campaign, adset = above.get("campaign"), above.get("adset")
        settings = {
            "account_id": world.identity.account_id,
            "account_name": world.account.data["name"],
            "account_currency": world.currency,
            "objective": campaign.data.get("objective") if campaign else None,
            "buying_type": campaign.data.get("buying_type") if campaign else None,
            "optimization_goal": adset.data.get("optimization_goal") if adset else None,
            "attribution_setting": "7d_click_1d_view" if adset else None,
            "created_time": iso(self._entity.data["created_time"], world.zone)[:10],
            "updated_time": iso(self._entity.data["updated_time"], world.zone)[:10],
        }
        if name in settings:
            return settings[name]
        return self._ranking(name) if name.endswith("_ranking") and self._entity.kind == "ad" else None

    def _ranking(self, name: str) -> str:
        if self._figures["impressions"] < 500:
            return "UNKNOWN"
        draw = float(uniform(key_of(self._world.identity.seed, name, self._entity.id))[0])
        return RANKS[min(int(draw * len(RANKS)), len(RANKS) - 1)]


LISTS = words("""
actions unique_actions conversions action_values conversion_values purchase_roas website_purchase_roas
cost_per_action_type results cost_per_result outbound_clicks outbound_clicks_ctr website_ctr cost_per_outbound_click
""")


def money(cents: int) -> str:
    """Minor units as a decimal in major units."""
    return f"{cents / 100:.2f}".removesuffix(".00")


def row_filter(world: World, query: Query, table: Table) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which rows pass `filtering`."""
    keep = np.ones(len(table.bucket), dtype=bool)
    for condition in json.loads(query.filtering):
        operator, wanted = condition["operator"], condition.get("value")
        kind, name = _field_of(condition["field"], query.level)
        if name == ACTION_TYPE:
            continue  # thins out the lists inside the rows
        if name in FIGURE_COLUMNS:
            scale = 100 if name == "spend" else 1
            column = table.columns[FIGURE_COLUMNS[name]].tolist()
            keep &= np.array([matches(value / scale, operator, wanted) for value in column], dtype=bool)
            continue
        passes = [_entity_passes(world, entity, kind, name, operator, wanted) for entity in table.entities]
        keep &= np.array(passes, dtype=bool)[table.entity] if passes else True
    return keep


def _field_of(field: str, level: str) -> tuple[str, str]:
    """(kind, name) of a filtering field: `spend`, `ad.name`, `ad.impressions`; code 100 for one that is none."""
    head, dot, tail = field.partition(".")
    kind, name = (head, tail) if dot else (level, field)
    known = KNOWN[kind] | {"delivery_info"} if kind in LIVING else frozenset(["id", "name"])
    if (dot and kind not in LIVING) or name not in known | FIGURE_COLUMNS.keys() | {ACTION_TYPE}:
        raise bad_parameter(f"Filtering field {field} is invalid", "filtering")
    return kind, name


def _entity_passes(world: World, entity: str, kind: str, name: str, operator: str, wanted: Any) -> bool:
    record = world.objects[entity]
    if record.kind != kind:
        if f"{kind}_id" not in record.data:
            raise bad_parameter(f"Filtering field {kind}.{name} is invalid for this level", "filtering")
        record = world.objects[record.data[f"{kind}_id"]]
    status = effective_status(world, record) if kind in LIVING else ""
    special = {"id": record.id, "effective_status": status, "delivery_info": DELIVERY_INFO.get(status)}
    return matches(special[name] if name in special else record.data.get(name), operator, wanted)


def sort_key(query: Query, table: Table) -> tuple[Floats, bool]:
    """(values, descending) of `sort=<field>_ascending|_descending`."""
    name, _, direction = query.sort.rpartition("_")
    column = {"reach": "impressions", "date_start": "", **FIGURE_COLUMNS}.get(name.removeprefix("actions:"))
    if column is None and name.startswith("actions:"):
        column = "link_clicks" if name.endswith("link_click") else "purchase:default"
    if column is None or direction not in ("ascending", "descending"):
        raise GraphError(100, f"(#100) sort: {query.sort} is not a valid sort field")
    values: Ints = table.columns[column] if column else table.bucket
    return values.astype(np.float64), direction == "descending"
