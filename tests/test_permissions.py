"""Every address of the whole site, for every role, for a stranger and for nobody at all.

The addresses come from the resolver. One without a rule below fails `test_every_address_has_a_rule` by its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client, override_settings
from django.urls import get_resolver
from rest_framework.test import APIClient

from campaigns import uploads
from mediabuyer.brands.models import Role
from mediabuyer.brands.permissions import ALLOWED, Right
from tests.api_client import client_of
from tests.factories import (
    AccountFactory,
    AdFactory,
    AdSetFactory,
    BrandFactory,
    CampaignFactory,
    CycleFactory,
    DecisionFactory,
    InsightFactory,
    MemberFactory,
    TokenFactory,
    budget_change,
)
from tests.proofs import SESSION

pytestmark = pytest.mark.django_db
PEOPLE = [*Role.values, "stranger", "nobody"]
NOBODYS = "00000000-0000-4000-8000-000000000000"
REPORT = b"Campaign name,Day,Amount spent (EUR),Impressions\nAutumn,2026-11-18,12.50,1000\n"


@dataclass(frozen=True)
class Rule:
    """`get`: who may look: members of the brand, any person, everybody, an operator; empty: nobody, 405.

    `post`: the right it takes; empty: 405. `is_shared`: not about one brand, so a stranger is let in.
    """

    get: str = ""
    post: Right | None = None
    is_shared: bool = False


LOOK = Rule("members")
RULES: dict[str, Rule] = {
    "home": Rule("person", is_shared=True),
    "patterns": Rule("operator", is_shared=True),
    "status": Rule("person", is_shared=True),
    "healthz": Rule("everybody", is_shared=True),
    "metrics": Rule("operator", is_shared=True),
    "today": LOOK,
    "today-running": LOOK,
    "today-health": LOOK,
    "inbox": LOOK,
    "inbox-just-decided": LOOK,
    "decision": LOOK,
    "decision-bulk": Rule(post=Right.DECIDE),
    "decision-approve": Rule(post=Right.DECIDE),
    "decision-reject": Rule(post=Right.DECIDE),
    "decision-defer": Rule(post=Right.DECIDE),
    "decision-retract": Rule(post=Right.PROPOSE),
    "decision-resume": Rule(post=Right.DECIDE),
    "decision-change": Rule(post=Right.DECIDE),
    "decision-undo": Rule(post=Right.DECIDE),
    "decision-look": Rule(post=Right.DECIDE),
    "decision-arrived": Rule(post=Right.DECIDE),
    "decision-missing": Rule(post=Right.DECIDE),
    "agent": LOOK,
    "agent-journal": LOOK,
    "cycle": LOOK,
    "cycle-live": LOOK,
    "cycle-start": Rule(post=Right.RUN_CYCLE),
    "portfolio": LOOK,
    "search": LOOK,
    "saved-view": Rule(post=Right.SEE),
    "ads": LOOK,
    "ad": LOOK,
    "propose": Rule("members", post=Right.PROPOSE),
    "import": Rule("person", post=Right.IMPORT, is_shared=True),
    "import-file": LOOK,
    "import-live": LOOK,
    "import-confirm": Rule("members", post=Right.IMPORT),
    "import-drop": Rule(post=Right.IMPORT),
    "settings": LOOK,
    "settings-limits": Rule(post=Right.SET_LIMITS),
    "settings-goal": Rule(post=Right.SET_LIMITS),
    "settings-live": Rule(post=Right.SET_LIMITS),
    "settings-stop": Rule(post=Right.STOP),
    "settings-stop-live": LOOK,
    "settings-release": Rule(post=Right.RELEASE),
    "settings-try-now": Rule(post=Right.RUN_CYCLE),
    "settings-invite": Rule(post=Right.MANAGE_PEOPLE),
    "settings-member": Rule(post=Right.MANAGE_PEOPLE),
    "settings-token": Rule(post=Right.MANAGE_PEOPLE),
    "settings-token-drop": Rule(post=Right.MANAGE_PEOPLE),
    "api-accounts": Rule("person", is_shared=True),
    "api-account": LOOK,
    "api-campaigns": LOOK,
    "api-insights": LOOK,
    "api-conversions": Rule(post=Right.IMPORT),
    "api-decisions": Rule("members", post=Right.PROPOSE),
    "api-decision": LOOK,
    "api-decision-approve": Rule(post=Right.DECIDE),
    "api-decision-reject": Rule(post=Right.DECIDE),
    "api-decision-retract": Rule(post=Right.PROPOSE),
    "api-decision-undo": Rule(post=Right.DECIDE),
    "api-decision-look": Rule(post=Right.DECIDE),
    "api-decision-arrived": Rule(post=Right.DECIDE),
    "api-decision-missing": Rule(post=Right.DECIDE),
    "api-cycles": Rule("members", post=Right.RUN_CYCLE),
    "api-cycle": LOOK,
    "api-journal": LOOK,
    "api-imports": Rule("person", post=Right.IMPORT, is_shared=True),
    "api-import": LOOK,
    "api-import-confirm": Rule(post=Right.IMPORT),
    "api-schema": Rule("person", is_shared=True),
    "api-docs": Rule("person", is_shared=True),
}
OPEN_DOORS = {
    "account_login", "account_signup", "account_inactive", "account_confirm_email", "account_confirm_login_code",
    "account_email_verification_sent", "account_reset_password", "account_reset_password_done",
    "account_reset_password_from_key", "account_reset_password_from_key_done", "mfa_authenticate",
}  # fmt: skip
"""Pages of the login itself. All others of `accounts/` are for whoever is logged in."""
OBJECT_OF = {
    "a/": "account", "api/accounts/": "account", "api/decisions/": "decision", "api/cycles/": "cycle",
    "api/imports/": "upload", "import/": "upload",
}  # fmt: skip
"""Whose key `<uuid:key>` is, by the beginning of the route."""
PARTS = {"cycle-live", "inbox-just-decided", "today-running", "today-health", "settings-stop-live"}
"""Put into a page that names the mode."""


def addresses(patterns: Any, before: str = "") -> Iterator[tuple[str, str]]:
    """Every (route, name) of the urlconf."""
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from addresses(pattern.url_patterns, route)
        else:
            yield route, pattern.name or ""


ALL = list(addresses(get_resolver().url_patterns))
OURS = [(route, name) for route, name in ALL if not route.startswith(("accounts/", "admin/"))]


@pytest.fixture(scope="module")
def made(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[dict[str, Any]]:
    """One of everything that an address may name, all of the same brand; made once, since `ask` undoes what it did."""
    with (
        django_db_blocker.unblock(),
        override_settings(MEDIA_ROOT=tmp_path_factory.mktemp("media")),
        transaction.atomic(),
    ):
        yield make_world(BrandFactory.create(name="Norden Kaffee"))
        transaction.set_rollback(True)


def make_world(brand: Any) -> dict[str, Any]:
    account = AccountFactory.create(brand=brand)
    people = {role: MemberFactory.create(brand=brand, role=role).user for role in Role.values}
    ad = AdFactory.create(ad_set=AdSetFactory.create(campaign=CampaignFactory.create(account=account)))
    InsightFactory.create(ad=ad, spend=800, results=40)
    upload = uploads.keep(brand, people["team"], "report.csv", [REPORT])
    uploads.read(upload)
    people |= {"stranger": MemberFactory.create(role="owner").user}
    return {
        "sessions": {who: session_of(user) for who, user in people.items()},
        "programs": {who: client_of(user, user.member_set.get().brand) for who, user in people.items()},
        "account": account,
        "ad": ad,
        "decision": DecisionFactory.create(account=account, subject_id=ad.ad_set.external_id,
                                           changes=[budget_change(ad.ad_set.external_id, "50", "60")]),
        "cycle": CycleFactory.create(account=account),
        "upload": upload,
        "member": MemberFactory.create(brand=brand, role="viewer"),
        "token": TokenFactory.create(member__brand=brand, member__role="owner"),
    }  # fmt: skip


def session_of(user: Any) -> Any:
    client = Client()
    client.force_login(user, backend=SESSION)
    return client.cookies


@pytest.fixture
def world(made) -> dict[str, Any]:
    """With the uploaded file at its place, which no transaction brings back."""
    uploads.full_path(made["upload"].path).write_bytes(REPORT)
    return made


def url_of(route: str, world: dict[str, Any]) -> str:
    """The route with the world's own keys in it."""
    whose = next((name for start, name in OBJECT_OF.items() if route.startswith(start)), "")

    def fill(found: re.Match[str]) -> str:
        name = found[1].removesuffix("_key") if found[1] != "key" else whose
        return str(world[name].key)

    return "/" + re.sub(r"<uuid:(\w+)>", fill, route)


def client_for(who: str, route: str, world: dict[str, Any]) -> Any:
    """Pages are asked with a session, the API with a token of all scopes."""
    is_program = route.startswith("api/") and route != "api/docs/"
    if is_program and who in world["programs"]:
        return world["programs"][who]
    client = APIClient() if route.startswith("api/") else Client()
    client.cookies.update(world["sessions"].get(who, {}))
    return client


def ask(method: str, who: str, route: str, world: dict[str, Any]) -> Any:
    """The answer, everything that it did undone again."""
    client = client_for(who, route, world)
    writes = Writes()
    with transaction.atomic(), connection.execute_wrapper(writes):
        answer = getattr(client, method)(url_of(route, world), **_content(method, route, world))
        transaction.set_rollback(True)
    answer.changed = writes.tables
    return answer


def _content(method: str, route: str, world: dict[str, Any]) -> dict[str, Any]:
    if method == "get":
        return {}
    if route == "api/imports/":
        return {"data": {"file": SimpleUploadedFile("report.csv", REPORT)}, "format": "multipart"}
    if route.startswith("api/"):
        return {
            "data": [] if "conversions" in route else {"hash": "0" * 64, "reason_code": "risk", "change": NOBODYS},
            "format": "json",
        }
    return {"data": {}}


class Writes:
    """Notes which tables a request writes to; when somebody was last seen is no change."""

    STATEMENT = re.compile(r'(?:INSERT INTO|UPDATE|DELETE FROM) "(\w+)"(.*)', re.DOTALL)
    NOISE = re.compile(r"last_login|last_used_at|seen_today_at")

    def __init__(self) -> None:
        self.tables: list[str] = []

    def __call__(self, execute: Any, sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
        found = self.STATEMENT.match(str(sql))
        if found and not found[1].startswith(("django_session", "usersessions_")) and not self.NOISE.search(found[2]):
            self.tables.append(found[1])
        return execute(sql, params, many, context)


def assert_kept_out(answer: Any, who: str, route: str, rule: Rule) -> None:
    """Nobody is sent to the login, a stranger finds nothing; and nothing happened."""
    if who == "nobody" and route.startswith("api/") and route != "api/docs/":
        assert answer.status_code == 401, who
    elif who == "nobody" and rule.get != "operator":
        assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/accounts/login/"), who
    elif rule.get == "operator":
        assert answer.status_code in (302, 403, 404), who
    else:
        assert answer.status_code == 404 or (answer.status_code == 405 and not rule.get), who
    assert answer.changed == [], who


# --- The tests --------------------------------------------------------------------------------------------------------


def test_every_address_has_a_rule():
    missing = sorted({name or route for route, name in OURS} - set(RULES))
    assert not missing, f"say in RULES of {__name__} who may open: {', '.join(missing)}"
    gone = sorted(set(RULES) - {name for _, name in OURS})
    assert not gone, f"no such address any more: {', '.join(gone)}"


@pytest.mark.parametrize(("route", "name"), OURS, ids=[name for _, name in OURS])
def test_who_may_look(route, name, world):
    rule = RULES[name]
    for who in PEOPLE:
        answer = ask("get", who, route, world)
        is_let_in = {"everybody": True, "operator": False, "person": who != "nobody"}.get(
            rule.get, who in Role.values or (rule.is_shared and who == "stranger")
        )
        if not is_let_in:
            assert_kept_out(answer, who, route, rule)
        elif rule.get:
            assert answer.status_code in (200, 302), who
            assert "/accounts/login/" not in answer.headers.get("Location", ""), who
        else:
            assert answer.status_code == 405, who
            assert answer.changed == [], who


@pytest.mark.parametrize(
    ("route", "name"), [one for one in OURS if RULES.get(one[1], Rule()).post], ids=lambda one: one if one else ""
)
def test_who_may_change(route, name, world):
    rule = RULES[name]
    allowed = ALLOWED[rule.post]
    for who in PEOPLE:
        answer = ask("post", who, route, world)
        if who in Role.values and who not in allowed:
            assert answer.status_code == 403, f"{who} got {answer.status_code}"
            assert answer.changed == [], who
        elif who in Role.values:
            assert answer.status_code not in (401, 403, 404, 405, 500), f"{who} got {answer.status_code}"
        elif who == "nobody" or not rule.is_shared:
            assert_kept_out(answer, who, route, rule)


@pytest.mark.parametrize(("route", "name"), OURS, ids=[name for _, name in OURS])
def test_what_is_only_shown_takes_no_post(route, name, world):
    if RULES[name].post:
        return
    for who in ("owner", "stranger", "nobody"):
        answer = ask("post", who, route, world)
        assert answer.changed == [], who
        assert answer.status_code in (302, 401, 403, 404, 405), f"{who} got {answer.status_code}"


def assert_login_is_the_sites(world: dict[str, Any]) -> None:
    """Where the second factor is asked for; whoever is logged in and no operator is turned away there."""
    for method in ("get", "post"):
        answer = ask(method, "nobody", "admin/login/", world)
        assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/accounts/login/"), method
        assert ask(method, "owner", "admin/login/", world).status_code == 403, method


@pytest.mark.parametrize("route", [route for route, _ in ALL if route.startswith("admin/")])
def test_admin_is_for_operators(route, world):
    url = re.sub(r"<path:\w+>", "1", route).replace("^(?P<app_label>auth|", "").replace("^", "").replace("$", "")
    url = re.sub(r"\(\?P<app_label>(\w+)[^)]*\)", r"\1", url).replace("(?P<url>.*)", "nothing")
    url = re.sub(r"account\|[\w|]*\)", "account", url)
    if url == "admin/logout/":
        return
    if url == "admin/login/":
        assert_login_is_the_sites(world)
        return
    for who in ("owner", "manager", "nobody"):
        answer = ask("get", who, url, world)
        assert answer.status_code in (302, 404), who
        assert answer.status_code == 404 or answer["Location"].startswith("/admin/login/"), who


@pytest.mark.parametrize(("route", "name"), [one for one in ALL if one[0].startswith("accounts/")])
def test_own_login_is_for_its_owner(route, name, world):
    url = "/" + re.sub(r"\(\?P<key>[^)]*\)", "x", re.sub(r"\(\?P<uidb36>[^)]*\)", "1", route)).strip("^$")
    answer = Client().get(url.replace("^", "").replace("$", ""))
    is_sent_to_login = answer.status_code == 302 and answer["Location"].startswith("/accounts/login/")
    if name in OPEN_DOORS:
        assert answer.status_code in (200, 302)
    else:
        assert is_sent_to_login or name == "account_logout", f"{name} answers {answer.status_code} to nobody"


def test_queue_is_not_edited_in_the_admin():
    """Whoever may edit a schedule may run any function of ours."""
    editable = [model._meta.label for model in admin.site._registry if model._meta.app_label == "django_q"]
    assert editable == []


def test_every_page_file_and_answer_about_an_account_names_its_mode(world):
    """Nobody may take figures of a sandbox for money, or real money for a sandbox."""
    seen = 0
    for route, name in OURS:
        whose = next((kind for start, kind in OBJECT_OF.items() if route.startswith(start)), "")
        if RULES[name].get != "members" or whose not in ("account", "decision", "cycle") or name in PARTS:
            continue
        answer = ask("get", "owner", route, world)
        assert answer.status_code == 200, name
        seen += 1
        if route.startswith("api/"):
            told = answer.headers.get("X-Account-Mode") or answer.json().get("mode")
            assert told == "sandbox", f"{name} does not name the mode"
        else:
            text = answer.content.decode()
            assert "SANDBOX" in text, f"{name} does not name the mode"
    assert seen > 15


@pytest.mark.parametrize("name", ["ads", "portfolio"])
@pytest.mark.parametrize("kind", ["csv", "xlsx", "json"])
def test_every_file_names_the_mode(name, kind, world):
    route = next(route for route, known in OURS if known == name)
    client = client_for("owner", route, world)
    answer = client.get(url_of(route, world), {"format": kind})
    assert "_SANDBOX_" in answer["Content-Disposition"]
    body = b"".join(answer.streaming_content)
    assert kind == "xlsx" or b"sandbox" in body.lower()
