"""Ad: what is this ad, and is it tired?"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from campaigns.clock import known_now
from campaigns.models import Ad, Status
from campaigns.result_kinds import one_result
from collaboration.ad_page import (
    click_plot,
    click_rows,
    episodes_about,
    fatigue_words,
    payout_plot,
    preview_of,
    site_link,
)
from collaboration.ad_rows import Choice, Line, flat, load_tree, sort_lines, total_line
from collaboration.beliefs import Belief, latest_beliefs
from collaboration.columns import PART_COLUMNS, TWO_COSTS, Scale, cells_of, certainty, columns_of
from collaboration.figures import headlines, page_period, scale_of, source_of
from collaboration.frame import account_for
from collaboration.marks import marks_of
from collaboration.people import actor_names
from collaboration.period import Period
from collaboration.statuses import StatusWords, ad_status, as_of_file
from collaboration.where import dimensions_of, gap_words, parts, scale_by
from mediabuyer.agent.ask import open_by_id
from mediabuyer.agent.context import with_article
from mediabuyer.agent.models import Decision
from mediabuyer.brands.permissions import Right, may
from mediabuyer.lib.money import format_money
from memory.events import sentence
from memory.models import Event
from portfolio.performance import evaluation_day
from portfolio.reference import Reference, prices_by_ad, reference_of

MOST_COMMENTS = 20
COMMENTS_COME = "What people write under this ad is read with the figures."
MOST_DECISIONS = 10
MOST_LINES = 20
MOST_NEIGHBOURS = 6


@login_required
@require_GET
def ad(request: HttpRequest, key: UUID, ad_key: UUID) -> HttpResponse:
    account = account_for(request, key)
    found = get_object_or_404(
        Ad.objects.select_related("account__brand", "ad_set", "campaign", "creative__angle", "creative__landing_page"),
        account=account,
        key=ad_key,
    )
    now = known_now(account)
    period, today = page_period(request, account, now), evaluation_day(account, now)
    belief = latest_beliefs(account, Q(ad=found)).get(found.pk)
    siblings = flat(load_tree(account, period, Choice(Q(ad_set=found.ad_set), is_narrowed=True)), "ad")
    own = total_line([line for line in siblings if line.pk == found.pk], period)
    scale, goal = scale_of(account)
    decisions = _decisions(found)
    lines = _lines(found, decisions)
    context = {
        "ad": found,
        "period": period,
        "source": source_of(account, now),
        "scale": scale,
        "status": _status(found),
        "belief": belief,
        "verdict": verdict(belief, scale.of(own.kinds), _may_cost(found, scale, today)),
        "kpis": headlines(own.totals, own.before, scale.of(own.kinds), "#by"),
        "has_figures": bool(own.totals.impressions or own.totals.spend),
        "preview": preview_of(found),
        "payout": payout_plot(found, today, goal.margin, belief),
        "fatigue": fatigue_words(belief),
        "two_costs": TWO_COSTS,
        "decisions": decisions,
        "lines": lines,
        "actors": actor_names(event for event, _ in lines),
        "episodes": episodes_about(found, now),
        "comments": found.comment_set.all()[:MOST_COMMENTS],
        "comments_come": "Files tell none." if found.account.is_read_only else COMMENTS_COME,
        "comment_count": found.comment_set.count(),
        "page_link": _page_link(found),
        "clicks": _clicks(found, period.end, decisions, period),
    }
    context |= _neighbours(found, siblings, scale) | _proposing(request, found)
    context |= _parts(request, found, period, scale.of(own.kinds), own.totals.spend)
    return render(request, "ads/ad.html", context)


def _status(found: Ad) -> StatusWords:
    words = ad_status(found.effective_status, found.review_feedback, found.campaign, found.ad_set)
    return as_of_file(words) if found.account.is_read_only else words


def _neighbours(found: Ad, siblings: list[Line], scale: Scale) -> dict[str, Any]:
    """The other ads of its ad set, most spend first."""
    others = [line for line in sort_lines(siblings, "-spend", scale) if line.pk != found.pk and not line.is_unnamed]
    others = others[:MOST_NEIGHBOURS]
    columns = columns_of(("spend", "roas" if scale.has_revenue else "cpa"), scale)
    return {
        "near_columns": [one.title(scale) for one in columns],
        "others": [(line, cells_of(line, columns, scale)) for line in others],
    }


def _proposing(request: HttpRequest, found: Ad) -> dict[str, Any]:
    """Whether this person may propose something for it, and the open decision that keeps everything else out."""
    return {
        "may_propose": _can_be_proposed(found) and may(request.user, Right.PROPOSE, found.account.brand),
        "open": open_by_id(found.account).get(found.external_id),
    }


def _can_be_proposed(ad: Ad) -> bool:
    """Whether anything can be asked to be done with it."""
    return not ad.is_placeholder and ad.status not in (Status.ARCHIVED, Status.DELETED)


def verdict(belief: Belief | None, scale: Scale, reference: Reference) -> str:
    """What we believe of it, in a sentence."""
    if belief is None or belief.expected is None:
        return "I have not judged it yet."
    if not scale.has_revenue:
        return _verdict_by_cost(belief, scale, reference)
    sure = (
        ""
        if belief.p_profit is None
        else f" I am {certainty(belief.p_profit)} sure that it earns money{scale.before_goods}."
    )
    spread = (
        f" (80%: {belief.low:.2f} to {belief.high:.2f})" if belief.low is not None and belief.high is not None else ""
    )
    one = format_money(Decimal(1), scale.currency, places=0)
    return f"Each {one} spent on it should bring back {belief.expected:.2f} within 30 days{spread}.{sure}"


def _may_cost(found: Ad, scale: Scale, today: date) -> Reference:
    """What one of its results may cost; where there are several kinds, by its own. Revenue needs no such figure."""
    if scale.has_revenue:
        return Reference()
    price = prices_by_ad(found.account).get(found.pk) if scale.is_mixed else None
    return Reference(price.cost, "file") if price else reference_of(found.account, today)


def _verdict_by_cost(belief: Belief, scale: Scale, reference: Reference) -> str:
    """Where no revenue is known: what a result costs, against what one may."""
    money = partial(format_money, currency=scale.currency)
    against = "you set as the goal" if reference.source == "goal" else "is usual on this account"
    may = f"{money(reference.cpa)} {against}." if reference.cpa else "what one may cost is not known."
    result = one_result(scale.kinds)
    if belief.cpa is None:
        return f"It has brought no {result} for {money(Decimal(str(belief.spend)))}; {may}"
    sure = "" if belief.p_profit is None else f" I am {certainty(belief.p_profit)} sure that the next ones cost less."
    return f"{with_article(result, 'A')} costs {money(Decimal(str(belief.cpa)))} here; {may}{sure}"


def _parts(request: HttpRequest, found: Ad, period: Period, scale: Scale, spend: Decimal) -> dict[str, Any]:
    known = dimensions_of(found)
    by = request.GET.get("by", "")
    by = by if by in known else next(iter(known), "")
    base = reverse("ads", args=[found.account.key])
    split = parts(found.account, period, by, where=Q(ad=found), base=base) if by else None
    rows = split.parts if split else []
    scale = scale_by(found.account, by, scale) if by else scale
    columns = columns_of(PART_COLUMNS, scale)
    return {
        "by": by,
        "by_label": known.get(by, ""),
        "tabs": known.items(),
        "gap": gap_words(found.account, split.total.totals.spend, spend) if split and rows else "",
        "part_columns": [(one, one.title(scale)) for one in columns],
        "parts": [(one, cells_of(one, columns, scale)) for one in rows],
    }


def _decisions(found: Ad) -> list[Decision]:
    """On the ad itself, and on the budget that feeds it."""
    objects = [found.external_id, found.ad_set.external_id, found.campaign.external_id]
    rows = Decision.objects.filter(Q(ad=found) | Q(subject_id__in=objects), account=found.account)
    return list(rows.select_related("decided_by")[:MOST_DECISIONS])


def _lines(found: Ad, decisions: list[Decision]) -> list[tuple[Event, str]]:
    """The journal on the ad and on its decisions, newest first."""
    keys = [str(one.key) for one in decisions]
    about = Q(subject="ad", subject_key=str(found.key)) | Q(subject="decision", subject_key__in=keys)
    events = Event.objects.of_account(found.account.key).filter(about)[:MOST_LINES]
    return [(event, sentence(event)) for event in events]


def _page_link(found: Ad) -> str:
    page = found.creative.landing_page if found.creative else None
    return site_link(page.url) if page else ""


def _clicks(found: Ad, end: date, decisions: list[Decision], period: Period) -> Any:
    marks = marks_of(found.account, period, [str(found.key), *(str(one.key) for one in decisions)])
    return click_plot(end, marks, click_rows(found, end))
