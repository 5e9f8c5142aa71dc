"""Django's `migrate`, which says of a failure at which step, what is left of it and what to do, not a traceback."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands.migrate import Command as Migrate
from django.db.migrations import Migration


class Command(Migrate):
    step: Migration | None = None
    finished = 0

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            super().handle(*args, **options)
        except Exception as error:  # a step may fail by anything
            if self.step is None:  # nothing was begun: Django's own words say what is wrong
                raise
            raise CommandError(f"{self.step} failed: {error}\n{_left_behind(self.step, self.finished)}") from error

    def migration_progress_callback(self, action: str, migration: Any = None, fake: bool = False) -> None:
        if action in ("apply_start", "unapply_start"):
            self.step = migration
        elif action in ("apply_success", "unapply_success"):
            self.step = None
            self.finished += 1
        super().migration_progress_callback(action, migration, fake)


def _left_behind(step: Migration, finished: int) -> str:
    """`finished` counts the steps that this run had made before."""
    if not step.atomic:
        return "Parts of this step may be left: see “migrate” in docs/operations.md before you migrate again."
    before = f"The {finished} before it in this run stay." if finished else "The database is as it was before."
    return f"Nothing of this step is left. {before} Mend what it names and migrate again."
