"""The totals of a period and every figure derived from them.

Derived figures are computed again from totals, never averaged, and are None where they would be x/0
(people see "–"). Money is Decimal in the account's currency, rates are floats.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

ZERO = Decimal(0)
MILLE = 1000

# A rate seen on n events is known to about 1/sqrt(n): ten results to a third, fifty clicks to a seventh.
ENOUGH_IMPRESSIONS = 1000
ENOUGH_CLICKS = 50
ENOUGH_RESULTS = 10
# Without ten results, five target CPAs of spend say as much: an ad on target fails to sell in 1 of 150 cases.
ENOUGH_TARGET_CPAS = 5


@dataclass(frozen=True)
class Totals:
    """Sums over any set of rows. `clicks` are all clicks, as Meta's `clicks`; `reach` is None where it is unknown.

    `results` may be fractional: some platforms and files share one out between ads.
    """

    spend: Decimal = ZERO
    impressions: int = 0
    reach: int | None = None
    clicks: int = 0
    link_clicks: int = 0
    results: Decimal = ZERO
    revenue: Decimal = ZERO

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(
            spend=self.spend + other.spend,
            impressions=self.impressions + other.impressions,
            reach=_joint_reach(self, other),
            clicks=self.clicks + other.clicks,
            link_clicks=self.link_clicks + other.link_clicks,
            results=self.results + other.results,
            revenue=self.revenue + other.revenue,
        )

    @property
    def ctr(self) -> float | None:
        return _rate(self.clicks, self.impressions)

    @property
    def link_ctr(self) -> float | None:
        return _rate(self.link_clicks, self.impressions)

    @property
    def cvr(self) -> float | None:
        """Results per click, on the same clicks as `ctr`, so that the two multiply to results per impression."""
        return _rate(self.results, self.clicks)

    @property
    def cpm(self) -> Decimal | None:
        return _price(self.spend * MILLE, self.impressions)

    @property
    def cpc(self) -> Decimal | None:
        return _price(self.spend, self.clicks)

    @property
    def cpa(self) -> Decimal | None:
        return _price(self.spend, self.results)

    @property
    def aov(self) -> Decimal | None:
        """Average order value."""
        return _price(self.revenue, self.results)

    @property
    def roas(self) -> float | None:
        return float(self.revenue / self.spend) if self.spend else None

    @property
    def frequency(self) -> float | None:
        return _rate(self.impressions, self.reach) if self.reach is not None else None

    def profit(self, margin: Decimal) -> Decimal:
        """`margin` is the share of revenue that is left after the goods, 0 to 1."""
        return self.revenue * margin - self.spend


@dataclass(frozen=True)
class Change:
    """One figure before and after. A side, or the change itself, is None where it cannot be known."""

    before: Decimal | float | None
    after: Decimal | float | None

    @property
    def absolute(self) -> Decimal | float | None:
        if self.before is None or self.after is None:
            return None
        if isinstance(self.before, Decimal) and isinstance(self.after, Decimal):
            return self.after - self.before
        return float(self.after) - float(self.before)

    @property
    def relative(self) -> float | None:
        """Share of the size of `before`, so that a smaller loss is a rise; None when `before` is 0."""
        if self.absolute is None or not self.before:
            return None
        return float(self.absolute) / abs(float(self.before))


COMPARED_FIGURES = ("spend", "impressions", "clicks", "link_clicks", "results", "revenue",
           "ctr", "link_ctr", "cpm", "cpc", "cvr", "cpa", "roas", "aov")  # fmt: skip


def compute_changes(before: Totals, after: Totals, margin: Decimal | None = None) -> dict[str, Change]:
    """Every figure of two periods by name; `profit` too when the margin is known."""
    changes = {name: Change(getattr(before, name), getattr(after, name)) for name in COMPARED_FIGURES}
    if margin is not None:
        changes["profit"] = Change(before.profit(margin), after.profit(margin))
    return changes


def add_up(parts: Iterable[Totals]) -> Totals:
    """As `+` between all of them, in one pass: pages add up thousands."""
    known = list(parts)
    if not known:
        return Totals()
    shown = [one for one in known if one.impressions]
    return Totals(
        spend=sum((one.spend for one in known), ZERO),
        impressions=sum(one.impressions for one in shown),
        reach=0 if not shown else shown[0].reach if len(shown) == 1 else None,
        clicks=sum(one.clicks for one in known),
        link_clicks=sum(one.link_clicks for one in known),
        results=sum((one.results for one in known), ZERO),
        revenue=sum((one.revenue for one in known), ZERO),
    )


def has_enough_data(totals: Totals, target_cpa: Decimal | None = None) -> bool:
    """Whether rates of these totals may be compared and ranked; else they are shown dashed, as too few.

    A file may tell results without impressions or clicks, and these are then not held against them. Where there are
    no results either, nothing tells such a file from one that reached nobody.
    """
    has_none = not totals.results
    if (has_none or totals.impressions) and totals.impressions < ENOUGH_IMPRESSIONS:
        return False
    if (has_none or totals.clicks) and totals.clicks < ENOUGH_CLICKS:
        return False
    if totals.results >= ENOUGH_RESULTS:
        return True
    return bool(target_cpa) and totals.spend >= ENOUGH_TARGET_CPAS * (target_cpa or ZERO)


def _rate(part: int | Decimal, whole: int) -> float | None:
    return float(part / whole) if whole else None


def _price(money: Decimal, count: int | Decimal) -> Decimal | None:
    return money / count if count else None


def _joint_reach(one: Totals, other: Totals) -> int | None:
    """The same person may be in both, so reach adds up only when one side reached nobody."""
    if not one.impressions and not other.impressions:
        return 0
    if not other.impressions:
        return one.reach
    return None if one.impressions else other.reach
