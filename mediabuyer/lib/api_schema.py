"""What the API's description says of every operation alike: how it refuses, and how a POST may be repeated."""

from __future__ import annotations

from typing import Any

REFUSALS = {
    "400": "The content or a parameter is not as described; `errors` names each field with what is wrong with it.",
    "401": "No token, or one that is unknown, expired or revoked.",
    "403": "The token's scope or the person's role does not allow this.",
    "404": "There is no such thing, or not for this token.",
    "422": "A value cannot be used; `errors` names it and `remedy` says what to do.",
    "429": "Too many wrong tokens from this address.",
}
REFUSALS_OF_WRITES = {
    "409": "It changed or was decided meanwhile, or a guardrail is against it. Nothing was done.",
    "413": "The body is too large.",
    "415": "Send JSON, or a form where there is a file.",
}
PROBLEM = {
    "type": "object",
    "required": ["detail", "reference"],
    "properties": {
        "detail": {"type": "string", "description": "What happened, in a sentence."},
        "remedy": {"type": "string", "description": "What can be done about it."},
        "errors": {
            "type": "object",
            "description": "Where fields or parameters are at fault: their names, each with what is wrong with it. "
            "Of nested ones the path: `answers.currency`, `0.value`.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
        "field": {"type": "string", "description": "With 422: the field, once more."},
        "value": {"type": "string", "description": "With 422: the value that cannot be used."},
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
