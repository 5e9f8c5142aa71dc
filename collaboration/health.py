"""Is everything up? Each dependency in one line, for Today, for Status and for machines.

Of outside services only a sandbox is asked, for the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import OperationalError, connection

from campaigns.clock import is_silent
from campaigns.models import META_EXPOSURE, AdAccount, Change
from collaboration.templatetags.ui import since
from mediabuyer.agent.models import Decision
from mediabuyer.lib.money import format_money
from memory.status import graph_status
from portfolio.performance import data_span

STALE = timedelta(hours=26)
QUEUE_SILENCE = timedelta(seconds=150)


@dataclass(frozen=True)
class Part:
    """One dependency: `tone` is good, warn or bad; `text` what is so, `help` what to do about it."""

    name: str
    tone: str
    text: str
    help: str = ""


def parts(account: AdAccount | None, now: datetime, machine_now: datetime) -> list[Part]:
    """`now` is the account's time, `machine_now` the wall clock."""
    found = [database(), queue(machine_now), graph(machine_now)]
    if account is not None:
        found = [platform(account, now), ledger(account), *found]
    return found


def database() -> Part:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except OperationalError:
        return Part("Database", "bad", "does not answer", "Nothing works without it; see docs/operations.md.")
    return Part("Database", "good", "answers")


def queue(machine_now: datetime) -> Part:
    """A worker touches a file each minute through the queue; what is due waits while nobody does."""
    try:
        beat = datetime.fromtimestamp(settings.HEARTBEAT_FILE.stat().st_mtime, tz=machine_now.tzinfo)
    except OSError:
        return Part("Worker", "warn", "not heard of yet", "Approved decisions wait. Start one: manage.py qcluster.")
    if machine_now - beat > QUEUE_SILENCE:
        return Part(
            "Worker",
            "bad",
            f"silent, last {since(beat, machine_now)}",
            "Approved decisions wait. make run restarts it by itself; else restart manage.py qcluster.",
        )
    return Part("Worker", "good", f"at work, {since(beat, machine_now)}")


def graph(machine_now: datetime) -> Part:
    """Never a reason to wait: the graph is a copy and catches up."""
    status = graph_status(machine_now)
    if status.state == "off":
        return Part("Memory graph", "good", "switched off")
    behind = f", {status.waiting:,} change{'' if status.waiting == 1 else 's'} behind" if status.waiting else ""
    if status.state == "ready" and not status.is_late:
        return Part("Memory graph", "good", "up to date" if not behind else f"ready{behind}")
    return Part("Memory graph", "warn", f"{status.words}{behind}", "Decisions do not need it. It catches up by itself.")


def platform(account: AdAccount, now: datetime) -> Part:
    name = "Imported files" if account.is_read_only else f"Meta ({account.get_mode_display().lower()})"
    if account.connection == AdAccount.Connection.RECONNECT:
        return Part(name, "bad", "refuses our token", "Connect the account again; its changes wait until then.")
    if account.connection == AdAccount.Connection.HELD:
        return Part(name, "bad", "holds the account", account.connection_detail)
    if account.synced_at is None:
        return Part(name, "warn", "not read yet", "The first cycle reads it.")
    if is_silent(account):
        return Part(name, "bad", "does not answer", "Changes wait, and are sent when it answers again.")
    if account.is_read_only:
        span = data_span(account)
        return Part(name, "good", f"figures until {span[1]:%-d %b %Y}" if span else "no figures")
    age = since(account.synced_at, now)
    if now - account.synced_at > STALE:
        return Part(name, "warn", f"figures from {age}", "Nothing is raised on figures this old. Run a cycle.")
    return Part(name, "good", f"figures from {age}")


def ledger(account: AdAccount) -> Part:
    """Changes whose outcome is not known need a person, and so does what could not be taken back."""
    unknown = Change.objects.filter(account=account, state=Change.State.UNKNOWN).count()
    waiting = Change.objects.filter(account=account).open().count()
    undos = Decision.objects.filter(account=account).with_failed_undo()
    kept, held = undos.filter(undo_state="failed").count(), undos.filter(undo_state="blocked").count()
    wrong = [f"{unknown} of unknown outcome"] if unknown else []
    wrong += [f"{kept} not taken back"] if kept else []
    if wrong:
        return Part(
            "Changes at Meta",
            "bad",
            ", ".join(wrong),
            "Each stands on its decision, with what you can say about it.",
        )
    if held:
        return Part("Changes at Meta", "warn", f"{held} held back from being taken back", "Press U on it to try again.")
    return Part("Changes at Meta", "good", f"{waiting} under way" if waiting else "none under way")


def cap(account: AdAccount, plan: Decimal) -> Part | None:
    """Whether the budgets in force keep below the daily cap even on the worst day; None where no cap holds."""
    if account.is_read_only or not account.daily_cap:
        return None
    worst_day, limit = (
        format_money(one, account.currency, places=0) for one in (plan * META_EXPOSURE, account.daily_cap)
    )
    if plan * META_EXPOSURE <= account.daily_cap:
        return Part("Daily cap", "good", f"budgets allow {worst_day} of {limit}")
    return Part(
        "Daily cap",
        "warn",
        f"budgets already allow {worst_day} on a worst day, the cap is {limit}",
        f"Your budgets already allow {worst_day} on a worst day; "
        f"I raise nothing until they are under the cap of {limit}.",
    )


def worst(found: list[Part]) -> str:
    return max((part.tone for part in found), key=["good", "warn", "bad"].index, default="good")
