"""What the import linter cannot see: the strings, the docs, the templates, and how large things have grown."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db.models import ForeignKey, ManyToManyField
from django.utils.module_loading import import_string

from campaigns.platforms import PLATFORMS
from mediabuyer.agent.actions import ACTIONS
from mediabuyer.agent.guardrails import GUARDRAILS
from mediabuyer.agent.models import Decision
from memory.events import KINDS
from tests.conftest import LONG

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("mediabuyer", "campaigns", "creatives", "portfolio", "memory", "collaboration")
STACK = ("brands", "memory", "creatives", "campaigns", "portfolio", "agent", "collaboration")
"""App labels from the bottom up."""
LONGEST_MODULE = 400
LONGEST_FUNCTION = 45


def sources() -> Iterator[Path]:
    for package in PACKAGES:
        yield from (path for path in (ROOT / package).rglob("*.py") if "migrations" not in path.parts)


@cache
def nodes_of(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text())))


def calls(name: str) -> Iterator[tuple[Path, ast.Call]]:
    """Every call of a function of this name in our code."""
    for path in sources():
        for node in nodes_of(path):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == name:
                yield path, node


def test_every_foreign_key_points_down_the_stack():
    upward = [
        f"{model._meta.label}.{field.name} → {field.related_model._meta.label}"
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, ForeignKey | ManyToManyField)
        and model._meta.app_label in STACK
        and field.related_model._meta.app_label in STACK
        and STACK.index(field.related_model._meta.app_label) > STACK.index(model._meta.app_label)
    ]
    assert upward == []


def test_every_scheduled_task_exists():
    for name, path, _ in settings.SCHEDULES:
        assert callable(import_string(path)), name


def test_every_enqueued_task_exists():
    found = list(calls("enqueue"))
    assert found
    for place, call in found:
        path = call.args[0]
        assert isinstance(path, ast.Constant), f"{place}: name the task by a plain string"
        assert callable(import_string(str(path.value))), place


def test_only_what_ends_soon_is_rung_on_the_urgent_cluster():
    """It has one worker and a short time: a whole sweep would be ended there in the middle of a send."""
    rung = {
        str(call.args[0].value)
        for _, call in calls("enqueue")
        if isinstance(call.args[0], ast.Constant) and any(word.arg == "cluster" for word in call.keywords)
    }
    assert rung == {"mediabuyer.agent.tasks.execute_decision", "mediabuyer.agent.tasks.send_due"}


def test_cycles_are_rung_in_one_way():
    """With their own time: the queue's would end a large account's cycle half way."""
    rings = [path.name for path, call in calls("enqueue") if getattr(call.args[0], "value", "").endswith(".run_cycle")]
    assert rings == ["cycle.py"]


@pytest.mark.parametrize(
    "name",
    [*(action.slug for action in ACTIONS), *(one.slug for one in GUARDRAILS), *PLATFORMS],
)
def test_every_registry_entry_is_in_the_docs(name):
    assert f"### {name}\n" in (ROOT / "docs" / "adding.md").read_text(), f"docs/adding.md has no section “{name}”"


@pytest.mark.parametrize("package", ["mediabuyer.agent.actions", "mediabuyer.agent.guardrails", "campaigns.platforms"])
def test_every_file_of_a_registry_is_registered(package):
    """A file that is in no tuple is an entry that somebody forgot."""
    text = (ROOT / package.replace(".", "/") / "__init__.py").read_text()
    single = {"actions": "ACTION", "guardrails": "GUARDRAIL", "platforms": "connect"}[package.rsplit(".", 1)[-1]]
    for path in sorted((ROOT / package.replace(".", "/")).glob("[a-z]*.py")):
        module = import_module(f"{package}.{path.stem}")
        if path.stem != "base" and hasattr(module, single):
            assert re.search(rf"\b{path.stem}\b", text), f"{path.stem} is missing in {package}"


def test_every_recorded_kind_exists_and_every_kind_is_recorded():
    recorded: set[str] = {f"decision.{state}" for state in Decision.State.values}
    for path in sources():
        strings = {node.value for node in nodes_of(path) if isinstance(node, ast.Constant)}
        if path.name != "events.py":
            recorded |= {text for text in strings if isinstance(text, str) and re.fullmatch(r"[a-z]+\.[a-z_]+", text)}
    assert sorted(set(KINDS) - recorded - _states_of_changes()) == [], "kinds that nothing records"
    for path, call in calls("record"):
        for text in _kinds_in(call):
            assert text in KINDS, f"{path}: “{text}” is no kind of event"


def _states_of_changes() -> set[str]:
    """`change.<state>` is recorded by the state's own name."""
    return {kind for kind in KINDS if kind.startswith("change.")}


def _kinds_in(call: ast.Call) -> list[str]:
    """Plain strings that the first argument may be."""
    first: Any = call.args[0] if call.args else None
    sides = [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
    return [str(side.value) for side in sides if isinstance(side, ast.Constant)]


def test_templates_have_nothing_inline():
    """The Content-Security-Policy would refuse it, and nobody would see why."""
    inline = re.compile(r"<style\b|\sstyle=|\son[a-z]+=[\"']|javascript:|<script(?![^>]*\bsrc=)[^>]*>|http://")
    found = {}
    for path in sorted((ROOT / "templates").rglob("*.html")):
        text = re.sub(r"{%\s*comment.*?endcomment\s*%}|{#.*?#}", "", path.read_text(), flags=re.DOTALL)
        if here := inline.findall(text.replace("http://www.w3.org/", "")):
            found[str(path.relative_to(ROOT))] = here
    assert found == {}


def test_modules_and_functions_are_short():
    long = []
    for path in sources():
        text, name = path.read_text(), str(path.relative_to(ROOT))
        if (lines := text.count("\n")) > LONGEST_MODULE:
            long.append(f"{name}: {lines} lines")
        for node in nodes_of(path):
            if isinstance(node, ast.FunctionDef) and (lines := _lines(node)) > LONGEST_FUNCTION:
                long.append(f"{name} {node.name}: {lines} lines")
    assert long == []


def _lines(node: ast.FunctionDef) -> int:
    return (node.end_lineno or 0) - node.lineno + 1


def test_every_init_is_empty_but_the_registries():
    registries = {"mediabuyer/agent/actions", "mediabuyer/agent/guardrails", "campaigns/platforms"}
    tables = {"mediabuyer/agent/models", "campaigns/models"}  # Django looks for a model in `<app>.models`
    filled = {
        str(path.parent.relative_to(ROOT)) for path in sources() if path.name == "__init__.py" and path.read_text()
    }
    assert filled <= registries | tables


WITH_A_LIMIT = {
    "urlopen": {"timeout"}, "HTTPConnection": {"timeout"}, "HTTPSConnection": {"timeout"}, "SMTP": {"timeout"},
    "create_connection": {"timeout"}, "FacebookSession": {"timeout"}, "OpenAI": {"timeout"},
    "driver": {"connection_timeout", "connection_acquisition_timeout", "max_transaction_retry_time"},
    "Query": {"timeout"}, "unit_of_work": {"timeout"},
}  # fmt: skip
"""What opens a connection, and the arguments without which it may wait for ever."""
VERBS = {"get", "post", "put", "patch", "delete", "head", "options", "request"}


def test_nothing_waits_for_an_answer_without_a_limit():
    """The SDKs' own defaults would: a peer that accepts and says nothing holds the worker until it is killed."""
    seen, without = 0, []
    for path in (one for one in sources() if "sandbox" not in one.parts):  # it is asked and asks nobody
        for node in nodes_of(path):
            if isinstance(node, ast.Call) and (needed := _limits_of(node)):
                seen += 1
                if missing := needed - {keyword.arg or "" for keyword in node.keywords}:
                    without.append(f"{path.relative_to(ROOT)}:{node.lineno} has no {', '.join(sorted(missing))}")
    assert without == []
    assert seen > 5
    assert settings.EMAIL_TIMEOUT
    assert settings.DATABASES["default"]["OPTIONS"]["connect_timeout"]


def _limits_of(call: ast.Call) -> set[str]:
    """Also `requests.get`, `session.get` and the like, told from what a visitor's own session keeps by who is asked."""
    name = getattr(call.func, "id", getattr(call.func, "attr", ""))
    asked = ast.unparse(call.func.value).lower() if isinstance(call.func, ast.Attribute) else ""
    if name in VERBS and re.fullmatch(r"(?:self\.)?_?(?:requests|session|http|client)", asked):
        return {"timeout"}
    if name == "connect" and asked.endswith("psycopg"):
        return {"connect_timeout"}
    return WITH_A_LIMIT.get(name, set())


def test_long_tests_are_named_by_where_they_lie():
    assert [path for path in LONG if not (ROOT / path).exists()] == []


def test_only_the_script_of_charts_knows_a_width():
    """The browser tests rely on it: they load a page without charts once and make it as narrow as a phone."""
    asked = re.compile(
        r"(min|max)-width|(inner|outer|client|offset|scroll)Width|getBoundingClientRect|ResizeObserver|resize"
    )
    scripts = [*(ROOT / "static/js").glob("*.js")]
    assert [path.name for path in scripts if asked.search(path.read_text())] == ["charts.js"]
