"""One insights row as Meta writes it: texts, ratios, lists of actions, zero metrics left out."""

from __future__ import annotations

import json
from collections.abc import Callable
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


class Shown:
    """Shows rows of one answer; what rows have in common, such as names and days, is made once."""

    def __init__(self, world: World, query: Query, table: Table, whole_range: bool = False) -> None:
        self._world, self._query, self._table = world, query, table
        self._fields = query.fields or (*DEFAULT_FIELDS[query.level], "impressions", "spend")
        self._types = [item for item in json.loads(query.filtering) if item["field"] == ACTION_TYPE]
        self._days = [
            (_day(first), _day(query.buckets[-1][1] if whole_range else last)) for first, last in query.buckets
        ]
        self._objects: dict[int, _Object] = {}

    def rows(self, indexes: Ints) -> list[Row]:
        """These rows of the table."""
        table = self._table
        columns = [column[indexes].tolist() for column in table.columns.values()]
        places = (table.bucket[indexes].tolist(), table.entity[indexes].tolist(), table.cell[indexes].tolist())
        return [
            self._row(dict(zip(table.columns, values, strict=True)), *place)
            for values, place in zip(zip(*columns, strict=True), zip(*places, strict=True), strict=True)
        ]

    def _row(self, figures: dict[str, int], bucket: int, entity: int, cell: int) -> Row:
        makers = _Makers(self._world, self._query, figures, self._object(entity))
        row: Row = {}
        for name in self._fields:
            value = makers.value(name)
            if self._types and isinstance(value, list):
                value = [entry for entry in value if self._is_wanted(entry)]
            if value not in (None, [], ""):
                row[name] = value
        row["date_start"], row["date_stop"] = self._days[bucket]
        row.update(self._table.labels[cell])
        return row

    def _object(self, entity: int) -> _Object:
        if entity not in self._objects:
            self._objects[entity] = _Object(self._world, self._table.entities[entity])
        return self._objects[entity]

    def _is_wanted(self, entry: dict[str, Any]) -> bool:
        """Whether an entry of a list passes the filter on action types."""
        kind = entry.get(ACTION_TYPE)
        return kind is None or all(matches(kind, item["operator"], item.get("value")) for item in self._types)


def _day(ordinal: int) -> str:
    return date.fromordinal(ordinal).isoformat()


class _Object:
    """What rows say of their object beside its figures, each thing looked up once."""

    def __init__(self, world: World, entity: str) -> None:
        self._world, self._told = world, dict[str, Any]()
        self.record = world.objects[entity]

    def told(self, name: str) -> Any:
        """Ids, names and settings of the object and of those above it."""
        if name not in self._told:
            self._told[name] = self._looked_up(name)
        return self._told[name]

    def _looked_up(self, name: str) -> Any:
        world, record = self._world, self.record
        above = {record.kind: record}
        for kind in ("adset", "campaign"):
            if f"{kind}_id" in record.data:
                above[kind] = world.objects[record.data[f"{kind}_id"]]
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
            "created_time": iso(record.data["created_time"], world.zone)[:10],
            "updated_time": iso(record.data["updated_time"], world.zone)[:10],
        }
        if name in settings:
            return settings[name]
        return self._ranking(name) if name.endswith("_ranking") and record.kind == "ad" else None

    def _ranking(self, name: str) -> str:
        """As it is where there are enough impressions."""
        draw = float(uniform(key_of(self._world.identity.seed, name, self.record.id))[0])
        return RANKS[min(int(draw * len(RANKS)), len(RANKS) - 1)]


class _Makers:
    """Makes the fields of one row from its figures."""

    def __init__(self, world: World, query: Query, figures: dict[str, int], about: _Object) -> None:
        self._world, self._query, self._figures, self._about = world, query, figures, about
        self._people: int | None = None

    def value(self, name: str) -> Any:
        """A field's value, None where there is nothing to show."""
        figures = self._figures
        if name in RATIOS:
            over, under = RATIOS[name](self)
            return f"{over / under:.6f}" if under and over else None
        if name in COUNTS:
            count = COUNTS[name](self)
            return str(count) if count else None
        if name == "impressions":
            return str(figures["impressions"])
        if name == "spend":
            return money(figures["spend"])
        if name in LISTS:
            return self._list(name)
        told = self._about.told(name)
        return "UNKNOWN" if told in RANKS and name.endswith("_ranking") and figures["impressions"] < 500 else told

    def __getitem__(self, metric: str) -> int:
        return self._figures[metric]

    @property
    def reach(self) -> int:
        """People reached: fewer than impressions, and not additive over days, ads or cells."""
        if self._people is None:
            self._people = self._reach()
        return self._people

    def _reach(self) -> int:
        shown = self._figures["impressions"]
        if not shown or any(name.startswith("hourly") for name in self._query.breakdowns):
            return 0
        people = 60_000.0 * {"ad": 1, "adset": 2, "campaign": 5, "account": 15}[self._about.record.kind]
        return max(min(int(people * (1.0 - np.exp(-shown / people)) * 0.96), shown), 1)

    @property
    def engagements(self) -> int:
        return self._figures["link_clicks"] + self._figures["reactions"] + self._figures["comments"]

    def _list(self, name: str) -> Any:
        cents, figures = self._figures["spend"], self._figures
        links, bought = figures["link_clicks"], figures["purchase:default"]
        if name in ("actions", "unique_actions"):
            world, query = self._world, self._query
            seed = f"{world.identity.seed}|{self._about.record.id}|{query.buckets[0]}"
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
            ("post_engagement", self.engagements),
            ("page_engagement", self.engagements),
        ]
        soft += [(name, figures[metric]) for metric, names in SOFT_TYPES.items() for name in names]
        keys = ("value", *(window for window in self._query.windows if window.endswith("_click")))  # the same in all
        entries = [{"action_type": name, **dict.fromkeys(keys, str(count))} for name, count in soft if count]
        return entries + self._purchase_entries("purchase")

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


RATIOS: dict[str, Callable[[_Makers], tuple[float, int]]] = {
    "ctr": lambda row: (100 * row["clicks"], row["impressions"]),
    "cpc": lambda row: (row["spend"] / 100, row["clicks"]),
    "cpm": lambda row: (row["spend"] * 10, row["impressions"]),
    "frequency": lambda row: (row["impressions"], row.reach),
    "cpp": lambda row: (row["spend"] * 10, row.reach),
    "inline_link_click_ctr": lambda row: (100 * row["link_clicks"], row["impressions"]),
    "cost_per_inline_link_click": lambda row: (row["spend"] / 100, row["link_clicks"]),
    "unique_ctr": lambda row: (95 * row["clicks"], row.reach),
    "cost_per_unique_click": lambda row: (row["spend"] / 95, row["clicks"]),
    "cost_per_inline_post_engagement": lambda row: (row["spend"] / 100, row.engagements),
}
COUNTS: dict[str, Callable[[_Makers], int]] = {
    "clicks": lambda row: row["clicks"],
    "reach": lambda row: row.reach,
    "inline_link_clicks": lambda row: row["link_clicks"],
    "unique_clicks": lambda row: round(0.95 * row["clicks"]),
    "inline_post_engagement": lambda row: row.engagements,
    "unique_inline_link_clicks": lambda row: round(0.95 * row["link_clicks"]),
}
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
