"""Structured logs: JSON lines with the request's id, and no secret in any of them."""

from __future__ import annotations

import logging
import re
from collections.abc import MutableMapping
from typing import Any

import structlog

NAMES = "token|appsecret_proof|app_secret|client_secret|secret_key|password|authorization|credentials"
SECRET = re.compile(rf"(?i)({NAMES})([\\\"']*\s*(?:[=:]|%3D|%3A)\s*[\\\"']*(?:bearer |token )?)([^\s&\"'\\,}}]+)")
"""In addresses, JSON (also JSON inside JSON), headers and the way Python prints dictionaries."""
SECRET_NAME = re.compile(rf"(?i)(?:{NAMES})$")
OURS = re.compile(r"\b(?:EAA[A-Za-z0-9]{16,}|mb_[A-Za-z0-9_-]{20,})")
"""Meta's tokens and our own are known by their looks."""
DSN = re.compile(r"(://[^:/\s]+:)[^@/\s]+(@)")


def redact(text: str) -> str:
    """Blanks out values that follow the name of a secret, tokens by their looks, and passwords inside addresses."""
    return DSN.sub(r"\1***\2", OURS.sub("***", SECRET.sub(r"\1\2***", text)))


def _redact_values(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in entry.items():
        entry[key] = _clean(key, value)
    return entry


def _clean(name: str, value: Any) -> Any:
    if SECRET_NAME.search(name) and value:
        return "***"
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {key: _clean(str(key), each) for key, each in value.items()}
    return [_clean("", each) for each in value] if isinstance(value, list | tuple | set) else value


SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    _redact_values,
]


def formatter() -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=SHARED,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer()],
    )


structlog.configure(
    processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    return structlog.get_logger(name)
