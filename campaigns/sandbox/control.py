"""`/_sandbox/…`: truth, clock, orders and fault knobs. Outside the Graph API, without a token, loopback only."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from campaigns.sandbox.call import Sandbox
from campaigns.sandbox.clock import epoch, iso
from campaigns.sandbox.draws import Ints
from campaigns.sandbox.insights import purchases
from campaigns.sandbox.orders import PURCHASE, REFUND, VIEW
from campaigns.sandbox.params import Params
from campaigns.sandbox.statuses import effective_status
from campaigns.sandbox.world import LIVING, World

CLOCK_SETTINGS = frozenset({"advance_hours", "to", "speed", "frozen"})
LONGEST_STEP = 400 * 86400


class BadControl(ValueError):
    """A control request that cannot be served; the text says why."""


def control(sandbox: Sandbox, method: str, name: str, params: Params) -> dict[str, Any]:
    """Answer one control request. Raises BadControl."""
    if name == "clock":
        return clock(sandbox, params) if method == "POST" else clock_now(sandbox)
    if name == "faults":
        return (
            faults(sandbox, params)
            if method == "POST"
            else {"faults": sandbox.faults.knobs, "struck": sandbox.faults.counts}
        )
    if name == "truth" and method == "GET":
        return truth(sandbox.world)
    if name == "orders" and method == "GET":
        return orders(sandbox.world, params)
    raise BadControl(f"no such control: {method} /_sandbox/{name}")


def clock_now(sandbox: Sandbox) -> dict[str, Any]:
    """The time, its pace, and up to when the market has run."""
    world = sandbox.world
    return {
        "now": iso_utc(world.now()),
        "account_time": iso(world.now(), world.zone),
        "frozen": world.clock.frozen,
        "speed": world.clock.speed,
        "simulated_until": iso_utc(world.simulated_until * 3600),
    }


def iso_utc(at: float) -> str:
    """ISO 8601 in UTC."""
    return datetime.fromtimestamp(int(at), UTC).isoformat()


def clock(sandbox: Sandbox, params: Params) -> dict[str, Any]:
    """`{"advance_hours": h}`, `{"to": iso}`, `{"speed": x}`, `{"frozen": bool}`; never backwards."""
    world = sandbox.world
    if unknown := set(params.values) - CLOCK_SETTINGS:
        raise BadControl(f"unknown clock settings: {', '.join(sorted(unknown))}")
    now = target = world.now()
    try:
        if "advance_hours" in params:
            target = now + 3600 * float(params.text("advance_hours"))
        if "to" in params:
            target = epoch(params.text("to"), world.zone)
        speed = float(params.text("speed")) if "speed" in params else None
    except ValueError as error:
        raise BadControl(str(error)) from None
    if not now <= target <= now + LONGEST_STEP:
        raise BadControl("the clock goes forwards only, at most 400 days at a time")
    with world.writing():
        world.clock.set(target)
        world.clock.configure(speed, params.flag("frozen") if "frozen" in params else None)
        sandbox.delivery.catch_up()
    return clock_now(sandbox)


def faults(sandbox: Sandbox, params: Params) -> dict[str, Any]:
    """Replace the knobs; `{}` clears them."""
    try:
        sandbox.faults.set(params.values)
    except (ValueError, TypeError, KeyError) as error:
        raise BadControl(str(error)) from None
    return {"faults": sandbox.faults.knobs, "struck": {}}


def truth(world: World) -> dict[str, Any]:
    """The market's own totals in major units per day, campaign, ad set and ad; and every object with labels and status.

    `conversions` and `revenue` are what the platform has attributed by now in each ad set's own window, booked on the
    day of the order (as insights show them); `orders`, `order_revenue` and `refunds` are the advertiser's own.
    """
    figures = _cells(world)
    per_ad = {name: block.sum(axis=0) for name, block in figures.items()}
    per_day = {name: block.sum(axis=1) for name, block in figures.items()}
    first = world.figures.first_day
    days = {date.fromordinal(first + row).isoformat(): _totals(per_day, row) for row in range(len(per_day["spend"]))}
    ads = {ad.id: _totals(per_ad, number) for number, ad in enumerate(world.ads)}
    return {
        "now": iso_utc(world.now()),
        "currency": world.currency,
        "account": _summed(list(ads.values())),
        "days": days,
        "campaigns": _grouped(world, ads, "campaign_id"),
        "adsets": _grouped(world, ads, "adset_id"),
        "ads": ads,
        "ad_days": _ad_days(world, figures),
        "objects": _objects(world),
    }


def _cells(world: World) -> dict[str, Ints]:
    first, last = world.figures.first_day, world.today()
    count = len(world.ads)
    figures = {
        name: world.figures.block(name, first, last, count)
        for name in ("impressions", "clicks", "link_clicks", "spend")
    }
    attributed = purchases(world, first, last)
    figures["conversions"], figures["revenue"] = attributed["purchase:default"], attributed["value:default"]
    figures.update(_own_orders(world, first, figures["spend"].shape))
    return figures


def _own_orders(world: World, first: int, shape: tuple[int, ...]) -> dict[str, Ints]:
    events = world.figures.orders
    come = events.converted <= world.simulated_until * 3600
    day = np.array([world.local(at).toordinal() - first for at in events.converted[come].tolist()], dtype=np.int64)
    result = {}
    for name, kind, weighs in (
        ("orders", PURCHASE, False),
        ("order_revenue", PURCHASE, True),
        ("refunds", REFUND, True),
    ):
        chosen = (events.kind[come] == kind) & (day < shape[0])
        weights = np.abs(events.value[come][chosen]) if weighs else None
        cell = day[chosen] * shape[1] + events.ad[come][chosen]
        result[name] = (
            np.round(np.bincount(cell, weights=weights, minlength=shape[0] * shape[1])).astype(np.int64).reshape(shape)
        )
    return result


MONEY = ("spend", "revenue", "order_revenue", "refunds")


def _totals(columns: dict[str, Ints], index: int) -> dict[str, Any]:
    return {name: int(column[index]) / 100 if name in MONEY else int(column[index]) for name, column in columns.items()}


def _summed(parts: list[dict[str, Any]]) -> dict[str, Any]:
    names = parts[0] if parts else {}
    return {name: round(sum(part[name] for part in parts), 2) for name in names}


def _grouped(world: World, ads: dict[str, dict[str, Any]], field: str) -> dict[str, Any]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for ad in world.ads:
        groups.setdefault(ad.data[field], []).append(ads[ad.id])
    return {key: _summed(parts) for key, parts in groups.items()}


def _ad_days(world: World, figures: dict[str, Ints]) -> list[dict[str, Any]]:
    rows, numbers = np.nonzero((figures["impressions"] > 0) | (figures["conversions"] > 0))
    columns = {name: block[rows, numbers] for name, block in figures.items()}
    return [
        {
            "day": date.fromordinal(world.figures.first_day + int(row)).isoformat(),
            "ad_id": world.ads[int(number)].id,
            **_totals(columns, index),
        }
        for index, (row, number) in enumerate(zip(rows, numbers, strict=True))
    ]


def _objects(world: World) -> list[dict[str, Any]]:
    shown = []
    for kind in (*LIVING, "creative"):
        for record in world.of_kind(kind):
            data = record.data
            shown.append(
                {
                    "id": record.id,
                    "kind": kind,
                    "name": data.get("name", ""),
                    "status": data.get("status"),
                    "effective_status": effective_status(world, record),
                    "campaign_id": data.get("campaign_id"),
                    "adset_id": data.get("adset_id"),
                    "creative_id": data.get("creative_id"),
                    "daily_budget": data.get("daily_budget"),
                    "labels": [world.objects[label].data["name"] for label in data.get("labels", [])],
                    "created_at": iso_utc(data["created_time"]),
                }
            )
    return shown


def orders(world: World, params: Params) -> dict[str, Any]:
    """The advertiser's own orders and refunds after `since`, oldest first: `limit`, and the rest of the last second.

    `value` is signed: refunds are negative. Orders without a click on an ad are none of this feed's.
    """
    try:
        since = epoch(params.text("since"), world.zone) if "since" in params else 0.0
        limit = max(int(params.text("limit", "1000")), 1)
    except ValueError as error:
        raise BadControl(str(error)) from None
    events = world.figures.orders
    chosen = np.nonzero(
        (events.kind != VIEW) & (events.converted > since) & (events.converted <= world.simulated_until * 3600)
    )[0]
    chosen = chosen[np.lexsort((events.key[chosen], events.converted[chosen]))]
    end = min(limit, len(chosen))
    while 0 < end < len(chosen) and events.converted[chosen[end]] == events.converted[chosen[end - 1]]:
        end += 1
    rows = [_order(world, int(index)) for index in chosen[:end]]
    return {
        "data": rows,
        "has_more": end < len(chosen),
        "next_since": rows[-1]["converted_at"] if rows else params.text("since"),
    }


def _order(world: World, index: int) -> dict[str, Any]:
    events = world.figures.orders
    return {
        "event_id": f"o{int(events.key[index]):016x}{'r' if events.kind[index] == REFUND else ''}",
        "ad_id": world.ads[int(events.ad[index])].id,
        "clicked_at": iso_utc(int(events.clicked[index])),
        "converted_at": iso_utc(int(events.converted[index])),
        "value": f"{int(events.value[index]) / 100:.2f}",
        "currency": world.currency,
        "kind": "refund" if events.kind[index] == REFUND else "purchase",
    }
