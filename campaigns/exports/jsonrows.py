"""Answers of the Insights API: `{"data": […]}`, a bare list, or one object a line. Streamed object by object."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import IO, Any

from campaigns.exports.limits import MAX_COLUMNS, UnreadableError

CHUNK = 1 << 16
MAX_OBJECT_CHARACTERS = 4 * 1024**2
_DECODER = json.JSONDecoder(parse_float=str, parse_int=str)


def objects(text: IO[str]) -> Iterator[tuple[int, dict[str, object] | None]]:
    """(number, row), the row None where it is broken. Numbers stay text, so that no digit is lost."""
    buffer, number, is_inside = "", 0, False
    while True:
        piece = text.read(CHUNK)
        buffer += piece
        while True:
            if not is_inside:
                buffer, is_inside = _enter(buffer, ended=not piece)
                if not is_inside:
                    break
            buffer = buffer.lstrip(" \r\n\t,")
            if not buffer.startswith("{"):
                break
            try:
                row, end = _DECODER.raw_decode(buffer)
            except json.JSONDecodeError:
                break
            number += 1
            yield number, row if isinstance(row, dict) else None
            buffer = buffer[end:]
        if not piece or buffer[:1] == "]":
            if buffer.startswith("{"):
                yield number + 1, None
            return
        if len(buffer) > MAX_OBJECT_CHARACTERS:
            raise UnreadableError(
                "One object of the file is larger than 4 MB. This is not an answer of the Insights API."
            )


def _enter(buffer: str, ended: bool) -> tuple[str, bool]:
    """Past the opening of the list of rows: `[`, or `{"data": [`. A file of one object a line begins at once."""
    start = buffer.lstrip("\ufeff \r\n\t")
    if start.startswith("["):
        return start[1:], True
    head = start[:CHUNK].replace(" ", "").replace("\n", "").replace("\r", "").replace("\t", "")
    if head.startswith('{"data":['):
        return start[start.index("[") + 1 :], True
    if len(head) >= len('{"data":[') or ended:
        return start, start.startswith("{")
    return buffer, False


def read_header(rows: Iterable[tuple[int, dict[str, object] | None]]) -> list[str]:
    """Every column that occurs in any row, in order of first sight."""
    columns: dict[str, None] = {}
    for _, row in rows:
        if row is not None:
            columns.update(dict.fromkeys(flatten(row)))
        if len(columns) > MAX_COLUMNS:
            break
    return list(columns)


def flatten(row: dict[str, Any]) -> dict[str, str]:
    """`actions: [{action_type: lead, value: 6}]` becomes `actions:lead` = `6`; nested objects become text."""
    flat: dict[str, str] = {}
    for name, value in row.items():
        if isinstance(value, list):
            for item in value:
                if isinstance(item, dict) and "action_type" in item:
                    flat[f"{name}:{item['action_type']}"] = str(item.get("value", ""))
        elif value is not None:
            flat[name] = value if isinstance(value, str) else json.dumps(value)
    return flat
