"""A decision as people read it: what changes, what to expect, who checked what, what happened last time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.apps import apps

from campaigns.models import AdAccount, Change
from campaigns.operations.settle import STOPPED
from campaigns.operations.words import describe
from collaboration.evidence import evidence_plot
from collaboration.places import Nodes, node_at, nodes_of, places_of
from collaboration.plots import Plot
from collaboration.statuses import running_word
from mediabuyer.agent.actions import BY_SLUG
from mediabuyer.agent.context import GRAVITY, PlannedChange, Severity, planned_from
from mediabuyer.agent.guardrails import account_link, freshness, kill_switch
from mediabuyer.agent.models import Decision, Finding, part_of
from mediabuyer.agent.outcomes import WINDOW, outcome_of
from mediabuyer.agent.revise import can_revise
from mediabuyer.brands.models import User
from mediabuyer.lib.clock import day_in_zone
from mediabuyer.lib.money import format_money, round_to_currency
from memory.events import sentence
from memory.models import Event

State = Decision.State
JUST_DECIDED = 5
TONES = {"pass": "good", "note": "info", "change": "info", "approve": "warn", "block": "bad"}
HELD = (
    "The stop is pressed, and this or a part of it raises spending: nobody can approve it until a second person "
    "releases it."
)
MAY_GO = "The stop is pressed; this raises nothing, so it may go."
GRADES = {"good": "good", "bad": "bad", "open": "info"}


@dataclass(frozen=True)
class Card:
    """Everything the decision's page prints. Amounts are `Decimal` or None, texts are for people."""

    decision: Decision
    kind: str
    icon: str
    place: str
    """The ad set and campaign it runs in; empty where the title says it."""
    rows: list[dict[str, Any]]
    total: dict[str, Any] | None
    effect: dict[str, Decimal] | None
    one_in: int | None
    checks: list[dict[str, Any]]
    passed: list[dict[str, Any]]
    precedents: list[dict[str, Any]]
    plot: Plot | None
    judged_on: date | None
    grade: str
    """What came of it, once its week is over."""
    history: list[tuple[Event, str]]
    sent: list[tuple[Change, str]]
    can_change: bool
    held: str
    """Why the stop keeps everybody from approving it; empty where it does not."""
    askers: str
    """Who asked for it and who raised it, in words; empty where nobody did."""
    amounts: list[tuple[PlannedChange, str]]
    """What may be changed, each with the text of its field."""

    @property
    def is_open(self) -> bool:
        return self.decision.state in (State.PROPOSED, State.AWAITING)

    @property
    def came_to_nothing(self) -> bool:
        """It ended, and nothing of it stands: its figures are what was proposed once."""
        if self.decision.state == State.FAILED:
            return not any(change.state == Change.State.DONE for change, _ in self.sent)
        return self.decision.state in (State.UNDONE, State.REJECTED, State.EXPIRED, State.BLOCKED)

    @property
    def is_moving(self) -> bool:
        return is_moving(self.decision)

    @property
    def stage(self) -> str:
        return stage_of(self.decision)

    @property
    def undo_problem(self) -> str:
        """Why the last try to take it back did not work, and what to do; a stop may be over by now."""
        said, account = self.decision.undo_error, self.decision.account
        if self.decision.undo_state == Decision.Undo.UNKNOWN:
            return said
        if STOPPED in said:
            over = "The stop held it back" if account.is_stopped else "The stop, released since, held it back"
            said = f"{over}: setting it back raises a budget."
        return f"{said} {'Release the stop, then press' if account.is_stopped else 'Press'} U to try again."


def is_moving(decision: Decision) -> bool:
    """Whether it goes on by itself in a moment: pages look again until it does not."""
    return decision.state in (State.APPROVED, State.EXECUTING) or decision.undo_state == Decision.Undo.RUNNING


def stage_of(decision: Decision) -> str:
    """How far it is, for pages that ask whether it went on: `approved`, `done-running`."""
    return "-".join(filter(None, (decision.state, decision.undo_state)))


def latest_decided(account: AdAccount) -> dict[str, Any]:
    """What was decided last, how far each is, and whether anything in it goes on by itself."""
    rows = Decision.objects.filter(account=account).decided().by_end().select_related("decided_by")[:JUST_DECIDED]
    return {
        "just_decided": rows,
        "decided_stage": ".".join(f"{one.pk}-{stage_of(one)}" for one in rows),
        "decided_moves": any(is_moving(one) for one in rows),
    }


def effect_of(decisions: Iterable[Decision]) -> Decimal | None:
    """Together a day; None where none of them has a figure."""
    effects = [Decimal(one.expected["per_day"]) for one in decisions if "per_day" in one.expected]
    return sum(effects, Decimal(0)) if effects else None


def build_card(decision: Decision, typed: Mapping[str, str] | None = None) -> Card:
    """`typed` are amounts that somebody wrote and that were refused, by Meta's id: shown again as they were written."""
    action = BY_SLUG.get(decision.action)
    changes = planned_from(decision.changes)
    place = places_of([decision])[decision.pk]
    nodes = nodes_of(decision.account_id, [change.external_id for change in changes])
    findings, stop = _as_of_now(decision, list(decision.finding_set.all()))
    effect = {name: Decimal(value) for name, value in decision.expected.items()} or None
    return Card(
        decision=decision,
        kind=action.title if action else decision.action,
        icon=action.icon if action else "agent",
        place=place,
        rows=[_row(change, decision) | {"note": _note(change, nodes, place)} for change in changes],
        total=_total(changes, decision.account),
        effect=effect,
        one_in=_one_in(effect),
        checks=[*stop, *_checks(findings, said=True)],
        passed=_checks(_told_of(decision.account, findings), said=False),
        precedents=[
            {"tone": GRADES.get(one["outcome"], "info"), "text": one["text"], "note": _day(one["on"])}
            for one in decision.precedents
        ],
        plot=evidence_plot(decision),
        judged_on=_judged_on(decision) if changes else None,
        grade=_grade(decision),
        history=_history(decision),
        sent=[
            (change, describe(change))
            for change in Change.objects.filter(operation__decision_key=decision.key).select_related(
                "operation", "account"
            )
        ],
        can_change=can_revise(decision),
        held=why_held(decision),
        askers=_askers(decision),
        amounts=[
            (change, (typed or {}).get(change.external_id, str(round_to_currency(after, decision.account.currency))))
            for change in changes
            if (after := change.budget_after) is not None
        ],
    )


def _row(change: PlannedChange, decision: Decision) -> dict[str, Any]:
    before, after, account = change.budget_before, change.budget_after, decision.account
    if after is None:
        ad = decision.ad
        words = {"ACTIVE": running_word(account, ad.effective_status if ad else ""), "PAUSED": "Paused"}
        return {
            "name": change.name,
            "now": words.get(str(change.before.get("status")), change.before.get("status")),
            "then": words.get(str(change.params.get("status")), change.params.get("status")),
        }
    share = f"{change.budget_rise / before:+.0%}".replace("-", "−") if before else ""
    return {
        "name": change.name,
        "now": format_money(before, account.currency),
        "then": format_money(after, account.currency),
        "change": format_money(change.budget_rise, account.currency, sign=True),
        "share": share,
    }


def _day(text: str) -> str:
    """`26 Nov 2026` of a day as JSON keeps it."""
    return f"{date.fromisoformat(text):%-d %b %Y}"


def _askers(decision: Decision) -> str:
    """`Ana Kern asked for this and Bea Lorenz raised it`."""
    people = decision.askers()
    asked = [f"{person} asked for this" for person in people if decision.is_own_of(person)]
    raised = " and ".join(str(person) for person in people if not decision.is_own_of(person))
    return " and ".join([*asked, *([f"{raised} raised {'it' if asked else 'this'}"] if raised else [])])


def why_somebody_else(decision: Decision, person: User) -> str:
    """Why this person may not approve it although they may approve; empty where they may."""
    part = part_of(decision, person)
    return f"You {part} this, so somebody else approves it." if part else ""


def why_held(decision: Decision) -> str:
    """Why nobody may approve it while the account is stopped, as the guardrail decides; empty where they may."""
    waits = decision.state in (State.PROPOSED, State.AWAITING) and decision.account.is_stopped
    raises = any(change.raises_exposure for change in planned_from(decision.changes))
    return HELD if waits and raises else ""


def why_no_yes(decision: Decision, person: User) -> str:
    """Why this person cannot approve it now; empty where they can."""
    return why_held(decision) or why_somebody_else(decision, person)


def _as_of_now(decision: Decision, findings: list[Finding]) -> tuple[list[Finding], list[dict[str, Any]]]:
    """What was found when it was proposed, and in place of the word on the stop what holds since it was pressed."""
    if decision.state not in (State.PROPOSED, State.AWAITING) or not decision.account.is_stopped:
        return findings, []
    held = why_held(decision)
    now = {"tone": "bad" if held else "info", "text": held or MAY_GO, "note": ""}
    return [one for one in findings if one.guardrail != kill_switch.SLUG], [now]


def _note(change: PlannedChange, nodes: Nodes, said: str) -> str:
    """What it is, and where it runs unless that is `said` above: `ad set in Prospecting`."""
    node = node_at(nodes, change.level, change.external_id)
    return f"{node.level} in {node.place}" if node.place and node.place != said else node.level


def _total(changes: list[PlannedChange], account: AdAccount) -> dict[str, Any] | None:
    budgets = [change for change in changes if change.budget_after is not None]
    if len(budgets) < 2:
        return None
    before = sum((change.budget_before or Decimal(0) for change in budgets), Decimal(0))
    after = sum((change.budget_after or Decimal(0) for change in budgets), Decimal(0))
    return {
        "name": "Together, a day",
        "now": format_money(before, account.currency),
        "then": format_money(after, account.currency),
        "change": format_money(after - before, account.currency, sign=True),
    }


def _one_in(effect: dict[str, Decimal] | None) -> int | None:
    """“It loses money in 1 of n cases.”"""
    return round(1 / float(effect["p_loss"])) if effect and effect["p_loss"] > Decimal("0.005") else None


def _told_of(account: AdAccount, findings: list[Finding]) -> list[Finding]:
    """A file is not connected, and when it was read says nothing of how old its figures are."""
    left_out = (account_link.SLUG, freshness.SLUG) if account.is_read_only else ()
    return [one for one in findings if one.guardrail not in left_out]


def _checks(findings: list[Finding], *, said: bool) -> list[dict[str, Any]]:
    """What a rule had to say, gravest first; or what simply passed."""
    chosen = [one for one in findings if (one.severity != Severity.PASS) == said]
    chosen.sort(key=lambda one: -GRAVITY[Severity(one.severity)])
    return [
        {"tone": TONES[one.severity], "text": one.message, "note": "before sending" if one.stage == "claim" else ""}
        for one in chosen
    ]


def _judged_on(decision: Decision) -> date:
    """The day that is noted once it is done; until then as if it were done at once."""
    if (outcome := outcome_of(decision)) is not None:
        return outcome.due_on
    start = decision.decided_at or decision.proposed_at
    return day_in_zone(start, decision.account.time_zone) + timedelta(days=WINDOW + 1)


def _grade(decision: Decision) -> str:
    """`Better: +€7.00 a day` once it is graded."""
    outcome = outcome_of(decision)
    if outcome is None or outcome.measured_at is None:
        return ""
    got = format_money(Decimal(outcome.figures["per_day"]), decision.account.currency, sign=True)
    return f"{outcome.get_verdict_display()}: {got} a day"


def _history(decision: Decision) -> list[tuple[Event, str]]:
    return [(event, sentence(event)) for event in Event.objects.about("decision", decision.key).order_by("id")]


def due_words(decision: Decision, now: datetime) -> str:
    """How long an answer still counts."""
    left = decision.expires_at - now
    if left <= timedelta(0):
        return "lapsed"
    hours = int(left.total_seconds() // 3600)
    return f"{hours} h left" if hours else f"{int(left.total_seconds() // 60)} min left"


def lines_of(decisions: Sequence[Decision], now: datetime) -> list[dict[str, Any]]:
    """What a list prints of each."""
    places = places_of(decisions)
    return [
        {
            "decision": one,
            "icon": BY_SLUG[one.action].icon if one.action in BY_SLUG else "agent",
            "due": due_words(one, now),
            "place": places[one.pk],
        }
        for one in decisions
    ]


def difference(decision: Decision, seen_hash: str) -> list[dict[str, Any]]:
    """What the reader saw against what it is now, row by row; empty when the version seen is not known."""
    versions = apps.get_model("agent", "DecisionEvent")._default_manager
    history: Any = versions.filter(pgh_obj_id=decision.pk, content_hash=seen_hash).order_by("-pgh_id").first()
    if history is None:
        return []
    seen = {change.external_id: change for change in planned_from(history.changes)}
    rows = []
    for change in planned_from(decision.changes):
        old = seen.get(change.external_id)
        before = _row(old, decision)["then"] if old else None
        after = _row(change, decision)["then"]
        if before != after:
            rows.append({"name": change.name, "now": before, "then": after})
    return rows
