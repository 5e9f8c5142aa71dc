"""Edges that list objects: hiding, filtering, paging, summary."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from campaigns.sandbox.call import Call
from campaigns.sandbox.clock import epoch
from campaigns.sandbox.errors import bad_parameter
from campaigns.sandbox.filters import matches, read_conditions
from campaigns.sandbox.nodes import value_of
from campaigns.sandbox.params import Field, Params
from campaigns.sandbox.statuses import DELIVERY_INFO, GONE, STATUSES, effective_status
from campaigns.sandbox.world import LIVING, Record, World

DEFAULT_LIMIT, LARGEST_LIMIT = 25, 5000
EMPTIED = "."
ABOUT_STATUS = ("effective_status", "configured_status", "status", "delivery_info")  # these show what is gone, too


def cursor(number: int) -> str:
    """An opaque place in a list."""
    return base64.urlsafe_b64encode(f"at:{number}".encode()).decode().rstrip("=")


def place(text: str) -> int:
    """The number behind a cursor; code 100 for one that we did not make."""
    text = text.removesuffix(EMPTIED)
    try:
        decoded = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        return int(decoded.removeprefix("at:"))
    except ValueError:
        raise bad_parameter("Invalid cursors values", "after") from None


def _was_empty(call: Call) -> bool:
    """Whether the page before this one was emptied by the fault of that name."""
    return call.params.text("after").endswith(EMPTIED)


def limit_of(params: Params) -> int:
    """Page size."""
    limit = params.number("limit", DEFAULT_LIMIT)
    if limit < 1:
        raise bad_parameter("Param limit must be a positive integer", "limit")
    return min(limit, LARGEST_LIMIT)


def visible(call: Call, records: Sequence[Record]) -> list[Record]:
    """Without what the lag still hides, what is gone (unless asked for) and what filters exclude."""
    hidden_since = call.sandbox.faults.hidden_since()
    found = [record for record in records if record.born < hidden_since]
    statuses = [str(status).upper() for status in call.params.items("effective_status")]
    if unknown := [status for status in statuses if status not in STATUSES]:
        raise bad_parameter(
            f"Param effective_status[{statuses.index(unknown[0])}] must be one of {{{', '.join(STATUSES)}}}",
            "effective_status",
        )
    conditions = read_conditions(call.params)
    about_status = statuses or any(item["field"].rpartition(".")[2] in ABOUT_STATUS for item in conditions)
    if statuses:
        found = [record for record in found if effective_status(call.world, record) in statuses]
    elif not about_status:
        found = [
            record
            for record in found
            if record.kind not in (*LIVING, "creative", "image", "label") or record.data.get("status") not in GONE
        ]
    for condition in conditions:
        found = [record for record in found if passes(call.world, record, condition)]
    return found


def passes(world: World, record: Record, condition: dict[str, Any]) -> bool:
    """One filtering condition; `campaign.`, `adset.`, `ad.` prefixes reach upwards, labels match by id or name."""
    name, operator, wanted = str(condition.get("field", "")), str(condition.get("operator", "")), condition.get("value")
    kind, dot, rest = name.partition(".")
    if dot and kind in LIVING:
        if kind != record.kind:
            above = world.get(str(record.data.get(f"{kind}_id", "")))
            if above is None:
                raise bad_parameter(f"Filtering field {name} is invalid", "filtering")
            record = above
        name = rest
    if name in ("adlabels", "ad_labels", "adlabel_ids"):
        labels = record.data.get("labels", [])
        return matches([*labels, *(world.objects[label].data["name"] for label in labels)], operator, wanted)
    if name == "delivery_info":
        return matches(DELIVERY_INFO[effective_status(world, record)], operator, wanted)
    if name in ("created_time", "updated_time", "start_time", "end_time"):
        return matches(record.data.get(name), operator, _moment(world, wanted))
    return matches(record.id if name == "id" else value_of(world, record, Field(name)), operator, wanted)


def _moment(world: World, wanted: Any) -> Any:
    """Times are compared as seconds, whether they come as such or in ISO 8601."""
    try:
        return epoch(str(wanted), world.zone)
    except ValueError:
        return wanted


def page_of(call: Call, records: Sequence[Record], newest_first: bool = True) -> tuple[list[Record], dict[str, Any]]:
    """One page of records, and its `paging` object. Cursors hold the sequence number, so later objects move nothing."""
    ordered = sorted(records, key=lambda record: record.seq, reverse=newest_first)
    if "after" in call.params:
        after = place(call.params.text("after"))
        ordered = [record for record in ordered if (record.seq < after if newest_first else record.seq > after)]
    elif "before" in call.params:
        before = place(call.params.text("before"))
        ordered = [record for record in ordered if (record.seq > before if newest_first else record.seq < before)]
        ordered = ordered[-limit_of(call.params) :]
    page = ordered[: limit_of(call.params)]
    if not page:
        return [], {}
    has_more = len(ordered) > len(page)
    if len(page) > 1 and call.sandbox.faults.hits("lost_row", call.name):
        page = [page[0], *page[2:]]
    if "after" in call.params and not _was_empty(call) and call.sandbox.faults.hits("empty_page", call.name):
        return [], paging(call, cursor(page[0].seq), call.params.text("after") + EMPTIED, True)
    if has_more and call.sandbox.faults.hits("duplicate_page", call.name):
        return page, paging(call, cursor(page[0].seq), cursor(page[len(page) // 2].seq), has_more)
    return page, paging(call, cursor(page[0].seq), cursor(page[-1].seq), has_more)


def paging(call: Call, before: str, after: str, has_more: bool) -> dict[str, Any]:
    """`paging` with cursors, and `next` only when there is more."""
    result: dict[str, Any] = {"cursors": {"before": before, "after": after}}
    if has_more:
        kept = {
            name: value
            for name, value in call.params.values.items()
            if name not in ("after", "before") and isinstance(value, str)
        }
        query = urlencode({**kept, "after": after})
        result["next"] = f"{call.sandbox.base_url}/{call.version}/{'/'.join(call.path)}?{query}"
    return result


def summary_of(call: Call, total: int) -> dict[str, Any]:
    """`summary` when asked for."""
    wanted = call.params.text("summary").lower()
    return {"summary": {"total_count": total}} if wanted and wanted not in ("false", "0") else {}


def rows_answer(call: Call, rows: list[Any], total: int, offset: int) -> dict[str, Any]:
    """A page of rows that have no ids, addressed by offset."""
    answer: dict[str, Any] = {"data": rows}
    has_more = offset + len(rows) < total
    if rows and "after" in call.params and not _was_empty(call) and call.sandbox.faults.hits("empty_page", call.name):
        return {"data": [], "paging": paging(call, cursor(offset), cursor(offset) + EMPTIED, True)}
    if rows:
        repeated = len(rows) // 2 if has_more and call.sandbox.faults.hits("duplicate_page", call.name) else 0
        answer["paging"] = paging(call, cursor(offset), cursor(offset + len(rows) - repeated), has_more)
    return answer | summary_of(call, total)
