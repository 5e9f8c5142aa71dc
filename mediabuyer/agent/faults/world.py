"""The throw-away account of a fault run: a brand, a manager, and a sandbox of its own that nobody else speaks to."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pgtrigger
from django.conf import settings
from django.db import transaction

from campaigns.clock import now_for, today_for
from campaigns.models import Ad, AdAccount, AdSet, Campaign, Change, Comment, InsightDay, Operation, SyncRun
from campaigns.sync import sync_structure
from mediabuyer.agent.models import Decision, Outcome
from mediabuyer.brands.models import Brand, Member, User
from memory.models import Event

START_LIMIT = 60


@dataclass
class FaultWorld:
    account: AdAccount
    manager: User
    sandbox: dict[str, Any]

    def control(self, name: str, body: dict[str, Any] | None = None) -> Any:
        """GET, or POST with a body, of the sandbox's own controls."""
        data = None if body is None else json.dumps(body).encode()
        url, headers = f"{self.sandbox['url']}/_sandbox/{name}", {"Content-Type": "application/json"}
        request = urllib.request.Request(url, data=data, headers=headers)  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return json.load(answer)


@contextmanager
def fault_world(changes: int, seed: int, *, keep: bool) -> Iterator[FaultWorld]:
    """Sized so that every budget is moved once at the most. All of it is gone afterwards unless it is to be kept."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        campaigns = max(4, changes // 8)
        sandbox = _start(stack, folder, campaigns=campaigns, ads=campaigns * 4, seed=seed)
        world = _people_and_account(sandbox)
        if not keep:
            stack.callback(remove, world)
        _read_tree(world)
        yield world


def _start(stack: ExitStack, folder: Path, **flags: int) -> dict[str, Any]:
    command = [
        sys.executable,
        "-m",
        "campaigns.sandbox",
        "--port",
        "0",
        "--store",
        str(folder),
        "--history-days",
        "3",
        "--frozen",
        *(part for name, value in flags.items() for part in (f"--{name}", str(value))),
    ]
    process = subprocess.Popen(command, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, text=True)
    stack.callback(process.wait, START_LIMIT)
    stack.callback(process.kill)  # nobody reads its store again
    assert process.stdout is not None
    sandbox: dict[str, Any] = json.loads(process.stdout.readline() or "{}")
    if not sandbox:
        raise RuntimeError(f"The sandbox ended with code {process.wait()}.")
    return sandbox


@transaction.atomic
def _people_and_account(sandbox: dict[str, Any]) -> FaultWorld:
    run = uuid.uuid4().hex[:8]
    brand = Brand.objects.create(name=f"Fault run {run}")
    manager = User.objects.create_user(f"fault-run-{run}@example.com", None)
    Member.objects.create(brand=brand, user=manager, role="manager")
    keys = {name: sandbox[name] for name in ("access_token", "app_id", "app_secret", "page_id")}
    account = AdAccount.objects.create(
        brand=brand,
        name=f"Fault run {run}",
        platform="meta",
        mode=AdAccount.Mode.SANDBOX,
        currency="EUR",
        external_id=sandbox["account_id"],
        graph_url=sandbox["url"],
        credentials=json.dumps(keys),
        time_zone="Europe/Berlin",
        ad_set_cap=Decimal(100_000),
        is_agent_on=False,
        cooldown_hours=0,
    )
    return FaultWorld(account, manager, sandbox)


def _read_tree(world: FaultWorld) -> None:
    """The tree as it is; evidence and learning as if all had run for long, since it is the caps that are tried here."""
    account, now = world.account, now_for(world.account)
    sync_structure(account, now)
    AdSet.objects.filter(account=account).update(learning_status="SUCCESS")
    yesterday = today_for(account, now) - timedelta(days=1)
    InsightDay.objects.bulk_create(
        InsightDay(account=account, ad=ad, day=yesterday, until=yesterday, spend=Decimal(1000), results=Decimal(50))
        for ad in Ad.objects.filter(account=account)
    )
    AdAccount.objects.filter(pk=account.pk).update(synced_at=now, clock_at=now)
    account.refresh_from_db()


def remove(world: FaultWorld) -> None:
    """Every row of the throw-away brand, its journal included: a chain goes whole or not at all."""
    account, brand = world.account, world.account.brand
    with transaction.atomic(), pgtrigger.ignore("memory.Event:append_only"):
        for rows in (
            Outcome.objects.filter(decision__account=account),
            Decision.objects.filter(account=account),
            Change.objects.filter(account=account),
            Operation.objects.filter(account=account),
            InsightDay.objects.filter(account=account),
            Comment.objects.filter(account=account),
            Ad.objects.filter(account=account),
            AdSet.objects.filter(account=account),
            Campaign.objects.filter(account=account),
            SyncRun.objects.filter(account=account),
            AdAccount.objects.filter(pk=account.pk),
            Event.objects.filter(brand=brand),
        ):
            rows.delete()
        for model in _models_of_brand():
            model._base_manager.filter(brand=brand).delete()
        brand.delete()
        world.manager.delete()


def _models_of_brand() -> list[Any]:
    """What the sync made for the brand beside the tree: angles, creatives, pages."""
    return [
        relation.related_model
        for relation in Brand._meta.related_objects
        if relation.related_model._meta.app_label in {"brands", "creatives", "memory"}
        and relation.related_model is not Event
        and relation.field.name == "brand"
    ]
