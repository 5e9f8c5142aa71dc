"""`manage.py demo`: a brand with one person a role, and a sandbox account with history, ready to be looked at."""

from __future__ import annotations

import json
import os
import secrets
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from campaigns.clock import now_for
from campaigns.models import AdAccount
from campaigns.platforms import connect
from campaigns.sync import sync_comments, sync_insights, sync_structure
from mediabuyer.agent.observe import budgets_of, committed
from mediabuyer.brands.models import Brand, Member, Scope, Token, User
from memory.events import record
from portfolio.conversions import sync_conversions
from portfolio.models import Goal

PEOPLE = [
    # role, e-mail, first name, last name, role at the brand
    ("owner", "owner@norden.example", "Nils", "Brandt", "owner"),
    ("manager", "manager@norden.example", "Jana", "Holm", "manager"),
    ("manager2", "manager2@norden.example", "Ana", "Kern", "manager"),
    ("reviewer", "reviewer@norden.example", "Lea", "Kunze", "reviewer"),
    ("team", "team@norden.example", "Tom", "Berger", "team"),
    ("viewer", "viewer@norden.example", "Eva", "Lind", "viewer"),
]
STRANGER = ("stranger", "stranger@other.example", "Sam", "Fremd", "owner")
HEADROOM = Decimal("2.2")
"""Daily cap as a multiple of the budgets: room for Meta's worst day (1.75 ×) and for a few steps up."""


class Command(BaseCommand):
    help = "Creates the demo brand, its people and its sandbox account; running it again changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--sandbox-file",
            type=Path,
            default=settings.VAR_DIR / "sandbox.json",
            help="what the sandbox printed when it was ready",
        )
        parser.add_argument("--url", default=settings.SITE_URL, help="where the pages are served")

    def handle(self, *_: Any, sandbox_file: Path, url: str, **__: Any) -> None:
        try:
            sandbox = json.loads(sandbox_file.read_text())
        except (OSError, ValueError) as error:
            raise CommandError(f"{sandbox_file} cannot be read: {error}. Start the sandbox first.") from error
        path = settings.VAR_DIR / "demo.json"
        known = json.loads(path.read_text()) if path.exists() else {}
        people, token = self._people(known)
        self._account(sandbox)
        self._write(
            path,
            {
                "url": url,
                "people": people,
                "api_token": token,
                "sandbox": {name: sandbox[name] for name in ("url", "account_id", "access_token")},
            },
        )

    @transaction.atomic
    def _people(self, known: dict[str, Any]) -> tuple[list[dict[str, str]], str]:
        """Creates who is missing; passwords are drawn once and kept in demo.json only."""
        passwords = {one["email"]: one["password"] for one in known.get("people", [])}
        brand, _ = Brand.objects.get_or_create(name="Norden Kaffee")
        other, _ = Brand.objects.get_or_create(name="Other Company")
        listed = []
        for name, email, first, last, role in [*PEOPLE, STRANGER]:
            password = passwords.get(email) or secrets.token_urlsafe(12)
            user = User.objects.filter(email=email).first()
            if user is None:
                user = User.objects.create_user(
                    email,
                    password,
                    first_name=first,
                    last_name=last,
                    is_staff=name == "owner",
                    is_superuser=name == "owner",
                )
            elif email not in passwords:
                user.set_password(password)
                user.save(update_fields=["password"])
            Member.objects.get_or_create(
                brand=other if name == "stranger" else brand, user=user, defaults={"role": role}
            )
            listed.append({"role": name, "email": email, "password": password})
        return listed, known.get("api_token") or self._token(brand)

    def _token(self, brand: Brand) -> str:
        manager = Member.objects.get(brand=brand, user__email="manager@norden.example")
        manager.token_set.filter(name="Demo").delete()
        return Token.issue(manager, "Demo", list(Scope.values))[1]

    def _account(self, sandbox: dict[str, Any]) -> None:
        brand = Brand.objects.get(name="Norden Kaffee")
        account, is_new = AdAccount.objects.get_or_create(
            brand=brand,
            platform="meta",
            mode=AdAccount.Mode.SANDBOX,
            external_id=sandbox["account_id"],
            defaults={"name": "DE shop", "graph_url": sandbox["url"], "currency": "EUR", "time_zone": "Europe/Berlin"},
        )
        account.graph_url = sandbox["url"]
        account.credentials = json.dumps(
            {name: sandbox.get(name, "") for name in ("access_token", "app_id", "app_secret", "page_id")}
        )
        account.save(update_fields=["graph_url", "credentials"])
        now = now_for(account)
        if account.synced_at is None:
            self._pull(account, now)
        if is_new or account.daily_cap is None:
            self._limits(account, now)

    def _pull(self, account: AdAccount, now: Any) -> None:
        there = connect(account).read_account()
        AdAccount.objects.filter(pk=account.pk).update(currency=there.currency, time_zone=there.time_zone)
        account.refresh_from_db()
        with transaction.atomic():
            record(
                "account.connected",
                "account",
                account.key,
                brand=account.brand,
                account=account.key,
                now=now,
                actor="system",
                name=account.name,
            )
        sync_structure(account, now)
        sync_insights(account, now, days=90)
        sync_comments(account, now)
        sync_conversions(account, now)

    def _limits(self, account: AdAccount, now: Any) -> None:
        budgets = [budget for budget in budgets_of(account) if budget.is_active]
        highest = max((budget.daily_budget for budget in budgets), default=Decimal(100))
        owner = User.objects.get(email="owner@norden.example")
        account.change_limits(
            owner,
            now,
            daily_cap=(committed(budgets) * HEADROOM).quantize(Decimal(10)),
            approval_over=Decimal(5),
            ad_set_cap=(highest * 2).quantize(Decimal(10)),
        )
        if not Goal.objects.filter(account=account).exists():
            Goal.put(account, owner, now, margin=Decimal("0.6"))

    def _write(self, path: Path, content: dict[str, Any]) -> None:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(content, file, indent=1)
        path.chmod(0o600)
        self.stdout.write(f"The demo is ready; logins are in {path.name} under var/.")
