"""What a person may ask to be done with an ad or a budget, as a change; or in words why not. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from enum import StrEnum

from campaigns.models import Ad, AdSet, Campaign, Status
from mediabuyer.agent.actions import pause_ad, scale_budget, switch_on_ad
from mediabuyer.agent.actions.base import budget_change
from mediabuyer.agent.context import Budget, PlannedChange
from mediabuyer.lib.errors import Invalid
from mediabuyer.lib.money import meta_offset, read_amount, round_to_currency

Node = Ad | AdSet | Campaign
LEVELS: dict[type[Node], str] = {Ad: "ad", AdSet: "ad_set", Campaign: "campaign"}
MOST_PERCENT = Decimal(500)


class Deed(StrEnum):
    PAUSE = "pause"
    SWITCH_ON = "switch_on"
    SET_BUDGET = "set_budget"
    CHANGE_BUDGET = "change_budget"


ACTION_OF = {
    Deed.PAUSE: pause_ad.ACTION,
    Deed.SWITCH_ON: switch_on_ad.ACTION,
    Deed.SET_BUDGET: scale_budget.ACTION,
    Deed.CHANGE_BUDGET: scale_budget.ACTION,
}


@dataclass(frozen=True)
class Wish:
    """One deed for everything that was chosen; `daily_budget` and `percent` where the deed needs them."""

    deed: Deed
    daily_budget: Decimal | None = None
    percent: Decimal | None = None


def deeds_for(nodes: Sequence[Node]) -> list[Deed]:
    """What can be done with at least one of them: ads are paused and switched on, budgets lie on what is above."""
    ads = sum(isinstance(node, Ad) for node in nodes)
    of_ads, of_budgets = [Deed.PAUSE, Deed.SWITCH_ON], [Deed.SET_BUDGET, Deed.CHANGE_BUDGET]
    return (of_ads if ads else []) + (of_budgets if ads < len(nodes) else [])


class Unfit(Exception):
    """The deed means nothing for this thing."""


def read_wish(deed: str, daily_budget: str, percent: str, currency: str) -> Wish:
    """From what was typed. Raises `Invalid` naming the field."""
    if deed not in set(Deed):
        raise Invalid("do", deed, "Say what should be done.", remedy=f"Choose one of: {', '.join(Deed)}.")
    if deed == Deed.SET_BUDGET:
        if not daily_budget:
            raise Invalid("daily_budget", "", "Say the new daily budget.", remedy="Write it like 60 or 62.50.")
        return Wish(Deed(deed), daily_budget=_budget(daily_budget, currency))
    if deed == Deed.CHANGE_BUDGET:
        return Wish(Deed(deed), percent=_percent(percent))
    return Wish(Deed(deed))


def _budget(text: str, currency: str) -> Decimal:
    amount = read_amount(text, currency, field="daily_budget")
    if not amount:
        remedy = "To stop the spending, pause the ads instead."
        raise Invalid("daily_budget", text, f"“{text}” is no daily budget.", remedy=remedy)
    return amount


def _percent(text: str) -> Decimal:
    """`20`, `+20`, `-10`, also with a real minus and a percent sign."""
    plain = text.strip().removesuffix("%").strip().replace("−", "-")
    is_cut, digits = plain.startswith("-"), plain.removeprefix("-" if plain.startswith("-") else "+")
    if not digits:
        raise Invalid("percent", text, "Say by how many percent.", remedy="Write it like 10 or -10.")
    amount = read_amount(digits, field="percent")
    if amount == 0 or amount > MOST_PERCENT or (is_cut and amount >= 100):
        raise Invalid("percent", text, f"“{text}” percent is no change of a budget.", remedy="Write it like 10 or -10.")
    return -amount if is_cut else amount


def plan_change(node: Node, wish: Wish, budgets: Mapping[str, Budget], currency: str) -> PlannedChange:
    """On the state as our tables have it now. Raises `Unfit` with the reason."""
    if node.status in (Status.ARCHIVED, Status.DELETED):
        raise Unfit("It is deleted or archived at Meta.")
    if wish.deed in (Deed.PAUSE, Deed.SWITCH_ON):
        return _status_change(node, Status.PAUSED if wish.deed == Deed.PAUSE else Status.ACTIVE)
    budget = budgets.get(node.external_id)
    if isinstance(node, Ad) or budget is None:
        raise Unfit(_where_the_budget_lies(node))
    after = _new_budget(budget.daily_budget, wish, currency)
    if after == budget.daily_budget:
        raise Unfit("That is the budget it has already.")
    return budget_change(budget, after)


def _status_change(node: Node, status: Status) -> PlannedChange:
    if not isinstance(node, Ad):
        raise Unfit("Only single ads are paused or switched on. Choose its ads.")
    if node.status == status:
        raise Unfit("It is paused already." if status == Status.PAUSED else "It is switched on already.")
    return PlannedChange(
        "set_status", "ad", node.external_id, node.name, {"status": str(status)}, {"status": node.status}
    )


def _where_the_budget_lies(node: Node) -> str:
    if isinstance(node, Ad):
        return "An ad has no budget of its own. Choose its ad set or campaign."
    if node.lifetime_budget is not None:
        return "It has a budget for its whole life; only daily budgets can be changed here."
    if isinstance(node, AdSet):
        return f"Its campaign “{node.campaign.name}” holds the budget. Choose the campaign."
    return "Its ad sets hold the budgets. Choose those."


def _new_budget(before: Decimal, wish: Wish, currency: str) -> Decimal:
    """Rounded so that the step is never larger than what was asked for."""
    if wish.daily_budget is not None:
        return round_to_currency(wish.daily_budget, currency)
    percent = wish.percent or Decimal(0)
    smallest = Decimal(1) / meta_offset(currency)
    return (before * (1 + percent / 100)).quantize(smallest, ROUND_FLOOR if percent > 0 else ROUND_CEILING)
