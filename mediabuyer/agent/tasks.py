"""What the queue may call: a few lines each, ids only. Every one may run twice, late, or beside itself."""

from __future__ import annotations

import logging
import time
import zlib
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from datetime import datetime, timedelta

from django.conf import settings
from django.db import Error, InterfaceError, OperationalError, connection
from django_q.conf import Conf

from campaigns.clock import now_for
from campaigns.connection import due_for_probe, probe
from campaigns.models import AdAccount
from campaigns.operations.markers import find_surplus
from campaigns.platforms import connect
from mediabuyer.agent import cycle, execute, outcomes
from mediabuyer.agent.lapse import lapse_due
from mediabuyer.agent.models import UNDO_WINDOW, Cycle, Decision
from mediabuyer.lib.clock import wall_now
from mediabuyer.lib.errors import Conflict, PlatformError
from mediabuyer.lib.locks import alone
from mediabuyer.lib.queue import each_alone, enqueue

logger = logging.getLogger(__name__)

SWEEP_SECONDS, RUNG_SECONDS = 45, 15
"""How long changes are taken up, by the timetable and when rung; the last one then has `ATTEMPT_SECONDS` to end."""
OUTAGE_SECONDS, PAUSE = 45, 2
"""How long a round that lost Postgres waits for it, and between two tries: the next slot may be a minute away."""
LOST = (InterfaceError, OperationalError)
"""What Django raises where Postgres went away."""
FORGOTTEN = timedelta(minutes=1)
"""A queued cycle that has not begun by then is rung for again: its message may be lost."""


def heartbeat() -> None:
    """Shows the pages that work gets through the queue, by whichever worker."""
    settings.HEARTBEAT_FILE.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings.HEARTBEAT_FILE.touch()


def ring_for_heartbeat(**_: object) -> None:
    """Each worker of the main queue that begins shows that work gets through it; pages would else wait a minute."""
    if settings.Q_CLUSTER["name"] == Conf.CLUSTER_NAME:
        with suppress(Error):  # the timetable rings again
            enqueue("mediabuyer.agent.tasks.heartbeat")


def sweep_changes() -> None:
    """Whatever is due to begin, to be sent or to be looked for. Runs beside itself as it likes: rows are claimed."""
    _carry_out(SWEEP_SECONDS)


def send_due() -> None:
    """Rung by a person's word: the same for a short while, so that the next one need not wait."""
    _carry_out(RUNG_SECONDS)


def execute_decision(decision_id: int) -> None:
    """Rung by an approval or an undo: waits out the seconds in which it can be taken back, then does what is due."""
    time.sleep(_left_to_take_back(decision_id).total_seconds())
    _carry_out(RUNG_SECONDS)


def _left_to_take_back(decision_id: int) -> timedelta:
    """From nothing to `UNDO_WINDOW`; the whole of it where the database cannot be asked just now."""
    try:
        until = Decision.objects.values_list("execute_after", flat=True).get(pk=decision_id)
    except Decision.DoesNotExist:
        until = None
    except LOST as error:
        logger.warning("the database failed (%s); the whole time to take it back is waited out", type(error).__name__)
        connection.close()
        return UNDO_WINDOW
    rest = until - wall_now() if until else timedelta(0)
    return min(max(rest, timedelta(0)), UNDO_WINDOW)


def _carry_out(
    seconds: float,
    round_of: Callable[[float], object] = execute.carry_out,
    clock: Callable[[], float] = time.monotonic,
    wait: Callable[[float], None] = time.sleep,
) -> None:
    """A round of changes, begun again when the database fails meanwhile. Every row is claimed, so twice is harmless.

    What was being sent when the database went is taken up when its lease ends. No send begins later than `seconds` and
    `OUTAGE_SECONDS` after the start.
    """
    end = clock() + seconds + OUTAGE_SECONDS
    lost_at: float | None = None
    while True:
        try:
            round_of(min(seconds, end - clock()))
        except LOST as error:
            lost_at = clock() if lost_at is None else lost_at
            if clock() + PAUSE > min(lost_at + OUTAGE_SECONDS, end):
                raise
            logger.warning("the database failed (%s); the round begins again in %s s", type(error).__name__, PAUSE)
            connection.close()
            wait(PAUSE)
        else:
            return


def sweep_connections() -> None:
    """Looks whether refused and held accounts can be used again; what waited for them goes on at once."""
    for account in due_for_probe():
        with each_alone("probe", account), only_once("probe", account.pk) as is_mine:
            if is_mine and probe(account, now_for(account)):
                enqueue("mediabuyer.agent.tasks.sweep_changes")


def sweep_decisions() -> None:
    """Lapses what nobody answered in time, by each account's own clock."""
    unanswered = [Decision.State.PROPOSED, Decision.State.AWAITING]
    for account in AdAccount.objects.filter(decision__state__in=unanswered).distinct():
        with each_alone("lapse", account):
            lapse_due(account, now_for(account))


def sweep_cycles() -> None:
    """Queues a cycle for every account that is due for one, and rings again for forgotten ones."""
    for account in AdAccount.objects.running():
        with each_alone("cycle", account):
            _start_if_due(account, now_for(account))
    forgotten = Cycle.objects.filter(state=Cycle.State.QUEUED, created_at__lt=wall_now() - FORGOTTEN)
    for pk in forgotten.values_list("pk", flat=True):
        cycle.ring_cycle(pk)


def _start_if_due(account: AdAccount, now: datetime) -> None:
    if not _is_due(account, now):
        return
    with suppress(Conflict):  # one is queued or running
        row = cycle.start_cycle(account, now, "import" if account.is_read_only else "schedule")
        cycle.ring_cycle(row.pk)


def _is_due(account: AdAccount, now: datetime) -> bool:
    """Long enough ago; an imported account when a file has brought figures that no cycle knew."""
    if account.is_read_only:
        return account.synced_at is not None and not _is_known(account, account.synced_at)
    if account.last_cycle_at is None:
        return True
    return now - account.last_cycle_at >= timedelta(minutes=settings.CYCLE_EVERY_MINUTES)


def _is_known(account: AdAccount, moment: datetime) -> bool:
    """A running cycle counts when it ends: until then it may turn out to be dead, and another has to be started."""
    rows = Cycle.objects.filter(account=account).exclude(state=Cycle.State.RUNNING)
    return rows.knowing(moment).exists()


def run_cycle(cycle_id: int) -> None:
    row = Cycle.objects.select_related("account__brand").filter(pk=cycle_id, state=Cycle.State.QUEUED).first()
    if row is None:
        return
    with only_once("cycle", row.account_id) as is_mine:
        if is_mine:
            cycle.run_cycle(row)


def sweep_outcomes() -> None:
    """Grades decisions whose window is over, and looks for objects that should not exist."""
    for account in AdAccount.objects.running().select_related("brand"):
        with only_once("outcomes", account.pk) as is_mine:
            if not is_mine:
                continue
            now = now_for(account)
            outcomes.measure_due(account, now)
            if not account.is_read_only:
                _look_for_surplus(account)


def _look_for_surplus(account: AdAccount) -> None:
    try:
        find_surplus(account, connect(account), now_for(account))
    except PlatformError as error:
        logger.warning("markers of %s could not be looked up: %s", account, error.message)


def only_once(job: str, account_id: int) -> AbstractContextManager[bool]:
    """False while the same job runs for the same account anywhere."""
    return alone(zlib.crc32(job.encode()) - 2**31, account_id)
