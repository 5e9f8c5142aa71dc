"""Insights: sums of what was delivered, per object, time bucket and breakdown cell, shown as Meta shows them."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from datetime import date, datetime, time

import numpy as np
from numpy.typing import NDArray

from campaigns.sandbox.draws import Ints, Keys, key_of, keys, rounded
from campaigns.sandbox.insight_query import Query
from campaigns.sandbox.insight_rows import Row, Shown, row_filter, sort_key
from campaigns.sandbox.insight_table import Table
from campaigns.sandbox.orders import REFUND, VIEW
from campaigns.sandbox.splits import NO_DATA, OFF_META_HIDDEN, Splitter, cells_for
from campaigns.sandbox.statuses import GONE, effective_status
from campaigns.sandbox.world import World

CLICK_WINDOWS = {"1d_click": 86400, "7d_click": 7 * 86400, "28d_click": 28 * 86400}
WINDOW_NAMES = ("default", *CLICK_WINDOWS, "1d_view")
CACHED_ANSWERS, CACHED_ROWS = 12, 1_000_000


class Insights:
    """Answers questions, and keeps the last few answers so that the pages of one are cut from the same table."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._answers: OrderedDict[tuple[int, int, Query], tuple[Table, Ints]] = OrderedDict()

    def count(self, query: Query) -> int:
        """Rows of the whole answer."""
        return len(self._answer(query)[1])

    def page(self, query: Query, offset: int, limit: int) -> list[Row]:
        """Rows `offset` to `offset + limit`, as shown."""
        table, order = self._answer(query)
        return Shown(self._world, query, table).rows(order[offset : offset + limit])

    def total(self, query: Query) -> Row:
        """All rows as one (the `summary` of an answer)."""
        table, order = self._answer(query)
        columns = {name: np.array([column[order].sum()]) for name, column in table.columns.items()}
        zero = np.zeros(1, dtype=np.int64)
        whole = Table(zero, zero, zero, columns, [self._world.account.id], [{}])
        return Shown(self._world, query, whole, whole_range=True).rows(zero)[0]

    def _is_full(self) -> bool:
        rows = sum(len(order) for _, order in self._answers.values())
        return len(self._answers) > CACHED_ANSWERS or rows > CACHED_ROWS

    def _answer(self, query: Query) -> tuple[Table, Ints]:
        world = self._world
        key = (world.version, world.simulated_until, query)
        if key not in self._answers:
            table = compute(world, query)
            self._answers[key] = (table, _ordered(world, query, table))
            while len(self._answers) > 1 and self._is_full():
                self._answers.popitem(last=False)
        self._answers.move_to_end(key)
        return self._answers[key]


def _ordered(world: World, query: Query, table: Table) -> Ints:
    """Which rows are shown, in which order."""
    keep = row_filter(world, query, table)
    order = np.nonzero(keep)[0]
    if query.sort:
        values, descending = sort_key(query, table)
        order = order[np.argsort(-values[order] if descending else values[order], kind="stable")]
    return order


def entity_of(world: World, level: str, number: int) -> str:
    """The id of the object of a level that an ad belongs to."""
    ad = world.ads[number]
    return {
        "ad": ad.id,
        "adset": str(ad.data.get("adset_id")),
        "campaign": str(ad.data.get("campaign_id")),
        "account": world.account.id,
    }[level]


def compute(world: World, query: Query) -> Table:
    """The table behind a query, before filters on figures and before sorting."""
    numbers = _ads_of(world, query)
    runs = _runs(query.buckets)
    if len(runs) > 1:
        return _joined([compute(world, replace(query, buckets=run)) for run in runs], runs)
    if not numbers or NO_DATA & set(query.breakdowns) or not query.buckets:
        empty = np.zeros(0, dtype=np.int64)
        return Table(empty, empty, empty, dict.fromkeys(METRIC_ORDER, empty), [], [{}])
    days, ads, values = base_rows(world, np.array(numbers), query.buckets[0][0], query.buckets[-1][1])
    bucket = _bucket_of(days, query.buckets)
    inside = bucket >= 0
    days, ads, bucket = days[inside], ads[inside], bucket[inside]
    values = {name: column[inside] for name, column in values.items()}
    entities = list(dict.fromkeys(entity_of(world, query.level, number) for number in numbers))
    index = {entity: place for place, entity in enumerate(entities)}
    entity = np.array([index.get(entity_of(world, query.level, number), -1) for number in range(len(world.ads))])[ads]
    labels, split = _split(world, query, days, ads, values)
    return _grouped(query, bucket, entity, entities, labels, split)


def _runs(buckets: tuple[tuple[int, int], ...]) -> list[tuple[tuple[int, int], ...]]:
    """Buckets cut where they do not follow each other: `time_ranges` come in any order and may overlap."""
    runs: list[list[tuple[int, int]]] = []
    for bucket in buckets:
        if runs and bucket[0] > runs[-1][-1][1]:
            runs[-1].append(bucket)
        else:
            runs.append([bucket])
    return [tuple(run) for run in runs]


def _joined(tables: list[Table], runs: list[tuple[tuple[int, int], ...]]) -> Table:
    """Tables of the same objects and cells, one after another; buckets are counted through."""
    offsets = np.cumsum([0, *(len(run) for run in runs[:-1])])
    return Table(
        np.concatenate([table.bucket + offset for table, offset in zip(tables, offsets, strict=True)]),
        np.concatenate([table.entity for table in tables]),
        np.concatenate([table.cell for table in tables]),
        {name: np.concatenate([table.columns[name] for table in tables]) for name in METRIC_ORDER},
        tables[0].entities,
        tables[0].labels,
    )


def _split(
    world: World, query: Query, days: Ints, ads: Ints, values: dict[str, Ints]
) -> tuple[list[dict[str, str]], dict[str, Ints]]:
    """Each metric as (rows, labels)."""
    if not query.breakdowns:
        return [{}], {name: column[:, None] for name, column in values.items()}
    targetings = [world.objects[ad.data["adset_id"]].data.get("targeting") or {} for ad in world.ads]
    cells = cells_for(list(query.breakdowns), targetings)
    splitter = Splitter(cells, ads, ad_keys(world)[ads], days)
    hidden = bool(OFF_META_HIDDEN & set(query.breakdowns))
    split = {}
    for name in METRIC_ORDER:
        column = np.zeros_like(values[name]) if hidden and name.startswith(("purchase", "value")) else values[name]
        split[name] = splitter.split(name, column)
    return cells.labels, split


def _grouped(
    query: Query, bucket: Ints, entity: Ints, entities: list[str], labels: list[dict[str, str]], split: dict[str, Ints]
) -> Table:
    """Sum rows of the same bucket, object and cell; drop empty ones."""
    width = len(labels)
    group = ((bucket * len(entities) + entity)[:, None] * width + np.arange(width)[None, :]).ravel()
    size = len(query.buckets) * len(entities) * width
    sums = {name: np.bincount(group, weights=column.ravel(), minlength=size) for name, column in split.items()}
    asked = {"purchase:default", *(f"purchase:{window}" for window in query.windows)} & sums.keys()
    shown = np.nonzero(np.any([sums[name] > 0 for name in ("impressions", *sorted(asked))], axis=0))[0]
    columns = {name: np.round(total[shown]).astype(np.int64) for name, total in sums.items()}
    return Table(
        shown // (len(entities) * width), shown // width % len(entities), shown % width, columns, entities, labels
    )


def _ads_of(world: World, query: Query) -> list[int]:
    """Ads under the asked node. Deleted and archived objects of the level show only when asked for by status or id."""
    node = world.objects[query.node]
    field = {"campaign": "campaign_id", "adset": "adset_id"}.get(node.kind)
    named = ("effective_status", "delivery_info", f"{query.level}.id")
    asked = query.level in (node.kind, "account") or any(name in query.filtering for name in named)
    numbers = []
    for number, ad in enumerate(world.ads):
        if (node.kind == "ad" and ad.id != node.id) or (field and ad.data[field] != node.id):
            continue
        if asked or effective_status(world, world.objects[entity_of(world, query.level, number)]) not in GONE:
            numbers.append(number)
    return numbers


def _bucket_of(days: Ints, buckets: tuple[tuple[int, int], ...]) -> Ints:
    firsts = np.array([first for first, _ in buckets])
    lasts = np.array([last for _, last in buckets])
    place = np.searchsorted(firsts, days, side="right") - 1
    return np.where((place >= 0) & (days <= lasts[place]), place, -1)


def ad_keys(world: World) -> Keys:
    """The market's key of each ad."""
    return keys([key_of(world.identity.seed, "ad", ad.id) for ad in world.ads])


METRIC_ORDER = (
    "impressions",
    "clicks",
    "spend",
    "link_clicks",
    "landing",
    "content",
    "cart",
    "checkout",
    "reactions",
    "comments",
    *(f"{kind}:{window}" for window in WINDOW_NAMES for kind in ("purchase", "value")),
)


def base_rows(world: World, numbers: Ints, first: int, last: int) -> tuple[Ints, Ints, dict[str, Ints]]:
    """(day, ad, metrics) of every ad's day with delivery or orders, in days first to last."""
    first = max(first, world.figures.first_day)
    last = max(min(last, world.today()), first)
    count = len(world.ads)
    blocks = {
        name: world.figures.block(name, first, last, count)
        for name in ("impressions", "clicks", "link_clicks", "spend")
    }
    blocks.update(purchases(world, first, last))
    chosen = np.zeros(count, dtype=bool)
    chosen[numbers] = True
    some = (
        (blocks["impressions"] > 0) | (blocks["purchase:28d_click"] > 0) | (blocks["purchase:1d_view"] > 0)
    ) & chosen[None, :]
    rows, ads = np.nonzero(some)
    values = {name: block[rows, ads] for name, block in blocks.items()}
    _derive(values, ad_keys(world)[ads] if count else keys([]), rows + first)
    return rows + first, ads, values


def _derive(values: dict[str, Ints], key: Keys, days: Ints) -> None:
    """Softer actions that nobody books: page views, carts, reactions; steady fractions of clicks and impressions."""
    links, bought = values["link_clicks"], values["purchase:default"]
    values["landing"] = np.minimum(rounded(links * 0.82, key, days, 601), links)
    values["content"] = np.minimum(rounded(links * 0.70, key, days, 602), values["landing"])
    values["cart"] = np.maximum(rounded(links * 0.11, key, days, 603), bought)
    values["checkout"] = np.maximum(np.minimum(rounded(links * 0.07, key, days, 604), values["cart"]), bought)
    values["reactions"] = rounded(values["impressions"] * 0.0016, key, days, 605)
    values["comments"] = rounded(values["impressions"] / 30_000, key, days, 606)


def day_starts(world: World, first: int, last: int) -> Ints:
    """Epoch seconds of the local midnights from day `first` to the one after `last`."""
    return np.array(
        [
            int(datetime.combine(date.fromordinal(day), time.min, world.zone).timestamp())
            for day in range(first, last + 2)
        ],
        dtype=np.int64,
    )


def purchases(world: World, first: int, last: int) -> dict[str, Ints]:
    """Attributed purchases and their value by day of the order, (days, ads) per window, as far as reported by now."""
    count, span = len(world.ads), last - first + 1
    orders, as_of = world.figures.orders, world.simulated_until * 3600
    day = np.searchsorted(day_starts(world, first, last), orders.converted, side="right") - 1
    known = (
        (orders.kind != REFUND)
        & (orders.reported <= as_of)
        & (orders.converted <= as_of)
        & (day >= 0)
        & (day < span)
        & (orders.ad < count)
    )
    delay = orders.converted - orders.clicked
    clicked = known & (orders.kind != VIEW)
    masks = {window: clicked & (delay < length) for window, length in CLICK_WINDOWS.items()}
    masks["1d_view"] = known & (orders.kind == VIEW)
    click_days, with_views = _default_windows(world)
    own_length = (
        np.where(orders.ad < count, click_days[np.minimum(orders.ad, max(count - 1, 0))] if count else 7, 7) * 86400
    )
    own_views = with_views[np.minimum(orders.ad, max(count - 1, 0))] if count else False
    masks["default"] = (clicked & (delay < own_length)) | (masks["1d_view"] & own_views)
    blocks: dict[str, Ints] = {}
    for window in WINDOW_NAMES:
        cell = day[masks[window]] * count + orders.ad[masks[window]]
        for kind, weights in (("purchase", None), ("value", orders.value[masks[window]])):
            sums = np.bincount(cell, weights=weights, minlength=span * count)
            blocks[f"{kind}:{window}"] = np.round(sums).astype(np.int64).reshape(span, count)
    return blocks


def _default_windows(world: World) -> tuple[Ints, NDArray[np.bool_]]:
    """Per ad: click window in days, and whether views count, by its ad set's attribution setting."""
    specs = [world.objects[ad.data["adset_id"]].data.get("attribution_spec") or [] for ad in world.ads]
    clicks = [
        max([int(item.get("window_days", 1)) for item in spec if item.get("event_type") == "CLICK_THROUGH"], default=7)
        for spec in specs
    ]
    views = [any(item.get("event_type") == "VIEW_THROUGH" for item in spec) for spec in specs]
    return np.array(clicks, dtype=np.int64), np.array(views, dtype=bool)
