"""An Ads Manager file into the database: the tree, the days, the breakdowns. Importing it again changes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import islice
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max

from campaigns.exports.limits import MAX_LISTED_ERRORS, UnreadableError
from campaigns.exports.mapping import Mapping
from campaigns.exports.parse import Check, ParsedRow, RowError, Totals, rows
from campaigns.exports.reader import Source
from campaigns.import_tree import OF_FILES, Tree
from campaigns.load import MeasureRow, copy_measures, load_measures
from campaigns.models import AdAccount, InsightBreakdown, InsightDay
from campaigns.overlap import derive_days, settle
from campaigns.result_kinds import derive_kinds
from mediabuyer.brands.models import Brand
from mediabuyer.lib.clock import wall_now
from mediabuyer.lib.errors import Invalid
from mediabuyer.lib.locks import take_turn
from memory.events import record

BATCH = 5_000
LOCK = 0x4941
"""Of the turns that files of one account take."""
UNKNOWN_CURRENCY = "XXX"  # ISO 4217: no currency
RESTATING = frozenset({"decimal", "date_order", "result"})
"""Questions whose answer changes how figures are read."""
DIMENSIONS = {"platform": "publisher_platform", "placement": "platform_position", "device": "impression_device"}
"""Breakdowns whose rows from the platform go by another name."""


@dataclass
class Reading:
    """What a pass over the rows gathers besides the rows: totals, and errors up to a limit."""

    totals: Totals
    errors: list[RowError] = field(default_factory=list)
    error_count: int = 0

    def good(self, source: Source) -> Iterator[ParsedRow]:
        for row in rows(source, self.totals.mapping):
            if isinstance(row, RowError):
                self.error_count += 1
                if len(self.errors) < MAX_LISTED_ERRORS:
                    self.errors.append(row)
            else:
                self.totals.add(row)
                yield row

    def as_dict(self) -> dict[str, Any]:
        """For `ImportFile.report` and the command: JSON types only."""
        mapping = self.totals.mapping
        return {
            "level": mapping.level,
            "breakdowns": list(mapping.breakdowns),
            "currency": mapping.currency,
            "days": [_iso(mapping.first_day), _iso(mapping.last_day)],
            "rows": self.totals.rows,
            "columns_ignored": mapping.ignored,
            "totals": {name: _number(value) for name, value in self.totals.as_dict().items()},
            "errors": [error._asdict() for error in self.errors],
            "error_count": self.error_count,
            "checks": [_check(check) for check in self.totals.checks()],
        }


@dataclass(frozen=True)
class ImportResult:
    """`written` counts rows inserted or altered, or else ads whose results are another kind now: 0 for nothing new.

    `ended_at` is then only a time; else it is the `synced_at` of the account, which tells what cycles knew the file.
    `dropped` counts rows, of this file, of earlier ones or summed from breakdowns, of which others tell the money: see
    `campaigns.overlap`. Those of this file are written and go again each time.
    """

    account: AdAccount
    reading: Reading
    written: int
    ended_at: datetime
    dropped: int = 0

    def as_dict(self) -> dict[str, Any]:
        """For storing beside the file and for the page."""
        return self.reading.as_dict() | {"written": self.written, "dropped": self.dropped}


def preview(source: Source, mapping: Mapping) -> Reading:
    """Reads every row and stores nothing: totals to check and errors by line."""
    reading = Reading(Totals(mapping))
    for _ in reading.good(source):
        pass
    return reading


def require_rows(reading: Reading) -> None:
    """Raises UnreadableError for a file with rows of which not one can be used: it is something else than it seemed.

    An open question of dates or decimals can make that of every file, so nothing is said before it is answered.
    """
    if reading.totals.rows or not reading.error_count or not RESTATING.isdisjoint(_asked(reading.totals.mapping)):
        return
    first = reading.errors[0]
    raise UnreadableError(
        f"Not one of its {reading.error_count:,} rows can be imported. Line {first.line:,}: {first.message}",
        remedy="In Ads Manager choose Reports, then Export table data, and drop that file.",
    )


def _asked(mapping: Mapping) -> set[str]:
    return {question.key for question in mapping.open_questions}


def account_for_import(brand: Brand, name: str, mapping: Mapping, currency: str | None = None) -> AdAccount:
    """The brand's imported account of that name, made where it is missing: read-only, in shadow mode.

    Raises Invalid where the file is in another currency than the account, or a connected account has this name.
    """
    require_own_name(brand, name)
    currency = mapping.currency or currency
    external_id = f"export:{hashlib.sha256(name.encode()).hexdigest()[:24]}"
    account = AdAccount.objects.filter(brand=brand, platform="export", external_id=external_id).first()
    if account is None:  # `office` is meant where `Office` exists
        account = AdAccount.objects.filter(brand=brand, platform="export", name__iexact=name[:120]).first()
    if account is None:
        if currency is None and not mapping.has_figures:
            currency = UNKNOWN_CURRENCY  # a file of structure only has no money in it
        if currency is None:
            raise Invalid("currency", None, "The file does not say its currency.", remedy="Say which it is.")
        zone = mapping.answer("time_zone") or "UTC"
        account, _ = AdAccount.objects.get_or_create(  # waits for another file that is making it, and takes that one
            brand=brand, platform="export", mode=AdAccount.Mode.SHADOW, external_id=external_id,
            defaults={"name": name[:120], "currency": currency, "time_zone": zone},
        )  # fmt: skip
    if mapping.currency and mapping.currency != account.currency:
        message = f"The file is in {mapping.currency} and “{name}” in {account.currency}."
        raise Invalid("currency", mapping.currency, message, remedy="Import it into an account of its own.")
    return account


def require_own_name(brand: Brand, name: str) -> None:
    """Raises Invalid for the name of a connected account: two of one name could not be told apart in any list."""
    other = AdAccount.objects.filter(brand=brand, name__iexact=name[:120]).exclude(platform="export").first()
    if other is not None:
        message = f"The connected account “{other.name}” has this name, and a file is never imported into it."
        raise Invalid("account", name, message, remedy="Choose a name of its own, such as one with the period in it.")


@transaction.atomic
def import_file(
    account: AdAccount,
    source: Source,
    mapping: Mapping,
    *,
    now: datetime,
    actor: str,
    digest: str = "",
    progress: Callable[[int], None] = lambda _: None,
    clock: Callable[[], datetime] = wall_now,
) -> ImportResult:
    """Writes the file's rows in one transaction: killed half-way it leaves nothing, and the next run starts afresh.

    `progress` is called with the rows read so far; by `digest` a person's answer for the same file is found again.
    Raises Invalid while a question of the mapping is open. Two files at once would make the same ads, so they take
    turns; the account itself is locked at the end only, since whoever stops it, changes it or ends a cycle on it would
    wait for minutes.
    """
    _require_importable(account, mapping)
    take_turn(LOCK, account.pk)
    dimension = ",".join(DIMENSIONS.get(name, name) for name in mapping.breakdowns if name != "day")
    latest = _last_day(account)
    is_newest = latest is None or (mapping.last_day is not None and mapping.last_day > latest)
    plant = partial(Tree, account, now, is_newest=is_newest, told_by=_told_by(mapping, digest))
    reading, stored = _write(account, source, mapping, dimension, plant, progress, is_first=latest is None)
    require_rows(reading)
    dropped = 0
    if stored:
        if dimension:
            derive_days(account)
        dropped = settle(account)
    retold = derive_kinds(account)
    written = stored or retold
    ended_at = _stamp(account, clock()) if written else clock()
    if written:
        _remember(account, reading, source.name, ended_at, actor)
    return ImportResult(account, reading, written, ended_at, dropped)


def _told_by(mapping: Mapping, digest: str) -> str:
    """Who says what the results are: the file, or whoever was asked."""
    is_asked = any(question.key == "result_kind" for question in mapping.questions)
    return (digest[:16] or "answer") if is_asked else OF_FILES


def _write(
    account: AdAccount,
    source: Source,
    mapping: Mapping,
    dimension: str,
    plant: Callable[[], Tree],
    progress: Callable[[int], None],
    *,
    is_first: bool,
) -> tuple[Reading, int]:
    """Rows inserted or altered. A first file takes the short way, unless two of its rows must be added up."""
    if mapping.has_figures and is_first:
        with suppress(IntegrityError), transaction.atomic():
            reading = Reading(Totals(mapping))
            measures = _measures(reading, source, plant(), progress)
            return reading, copy_measures(account, measures, dimension=dimension).written
    reading, tree = Reading(Totals(mapping)), plant()
    measures = _measures(reading, source, tree, progress)
    if mapping.has_figures:
        return reading, load_measures(account, measures, dimension=dimension, add_up=True).written
    for _ in measures:
        pass  # names are all that a file without figures brings
    return reading, tree.made


def _last_day(account: AdAccount) -> date | None:
    """How far its rows reach; None without any."""
    models = (InsightDay, InsightBreakdown)
    found = [model.objects.filter(account=account).aggregate(day=Max("until"))["day"] for model in models]
    return max(filter(None, found), default=None)


def _require_importable(account: AdAccount, mapping: Mapping) -> None:
    if account.platform != "export":
        raise Invalid("account", account.name, "A file is never imported into a connected account.",
                      remedy="Choose an imported account or a new name.")  # fmt: skip
    asked = [question for question in mapping.open_questions if question.key != "currency"]
    if asked:
        raise Invalid(asked[0].key, None, asked[0].text, remedy="Answer the question and import again.")


def _measures(reading: Reading, source: Source, tree: Tree, progress: Callable[[int], None]) -> Iterator[MeasureRow]:
    good = reading.good(source)
    while batch := list(islice(good, BATCH)):
        tree.resolve(batch)
        for row in batch:
            if row.day and row.until:
                yield _measure(row, tree.ad_of(row), row.day, row.until)
        progress(reading.totals.rows)


def _measure(row: ParsedRow, ad_id: int, day: date, until: date) -> MeasureRow:
    get = row.values.get
    reach = get("reach")
    return MeasureRow(
        ad_id, day, until, ",".join(row.breakdown)[:200], None if reach is None else int(reach),
        Decimal(get("spend") or 0), _whole(get("impressions")), _whole(get("clicks")), _whole(get("link_clicks")),
        _whole(get("landing_page_views")), Decimal(get("results") or 0), Decimal(get("revenue") or 0),
    )  # fmt: skip


def _whole(value: Decimal | int | None) -> int:
    return 0 if value is None else int(value)


def _stamp(account: AdAccount, now: datetime) -> datetime:
    """The import's own `synced_at`: seen by others together with its rows and never before, and later than any before
    it, whatever the clock does. So a cycle that read it, and then the rows, knew this file.
    """
    last = AdAccount.objects.select_for_update(no_key=True).values_list("synced_at", flat=True).get(pk=account.pk)
    at = now if last is None else max(now, last + timedelta(microseconds=1))
    account.synced_at = account.structure_synced_at = at
    account.save(update_fields=["synced_at", "structure_synced_at"])
    return at


def _remember(account: AdAccount, reading: Reading, name: str, now: datetime, actor: str) -> None:
    record(
        "export.imported", "account", account.key, brand=account.brand, account=account.key, now=now, actor=actor,
        file=name, rows=reading.totals.rows, errors=reading.error_count, level=reading.totals.mapping.level,
        totals={name: _number(value) for name, value in reading.totals.as_dict().items()},
    )  # fmt: skip


def _check(check: Check) -> dict[str, Any]:
    file, computed = _number(check.file), _number(check.computed)
    return {"field": check.field, "title": check.title, "file": file, "computed": computed, "same": check.is_same}


def _number(value: Decimal | int | None) -> int | float | None:
    """For JSON: whole numbers whole, others to the ten-thousandth, which is what is stored."""
    if value is None or isinstance(value, int):
        return value
    return int(value) if value == value.to_integral_value() else float(round(value, 4))


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
