"""`manage.py run_cycle`: one agent cycle, now, in this process."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from campaigns.clock import now_for
from campaigns.models import AdAccount
from mediabuyer.agent.cycle import run_cycle, start_cycle
from mediabuyer.agent.models import Cycle
from mediabuyer.lib.errors import MediaBuyerError


class Command(BaseCommand):
    help = "Runs one agent cycle on an account and prints what it decided."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--account", help="the account's key; by default the only or first running one")
        parser.add_argument(
            "--at", type=datetime.fromisoformat, help="run as if it were this time (ISO 8601 with zone)"
        )
        parser.add_argument("--json", action="store_true", help="print JSON only")

    def handle(self, *_: Any, account: str | None, at: datetime | None, **options: Any) -> None:
        found = self._account(account)
        if at is not None and at.tzinfo is None:
            raise CommandError(f"--at {at.isoformat()} names no time zone. Write it like 2026-11-20T18:00:00+01:00.")
        try:
            cycle = run_cycle(start_cycle(found, at or now_for(found), "command"))
        except MediaBuyerError as error:
            raise CommandError(f"{error.message} {error.remedy}".strip()) from error
        self._print(cycle, as_json=options["json"])

    def _account(self, key: str | None) -> AdAccount:
        accounts = AdAccount.objects.select_related("brand")
        try:
            found = accounts.filter(key=key).first() if key else accounts.running().order_by("pk").first()
        except ValueError as error:
            raise CommandError(
                f"--account {key} is not a key. Keys look like 1b4e28ba-2fa1-11d2-883f-0016d3cca427."
            ) from error
        if found is None:
            raise CommandError(f"There is no account {key or 'to run on'}. `manage.py demo` creates one.")
        return found

    def _print(self, cycle: Cycle, *, as_json: bool) -> None:
        decisions = [
            {
                "key": str(one.key),
                "action": one.action,
                "status": one.state,
                "ad": one.ad.name if one.ad else one.subject_id,
                "why": one.why,
            }
            for one in cycle.decision_set.select_related("ad").order_by("pk")
        ]
        seconds = {step.name: round(step.seconds or 0, 3) for step in cycle.step_set.all()}
        if as_json:
            self.stdout.write(json.dumps({"cycle": str(cycle.key), "decisions": decisions, "seconds": seconds}))
            return
        self.stdout.write(f"Cycle {cycle.key} on {cycle.account}: {sum(seconds.values()):.1f} s")
        for one in decisions:
            self.stdout.write(f"  {one['status']:<10} {one['action']:<16} {one['ad']}: {one['why']}")
