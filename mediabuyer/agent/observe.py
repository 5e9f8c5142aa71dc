"""What is so right now: pulls fresh rows from the platform, and gathers what guardrails need to judge a change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import F, Q, QuerySet, Sum

from campaigns.live import missing_for_live
from campaigns.models import META_EXPOSURE, Ad, AdAccount, AdSet, Campaign, Change, InsightDay, Operation, Status
from campaigns.models.tree import finest_told
from campaigns.result_kinds import kinds_of, one_result, several_results
from campaigns.sync import sync_comments, sync_insights, sync_structure
from mediabuyer.agent.by_rule import moved_by_rule
from mediabuyer.agent.context import AdFigures, Budget, Context, Limits, PlannedChange, RecentChange, planned_from
from mediabuyer.agent.models import Cycle, Decision
from mediabuyer.agent.steps import Note
from portfolio.conversions import sync_conversions
from portfolio.performance import evaluation_day
from portfolio.reference import Price, prices_by_ad, reference_of

RECENT = timedelta(days=14)


@dataclass(frozen=True)
class Pulled:
    """What the pull brought: rows read, and nothing where the account is an import."""

    insights: int = 0
    conversions: int = 0


def pull(account: AdAccount, now: datetime, note: Note) -> Pulled:
    """Structure, insights, comments, conversions. An imported account has nothing to pull."""
    if account.is_read_only:
        days = InsightDay.objects.filter(account=account).count()
        note.say(f"Read what {days:,} stored rows of imported files tell. There is nothing to pull.", rows=days)
        return Pulled(days, 0)
    note.wait_for("Meta: campaigns, ad sets, ads")
    sync_structure(account, now)
    note.wait_for("Meta: insights of the last 28 days")
    run = sync_insights(account, now)
    note.wait_for("Meta: comments")
    sync_comments(account, now)
    note.wait_for("Orders")
    orders = sync_conversions(account, now)
    account.refresh_from_db()
    note.say(
        f"Read {run.rows:,} rows of insights and {orders:,} new order{'' if orders == 1 else 's'}.",
        rows=run.rows,
        orders=orders,
    )
    return Pulled(run.rows, orders)


def limits_of(account: AdAccount) -> Limits:
    return Limits(
        daily_cap=account.daily_cap,
        ad_set_cap=account.ad_set_cap,
        approval_over=account.approval_over,
        budget_step=account.budget_step,
        cooldown=timedelta(hours=account.cooldown_hours),
    )


def budgets_of(account: AdAccount) -> list[Budget]:
    """Every daily budget where it really lies, with the ads that it feeds. Learning is the gravest of its ad sets."""
    ads: dict[int, list[str]] = {}
    rows = Ad.objects.filter(account=account).exclude(status__in=[Status.DELETED, Status.ARCHIVED])
    for ad_id, ad_set_id in rows.values_list("external_id", "ad_set_id"):
        ads.setdefault(ad_set_id, []).append(ad_id)
    sets: dict[int, list[AdSet]] = {}
    for one in AdSet.objects.filter(account=account).select_related("campaign"):
        sets.setdefault(one.campaign_id, []).append(one)
    found: list[Budget] = []
    for campaign in Campaign.objects.filter(account=account, is_placeholder=False):
        own = sets.get(campaign.pk, [])
        if campaign.daily_budget is not None:
            found.append(_budget("campaign", campaign, campaign, own, ads))
        found += [_budget("ad_set", one, campaign, [one], ads) for one in own if one.daily_budget is not None]
    return found


def _budget(
    level: str, node: Campaign | AdSet, campaign: Campaign, sets: list[AdSet], ads: dict[int, list[str]]
) -> Budget:
    assert node.daily_budget is not None
    learning = [one for one in sets if one.learning_status == "LEARNING"]
    edits = [one.last_significant_edit_at for one in sets if one.last_significant_edit_at]
    return Budget(
        level=level,
        external_id=node.external_id,
        name=node.name,
        campaign_id=campaign.external_id,
        daily_budget=node.daily_budget,
        is_active=node.status == Status.ACTIVE and campaign.status == Status.ACTIVE,
        spend_7d=Decimal(0),
        learning_status="LEARNING" if learning else (sets[0].learning_status if sets else ""),
        learning_conversions=sum(one.learning_conversions for one in learning or sets),
        last_edit_at=max(edits, default=None),
        ad_ids=tuple(ad for one in sets for ad in ads.get(one.pk, ())),
    )


def committed(budgets: Iterable[Budget]) -> Decimal:
    """Daily budgets in force at the platform."""
    return sum((budget.daily_budget for budget in budgets if budget.is_active), Decimal(0))


def committed_now(account: AdAccount) -> Decimal:
    """The same straight from the tables, for pages that need the sum only."""
    on = {"account": account, "status": Status.ACTIVE, "daily_budget__isnull": False}
    campaigns = Campaign.objects.filter(**on, is_placeholder=False)
    sets = AdSet.objects.filter(**on, campaign__status=Status.ACTIVE, campaign__is_placeholder=False)
    sums = (rows.aggregate(sum=Sum("daily_budget"))["sum"] for rows in (campaigns, sets))
    return sum((one or Decimal(0) for one in sums), Decimal(0))


def open_rises(account: AdAccount, but_not: Decision | None) -> Decimal:
    """Rises that other decisions may still carry out: approved, being sent, or of unknown outcome."""
    others = Decision.objects.filter(account=account).open()
    if but_not is not None:
        others = others.exclude(pk=but_not.pk)
    done = set(
        Change.objects.filter(
            account=account, operation__decision_key__in=others.values("key"), state="done"
        ).values_list("operation__decision_key", "external_id")
    )
    rises = Decimal(0)
    for key, changes in others.values_list("key", "changes"):
        for change in planned_from(changes):
            if (key, change.external_id) not in done:
                rises += max(change.budget_rise, Decimal(0))
    return rises


def lifetime_left(account: AdAccount) -> Decimal:
    """What running lifetime budgets still hold. Meta spreads them as it likes, so all of it may go on one day."""
    running = {"account": account, "status": Status.ACTIVE}
    campaigns = Campaign.objects.filter(**running)
    return _left(campaigns) + _left(AdSet.objects.filter(**running, campaign__status=Status.ACTIVE))


def lifetime_switched_on(account: AdAccount, changes: Iterable[PlannedChange]) -> Decimal:
    """What lifetime budgets hold that rest now and would run: of what is switched on, and of all that lies below it."""
    on = [change.external_id for change in changes if change.activates]
    if not on:
        return Decimal(0)
    campaigns = Campaign.objects.filter(account=account, external_id__in=on)
    sets = AdSet.objects.filter(Q(external_id__in=on) | Q(campaign__external_id__in=on), account=account)
    running = {"status": Status.ACTIVE, "campaign__status": Status.ACTIVE}
    return _left(campaigns.exclude(status=Status.ACTIVE)) + _left(sets.exclude(**running))


def _left(rows: QuerySet[Any]) -> Decimal:
    spent = rows.filter(lifetime_budget__isnull=False).annotate(spent=Sum("ad__insightday__spend"))
    left = (budget - (gone or 0) for budget, gone in spent.values_list("lifetime_budget", "spent"))
    return sum((max(one, Decimal(0)) for one in left), Decimal(0))


def open_undo_rises(account: AdAccount, but_not: Operation | None) -> Decimal:
    """Budgets that undos under way, or of unknown outcome, may raise again. Their decisions are done, so no other sum
    has them.
    """
    may_land = [*Change.OPEN, Change.State.UNKNOWN]
    undos = Change.objects.filter(account=account, state__in=may_land, operation__is_undo=True, exposure__gt=0)
    if but_not is not None:
        undos = undos.exclude(operation=but_not)
    return (undos.aggregate(sum=Sum("exposure"))["sum"] or Decimal(0)) / META_EXPOSURE


def open_pauses(account: AdAccount, but_not: Decision | None) -> set[str]:
    """Ids that other decisions may still pause, so that several approved together never pause everything."""
    others = Decision.objects.filter(account=account).open()
    if but_not is not None:
        others = others.exclude(pk=but_not.pk)
    planned = planned_from(data for changes in others.values_list("changes", flat=True) for data in changes)
    return {change.external_id for change in planned if change.pauses}


def context_for(
    account: AdAccount,
    changes: Iterable[PlannedChange],
    now: datetime,
    *,
    decision: Decision | None = None,
    undo: Operation | None = None,
) -> Context:
    """All that the guardrails may know about these changes, read afresh from our tables.

    `decision` and `undo` are those that ask, and not counted against themselves.
    """
    return context_on(read_ground(account, now, decision=decision, undo=undo), changes)


@dataclass(frozen=True)
class Ground:
    """What is so whatever is planned: read once where many wishes are judged one after the other.

    `bare` is the context without any change; `active` and `pausing` are ids of ads that run, and that others may pause.
    """

    account: AdAccount
    bare: Context
    active: frozenset[str]
    pausing: frozenset[str]
    prices: Mapping[int, Price]
    """What one result of an ad may cost where the account has several kinds of them."""


def read_ground(
    account: AdAccount, now: datetime, *, decision: Decision | None = None, undo: Operation | None = None
) -> Ground:
    """What is under way is read before what is in force: a rise or a pause that arrives in between is counted twice,
    never not at all.
    """
    account.refresh_from_db()
    under_way = open_rises(account, decision) + open_undo_rises(account, undo)
    pausing = frozenset(open_pauses(account, decision))
    budgets, kinds = budgets_of(account), kinds_of(account)
    active = frozenset(Ad.pausable_of(account).active().values_list("external_id", flat=True))
    bare = Context(
        now=now,
        currency=account.currency,
        mode=account.mode,
        is_stopped=account.is_stopped,
        is_live_confirmed=account.is_live_confirmed,
        connection=account.connection,
        synced_at=account.synced_at,
        limits=limits_of(account),
        changes=(),
        committed=committed(budgets) + lifetime_left(account) / META_EXPOSURE + under_way,
        active_ads=len(active),
        active_ads_after=len(active),
        budgets={budget.external_id: budget for budget in budgets},
        ads={},
        recent=_recent(account, now, decision),
        reference_cpa=reference_of(account, evaluation_day(account, now)).cpa,
        has_tracking_alarm=_has_tracking_alarm(account),
        is_undo=undo is not None,
        moved_by_rule=moved_by_rule(account, now, decision),
        live_missing=tuple(missing_for_live(account)),
        lifetime_switched_on=Decimal(0),
        result=one_result(kinds),
        results=several_results(kinds),
        unit=finest_told(account),
        zone=account.time_zone,
    )
    return Ground(account, bare, active, pausing, prices_by_ad(account) if len(kinds) > 1 else {})


def context_on(ground: Ground, changes: Iterable[PlannedChange], beside: Decimal = Decimal(0)) -> Context:
    """The context of these changes. What others may still pause counts as paused.

    `beside` is what rules are about to move in the same cycle and nobody has written down yet.
    """
    account, bare, changes = ground.account, ground.bare, tuple(changes)
    paused = {change.external_id for change in changes if change.pauses}
    active = ground.active - (ground.pausing - paused)
    return replace(
        bare,
        changes=changes,
        active_ads=len(active),
        active_ads_after=len(active - paused),
        ads={ad.external_id: ad for ad in _figures(ground, changes)},
        moved_by_rule=bare.moved_by_rule + beside,
        lifetime_switched_on=lifetime_switched_on(account, changes) / META_EXPOSURE,
    )


def _figures(ground: Ground, changes: tuple[PlannedChange, ...]) -> list[AdFigures]:
    """Spend and results since launch of the ads that these changes touch, directly or through their budget."""
    touched = {change.external_id for change in changes}
    budgets, prices = ground.bare.budgets.values(), ground.prices
    wanted = touched | {ad for budget in budgets if budget.external_id in touched for ad in budget.ad_ids}
    rows = (
        Ad.objects.filter(account=ground.account, external_id__in=wanted)
        .select_related("ad_set", "campaign")
        .annotate(total_spend=Sum("insightday__spend"), total_results=Sum("insightday__results"))
    )
    return [
        AdFigures(
            key=str(ad.key),
            external_id=ad.external_id,
            name=ad.name,
            ad_set_id=ad.ad_set.external_id,
            campaign_id=ad.campaign.external_id,
            angle="",
            status=ad.status,
            effective_status=ad.effective_status,
            launched_on=None,
            spend=ad.total_spend or Decimal(0),
            results=float(ad.total_results or 0),
            spend_7d=Decimal(0),
            results_7d=0,
            impressions_7d=0,
            roas_7d=None,
            cpa=None,
            result=prices[ad.pk].kind if ad.pk in prices else "",
            may_cost=prices[ad.pk].cost if ad.pk in prices else None,
        )
        for ad in rows
    ]


def _recent(account: AdAccount, now: datetime, decision: Decision | None) -> tuple[RecentChange, ...]:
    """Budgets that we changed in the last days, in the account's own time; not by the decision itself."""
    rows = Change.objects.filter(account=account, kind="set_budget", state="done", made_at__gt=now - RECENT)
    if decision is not None:
        rows = rows.exclude(operation__decision_key=decision.key)
    return tuple(
        RecentChange(
            change.level,
            change.external_id,
            change.kind,
            change.made_at,
            _amount(change.before),
            _amount(change.params),
        )
        for change in rows
        if change.made_at is not None
    )


def _amount(values: dict[str, Any]) -> Decimal | None:
    return Decimal(values["daily_budget"]) if values.get("daily_budget") is not None else None


def _has_tracking_alarm(account: AdAccount) -> bool:
    """As the last finished cycle saw it: the alarm is about days, not minutes."""
    alarm = F("observation__has_tracking_alarm")  # the rest of it may be megabytes
    return bool(Cycle.objects.filter(account=account).exclude(observation={}).values_list(alarm, flat=True).first())
