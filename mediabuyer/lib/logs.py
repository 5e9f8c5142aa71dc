"""Structured logs: JSON lines with the request's id, and no secret in any of them."""

from __future__ import annotations

import logging
import re
from collections.abc import MutableMapping
from typing import Any

import structlog

SECRET = re.compile(
    r"(?i)(access_token|appsecret_proof|client_secret|password|authorization|token)"
    r"(\"?\s*[=:]\s*\"?(?:bearer |token )?)([^\s&\"',}]+)"
)
DSN = re.compile(r"(\w+://[^:/\s]+:)[^@/\s]+(@)")


def redact(text: str) -> str:
    """Blanks out values that follow the name of a secret, and passwords inside addresses."""
    return DSN.sub(r"\1***\2", SECRET.sub(r"\1\2***", text))


def _redact_values(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in entry.items():
        if isinstance(value, str):
            entry[key] = redact(value)
    return entry


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
