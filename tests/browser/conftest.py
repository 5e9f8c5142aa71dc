"""A real Chromium on a real server. Absent Chromium skips by name on a laptop and fails in CI."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

AXE_RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
COLOUR_RULES = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""All that can differ between light and dark: it is one document in two colours."""
WIDTHS = (1280, 390)
SCHEMES = ("light", "dark")
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


def chromium_path() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return os.environ.get("CHROME_PATH") or next((path for name in names if (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium_path()
    if path is None:
        reason = "Chromium is absent: install it or set CHROME_PATH"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
    # Playwright's loop runs in this thread, which Django would otherwise take for async code of ours.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Browser, live_server: Any) -> Iterator[Callable[..., Page]]:
    """`open_page(user, width=390, scheme="dark")` is a page logged in as that person; errors land in `page.errors`."""
    contexts: list[BrowserContext] = []

    def make(user: Any = None, *, width: int = 1280, scheme: str = "light") -> Page:
        context = browser.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": 900},
            color_scheme=scheme,  # type: ignore[arg-type]
            reduced_motion="reduce",
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        if user is not None:
            context.add_cookies([session_cookie(user, live_server.url)])  # type: ignore[list-item]
        page = context.new_page()
        page.errors = []  # type: ignore[attr-defined]
        page.on("console", lambda message: _keep(page, message))
        page.on("pageerror", lambda error: page.errors.append(str(error)))  # type: ignore[attr-defined]
        return page

    yield make
    for context in contexts:
        context.close()


def _keep(page: Page, message: ConsoleMessage) -> None:
    if message.type == "error":
        page.errors.append(message.text)  # type: ignore[attr-defined]


def session_cookie(user: Any, url: str) -> dict[str, str]:
    from django.conf import settings
    from django.test import Client

    from tests.proofs import log_in

    client = log_in(Client(), user)
    name = settings.SESSION_COOKIE_NAME
    return {"name": name, "value": client.cookies[name].value, "url": url}


@pytest.fixture
def check_page(open_page: Callable[..., Page]) -> Callable[..., None]:
    """`check_page(url, user)`: axe, console and CSP find nothing, no sideways scroll; both schemes and widths.

    `ready` is a selector to wait for; `act` does something with the page first, such as opening a popover.
    """

    def check(url: str, user: Any = None, *, ready: str = "main", act: Callable[[Page], object] | None = None) -> None:
        problems: list[str] = []
        for width in WIDTHS:
            page = open_page(user, width=width)
            page.goto(url)
            page.wait_for_selector(ready)
            page.wait_for_load_state("networkidle")
            if act:
                act(page)
            for scheme in SCHEMES:  # pages follow the system's switch without loading anew
                page.emulate_media(color_scheme=scheme)
                page.wait_for_function(
                    "() => new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn, 50)))"
                )
                rules = AXE_RULES if scheme == SCHEMES[0] else COLOUR_RULES
                problems += [f"{width} px, {scheme}: {problem}" for problem in find_problems(page, rules)]
            page.close()
        assert not problems, "\n".join(problems)

    return check


def find_problems(page: Page, rules: dict[str, Any] = AXE_RULES) -> list[str]:
    """What is wrong with the page as it stands, in words."""
    found = Axe().run(page, options={"runOnly": rules}).response["violations"]
    problems = [f"axe {rule['id']}: {node['html'][:160]}" for rule in found for node in rule["nodes"]]
    problems += [f"console: {text}" for text in page.errors]  # type: ignore[attr-defined]
    overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return problems + ([f"{overflow} px of sideways scroll"] if overflow > 0 else [])
