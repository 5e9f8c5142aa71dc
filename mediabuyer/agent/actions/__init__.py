"""What the agent can want. To add an action is to add a module and a line here."""

from __future__ import annotations

from mediabuyer.agent.actions import pause_ad, refresh_creative, scale_budget, shift_budget, switch_on_ad
from mediabuyer.agent.actions.base import Action

ACTIONS: tuple[Action, ...] = (
    pause_ad.ACTION,
    scale_budget.ACTION,
    shift_budget.ACTION,
    refresh_creative.ACTION,
    switch_on_ad.ACTION,
)
BY_SLUG = {action.slug: action for action in ACTIONS}
