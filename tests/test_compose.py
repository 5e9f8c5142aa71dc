"""Dockerfile and compose.yaml are code that no test runs: at least what they name is held against what there is."""

from __future__ import annotations

import ast
import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands
from django.utils.module_loading import import_string

from mediabuyer.lib.servers.worker import GRACE

ROOT = Path(__file__).resolve().parents[1]
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
DOCKERFILE = (ROOT / "Dockerfile").read_text()
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if service["image"] == "mediabuyer"]
OF_THE_IMAGE = {"MEDIABUYER_VAR", "PORT", "DEBUG", "IS_WEB"}
"""Set by the Dockerfile or the web server, of no meaning in a container, and never on where people reach it."""


def settings_read() -> set[str]:
    """Every name that settings.py reads from the environment."""
    tree = ast.parse((ROOT / "mediabuyer" / "settings.py").read_text())
    return {
        str(call.args[0].value)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id.startswith("env")
        if isinstance(call.args[0], ast.Constant)
    }


def default_command() -> list[str]:
    return json.loads(DOCKERFILE.partition("CMD ")[2].replace("\\\n", ""))


def option(name: str) -> str:
    command = default_command()
    return command[command.index(name) + 1]


def test_every_setting_reaches_the_containers():
    assert set(COMPOSE["x-app"]["environment"]) == settings_read() - OF_THE_IMAGE


def test_every_setting_that_may_be_given_is_documented():
    told = (ROOT / "docs" / "operations.md").read_text()
    assert [name for name in COMPOSE["x-app"]["environment"] if f"`{name}`" not in told] == []


@pytest.mark.parametrize("name", OURS)
def test_every_command_exists(name):
    command = SERVICES[name].get("command") or default_command()
    words = " ".join(command)
    modules = re.findall(r"-m (\S+)", words)
    managed = re.findall(r"manage\.py (\w+)", words)
    assert set(managed) <= set(get_commands())
    assert all(find_spec(module) for module in modules)
    assert modules or managed or callable(import_string(command[1].replace(":", ".")))


def test_health_check_and_port_are_those_of_the_web_server():
    assert find_spec(SERVICES["web"]["healthcheck"]["test"][-1])
    assert option("--bind").endswith(":8000")
    assert SERVICES["web"]["ports"] == ["127.0.0.1:${PORT:-8000}:8000"]


def test_image_is_built_once_and_never_fetched():
    """Built by each part, several images race for the name, and parts of one version run beside parts of another."""
    assert [name for name, service in SERVICES.items() if "build" in service] == ["migrate"]
    assert {SERVICES[name]["pull_policy"] for name in OURS} == {"never"}


def test_everything_waits_for_the_tables():
    waiting = {name: list(SERVICES[name]["depends_on"]) for name in OURS}
    assert waiting == {"migrate": ["postgres"], "web": ["migrate"], "worker": ["migrate"], "projector": ["migrate"]}


def test_parts_are_given_the_time_that_they_need_to_end():
    def seconds(name: str) -> float:
        return float(SERVICES[name]["stop_grace_period"].removesuffix("s"))

    assert seconds("web") > int(option("--graceful-timeout"))
    assert seconds("worker") > GRACE


def test_web_and_worker_share_the_folder_of_uploads():
    [var] = re.findall(r"MEDIABUYER_VAR=(\S+)", DOCKERFILE)
    assert SERVICES["web"]["volumes"] == SERVICES["worker"]["volumes"] == [f"media:{var}/media"]


@pytest.mark.parametrize("name", OURS)
def test_no_part_of_ours_has_rights_that_it_does_not_need(name):
    service = SERVICES[name]
    assert (service["cap_drop"], service["security_opt"]) == (["ALL"], ["no-new-privileges:true"])
    assert "USER mediabuyer" in DOCKERFILE
