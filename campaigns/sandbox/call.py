"""One Graph API call on its way through the handlers, and the services they share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from campaigns.sandbox.delivery import Delivery
from campaigns.sandbox.faults import Faults
from campaigns.sandbox.insights import Insights
from campaigns.sandbox.limits import Limiter
from campaigns.sandbox.params import Params
from campaigns.sandbox.world import World


@dataclass(slots=True)
class Sandbox:
    """Everything one running sandbox consists of."""

    world: World
    delivery: Delivery
    insights: Insights
    faults: Faults = field(default_factory=Faults)
    limiter: Limiter = field(default_factory=Limiter)
    base_url: str = ""
    traces: int = 0  # answers so far


@dataclass(slots=True)
class Call:
    """A call: `path` without version."""

    sandbox: Sandbox
    method: str
    version: str
    path: list[str]
    params: Params

    @property
    def world(self) -> World:
        """The state."""
        return self.sandbox.world

    @property
    def name(self) -> str:
        """As faults see it."""
        return f"{self.method} /{'/'.join(self.path)}"

    @property
    def only_validates(self) -> bool:
        """`execution_options=["validate_only"]`."""
        return "validate_only" in self.params.items("execution_options")


Answer = dict[str, Any] | list[Any]
