"""How an account is split: what breakdowns its rows have, and which of them tells a split that no row has alone.

A file split by age and gender has rows of `age,gender` with values like `25-34,female`; ages alone are sums of those.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection
from django.db.models import Exists, F, Func, OuterRef, TextField, Value
from django.db.models.functions import Cast

from campaigns.models import AdAccount, InsightBreakdown

WITH_COMMAS = frozenset({"region", "dma"})
"""Whose values may have commas of their own: `Portland, OR`."""
PLACEMENT = "publisher_platform,platform_position"
"""A position means little without its platform, so where these two are stored the pair is what is told."""
_FIRST = f"SELECT min(dimension) FROM {InsightBreakdown._meta.db_table} WHERE account_id = %(account)s"  # noqa: S608
_STEPS = f"""
    WITH RECURSIVE steps (name) AS (
        ({_FIRST}) UNION ALL SELECT ({_FIRST} AND dimension > steps.name) FROM steps WHERE steps.name IS NOT NULL)
    SELECT name FROM steps
"""  # noqa: S608 - the name of a table


def stored_splits(account: AdAccount) -> set[str]:
    """From each to the next in the index, which takes as many steps as there are; DISTINCT would read every row."""
    with connection.cursor() as cursor:
        cursor.execute(_STEPS, {"account": account.pk})
        return {name for (name,) in cursor.fetchall() if name is not None}


def told_splits(account: AdAccount) -> set[str]:
    """With those that are sums of a finer one. A platform is asked for each by itself, so only files need that."""
    stored = stored_splits(account)
    return stored | (_parts_of(stored).keys() if account.is_read_only else set())


def split_source(account: AdAccount, by: str) -> tuple[str, Func | None]:
    """The breakdown whose rows tell it and, where that one is finer, what to read of its values."""
    if not account.is_read_only or "," in by:
        return by, None
    finer = _parts_of(stored_splits(account)).get(by)
    if finer is None:
        return by, None
    pattern = Cast(Value(_pattern(finer.split(","), by)), TextField())
    return finer, Func(F("value"), pattern, function="substring", output_field=TextField())


def told_of_split(account: AdAccount, by: str, figures: Iterable[str]) -> set[str]:
    """Those that any row of this breakdown ever brought: Meta does not split purchases by region, and a file may have
    a column that is empty in all its rows. Where none did, 0 is not known but only what is stored.
    """
    source, _ = split_source(account, by)
    rows = InsightBreakdown.objects.filter(account=OuterRef("pk"), dimension=source)
    asked = {figure: Exists(rows.filter(**{f"{figure}__gt": 0})) for figure in figures}
    told = AdAccount.objects.annotate(**{f"tells_{name}": one for name, one in asked.items()}).get(pk=account.pk)
    return {name for name in asked if getattr(told, f"tells_{name}")}


def _parts_of(stored: Iterable[str]) -> dict[str, str]:
    """What the finer ones tell besides themselves, each with the one to read: that of the fewest parts."""
    found: dict[str, str] = {}
    stored = set(stored)
    for finer in sorted(stored, key=lambda name: (name.count(","), name)):
        names = finer.split(",")
        if len(names) < 2 or len(WITH_COMMAS.intersection(names)) > 1:
            continue
        for name in names:
            if name not in stored and not (name == "platform_position" and PLACEMENT in stored):
                found.setdefault(name, finer)
    return found


def _pattern(names: list[str], wanted: str) -> str:
    """Commas are counted from the end that has none in its values; of a value with commas from both."""
    place = names.index(wanted)
    left, right = rf"^(?:[^,]*,){{{place}}}", rf"(?:,[^,]*){{{len(names) - 1 - place}}}$"
    if wanted in WITH_COMMAS:
        return f"{left}(.*){right}"
    return f"([^,]*){right}" if WITH_COMMAS.intersection(names[:place]) else f"{left}([^,]*)"
