"""Delivered figures in memory: one matrix per metric, days by ads, and the orders as columns."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from campaigns.sandbox.draws import Floats, Ints
from campaigns.sandbox.market import Delivery
from campaigns.sandbox.orders import Orders, joined

METRICS = ("impressions", "clicks", "link_clicks", "spend")
_NONE = np.zeros(0, dtype=np.int64)
EMPTY_ORDERS = Orders(_NONE, np.zeros(0, dtype=np.uint64), _NONE, _NONE, _NONE, _NONE, _NONE)


class Figures:
    """Matrices of shape (days, ads) that grow on demand; row 0 is `first_day` (an ordinal)."""

    def __init__(self, first_day: int, rows: Iterable[tuple[int, ...]] = (), orders: Orders = EMPTY_ORDERS) -> None:
        self.first_day = first_day
        self._cells = np.zeros((len(METRICS), 64, 32), dtype=np.int64)
        self._orders, self._new_orders = orders, list[Orders]()
        self._chunks = [(0, orders)]  # (hour of the clicks, orders)
        for day, ad, *values in rows:
            self._grow(day - first_day, ad)
            self._cells[:, day - first_day, ad] = values

    def _grow(self, row: int, ad: int) -> None:
        _, rows, ads = self._cells.shape
        if row < rows and ad < ads:
            return
        wanted = (len(METRICS), max(rows, 2 * row if row >= rows else 0), max(ads, 2 * ad if ad >= ads else 0))
        larger = np.zeros(wanted, dtype=np.int64)
        larger[:, :rows, :ads] = self._cells
        self._cells = larger

    def add(self, day: int, delivery: Delivery) -> None:
        """Add an hour's delivery to its day."""
        count = len(delivery.spend)
        self._grow(day - self.first_day, max(count - 1, 0))
        for index, name in enumerate(METRICS):
            self._cells[index, day - self.first_day, :count] += getattr(delivery, name)

    def add_orders(self, orders: Orders, hour: int) -> None:
        """Append the events that an hour's clicks lead to."""
        self._new_orders.append(orders)
        self._chunks.append((hour, orders))

    def orders_clicked_since(self, hour: int) -> Orders:
        """At least all events whose click was in that hour or later."""
        return joined([orders for when, orders in self._chunks if when >= hour or not when])

    @property
    def orders(self) -> Orders:
        """All events, future ones included."""
        if self._new_orders:
            self._orders = joined([self._orders, *self._new_orders])
            self._new_orders = []
        return self._orders

    def block(self, metric: str, first: int, last: int, ads: int) -> Ints:
        """One metric from day `first` to `last` (ordinals, inclusive) as (days, ads); days never simulated are 0."""
        index = METRICS.index(metric)
        block = np.zeros((max(last - first + 1, 0), ads), dtype=np.int64)
        low, high = max(first, self.first_day), min(last, self.first_day + self._cells.shape[1] - 1)
        width = min(ads, self._cells.shape[2])
        if high >= low:
            source = self._cells[index, low - self.first_day : high - self.first_day + 1, :width]
            block[low - first : high - first + 1, :width] = source
        return block

    def seen(self, ads: int) -> Floats:
        """Impressions so far per ad."""
        return (
            self.block("impressions", self.first_day, self.first_day + self._cells.shape[1], ads)
            .sum(axis=0)
            .astype(np.float64)
        )

    def rows(self, first: int, last: int, ads: int) -> list[tuple[int, ...]]:
        """(day, ad, impressions, clicks, link_clicks, spend) of all delivery in a range of days."""
        blocks = [self.block(metric, first, last, ads) for metric in METRICS]
        days, numbers = np.nonzero(blocks[0])
        columns = [days + first, numbers, *(block[days, numbers] for block in blocks)]
        return list(zip(*(column.tolist() for column in columns), strict=True))
