"""Answers for nodes and lists with nested fields: `creative{id,body}`, `ads.limit(5){name}`, `insights{spend}`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from campaigns.sandbox.call import Call
from campaigns.sandbox.listing import page_of, summary_of, visible
from campaigns.sandbox.nodes import value_of
from campaigns.sandbox.params import Field, Params, wanted_fields
from campaigns.sandbox.world import Record

NestedEdge = Callable[[Call, Record], dict[str, Any]]
_nested: dict[tuple[str, str], NestedEdge] = {}


def nested_edges(edges: dict[tuple[str, str], NestedEdge]) -> None:
    """Tell which edges of a kind may be asked for as fields."""
    _nested.update(edges)


def node(call: Call, record: Record, fields: list[Field]) -> dict[str, Any]:
    """One object with its wanted fields; edges among them answer with `{"data": […]}`."""
    result: dict[str, Any] = {}
    for wanted in fields:
        edge = _nested.get((record.kind, wanted.name))
        if edge is not None:
            nested = edge(_nested_call(call, record, wanted), record)
            if nested.get("data"):
                result[wanted.name] = nested
            continue
        value = _reference(call, record, wanted)
        if value is None:
            value = value_of(call.world, record, wanted, call.params.text("date_format"))
        if value is not None:
            result[wanted.name] = value
    result["id"] = record.id
    return result


def _reference(call: Call, record: Record, wanted: Field) -> Any:
    """A linked object with edges or links inside; plain fields are left to the node."""
    linked = {"creative": "creative_id", "adset": "adset_id", "campaign": "campaign_id"}.get(wanted.name)
    other = call.world.get(str(record.data.get(linked, ""))) if linked and wanted.inner else None
    return node(call, other, wanted.inner) if other else None


def _nested_call(call: Call, record: Record, wanted: Field) -> Call:
    values: dict[str, Any] = dict(wanted.modifiers)
    if wanted.inner:
        values["fields"] = ",".join(map(text_of, wanted.inner))
    token: dict[str, Any] = {
        name: call.params.values[name] for name in ("access_token", "date_format") if name in call.params.values
    }
    return replace(call, path=[record.id, wanted.name], params=Params({**token, **values}))


def text_of(wanted: Field) -> str:
    """A parsed field written out again."""
    modifiers = "".join(f".{name}({value})" for name, value in wanted.modifiers.items())
    inner = "{" + ",".join(map(text_of, wanted.inner)) + "}" if wanted.inner else ""
    return wanted.name + modifiers + inner


def listed(call: Call, records: Sequence[Record], newest_first: bool = True) -> dict[str, Any]:
    """A list edge: filtered, paged, with the wanted fields (only `id` by default)."""
    found = visible(call, records)
    page, paging = page_of(call, found, newest_first)
    fields = wanted_fields(call.params)
    answer: dict[str, Any] = {"data": [node(call, record, fields) for record in page]}
    if paging:
        answer["paging"] = paging
    return answer | summary_of(call, len(found))
