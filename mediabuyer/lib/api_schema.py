"""What the API's description says of every operation alike: how it refuses, and how a POST may be repeated."""

from __future__ import annotations

from typing import Any

REFUSALS = {
    "400": "The content is not as described; each field is named with what is wrong with it.",
    "401": "No token, or one that is unknown, expired or revoked.",
    "403": "The token's scope or the person's role does not allow this.",
    "404": "There is no such thing, or not for this token.",
    "422": "A value cannot be used; `field`, `value` and `remedy` say which and what to do.",
    "429": "Too many wrong tokens from this address.",
}
REFUSALS_OF_WRITES = {
    "409": "It changed or was decided meanwhile, or a guardrail is against it. Nothing was done.",
    "413": "The body is too large.",
    "415": "Send JSON, or a form where there is a file.",
}
PROBLEM = {
    "type": "object",
    "properties": {
        "detail": {"type": "string", "description": "What happened, in words."},
        "remedy": {"type": "string", "description": "What can be done about it."},
        "field": {"type": "string"},
        "value": {"type": "string"},
        "reference": {"type": "string", "description": "Of this request, as in the header X-Request-ID."},
    },
    "additionalProperties": True,
}
REPEAT = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": 100},
    "description": "Yours, new for each request. Repeating the request with it within 24 hours gives the first answer.",
}


def describe_refusals(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A post-processing hook of drf-spectacular."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for operations in result["paths"].values():
        for method, operation in operations.items():
            is_write = method == "post"
            for status, words in (REFUSALS | (REFUSALS_OF_WRITES if is_write else {})).items():
                operation["responses"].setdefault(status, {"description": words, "content": content})
            if is_write:
                operation.setdefault("parameters", []).append(REPEAT)
    return result
