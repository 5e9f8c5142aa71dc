"""Requests as clients send them: query, form, multipart, JSON; lists as JSON or with commas; nested fields."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl

from campaigns.sandbox.errors import GraphError, bad_parameter


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a multipart body."""

    name: str
    content: bytes


@dataclass(slots=True)
class Params:
    """The parameters of one call. Values are texts, or decoded JSON where the body was JSON."""

    values: dict[str, Any] = field(default_factory=dict)
    files: dict[str, Upload] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return self.values.get(name) not in (None, "")

    def text(self, name: str, default: str = "") -> str:
        """As text."""
        value = self.values.get(name)
        return default if value is None else str(value)

    def number(self, name: str, default: int = 0) -> int:
        """As a whole number; code 100 when it is none."""
        if name not in self:
            return default
        try:
            return int(float(self.text(name)))
        except ValueError:
            raise bad_parameter(f"Param {name} must be an integer", name) from None

    def flag(self, name: str, default: bool = False) -> bool:
        """true, 1 and their kin."""
        return self.text(name).lower() in ("true", "1", "yes") if name in self else default

    def json(self, name: str, default: Any = None) -> Any:
        """As decoded JSON; code 100 when it is broken."""
        value = self.values.get(name)
        if value is None or not isinstance(value, str):
            return default if value is None else value
        try:
            return json.loads(value)
        except ValueError:
            raise bad_parameter(f"Param {name} is not valid JSON", name) from None

    def items(self, name: str) -> list[Any]:
        """As a list, whether sent as JSON or with commas."""
        value = self.values.get(name)
        if isinstance(value, str) and value.lstrip().startswith(("[", "{")):
            value = self.json(name)
        if value in (None, ""):
            return []
        if isinstance(value, dict):
            return [value]
        return value if isinstance(value, list) else [part.strip() for part in str(value).split(",") if part.strip()]


def read_params(query: str, content_type: str, body: bytes) -> Params:
    """Query and body together; the body wins."""
    params = Params(dict(parse_qsl(query, keep_blank_values=True)))
    if not body:
        return params
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json":
        decoded = _decoded(body)
        params.values.update(decoded if isinstance(decoded, dict) else {"batch": decoded})
    elif kind == "multipart/form-data":
        _read_multipart(params, content_type, body)
    else:
        params.values.update(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    return params


def _decoded(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        raise GraphError(100, "(#100) The request body is not valid JSON") from None


def _read_multipart(params: Params, content_type: str, body: bytes) -> None:
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    for part in message.iter_parts():
        name = str(part.get_param("name", header="content-disposition") or "")
        content = part.get_payload(decode=True) or b""
        assert isinstance(content, bytes)
        if (file_name := part.get_filename()) is not None:
            params.files[name] = Upload(file_name, content)
        else:
            params.values[name] = content.decode("utf-8", "replace")


@dataclass(slots=True)
class Field:
    """One wanted field: its modifiers (`.limit(5)`) and the fields wanted inside it."""

    name: str
    modifiers: dict[str, str] = field(default_factory=dict)
    inner: list[Field] = field(default_factory=list)


def wanted_fields(params: Params, name: str = "fields") -> list[Field]:
    """The parsed `fields` parameter, sent as JSON list or as text with nesting."""
    value = params.values.get(name)
    if value in (None, ""):
        return []
    if isinstance(value, str) and value.lstrip().startswith("["):
        value = params.json(name)
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    found, end = _parse(text, 0)
    if end != len(text):
        raise GraphError(2500, f'Syntax error "Unexpected character" at character {end}: {text}')
    return found


def _parse(text: str, at: int) -> tuple[list[Field], int]:
    """Comma-separated fields up to the closing brace or the end."""
    fields: list[Field] = []
    while at < len(text) and text[at] != "}":
        if text[at] in ", ":
            at += 1
            continue
        item, at = _parse_one(text, at)
        fields.append(item)
    return fields, at


def _parse_one(text: str, at: int) -> tuple[Field, int]:
    start = at
    while at < len(text) and text[at] not in ",{}.( ":
        at += 1
    item = Field(text[start:at])
    while at < len(text) and text[at] == ".":
        opening = text.find("(", at)
        if opening < 0:
            raise GraphError(2500, f'Syntax error "Expected (" at character {at}: {text}')
        closing = _matching(text, opening)
        item.modifiers[text[at + 1 : opening].strip()] = text[opening + 1 : closing]
        at = closing + 1
    if at < len(text) and text[at] == "{":
        item.inner, at = _parse(text, at + 1)
        if at >= len(text):
            raise GraphError(2500, f'Syntax error "Expected end of string instead of {{" at character {at}: {text}')
        at += 1
    if at == start:
        raise GraphError(2500, f'Syntax error "Unexpected character" at character {at}: {text}')
    return item, at


def _matching(text: str, opening: int) -> int:
    depth = 0
    for at in range(opening, len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return at
    raise GraphError(2500, f'Syntax error "Expected )" at character {opening}: {text}')
