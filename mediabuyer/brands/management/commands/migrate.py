"""Django's `migrate`, which says of a failure at which step, what is left of it and what to do, not a traceback."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands.migrate import Command as Migrate
from django.db.migrations import Migration


class Command(Migrate):
    step: Migration | None = None

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            super().handle(*args, **options)
        except Exception as error:  # a step may fail by anything
            if self.step is None:  # nothing was begun: Django's own words say what is wrong
                raise
            raise CommandError(f"{self.step} failed: {error}\n{_left_behind(self.step)}") from error

    def migration_progress_callback(self, action: str, migration: Any = None, fake: bool = False) -> None:
        if action in ("apply_start", "unapply_start"):
            self.step = migration
        elif action in ("apply_success", "unapply_success"):
            self.step = None
        super().migration_progress_callback(action, migration, fake)


def _left_behind(step: Migration) -> str:
    if step.atomic:
        return (
            "Nothing of this step is left, the steps before it stay, and the program of before still works. "
            "Mend what it names and migrate again."
        )
    return "Parts of this step may be left: see “migrate” in docs/operations.md before you migrate again."
