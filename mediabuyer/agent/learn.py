"""What the cycle keeps: graded outcomes, and one episode for every decision that ended, so that it can be recalled."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from campaigns.models import AdAccount
from mediabuyer.agent.models import RETRACTED, Decision, Outcome
from mediabuyer.agent.outcomes import measure_due, outcome_of
from mediabuyer.agent.steps import Note
from mediabuyer.lib.money import format_money
from memory.models import Episode
from memory.recall import remember

GRADES = {"better": "good", "as_expected": "good", "worse": "bad", "unclear": "open", "": "open"}
ENDED = [Decision.State.DONE, Decision.State.UNDONE, Decision.State.REJECTED, Decision.State.FAILED]


def learn(account: AdAccount, now: datetime, note: Note) -> None:
    measured = measure_due(account, now)
    ended = Decision.objects.filter(account=account, state__in=ENDED).select_related("outcome", "ad__creative__angle")
    told = [remember_decision(decision, now) for decision in ended.order_by("-finished_at")[:200]]
    note.say(
        f"Graded {len(measured)} earlier decision{'' if len(measured) == 1 else 's'}; "
        f"{len(told)} {'is' if len(told) == 1 else 'are'} kept to learn from.",
        measured=[{"title": one.decision.title, "verdict": one.verdict} for one in measured],
    )


def remember_decision(decision: Decision, now: datetime) -> Episode:
    """One episode a decision, and another version of it when its outcome becomes known."""
    outcome = outcome_of(decision)
    return remember(
        brand=decision.account.brand,
        account_key=decision.account.key,
        source=f"decision:{decision.key}",
        kind=decision.action,
        text=_tell(decision, outcome),
        entities=_entities(decision),
        payload={
            "state": decision.state,
            "expected": decision.expected,
            "outcome": outcome.figures if outcome else {},
            "reason_code": decision.reason_code,
        },
        outcome=_grade(decision, outcome),
        occurred_at=decision.decided_at or decision.proposed_at,
        now=now,
    )


def _grade(decision: Decision, outcome: Outcome | None) -> str:
    is_no = decision.state == Decision.State.REJECTED and decision.reason_code != RETRACTED
    if is_no or decision.state == Decision.State.FAILED:
        return "bad"
    return GRADES[outcome.verdict if outcome else ""]


def _tell(decision: Decision, outcome: Outcome | None) -> str:
    """For people, in one or two sentences."""
    if decision.reason_code == RETRACTED:
        return f"{decision.title}: retracted by the one who asked."
    if decision.state == Decision.State.REJECTED:
        return f"{decision.title}: rejected, “{decision.get_reason_code_display()}”. {decision.note}".strip()
    if decision.state == Decision.State.AWAITING:
        return f"{decision.title}: rejected, and taken back at once."
    if decision.state == Decision.State.FAILED:
        return f"{decision.title}: failed. {decision.error}".strip()
    is_back = decision.state == Decision.State.UNDONE
    if outcome is None or not outcome.measured_at:
        how = "and taken back before it could be graded" if is_back else "too early to grade"
        return f"{decision.title}: done, {how}."
    taken_back = " It was taken back later." if is_back else ""
    got = format_money(Decimal(outcome.figures["per_day"]), decision.account.currency, sign=True)
    hoped = decision.expected.get("per_day")
    if not hoped:
        return f"{decision.title}. It brought {got} a day.{taken_back}"
    promise = format_money(Decimal(hoped), decision.account.currency, sign=True)
    return f"{decision.title}. Expected {promise} a day, got {got}.{taken_back}"


def _entities(decision: Decision) -> list[str]:
    """What it was about, its subject first."""
    found = [f"{change['level']}:{change['external_id']}" for change in decision.changes]
    if decision.ad and decision.ad.creative and decision.ad.creative.angle:
        found.append(f"angle:{decision.ad.creative.angle.name}")
    return list(dict.fromkeys([f"{decision.subject_level}:{decision.subject_id}", *found]))
