"""Figures out: totals by any key over any range, with the period before, rates computed from the sums."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Model
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.api import OfAccount
from campaigns.clock import known_now
from campaigns.models import Ad, AdAccount, AdSet, Campaign, InsightDay
from campaigns.result_kinds import kinds_of, named_kinds
from creatives.models import Angle, LandingPage
from mediabuyer.lib.errors import Invalid
from mediabuyer.lib.paging import Pages
from portfolio.metrics import Totals, add_up, compute_changes
from portfolio.models import Goal
from portfolio.performance import (
    DEFAULT_DAYS,
    GROUPS,
    Period,
    Row,
    data_span,
    evaluation_day,
    last_days,
    totals,
    whole_before,
)
from portfolio.splits import told_of_split

SPLITS = frozenset({"age", "gender", "country", "region", "dma", "publisher_platform", "platform_position",
                    "impression_device", "objective", "hour"})  # fmt: skip
"""Breakdowns that platforms and exported files know; several are joined by commas."""
FIRST_DAY, LAST_DAY = date(2004, 1, 1), date(2099, 12, 31)
LONGEST_DAYS = 5 * 366
MODELS: dict[str, type[Model]] = {
    "account": AdAccount, "campaign": Campaign, "ad_set": AdSet, "ad": Ad, "angle": Angle, "landing_page": LandingPage,
}  # fmt: skip
SUMS = ("spend", "impressions", "reach", "clicks", "link_clicks", "results", "revenue")
RATES = ("ctr", "link_ctr", "cvr", "cpm", "cpc", "cpa", "aov", "roas", "frequency")
EXACT = Decimal("0.0001")
RESTS_ON = {"revenue": ("revenue", "profit", "roas", "aov"), "link_clicks": ("link_clicks", "link_ctr")}
"""Figures that an account may never report, each with all that is computed from it."""
OF_SPLITS = RESTS_ON | {"results": ("results", "cpa", "cvr", "aov")}
"""The same of a breakdown, of which results may be missing that the account has."""
OF_ONE_KIND = ("cpa", "cvr", "aov")
"""Figures of a single result, which say nothing of results of several kinds together."""


class InsightQuery(serializers.Serializer[Any]):
    """`from` is a word of the language, hence the detour over `get_fields`."""

    to = serializers.DateField(
        required=False,
        help_text="Last day. Default: yesterday, in the account's zone; of an imported account its last day.",
    )
    by = serializers.CharField(
        required=False, default="account", max_length=80,
        help_text=f"One of {', '.join(GROUPS)}, or a breakdown as it was read: age, gender, country, “age,gender” …",
    )  # fmt: skip
    compare = serializers.ChoiceField(
        ["previous"], required=False,
        help_text="As many days right before. Nothing is compared where figures begin only within them.",
    )  # fmt: skip

    def get_fields(self) -> dict[str, Any]:
        words = f"First day. Default: {DEFAULT_DAYS} days that end with `to`; of an imported account its first day."
        first = serializers.DateField(required=False, help_text=words)
        return {"from": first, **super().get_fields()}


def _money(**options: Any) -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=30, decimal_places=4, allow_null=True, **options)


class FiguresSerializer(serializers.Serializer[Any]):
    """Sums as they are, rates computed from them; null for what would be x/0 or is not known."""

    spend = _money()
    revenue = _money(help_text="Null, with all that rests on it, where the account's results never brought any.")
    profit = _money(help_text="Revenue times the goal's margin, less spend.")
    impressions, clicks = (serializers.IntegerField() for _ in range(2))
    link_clicks = serializers.IntegerField(allow_null=True, help_text="Null where the account never reported any.")
    reach = serializers.IntegerField(allow_null=True, help_text="Only where it comes from one row: it does not add up.")
    results = _money(help_text="Null only by a breakdown that never told any.")
    ctr, link_ctr, cvr, roas, frequency = (serializers.FloatField(allow_null=True) for _ in range(5))
    cpm, cpc, cpa, aov = (_money() for _ in range(4))


class InsightSerializer(serializers.Serializer[Any]):
    key = serializers.CharField(allow_null=True, help_text="Key of the object, the day, or the breakdown's value.")
    name = serializers.CharField()
    figures = FiguresSerializer()
    before = FiguresSerializer(allow_null=True)
    change = serializers.DictField(
        child=serializers.FloatField(allow_null=True), allow_null=True, help_text="Relative, by figure: 0.1 is +10 %."
    )


class PeriodSerializer(serializers.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        return {"from": serializers.DateField(), "to": serializers.DateField()}


class InsightsSerializer(serializers.Serializer[Any]):
    account = serializers.UUIDField()
    mode = serializers.CharField(help_text="sandbox, shadow or live.")
    currency = serializers.CharField()
    time_zone = serializers.CharField()
    by = serializers.CharField()
    period = PeriodSerializer(help_text="What the answer covers; asked for or by default.")
    data_from = serializers.DateField(allow_null=True, help_text="First day of which the account has figures.")
    data_to = serializers.DateField(allow_null=True, help_text="Last day of which it has figures.")
    compared_with = PeriodSerializer(
        allow_null=True, help_text="Null, as `before` and `change` then, where figures begin only within those days."
    )
    result_kinds = serializers.ListField(
        child=serializers.CharField(),
        help_text="What one result is, as far as it is told. What makes sense of one kind alone is null unless all are "
        "the same: cpa, cvr and aov.",
    )
    total = InsightSerializer()
    count = serializers.IntegerField()
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = InsightSerializer(many=True)


class InsightPages(Pages):
    page_size = 500
    max_page_size = 5000


@extend_schema(summary="Totals by any key, with rates and the period before")
class Insights(OfAccount):
    serializer_class = InsightsSerializer
    pagination_class = None  # pages by itself: the total stands beside the rows
    filter_backends = ()
    query_names = frozenset({"from", "to", "by", "compare", "page", "page_size"})

    @extend_schema(parameters=[InsightQuery])
    def get(self, request: Request, **_: Any) -> Response:
        query = InsightQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        span = data_span(self.account)
        start, end = _period(self.account, asked.get("from"), asked.get("to"), span)
        by = _checked(asked["by"])
        before = whole_before(start, end, span and span[0]) if "compare" in asked else None
        rows = totals(self.account, start, end, by, compare=before or False)
        kinds = kinds_of(self.account)
        pages = InsightPages()
        shown = pages.paginate_queryset(rows, request, view=self) or []
        tell = Telling(Goal.current(self.account).margin, unknown_figures(self.account, by, kinds))
        keys = _keys(by, shown)
        listed = pages.get_paginated_response([tell.row(row, keys.get(row.key, row.key)) for row in shown]).data
        return Response(
            {
                "account": self.account.key,
                "mode": self.account.mode,
                "currency": self.account.currency,
                "time_zone": self.account.time_zone,
                "by": by,
                "period": _days(start, end),
                "data_from": span and span[0],
                "data_to": span and span[1],
                "compared_with": _days(*before) if before else None,
                "result_kinds": list(named_kinds(kinds)),
                "total": tell.row(_sum(self.account, rows, before is not None), str(self.account.key)),
                **listed,
            }
        )


def _period(account: AdAccount, start: date | None, end: date | None, span: Period | None) -> Period:
    """As asked; else the last days, or of an imported account all of its file, however long ago that was."""
    is_whole = account.is_read_only and span is not None and start is None
    if end is None:
        end = last_days(evaluation_day(account, known_now(account)))[1]
    if start is None:
        start = date.fromordinal(max(FIRST_DAY.toordinal(), end.toordinal() - DEFAULT_DAYS + 1))
        start = min(span[0], end) if is_whole and span else start
    if not FIRST_DAY <= start <= LAST_DAY:
        raise Invalid("from", start, f"Days lie between {FIRST_DAY} and {LAST_DAY}.", remedy="Ask for a later day.")
    if not start <= end <= LAST_DAY:
        raise Invalid("to", end, "The last day lies before the first.", remedy="Exchange them.")
    if (end - start).days >= LONGEST_DAYS and not is_whole:
        raise Invalid("to", end, f"At most {LONGEST_DAYS} days at once.", remedy="Ask for a shorter period.")
    return start, end


def unknown_figures(account: AdAccount, by: str, kinds: Sequence[str]) -> frozenset[str]:
    """What the account has never reported, or not by this breakdown. That is a matter of the whole account and not of
    the period: a week without sales is a loss.

    With what its results, being of several kinds, cannot say.
    """

    if by in GROUPS:
        rests, days = RESTS_ON, InsightDay.objects.filter(account=account)
        told = {figure for figure in rests if days.filter(**{f"{figure}__gt": 0}).exists()}
    else:
        rests = OF_SPLITS
        told = told_of_split(account, by, rests)
    unknown = {name for figure, names in rests.items() if figure not in told for name in names}
    return frozenset(unknown).union(OF_ONE_KIND if len(kinds) > 1 else ())


def _checked(by: str) -> str:
    parts = by.split(",")
    if by in GROUPS or (set(parts) <= SPLITS and len(set(parts)) == len(parts)):
        return by
    known = ", ".join([*GROUPS, *sorted(SPLITS)])
    raise Invalid("by", by, "There is nothing to ask totals by under this name.", remedy=f"One of: {known}.")


def _sum(account: AdAccount, rows: Iterable[Row], compare: bool) -> Row:
    rows = list(rows)
    before = add_up(row.before for row in rows if row.before) if compare else None
    return Row(account.pk, account.name, add_up(row.totals for row in rows), before)


def _keys(by: str, rows: list[Row]) -> dict[Any, Any]:
    """Our keys for the database's; days and values of breakdowns are their own."""
    model = MODELS.get(by)
    if model is None:
        return {}
    return dict(model._default_manager.filter(pk__in=[row.key for row in rows]).values_list("pk", "key"))


@dataclass(frozen=True)
class Telling:
    """How rows of one account are told: with its margin, and null for what it does not know."""

    margin: Decimal
    unknown: frozenset[str]

    def row(self, row: Row, key: Any) -> dict[str, Any]:
        changes = compute_changes(row.before, row.totals, self.margin) if row.before is not None else None
        return {
            "key": None if key is None else str(key),
            "name": row.name,
            "figures": self.figures(row.totals),
            "before": None if row.before is None else self.figures(row.before),
            "change": changes
            and {name: None if name in self.unknown else change.relative for name, change in changes.items()},
        }

    def figures(self, part: Totals) -> dict[str, Any]:
        found = {name: getattr(part, name) for name in (*SUMS, *RATES)} | {"profit": part.profit(self.margin)}
        found |= dict.fromkeys(self.unknown)
        return {
            name: f"{value.quantize(EXACT):f}" if isinstance(value, Decimal) else value for name, value in found.items()
        }


def _days(start: date, end: date) -> dict[str, date]:
    return {"from": start, "to": end}
