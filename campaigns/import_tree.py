"""Campaigns, ad sets and ads of an imported file. What the file does not name is called by the nearest named level."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from itertools import product
from typing import Any, NamedTuple

from campaigns.exports.parse import ParsedRow
from campaigns.exports.result_kinds import SEVERAL
from campaigns.models import Ad, AdAccount, AdSet, Campaign, Status
from campaigns.models.tree import BY_NAME, DELIVERED, OF_ALL
from campaigns.tree import UNSORTED
from creatives.models import Angle, Creative
from memory import mirror

OF_FILES = ""
"""Who says what the results of an ad are: the files themselves."""
RUNNING = frozenset({
    "active", "aktiv", "actif", "activo", "activa", "ativo", "ativa", "attivo", "attiva", "actief",
    "aktywne", "aktif", "配信中", "アクティブ", "진행 중", "活动", "進行中", "đang hoạt động", "активно",
})  # fmt: skip
"""Words for a running ad."""


class Names(NamedTuple):
    """What one row says about its ad; empty where it says nothing."""

    campaign_id: str
    campaign: str
    ad_set_id: str
    ad_set: str
    ad_id: str
    ad: str


def names_of(row: ParsedRow) -> Names:
    """Cut to what the columns hold; an id of ours is never longer than 64."""
    return Names(*(row.names.get(field, "")[: 64 if field.endswith("_id") else 500] for field in Names._fields))


class Tree:
    """The account's tree in memory, by external id; grows in bulk as rows of one file name what is new.

    `known` goes by the names as the file writes them: most rows name an ad that was met before. `untold` are those of
    which no row said yet whether they run; `told` what just became known of stored ones.
    """

    def __init__(self, account: AdAccount, now: datetime, *, is_newest: bool = False, told_by: str = "") -> None:
        """`is_newest`: it reaches beyond all files before it, so that its word on what runs replaces an earlier one.
        `told_by`: who says what its results are, see `Ad.told_kinds`.
        """
        self.account, self.now, self.is_newest, self.told_by = account, now, is_newest, told_by
        self.campaigns: dict[str, Campaign] = {c.external_id: c for c in Campaign.objects.filter(account=account)}
        self.ad_sets: dict[str, AdSet] = {s.external_id: s for s in AdSet.objects.filter(account=account)}
        ads = Ad.objects.filter(account=account).select_related("campaign", "ad_set")
        self.ads: dict[str, Ad] = {a.external_id: a for a in ads}
        self.known: dict[tuple[str, ...], int] = {}
        self.untold: set[tuple[str, ...]] = set()
        self.told: dict[type[Any], dict[int, Any]] = {}
        self.kinds: dict[tuple[str, ...], set[str]] = {}
        self.running: set[tuple[str, ...]] = set()
        self.angles: dict[str, Angle] = {}
        self.made = 0
        self.by_name: dict[tuple[str, str | None, str | None], list[Ad]] = {}
        for ad in self.ads.values():
            self._index(ad)

    def resolve(self, rows: Iterable[ParsedRow]) -> None:
        """Makes what these rows name and the tree does not hold: three INSERTs for a batch, not three a row."""
        fresh: dict[tuple[str, ...], ParsedRow] = {}
        for row in rows:
            written = tuple(row.names.values())
            is_new = written not in self.known or (row.delivery and written in self.untold)
            kind = row.kind or (SEVERAL if row.values.get("results") else "")  # results of which nobody says what
            if kind and kind not in self.kinds.setdefault(written, set()):
                self.kinds[written].add(kind)
                is_new = True
            is_running = bool(row.delivery) and _status_in(row.delivery) == Status.ACTIVE
            if is_running and written not in self.running:  # of several ads of one name it takes one that runs
                self.running.add(written)
                is_new = True
            if is_new and (written not in fresh or is_running or (row.delivery and written not in self.running)):
                fresh[written] = row
        if not fresh:
            return
        made: dict[type[Any], list[Any]] = {Campaign: [], AdSet: [], Ad: []}
        placed = {written: self._ad(names_of(row), row.delivery, made) for written, row in fresh.items()}
        for written, ad in placed.items():
            self._tell_kind(ad, self.kinds.get(written, set()))
        self._dress(made[Ad])
        for model, objects in made.items():
            model.objects.bulk_create(objects, batch_size=2000)
            mirror.touch(objects)
            self.made += len(objects)
        for model, nodes in self.told.items():
            fields = ["status", "effective_status", *(["told_kinds"] if model is Ad else [])]
            model.objects.bulk_update(nodes.values(), fields, batch_size=2000)
            mirror.touch(nodes.values())
        self.told.clear()
        self.known.update((written, ad.pk) for written, ad in placed.items())
        self.untold |= {written for written, ad in placed.items() if ad.effective_status == DELIVERED}
        self.untold -= {written for written, ad in placed.items() if ad.effective_status != DELIVERED}

    def _dress(self, ads: list[Ad]) -> None:
        """A creative for each new ad, so that imported ads can be compared by angle; what they say is not known."""
        brand = self.account.brand
        for name in sorted({_angle_of(ad) for ad in ads} - self.angles.keys()):
            self.angles[name], _ = Angle.objects.get_or_create(brand=brand, name=name)
        wanted = {f"export:{_digest(self.account.key.hex, ad.external_id)}": ad for ad in ads}
        found = {c.external_id: c for c in Creative.objects.filter(brand=brand, external_id__in=wanted)}
        fresh = [
            Creative(brand=brand, external_id=key, name=ad.name[:400], angle=self.angles[_angle_of(ad)],
                     content_hash=Creative.hash_content(name=ad.name, ad=key))
            for key, ad in wanted.items() if key not in found
        ]  # fmt: skip
        Creative.objects.bulk_create(fresh, batch_size=2000)
        mirror.touch(fresh)
        found.update((creative.external_id, creative) for creative in fresh)
        for key, ad in wanted.items():
            ad.creative = found[key]

    def ad_of(self, row: ParsedRow) -> int:
        return self.known[tuple(row.names.values())]

    def _ad(self, names: Names, delivery: str, made: dict[type[Any], list[Any]]) -> Ad:
        campaign = self._campaign(names, made)
        ad_set = self._ad_set(names, campaign, made)
        key = names.ad_id or _key_of(names.ad, ad_set.external_id)
        ad = self.ads.get(key) or (None if names.ad_id else self._same_name(names.ad, campaign, ad_set))
        if ad is None:
            name = names.ad or names.ad_id or whole_of(campaign, ad_set)
            ad = Ad(external_id=key, name=name, ad_set=ad_set, campaign=campaign, **self._common(key))
            self.ads[key] = ad
            self._index(ad)
            made[Ad].append(ad)
        elif ad.pk and ad.campaign.is_placeholder and not campaign.is_placeholder:
            self._move(ad, campaign, ad_set, made)
        self._tell((ad, ad_set, campaign), _status_in(delivery))
        return ad

    def _tell(self, nodes: tuple[Ad, AdSet, Campaign], status: str) -> None:
        """A status for what had none or an older one: the finest that the file names, and what stands for it below.
        What lies above a paused one may well run on.
        """
        if status == DELIVERED:
            return
        is_above = False
        for node in nodes:
            may = self.is_newest or node.effective_status == DELIVERED
            if may and node.effective_status != status and (not is_above or status == Status.ACTIVE):
                node.status = node.effective_status = status
                self._note(node)
            is_above = is_above or not node.is_placeholder

    def _tell_kind(self, ad: Ad, kinds: set[str]) -> None:
        """A person may answer anew for a file, and so takes back what was answered for that one, and nothing else."""
        told = {by: kind for by, kind in ad.told_kinds.items() if by == OF_FILES or by != self.told_by}
        if self.told_by == OF_FILES and OF_FILES in told:
            kinds = kinds | {told[OF_FILES]}
        if kinds:
            told[self.told_by] = SEVERAL if len(kinds) > 1 else next(iter(kinds))
        if ad.told_kinds != told:
            ad.told_kinds = told
            self._note(ad)

    def _note(self, node: Ad | AdSet | Campaign) -> None:
        if node.pk:
            self.told.setdefault(type(node), {})[node.pk] = node

    def _same_name(self, name: str, campaign: Campaign, ad_set: AdSet) -> Ad | None:
        """The one ad of this name whose place does not contradict, so that a file with ids and one without agree."""
        if not name:
            return None
        fitting = {
            id(ad): ad
            for key in product([name], _places(campaign), _places(ad_set))
            for ad in self.by_name.get(key, ())
            if _agree(ad.campaign, campaign) and _agree(ad.ad_set, ad_set)
        }
        return next(iter(fitting.values())) if len(fitting) == 1 else None

    def _index(self, ad: Ad) -> None:
        """By its name and what it lies in; None stands for anything."""
        for place in product([ad.name], {_place(ad.campaign), None}, {_place(ad.ad_set), None}):
            self.by_name.setdefault(place, []).append(ad)

    def _move(self, ad: Ad, campaign: Campaign, ad_set: AdSet, made: dict[type[Any], list[Any]]) -> None:
        """A later file tells the campaign of an ad that an earlier one named alone."""
        for parent, model in ((campaign, Campaign), (ad_set, AdSet)):
            if parent.pk is None:
                parent.save(force_insert=True)
                made[model].remove(parent)
        ad.campaign, ad.ad_set = campaign, ad_set
        self._index(ad)
        ad.save(update_fields=["campaign", "ad_set"])

    def _campaign(self, names: Names, made: dict[type[Any], list[Any]]) -> Campaign:
        key = names.campaign_id or _key_of(names.campaign, "")
        campaign = self.campaigns.get(key)
        if campaign is None:
            name = names.campaign or names.campaign_id or "All campaigns"
            campaign = Campaign(external_id=key, name=name, **self._common(key))
            self.campaigns[key] = campaign
            made[Campaign].append(campaign)
        return campaign

    def _ad_set(self, names: Names, campaign: Campaign, made: dict[type[Any], list[Any]]) -> AdSet:
        key = names.ad_set_id or _key_of(names.ad_set, campaign.external_id)
        ad_set = self.ad_sets.get(key)
        if ad_set is None:
            name = names.ad_set or names.ad_set_id or whole_of(campaign)
            ad_set = AdSet(external_id=key, name=name, campaign=campaign, **self._common(key))
            self.ad_sets[key] = ad_set
            made[AdSet].append(ad_set)
        return ad_set

    def _common(self, key: str) -> dict[str, Any]:
        return {
            "account": self.account, "is_placeholder": key.startswith(OF_ALL), "status": Status.ACTIVE,
            "effective_status": DELIVERED, "synced_at": self.now,
        }  # fmt: skip


def _status_in(delivery: str) -> str:
    """What the file's word says; where it says nothing, what has figures delivered."""
    word = delivery.strip().casefold()
    if not word:
        return DELIVERED
    return Status.ACTIVE if word in RUNNING else Status.PAUSED


def whole_of(campaign: Campaign, ad_set: AdSet | None = None) -> str:
    """What an ad set or an ad is called that the file did not name, wherever people read it."""
    if ad_set and not ad_set.is_placeholder:
        return f"{ad_set.name[:480]} (whole ad set)"
    if not campaign.is_placeholder:
        return f"{campaign.name[:480]} (whole campaign)"
    return "Whole account" if ad_set else "All ad sets"


def _key_of(name: str, parent: str) -> str:
    """Stable for a name within its parent: the file has no ids, and importing it again must find the same ad."""
    if not name:
        return f"{OF_ALL}{_digest(parent)}" if parent else OF_ALL
    return f"{BY_NAME}{_digest(name, parent)}"


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _angle_of(ad: Ad) -> str:
    """What a file did not name is of no angle, whatever its campaign is called."""
    return UNSORTED if ad.is_placeholder else angle_in(ad.name)


def angle_in(name: str) -> str:
    """What stands before “ | ” in an ad's name, as for connected accounts."""
    before, bar, _ = name.partition(" | ")
    return ((before.strip() if bar else "") or UNSORTED)[:120]


def _place(node: Campaign | AdSet) -> str:
    return "" if node.is_placeholder else node.external_id


def _places(node: Campaign | AdSet) -> list[str | None]:
    """Where an ad may be indexed that does not contradict it."""
    return [None] if node.is_placeholder else [node.external_id, ""]


def _agree(one: Campaign | AdSet, other: Campaign | AdSet) -> bool:
    return one.external_id == other.external_id or one.is_placeholder or other.is_placeholder
