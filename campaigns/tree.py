"""A platform's campaign tree as our rows: written in bulk, only where something differs, and drift is told apart."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.db.models import Model, Q

from campaigns.models import Ad, AdAccount, AdSet, Campaign, Change, Status
from campaigns.platforms.base import AdRow, AdSetRow, CampaignRow, CreativeRow, Structure
from creatives.models import Angle, Creative, LandingPage
from mediabuyer.lib.errors import Fault, PlatformError
from mediabuyer.lib.money import format_money
from memory import mirror
from memory.events import record

WATCHED = ("status", "daily_budget")
"""What we set ourselves, so that another value means that somebody else did."""
OWN_FOR = timedelta(days=7)
UNSORTED = "Unsorted"
TRACKING = re.compile(r"(?i)^(utm_|hsa_|mc_)|^(fbclid|gclid|msclkid|ttclid|igshid|_ga)$")
LEVELS: dict[type[Model], str] = {Campaign: "campaign", AdSet: "ad_set", Ad: "ad"}
BATCH = 1000


@dataclass
class _Tree:
    """One save: what is being written, and what was found to have been changed elsewhere."""

    account: AdAccount
    now: datetime
    asked_at: datetime
    busy: frozenset[str]
    """Ids of objects that our own changes are altering while this was read: their state here may be too old."""
    written: list[Model] = field(default_factory=list)
    drifts: list[tuple[Any, str, Any, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Saved:
    written: int
    drifts: int


def save_tree(account: AdAccount, structure: Structure, now: datetime, *, asked_at: datetime) -> Saved:
    """Must run in a transaction. `asked_at` is the database's time before the platform was asked."""
    _refuse_emptiness(account, structure)
    tree = _Tree(account, now, asked_at, _busy(account, asked_at))
    creatives = _save_creatives(tree, structure.ads)
    campaigns = _save(tree, Campaign, {row.external_id: _campaign(row) for row in structure.campaigns})
    ad_sets = _save(
        tree,
        AdSet,
        {
            row.external_id: _ad_set(row, campaigns[row.campaign_id])
            for row in structure.ad_sets
            if row.campaign_id in campaigns
        },
    )
    _save(
        tree,
        Ad,
        {
            row.external_id: _ad(row, ad_sets[row.ad_set_id], creatives)
            for row in structure.ads
            if row.ad_set_id in ad_sets
        },
    )
    mirror.touch(tree.written)
    drifts = _report_drift(tree)
    return Saved(len(tree.written), drifts)


def angle_of(row: AdRow) -> str:
    """The label `angle:…`, else what stands before “ | ” in the ad's name."""
    labelled = next((label.partition(":")[2].strip() for label in row.labels if label.startswith("angle:")), "")
    before, bar, _ = row.name.partition(" | ")
    return (labelled or (before.strip() if bar else "") or UNSORTED)[:120]


def page_address(link: str) -> str:
    """A link without tracking parameters, macros and fragment; empty when it is no web address."""
    parts = urlsplit(link.strip())
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return ""
    kept = [
        (key, value)
        for key, value in parse_qsl(parts.query, keep_blank_values=True)
        if not TRACKING.search(key) and "{{" not in value
    ]
    return urlunsplit((parts.scheme, parts.netloc.lower(), parts.path, urlencode(kept), ""))[:1000]


def _refuse_emptiness(account: AdAccount, structure: Structure) -> None:
    """An account that had campaigns still lists them, deleted or not: an empty list is a fault, not a deletion."""
    if not structure.campaigns and Campaign.objects.filter(account=account, is_placeholder=False).exists():
        raise PlatformError(Fault.TRANSIENT, "The platform listed no campaigns at all, which cannot be.")


def _busy(account: AdAccount, asked_at: datetime) -> frozenset[str]:
    changes = Change.objects.filter(account=account).filter(Q(state__in=Change.OPEN) | Q(settled_at__gte=asked_at))
    return frozenset(changes.exclude(external_id="").values_list("external_id", flat=True))


def _save_creatives(tree: _Tree, rows: Iterable[AdRow]) -> dict[str, Creative]:
    """Creatives with their angle and page, by external id; of two ads with one creative the first names the angle."""
    brand = tree.account.brand
    first = {row.creative.external_id: row for row in reversed(list(rows)) if row.creative}
    angles = _named(tree, Angle, "name", {angle_of(row) for row in first.values()})
    pages = _named(
        tree,
        LandingPage,
        "url",
        {address for row in first.values() if row.creative and (address := page_address(row.creative.link))},
    )
    wanted = {
        key: _creative(row.creative, angles[angle_of(row)], pages.get(page_address(row.creative.link)))
        for key, row in first.items()
        if row.creative
    }
    return _upsert(tree, Creative, {"brand": brand}, wanted)


def _named(tree: _Tree, model: Any, column: str, names: set[str]) -> dict[str, Any]:
    """Rows of the brand that are known by one text; missing ones are made."""
    brand = tree.account.brand
    rows = model.objects.filter(brand=brand, **{f"{column}__in": names})
    found = {getattr(row, column): row for row in rows}
    made = [model(brand=brand, **{column: name}) for name in sorted(names - found.keys())]
    tree.written += model.objects.bulk_create(made, batch_size=BATCH)
    return found | {getattr(row, column): row for row in made}


def _creative(row: CreativeRow, angle: Angle, page: LandingPage | None) -> dict[str, Any]:
    content = {"headline": row.headline, "body": row.body, "description": row.description}
    return content | {
        "angle": angle,
        "landing_page": page,
        "name": row.name[:400],
        "call_to_action": row.call_to_action[:60],
        "image_hash": row.image_hash[:64],
        "story_id": row.story_id[:80],
        "content_hash": Creative.hash_content(
            **content, link=row.link, call_to_action=row.call_to_action, image_hash=row.image_hash
        ),
    }


def _common(row: CampaignRow | AdSetRow | AdRow) -> dict[str, Any]:
    return {
        "name": row.name[:500],
        "status": row.status[:20],
        "effective_status": row.effective_status[:40],
        "platform_created_at": row.created_at,
        "is_placeholder": False,
    }


def _campaign(row: CampaignRow) -> dict[str, Any]:
    return _common(row) | {
        "objective": row.objective[:60],
        "bid_strategy": row.bid_strategy[:60],
        "daily_budget": row.daily_budget,
        "lifetime_budget": row.lifetime_budget,
    }


def _ad_set(row: AdSetRow, campaign: Campaign) -> dict[str, Any]:
    return _common(row) | {
        "campaign": campaign,
        "daily_budget": row.daily_budget,
        "lifetime_budget": row.lifetime_budget,
        "optimization_goal": row.optimization_goal[:60],
        "learning_status": row.learning_status[:20],
        "learning_conversions": row.learning_conversions,
        "last_significant_edit_at": row.last_significant_edit_at,
        "targeting": row.targeting,
    }


def _ad(row: AdRow, ad_set: AdSet, creatives: Mapping[str, Creative]) -> dict[str, Any]:
    return _common(row) | {
        "ad_set": ad_set,
        "campaign": ad_set.campaign,
        "review_feedback": row.review_feedback,
        "creative": creatives.get(row.creative.external_id) if row.creative else None,
    }


def _save(tree: _Tree, model: Any, wanted: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """One level of the tree; what we hold and the platform no longer lists is marked deleted."""
    gone = {"status": Status.DELETED, "effective_status": Status.DELETED}
    held = model.objects.filter(account=tree.account, is_placeholder=False).exclude(external_id__in=wanted)
    for key in held.exclude(status=Status.DELETED).values_list("external_id", flat=True):
        wanted[key] = dict(gone)
    return _upsert(tree, model, {"account": tree.account}, wanted)


def _upsert(tree: _Tree, model: Any, scope: dict[str, Any], wanted: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The rows are locked: what a change of ours sets meanwhile is not written over by what was read before."""
    rows = model.objects.filter(**scope, external_id__in=wanted).order_by("pk").select_for_update(no_key=True)
    known = {row.external_id: row for row in rows}
    extra = {"synced_at": tree.now} if model in LEVELS else {}
    made, changed, fields = [], [], set(extra)
    for key, values in wanted.items():
        row = known.get(key)
        if row is None:
            made.append(model(**scope, external_id=key, **values, **extra))
        elif different := _alter(tree, row, values):
            changed.append(row)
            fields.update(different)
    for row in changed:
        for name, value in extra.items():
            setattr(row, name, value)
    model.objects.bulk_create(made, batch_size=BATCH)
    if changed:
        model.objects.bulk_update(changed, sorted(fields), batch_size=BATCH)
    tree.written += [*made, *changed]
    return known | {row.external_id: row for row in made}


def _alter(tree: _Tree, row: Any, values: Mapping[str, Any]) -> list[str]:
    """Sets what differs and names it. Objects that our own change is altering keep what we know of them."""
    different = [name for name, value in values.items() if getattr(row, name) != value]
    if row.external_id in tree.busy:
        different = [name for name in different if name not in (*WATCHED, "effective_status")]
    for name in different:
        if name in WATCHED and type(row) in LEVELS and not row.is_placeholder:
            tree.drifts.append((row, name, getattr(row, name), values[name]))
        setattr(row, name, values[name])
    return different


def _report_drift(tree: _Tree) -> int:
    """A line for each value that neither we nor a change of ours has set."""
    ours = _set_by_us(tree)
    told = 0
    for row, name, old, new in tree.drifts:
        if (row.external_id, name, _plain(new)) in ours:
            continue
        told += 1
        record(
            "structure.drifted",
            LEVELS[type(row)],
            row.key,
            brand=tree.account.brand,
            account=tree.account.key,
            now=tree.now,
            actor="system",
            field=name,
            old=_plain(old),
            new=_plain(new),
            external_id=row.external_id,
            what=f"“{row.name}”: {name.replace('_', ' ')} {_shown(tree, old)} → {_shown(tree, new)}",
        )
    return told


def _set_by_us(tree: _Tree) -> set[tuple[str, str, str]]:
    """(object, field, value) of what we sent lately, whatever we know of its outcome: a failed one may have arrived."""
    ids = {row.external_id for row, *_ in tree.drifts}
    changes = Change.objects.filter(
        account=tree.account,
        external_id__in=ids,
        kind__in=["set_status", "set_budget"],
        sent_at__gte=tree.asked_at - OWN_FOR,
    )
    return {
        (change.external_id, name, _plain(Decimal(value) if name == "daily_budget" else value))
        for change in changes
        for name, value in change.params.items()
        if name in WATCHED
    }


def _plain(value: Any) -> str:
    """One text for one value: 50, 50.0 and 50.0000 are the same budget."""
    return "" if value is None else f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


def _shown(tree: _Tree, value: Any) -> str:
    return format_money(value, tree.account.currency) if isinstance(value, Decimal) or value is None else str(value)
