"""A person's proposal: what they chose becomes decisions like any other, which somebody else approves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from campaigns.models import Ad, AdAccount, AdSet, Campaign
from campaigns.result_kinds import kinds_of, one_result
from mediabuyer.agent.context import Budget, Finding, Observation, PlannedChange, Severity
from mediabuyer.agent.decide import Author, decide_one
from mediabuyer.agent.guard import Guarded, guard_one
from mediabuyer.agent.guardrails import evaluate
from mediabuyer.agent.models import Decision
from mediabuyer.agent.observe import Ground, budgets_of, context_for, limits_of, read_ground
from mediabuyer.agent.plan import OPEN
from mediabuyer.agent.recall import recall_about
from mediabuyer.agent.snapshots import last_seen, observation_of
from mediabuyer.agent.wish import ACTION_OF, LEVELS, Node, Unfit, Wish, plan_change
from mediabuyer.brands.models import Token, User
from mediabuyer.brands.permissions import Right, require
from mediabuyer.lib.errors import Invalid
from portfolio.models import Goal
from portfolio.performance import evaluation_day
from portfolio.reference import reference_of

MOST = 100
"""Things proposed at once: what fits an address, and what somebody can still weigh."""


@dataclass(frozen=True)
class Item:
    """One thing that was chosen: how it would be proposed, or in words why not; afterwards the decision it became."""

    node: Node
    guarded: Guarded | None = None
    problem: str = ""
    decision: Decision | None = None
    open: Decision | None = None
    """An open decision that is in the way."""

    @property
    def level(self) -> str:
        return LEVELS[type(self.node)]

    @property
    def changes(self) -> tuple[PlannedChange, ...]:
        """What would be sent; nothing where it is not proposed."""
        return self.guarded.proposal.changes if self.guarded and not self.problem else ()


def read_nodes(account: AdAccount, keys: Iterable[UUID]) -> list[Node]:
    """Ads, ad sets and campaigns of this account by key, in the order given, each once. Others are left out."""
    wanted = list(dict.fromkeys(keys))
    found: dict[UUID, Node] = {}
    for rows in (
        Campaign.objects.filter(account=account, key__in=wanted, is_placeholder=False),
        AdSet.objects.filter(account=account, key__in=wanted, is_placeholder=False).select_related("campaign"),
        Ad.objects.filter(account=account, key__in=wanted, is_placeholder=False).select_related("ad_set", "campaign"),
    ):
        found |= {row.key: row for row in rows}
    return [found[key] for key in wanted if key in found]


def preview(account: AdAccount, nodes: Sequence[Node], wish: Wish, now: datetime) -> list[Item]:
    """What would become of each, on our tables as they are now; writes nothing."""
    seen, taken, ground = see(account, now), open_by_id(account), read_ground(account, now)
    return [_weigh(ground, node, wish, seen, taken) for node in nodes]


def propose_by_person(
    account: AdAccount,
    person: User,
    nodes: Sequence[Node],
    wish: Wish,
    reason: str,
    now: datetime,
    via: Token | None = None,
) -> list[Item]:
    """One decision an item, asked for by this person and waiting for another one's yes.

    What a guardrail forbids, or what an open decision speaks about already, is named and not made; the others are.
    """
    require(person, Right.PROPOSE, account.brand)
    if not reason.strip():
        raise Invalid("reason", reason, "A proposal needs a reason.", remedy="Say why, for whoever decides.")
    if not 0 < len(nodes) <= MOST:
        raise Invalid("items", len(nodes), f"Between 1 and {MOST} at once.", remedy="Choose fewer, or something.")
    author = Author(account, now, person=person, via=via)
    return [_propose(author, item, reason) for item in preview(account, nodes, wish, now)]


def weigh_together(account: AdAccount, items: Sequence[Item], now: datetime) -> list[Finding]:
    """What the guardrails would refuse if all were approved, though each alone may go."""
    changes = [change for item in items for change in item.changes]
    if len(changes) < 2:
        return []
    return [one for one in evaluate(context_for(account, changes, now)) if _is_new_block(one, items)]


def _is_new_block(finding: Finding, items: Sequence[Item]) -> bool:
    alone = {one.message for item in items if item.guarded for one in item.guarded.findings}
    return finding.severity == Severity.BLOCK and finding.message not in alone


def see(account: AdAccount, now: datetime) -> Observation:
    """Figures as the last cycle saw them; budgets and limits as they are now. No figures where no cycle ran."""
    goal, kinds, last = Goal.current(account), kinds_of(account), observation_of(last_seen(account))
    today = evaluation_day(account, now)
    reference = reference_of(account, today)
    fresh = Observation(
        account_key=str(account.key),
        mode=account.mode,
        currency=account.currency,
        now=now,
        today=today,
        synced_at=account.synced_at,
        limits=limits_of(account),
        margin=goal.margin,
        target_cpa=goal.target_cpa,
        reference_cpa=reference.cpa,
        reference_from=reference.source,
        result=one_result(kinds),
        results_are_mixed=len(kinds) > 1,
        ads=(),
        budgets=tuple(budgets_of(account)),
    )
    if last is None:
        return fresh
    known = {one.external_id: one for one in last.budgets}
    budgets = tuple(_with_figures(one, known.get(one.external_id)) for one in fresh.budgets)
    return replace(fresh, ads=last.ads, budgets=budgets, bar=last.bar, valued_by=last.valued_by)


def _with_figures(budget: Budget, known: Budget | None) -> Budget:
    if known is None:
        return budget
    return replace(
        budget,
        spend_7d=known.spend_7d,
        payout_per_spend=known.payout_per_spend,
        low=known.low,
        high=known.high,
        draws=known.draws,
    )


def open_by_id(account: AdAccount) -> dict[str, Decision]:
    """What open decisions speak about, by Meta's id: nothing else can be proposed for it until they are over."""
    taken: dict[str, Decision] = {}
    known = ("key", "account", "title", "state", "subject_id", "changes")
    for row in Decision.objects.filter(account=account, state__in=OPEN).only(*known):
        for external_id in (row.subject_id, *(change["external_id"] for change in row.changes)):
            taken.setdefault(external_id, row)
    return taken


def _weigh(ground: Ground, node: Node, wish: Wish, seen: Observation, taken: dict[str, Decision]) -> Item:
    wanted = ACTION_OF[wish.deed].wanted
    assert wanted is not None
    try:
        change = plan_change(node, wish, {one.external_id: one for one in seen.budgets}, ground.account.currency)
    except Unfit as error:
        return Item(node, problem=str(error))
    guarded = guard_one(ground, wanted(change, seen), seen)
    if node.external_id in taken:
        return _collided(Item(node, guarded), taken[node.external_id])
    if guarded.verdict == Severity.BLOCK and not (ground.account.is_read_only and guarded.is_left):
        blocks = [one.message for one in guarded.findings if one.severity == Severity.BLOCK]
        return Item(node, guarded, " ".join(blocks))
    return Item(node, guarded)


def _collided(item: Item, other: Decision) -> Item:
    return replace(item, problem=f"An open decision speaks about it already: {other.title}.", open=other)


def _propose(author: Author, item: Item, reason: str) -> Item:
    if item.problem or item.guarded is None:
        return item
    if other := open_by_id(author.account).get(item.node.external_id):  # made beside us since the preview
        return _collided(item, other)
    proposal = replace(item.guarded.proposal, why=f"{author.person} asks for it: {reason.strip()}")
    remembered = {proposal.action: recall_about(author.account, proposal, author.now)}
    decision = decide_one(author, replace(item.guarded, proposal=proposal), remembered)
    if decision is None:
        return replace(item, problem="Somebody proposed the same a moment ago.")
    return replace(item, decision=decision)


def rise_of(items: Iterable[Item]) -> Decimal:
    """By how much the daily budgets together would grow."""
    return sum((change.budget_rise for item in items for change in item.changes), Decimal(0))
