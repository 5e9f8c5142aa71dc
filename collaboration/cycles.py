"""A cycle as people read it: where it is, what it decided, what it knew, and whether it comes out the same again."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Prefetch, Q, QuerySet

from campaigns.models import AdAccount, AdSet
from collaboration.cards import GRADES, TONES
from collaboration.kinds import count_of
from collaboration.places import places_of
from mediabuyer.agent.context import GRAVITY, Severity, with_article
from mediabuyer.agent.cycle import SILENCE
from mediabuyer.agent.models import Cycle, Decision, Finding, Step, told_label, told_state
from mediabuyer.agent.replay import replay
from mediabuyer.agent.steps import NAMES
from memory.events import sentence
from memory.models import Episode, Event
from portfolio.models import Goal

STATES = {"queued": ("info", "clock"), "running": ("info", "spin"), "done": ("good", "check"), "failed": ("bad", "x")}
MOVES = {"running": "now", "done": "done", "failed": "fail"}
TRIGGERS = {"schedule": "by schedule", "command": "by command", "import": "after an import", "api": "by a program"}
WHAT = {
    "observe": "Read the newest figures",
    "evaluate": "Judge every ad",
    "recall": "Remember what happened last time",
    "plan": "Weigh what could be done",
    "guard": "Hold it against your limits",
    "decide": "Write it down",
    "act": "Carry out what is allowed",
    "learn": "Keep what came of earlier decisions",
}
COST_FROM = {
    "goal": "the goal in Settings",
    "file": "what it cost in the days of the file, since no goal is set",
    "month": "what it cost in the last 28 days by Meta, since no goal is set",
    "history": "what it cost by Meta so far: none came in the last 28 days, and no goal is set",
}
SHOWN_ADS = 10
WON = ["decision.approved", "decision.rejected", "decision.retracted", "decision.changed", "decision.deferred",
       "decision.cancelled", "decision.expired", "decision.outdated", "decision.undone", "decision.done",
       "decision.failed", "outcome.measured"]  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One line of the list of cycles. `ended` counts its decisions by state, in words."""

    cycle: Cycle
    tone: str
    icon: str
    trigger: str
    seconds: float | None
    ended: list[tuple[str, int]]


def list_rows(cycles: list[Cycle]) -> list[Row]:
    counts: dict[int, Counter[str]] = {}
    ends = ("cycle", "state", "reason_code")
    found = Decision.objects.filter(cycle__in=cycles).order_by(*ends).values_list(*ends)
    for pk, state, reason, count in found.annotate(Count("pk")):
        told = told_state(state, reason, is_request=False)
        counts.setdefault(pk, Counter())[told_label(state, told).lower()] += count
    return [
        Row(one, *STATES[one.state], trigger_words(one), seconds_of(one), [*counts.get(one.pk, Counter()).items()])
        for one in cycles
    ]


def trigger_words(cycle: Cycle) -> str:
    return f"by {cycle.started_by}" if cycle.started_by else TRIGGERS.get(cycle.trigger, cycle.trigger)


def seconds_of(cycle: Cycle, machine_now: datetime | None = None) -> float | None:
    """How long it took, or has taken so far."""
    end = cycle.finished_at or machine_now
    return (end - cycle.started_at).total_seconds() if cycle.started_at and end else None


def is_silent(cycle: Cycle, machine_now: datetime) -> bool:
    """Of one under way: its worker was probably ended."""
    return machine_now - (cycle.alive_at or cycle.created_at) > SILENCE


def live(cycle: Cycle, machine_now: datetime) -> dict[str, Any]:
    """What changes while it runs."""
    steps = {step.name: step for step in cycle.step_set.all()}
    shown = [_step(name, steps.get(name), machine_now) for name in NAMES]
    decisions = decisions_of(cycle)
    is_over = cycle.state in (Cycle.State.DONE, Cycle.State.FAILED)
    tone, icon = STATES[cycle.state]
    return {
        "cycle": cycle,
        "trigger": trigger_words(cycle),
        "steps": shown,
        "at_step": next((place for place, step in enumerate(shown, 1) if step["state"] == "now"), None),
        "seconds": seconds_of(cycle, machine_now),
        "parts": _parts(steps, machine_now),
        "tone": tone,
        "icon": icon,
        "decisions": decisions,
        "ended": Counter(one["decision"].told_label.lower() for one in decisions).most_common(),
        "is_over": is_over,
        "is_silent": not is_over and is_silent(cycle, machine_now),
        "failed_at": next((step["name"] for step in shown if step["state"] == "fail"), "the start"),
        "reference": cycle.key.hex[:12],
    }


def under_way(account: AdAccount, machine_now: datetime) -> dict[str, Any]:
    """The cycle that works or waits for a worker (`cycle_running`, None without), where it is, if it is the first."""
    row = Cycle.objects.filter(account=account, state__in=Cycle.OPEN).first()
    if row is None or is_silent(row, machine_now):
        return {"cycle_running": None}
    step = row.step_set.filter(state=Step.State.RUNNING).first()
    return {
        "cycle_running": row,
        "cycle_step": (step.order + 1, WHAT[step.name][0].lower() + WHAT[step.name][1:]) if step else None,
        "cycle_stage": f"{row.key.hex[:8]}-{step.order if step else row.state}",
        "is_first_cycle": not Cycle.objects.filter(account=account).exclude(pk=row.pk).exists(),
    }


def _step(name: str, step: Step | None, machine_now: datetime) -> dict[str, Any]:
    """As `components/steps.html` takes it."""
    if step is None:
        return {"name": name.capitalize(), "state": "todo", "duration": "", "text": WHAT[name], "progress": None}
    seconds = (step.finished_at or machine_now) - step.started_at
    running = step.state == Step.State.RUNNING
    return {
        "name": name.capitalize(),
        "state": MOVES[step.state],
        "duration": _short(seconds) + (" so far" if running else ""),
        "text": (f"Waits for {step.waits_for}." if step.waits_for else f"{WHAT[name]} …") if running else step.summary,
        "progress": None,
    }


def _short(span: timedelta) -> str:
    """`40 ms`, `8.3 s`, `1 min 04 s`: most steps take less than a second."""
    seconds = span.total_seconds()
    if seconds < 1:
        return f"{max(round(seconds * 1000), 1)} ms"
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds // 60)} min {int(seconds % 60):02d} s"


def _parts(steps: dict[str, Step], machine_now: datetime) -> list[tuple[str, float, str]]:
    """For `{% shares %}`: name, seconds, words. Steps below a hundredth of the whole go together."""
    begun = [steps[name] for name in NAMES if name in steps]
    spans = [(step.name, (step.finished_at or machine_now) - step.started_at) for step in begun]
    whole = sum((span for _, span in spans), timedelta())
    large = [(name.capitalize(), span.total_seconds(), _short(span)) for name, span in spans if span * 100 >= whole]
    small = sum((span for _, span in spans if span * 100 < whole), timedelta())
    return large + ([("The rest", small.total_seconds(), _short(small))] if small else [])


def decisions_of(cycle: Cycle, *, with_standing: bool = False) -> list[dict[str, Any]]:
    """`with_standing`: also what earlier cycles proposed and still holds."""
    chosen = Q(cycle=cycle)
    if with_standing:
        chosen |= Q(account=cycle.account_id, state=Decision.State.PROPOSED, requested_by=None)
    found = Decision.objects.filter(chosen).select_related("decided_by").order_by("pk")
    rows = list(found.prefetch_related(Prefetch("finding_set", Finding.objects.order_by("pk"))))
    places = places_of(rows)
    return [
        {
            "decision": row,
            "place": places[row.pk],
            "fired": _fired(list(row.finding_set.all())),
        }
        for row in rows
    ]


def _fired(findings: list[Finding]) -> list[dict[str, str]]:
    """What rules had to say beyond “passed”, gravest first."""
    said = [one for one in findings if one.severity != Severity.PASS]
    said.sort(key=lambda one: -GRAVITY[Severity(one.severity)])
    return [{"tone": TONES[one.severity], "text": one.message, "rule": one.guardrail.replace("_", " ")} for one in said]


def inputs(cycle: Cycle) -> dict[str, Any]:
    """What it knew, for the replay; empty for a cycle that never came to know anything."""
    seen = cycle.observation
    if not seen:
        return {}
    considered = _considered(cycle)
    sets = dict(AdSet.objects.filter(account=cycle.account_id).values_list("external_id", "name"))
    ads = [ad | {"ad_set": sets.get(ad["ad_set_id"], ""), "counted": _counted(ad)} for ad in seen["ads"]]
    first = ("spend",) if cycle.account.is_read_only else ("spend_7d", "spend")
    ads.sort(key=lambda ad: [-float(ad[name] or 0) for name in first])
    snapshot = hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()
    return {
        "seen": seen,
        "data_until": datetime.fromisoformat(seen["synced_at"]) if seen["synced_at"] else None,
        "last_day": date.fromisoformat(seen["today"]) - timedelta(days=1),
        "snapshot": f"{snapshot[:4]} {snapshot[4:8]}",
        "ads": ads[:SHOWN_ADS],
        "other_ads": ads[SHOWN_ADS:],
        "ads_scale": scale(ads),
        "budgets": [
            one | {"p_loss": _p_loss(one["draws"]), "level_words": one["level"].replace("_", " ")}
            for one in seen["budgets"]
        ],
        "budgets_scale": scale(seen["budgets"]),
        "draws": max((len(one["draws"]) for one in seen["budgets"]), default=0),
        "has_margin": _had_margin(cycle),
        "cost_from": COST_FROM.get(seen.get("reference_from", ""), ""),
        "result": with_article(seen.get("result", "purchase"), "A"),
        "cooldown": timedelta(seconds=seen["limits"]["cooldown"]),
        "weighed": len(considered),
        "kept": [one for one in considered if one["kept"]],
        "left": [one for one in considered if not one["kept"]],
        "recalled": _recalled(cycle),
        "again": replay(cycle),
    }


def _had_margin(cycle: Cycle) -> bool:
    """Whether a goal was set by then, as `Scale.has_margin` asks of now; without one revenue counts in full."""
    is_less = Decimal(cycle.observation["margin"]) < 1  # of one set after it began and before it looked
    return is_less or Goal.objects.filter(account=cycle.account_id, set_at__lte=cycle.now).exists()


def _counted(ad: dict[str, Any]) -> str:
    """What its results are, for beside their number: `conversations`, or `conversation` beside 1."""
    kind = ad.get("result") or ""
    return count_of(Decimal(str(ad.get("results") or 0)), kind).partition(" ")[2] if kind else ""


def scale(rows: list[dict[str, Any]]) -> float:
    """The right end of the figure of payout intervals: at least 2, so that 1 (what was spent) lies inside."""
    return max([2.0, *(float(row["high"]) * 1.05 for row in rows if row.get("high") is not None)])


def _p_loss(draws: list[float]) -> float | None:
    return sum(one < 1 for one in draws) / len(draws) if draws else None


def _considered(cycle: Cycle) -> list[dict[str, Any]]:
    """Every candidate in its rank, with the verdict of the guardrails on those that were kept."""
    figures = dict(cycle.step_set.filter(name__in=["plan", "guard"]).values_list("name", "figures"))
    verdicts = list(figures.get("guard", {}).get("verdicts", []))
    words = {"block": "Held back", "approve": "A person decides", "shown": "Shown only"}
    rows = []
    for rank, one in enumerate(figures.get("plan", {}).get("candidates", []), 1):
        verdict = verdicts.pop(0) if one["kept"] and verdicts else None  # both lists are in the order of rank
        said = words.get(verdict["verdict"], "Allowed by rule") if verdict else ""
        rows.append(one | {"rank": rank, "said": said, "fired": verdict["fired"] if verdict else []})
    return rows


def _recalled(cycle: Cycle) -> list[dict[str, str]]:
    found = Episode.objects.filter(key__in=cycle.recalled, brand=cycle.account.brand_id)
    return [
        {"tone": GRADES.get(one.outcome, "info"), "text": one.text, "note": f"{one.occurred_at:%-d %b %Y}"}
        for one in found
    ]


def verdicts_of(decisions: list[dict[str, Any]], account: AdAccount) -> list[dict[str, Any]]:
    """What people answered and what came of it, in order of time."""
    keys = [str(one["decision"].key) for one in decisions]
    rows = Event.objects.of_account(account.key).filter(subject="decision", subject_key__in=keys, kind__in=WON)
    return [{"event": row, "said": sentence(row)} for row in rows.order_by("id")]


def number_of(cycle: Cycle) -> int:
    """Its place among the cycles of its account, which is what people call it by."""
    return Cycle.objects.filter(account=cycle.account_id, pk__lte=cycle.pk).count()


def neighbours(cycle: Cycle, count: int = 4) -> QuerySet[Cycle]:
    return Cycle.objects.filter(account=cycle.account_id, pk__lt=cycle.pk).select_related("started_by")[:count]
