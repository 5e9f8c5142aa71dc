"""`manage.py sync_schedules`: makes the timetable in the database equal to `settings.SCHEDULES`."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import transaction
from django_q.models import Schedule

from mediabuyer.lib.clock import wall_now


class Command(BaseCommand):
    help = "Makes the queue's timetable equal to the settings."

    @transaction.atomic
    def handle(self, *_: Any, **__: Any) -> None:
        gone, _ = Schedule.objects.exclude(name__in=[name for name, _, _ in settings.SCHEDULES]).delete()
        changed = sum(_put(name, function, cron) for name, function, cron in settings.SCHEDULES)
        self.stdout.write(f"{len(settings.SCHEDULES)} schedules, {changed} written, {gone} removed.")


def _put(name: str, function: str, cron: str) -> bool:
    """An unchanged row keeps its next run, so that a restart does not start everything at once."""
    wanted = {
        "func": function,
        "schedule_type": Schedule.CRON,
        "cron": cron,
        "repeats": -1,
        "cluster": settings.Q_CLUSTER["name"],
    }  # else the small queue would take its share of the long work
    rows = Schedule.objects.filter(name=name)
    if rows.count() == 1 and rows.filter(**wanted).exists():
        return False
    rows.delete()
    Schedule.objects.create(name=name, next_run=wall_now(), **wanted)
    return True
