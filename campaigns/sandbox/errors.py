"""Graph API errors: the envelope of every refusal, and the ones used often."""

from __future__ import annotations

import json
from typing import Any


class GraphError(Exception):
    """A refusal as Meta words it. `blame` is a list of field paths and travels as a JSON string inside `error_data`."""

    def __init__(
        self,
        code: int,
        message: str,
        *,
        subcode: int | None = None,
        kind: str = "OAuthException",
        title: str = "",
        text: str = "",
        blame: list[str] | None = None,
        transient: bool = False,
        status: int = 400,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.subcode, self.kind = code, message, subcode, kind
        self.title, self.text, self.blame, self.transient = title, text, blame, transient
        self.status = status
        self.headers = headers or {}

    def envelope(self, trace: str) -> dict[str, Any]:
        """The `{"error": …}` object; optional members only where they are set."""
        error: dict[str, Any] = {"message": self.message, "type": self.kind, "code": self.code}
        if self.blame:
            error["error_data"] = json.dumps({"blame_field_specs": [[name] for name in self.blame]})
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        error["is_transient"] = self.transient
        if self.title:
            error["error_user_title"] = self.title
            error["error_user_msg"] = self.text or self.title
        error["fbtrace_id"] = trace
        return {"error": error}


def invalid(subcode: int | None, title: str, text: str = "", *blame: str) -> GraphError:
    """Code 100, "Invalid parameter", with the subcode that says which."""
    return GraphError(100, "Invalid parameter", subcode=subcode, title=title, text=text, blame=list(blame) or None)


def missing_parameter(name: str) -> GraphError:
    """Code 100 for a required parameter that was not sent."""
    return GraphError(100, f"(#100) The parameter {name} is required", blame=[name])


def not_one_of(name: str, allowed: list[str]) -> GraphError:
    """Code 100 for a value outside its enum."""
    return GraphError(100, f"(#100) Param {name} must be one of {{{', '.join(allowed)}}}", blame=[name])


def bad_parameter(message: str, *blame: str) -> GraphError:
    """Code 100 with a message of its own."""
    return GraphError(100, f"(#100) {message}", blame=list(blame) or None)


def no_such_object(object_id: str, method: str = "get") -> GraphError:
    """100/33: missing, invisible, or not capable of this operation; Meta does not tell them apart."""
    return GraphError(
        100,
        f"Unsupported {method.lower()} request. Object with ID '{object_id}' does not exist, cannot be loaded due "
        "to missing permissions, or does not support this operation. Please read the Graph API documentation at "
        "https://developers.facebook.com/docs/graph-api",
        subcode=33,
        kind="GraphMethodException",
    )


def unknown_path(path: str) -> GraphError:
    """2500: the path cannot be read as node and edge."""
    return GraphError(2500, f"Unknown path components: /{path}")
