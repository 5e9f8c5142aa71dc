"""What one result of an ad is, by all that its files and the people who imported them say."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from datetime import datetime
from importlib import import_module
from itertools import permutations
from typing import Any

import pytest
from django.apps import apps

from campaigns.exports.reader import open_source
from campaigns.exports.understand import understand
from campaigns.importing import ImportResult, account_for_import, import_file
from campaigns.models import Ad, AdAccount, ImportFile
from campaigns.result_kinds import kinds_by_ad
from tests.factories import AdFactory

KINDS = "Ad set name,Ad name,Day,Result type,Amount spent (EUR),Impressions,Results\n"
UNTOLD = "Ad name,Day,Amount spent (EUR),Impressions,Results\n"
SUN = UNTOLD + "Sun,2026-01-01,1.00,100,1\n"
SUN_LATER = UNTOLD + "Sun,2026-02-01,1.00,100,1\n"
RAIN = UNTOLD + "Rain,2026-01-01,1.00,100,1\n"


@pytest.fixture
def take(brand: Any, now: datetime) -> Callable[..., ImportResult]:
    def take(text: str, **answers: str) -> ImportResult:
        source = open_source(io.BytesIO(text.encode()), "export.csv")
        mapping = understand(source, answers)
        account = account_for_import(brand, "Shop", mapping)
        digest = hashlib.sha256(text.encode()).hexdigest()
        return import_file(account, source, mapping, now=now, actor="person:ana@example.com", digest=digest)

    return take


def kinds() -> dict[str, str]:
    return dict(Ad.objects.filter(is_placeholder=False).values_list("name", "result_kind"))


def test_ad_keeps_what_its_results_are(take: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("campaigns.importing.BATCH", 2)  # what a later batch says is heard as well
    text = KINDS + (
        ",Sun,2026-01-01,,1.00,100,0\n,Rain,2026-01-01,Website leads,1.00,100,2\n"
        ",Both,2026-01-01,Website leads,1.00,100,2\n,Sun,2026-01-02,Website purchases,1.00,100,1\n"
        ",Both,2026-01-02,Website purchases,1.00,100,1\n,None,2026-01-02,,1.00,100,0\n"
    )
    for _ in range(2):
        take(text)
        assert kinds() == {"Sun": "purchase", "Rain": "lead", "Both": "several", "None": ""}


def test_another_kind_in_a_later_file_makes_it_several(take: Any) -> None:
    for month, kind in ((1, "Website leads"), (2, "Website purchases")):
        take(KINDS + f",Sun,2026-0{month}-01,{kind},1.00,100,1\n,Rain,2026-01-01,Purchases,1.00,100,1\n")
    assert kinds() == {"Sun": "several", "Rain": "purchase"}


def test_last_answer_for_a_file_holds(take: Any) -> None:
    for answer, kind in (
        ("lead", "lead"),
        ("purchase", "purchase"),
        ("several", "several"),
        ("lead", "lead"),
        ("", "several"),
    ):
        take(SUN, result_kind=answer)
        assert kinds() == {"Sun": kind}


@pytest.mark.parametrize("order", list(permutations(["lead", "purchase"])))
def test_answer_for_one_file_does_not_change_what_was_answered_for_another(take: Any, order: Any) -> None:
    for text, answer in zip((SUN, SUN_LATER), order, strict=True):
        take(text, result_kind=answer)
    assert kinds() == {"Sun": "several"}
    take(SUN_LATER, result_kind=order[0])
    assert kinds() == {"Sun": order[0]}


@pytest.mark.parametrize("is_told_first", [True, False])
def test_answer_does_not_change_what_another_file_tells(take: Any, is_told_first: bool) -> None:
    told = KINDS + ",Sun,2026-03-01,Website leads,1.00,100,1\n"
    files = [(told, ""), (SUN, "purchase")]
    for text, answer in files if is_told_first else reversed(files):
        take(text, result_kind=answer)
    assert kinds() == {"Sun": "several"}
    take(SUN, result_kind="lead")
    assert kinds() == {"Sun": "lead"}


def test_what_is_the_same_within_one_file_is_not_what_another_counts(take: Any) -> None:
    account = take(SUN, result_kind="same").account
    assert kinds_by_ad(account) == {Ad.objects.get(name="Sun").pk: "result"}
    take(RAIN, result_kind="same")
    assert kinds_by_ad(account) == {}
    take(RAIN, result_kind="several")
    assert kinds() == {"Sun": "several", "Rain": "several"}  # what nobody knows of one may be what the other counts


def test_results_of_which_nobody_knows_the_kind_are_not_what_another_file_tells(take: Any) -> None:
    told = KINDS + "Young,Sun,2026-03-01,Website leads,1.00,100,1\nYoung,Wind,2026-03-01,Website leads,1.00,100,1\n"
    unknown = UNTOLD.replace("Ad name", "Ad set name,Ad name")
    take(told)
    take(
        unknown
        + "Young,Sun,2026-01-01,1.00,100,900\nYoung,Rain,2026-01-01,1.00,100,900\nYoung,Fog,2026-01-01,1.00,100,0\n"
    )
    assert kinds() == {"Sun": "several", "Rain": "several", "Wind": "lead", "Fog": "several"}


def test_ad_set_has_one_goal_and_what_was_not_named_has_none(take: Any) -> None:
    take(
        KINDS + "Young,Sun,2026-01-01,Website leads,1.00,100,2\nYoung,Rain,2026-01-01,,1.00,100,0\n"
        "Old,Wind,2026-01-01,Website leads,1.00,100,2\nOld,Fog,2026-01-01,Website purchases,1.00,100,2\n"
        "Old,Ice,2026-01-01,,1.00,100,0\n"
        ",Snow,2026-01-01,Website leads,1.00,100,2\n,Hail,2026-01-01,,1.00,100,0\n"
    )
    found = kinds()
    assert {name: found[name] for name in ("Rain", "Ice", "Hail")} == {"Rain": "lead", "Ice": "several", "Hail": ""}


def test_another_answer_alone_is_something_new(take: Any) -> None:
    """So that a cycle looks again: what was not compared may be now."""
    first = take(SUN, result_kind="several")
    again = take(SUN, result_kind="several")
    other = take(SUN, result_kind="lead")
    assert (first.written, again.written, other.written) == (1, 0, 1)
    synced_at = AdAccount.objects.get(pk=first.account.pk).synced_at
    assert first.ended_at < other.ended_at == synced_at


QUESTION = {"questions": [{"key": "result_kind"}]}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ([], {"Sun": {"": "lead"}, "Rain": {}, "Wind": {}}),
        ([("a" * 64, {})], {"Sun": {"": "lead"}, "Rain": {}, "Wind": {}}),
        ([("a" * 64, QUESTION)], {"Sun": {"a" * 16: "lead"}, "Rain": {}, "Wind": {"a" * 16: "result"}}),
        ([("a" * 64, QUESTION), ("b" * 64, QUESTION)], {"Sun": {"": "lead"}, "Rain": {}, "Wind": {}}),
    ],
)
def test_what_was_told_before_is_kept(account: AdAccount, files: Any, expected: dict[str, Any]) -> None:
    for digest, mapping in files:
        ImportFile.objects.create(
            brand=account.brand, account=account, state="done", size=1, digest=digest, mapping=mapping
        )
    for name, kind in (("Sun", "lead"), ("Rain", ""), ("Wind", "result")):
        AdFactory.create(ad_set__campaign__account=account, name=name, result_kind=kind)
    import_module("campaigns.migrations.0010_told_kinds").keep_what_is_known(apps, None)
    assert dict(Ad.objects.values_list("name", "told_kinds")) == expected
