"""A real Chromium on a real server. Absent Chromium skips by name on a laptop and fails in CI."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Route, sync_playwright

AXE_RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
COLOUR_RULES = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""All that can differ between light and dark."""
AXE = f"""{AXE_SCRIPT};
(() => {{
    const Color = axe.commons.color.Color, parse = Color.prototype.parseString, known = new Map();
    Color.prototype.parseString = function (text) {{
        if (!known.has(text)) known.set(text, parse.call(new Color(), text));
        const {{ r, g, b, alpha }} = known.get(text);
        return Object.assign(this, {{ r, g, b, alpha }});
    }};
}})()"""
"""axe, reading each colour once: it tries every notation for every element, a fifth of the time of its colour rules."""
AXE_SPARED = {"resultTypes": ["violations"], "selectors": False, "preload": {"assets": ["media"]}}
"""Not made: what nobody reads, and the style sheets anew, which only an experimental rule asks for."""
WIDTHS, HEIGHT = (1280, 390), 900
SCHEMES = ("light", "dark")
DRAWN = """
new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(drawn)))).then(() => {
    const ends = (change) => change.effect.getComputedTiming().endTime < Infinity;
    return Promise.allSettled(document.getAnimations().filter(ends).map((change) => change.finished)).then(() => true);
})
"""
"""Two frames on, with every change of colour over."""
COLLISIONS = """
[...document.querySelectorAll(".fig .plot > svg")].flatMap((figure) => {
    const shown = [...figure.querySelectorAll("text:not(.pin text)")].filter((text) => text.checkVisibility());
    const boxes = shown.map((text) => [text.textContent, text.getBoundingClientRect()]);
    const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
    return boxes.flatMap(([name, box], place) =>
        boxes.slice(place + 1).filter(([, other]) => meet(box, other)).map(([other]) => `${name} and ${other}`));
})
"""
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--in-process-gpu",  # nothing is drawn by a GPU, and a process of its own for that costs a tenth of every page
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


def chromium_path() -> str | None:
    """The shell first where it is installed: the same engine, half the cost of a page."""
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
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


@pytest.fixture(scope="session")
def shared_context(django_db_setup: None, browser: Browser, live_server: Any) -> Iterator[BrowserContext]:
    """A new context starts with cold caches, which costs more than the page itself; so the tests share one."""
    context = browser.new_context(base_url=live_server.url)
    yield context
    context.close()
    for thread in threading.enumerate():  # each holds a connection to the database, which is about to be dropped
        if "process_request_thread" in thread.name:
            thread.join(timeout=5)


@pytest.fixture
def open_page(browser: Browser, shared_context: BrowserContext, live_server: Any) -> Iterator[Callable[..., Page]]:
    """`open_page(user, width=390, scheme="dark")` is a page logged in as that person; errors land in `page.errors`.

    The first person of a test gets the shared context, empty of cookies and storage; everybody else one of their own.
    `clock=True` gives a page whose timers the test may wind on (`page.clock`), for which the context is its own too.
    """
    contexts: dict[tuple[Any, bool], BrowserContext] = {}
    idle = shared_context.pages

    def context_of(user: Any, clock: bool) -> BrowserContext:
        key = (user and user.pk, clock)
        if key not in contexts:
            is_shared = shared_context not in contexts.values() and not clock
            contexts[key] = shared_context if is_shared else browser.new_context(base_url=live_server.url)
            if user is not None:
                contexts[key].add_cookies([session_cookie(user, live_server.url)])  # type: ignore[list-item]
        return contexts[key]

    def make(user: Any = None, *, width: int = 1280, scheme: str = "light", clock: bool = False) -> Page:
        context = context_of(user, clock)
        page = idle.pop() if context is shared_context and idle else _new_page(context)
        page.set_viewport_size({"width": width, "height": HEIGHT})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        if clock:
            page.clock.install()
        page.errors = []  # type: ignore[attr-defined]
        return page

    yield make
    for context in contexts.values():
        _leave_one_page(context) if context is shared_context else context.close()


PROBE = "**/healthz"


def intercept(page: Page, url: str, handler: Callable[[Route], None]) -> None:
    """`page.route`, in force: it returns before the page knows, so what the page asks for at once may still go by."""
    page.route(url, handler)
    page.route(PROBE, lambda route: route.fulfill(status=204))
    for _ in range(200):
        if page.evaluate("fetch('/healthz').then((answer) => answer.status)") == 204:
            return page.unroute(PROBE)
    pytest.fail(f"{url} is not intercepted")


@contextmanager
def without_scripts(page: Page) -> Iterator[None]:
    """Pages that it turns to meanwhile run none. A context that never runs any costs as much as two pages more."""
    switch = page.context.new_cdp_session(page)
    switch.send("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        yield
    finally:
        switch.send("Emulation.setScriptExecutionDisabled", {"value": False})
        switch.detach()


def _new_page(context: BrowserContext) -> Page:
    page = context.new_page()
    page.set_default_timeout(10_000)
    page.on("console", lambda message: _keep(page, message))
    page.on("pageerror", lambda error: page.errors.append(str(error)))  # type: ignore[attr-defined]
    return page


def _leave_one_page(context: BrowserContext) -> None:
    """For the next test: it stays at the server, in its process, and is empty, as are cookies and storage."""
    first, *others = context.pages or [_new_page(context)]
    for page in others:
        page.close()
    try:
        _empty(first)
    except Error:  # it crashed, or is not at the server, or went elsewhere at that very moment
        first.close()
        first = _new_page(context)
        first.goto("/static/img/favicon.svg")
        _empty(first)
    context.clear_cookies()


def _empty(page: Page) -> None:
    """A blank page that the page itself turns to is of its origin and its process, and costs half of one fetched."""
    page.unroute_all(behavior="ignoreErrors")
    page.evaluate("localStorage.clear(), sessionStorage.clear(), location.replace('about:blank')")
    page.wait_for_url("about:blank")


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


@dataclass(frozen=True)
class Look:
    """A page to judge, the selector that it is ready by, and what is done with it first, such as opening a popover.

    What is done `then` is done on the same page, one after the other, and the page is judged after each.
    """

    url: str
    ready: str = "main"
    act: Callable[[Page], object] | None = None
    then: tuple[Callable[[Page], object], ...] = ()


@pytest.fixture
def check_pages(open_page: Callable[..., Page]) -> Callable[..., None]:
    """`check_pages(user, url, Look(…))`: axe, console and CSP find nothing in any of them, nor do they scroll sideways;
    in both schemes and widths.
    """

    pages: dict[Any, Page] = {}

    def check(user: Any, *looks: Look | str) -> None:
        if user not in pages:
            pages[user] = open_page(user)
        page, problems = pages[user], []
        for each in looks:
            look = Look(each) if isinstance(each, str) else each
            problems += [f"{look.url}, {problem}" for problem in _find_at_every_width(page, look)]
            page.errors.clear()  # type: ignore[attr-defined]
        assert not problems, "\n".join(problems)

    return check


def _find_at_every_width(page: Page, look: Look) -> list[str]:
    """Pages follow the width as they follow the scheme, by style sheet alone; so a page is loaded for the second width
    only where somebody acts on it, or where it has charts, whose script is the only one that knows a width.
    """
    problems = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        if width == WIDTHS[0] or look.act or look.then or page.locator("[data-chart]").count():
            page.goto(look.url)
            page.wait_for_selector(look.ready)
            settle(page)
            if look.act:
                look.act(page)
        problems += [f"{width} px, {problem}" for problem in find_in_both_schemes(page)]
        for act in look.then:
            act(page)
            problems += [f"{width} px, {problem}" for problem in find_in_both_schemes(page)]
    return problems


def settle(page: Page) -> None:
    """Everything is loaded, fetched and drawn."""
    page.wait_for_function(
        """() => document.readyState === "complete" && document.fonts.status === "loaded"
            && !document.querySelector(".htmx-request, [data-chart]:not(:has(.main-svg))")"""
    )
    page.evaluate(DRAWN)


def find_in_both_schemes(page: Page) -> list[str]:
    """In light by every rule, in dark by those of colour: it is one document in two colours."""
    problems = []
    for scheme, rules in zip(SCHEMES, (AXE_RULES, COLOUR_RULES), strict=True):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.evaluate(DRAWN)
        problems += [f"{scheme}: {problem}" for problem in find_problems(page, rules)]
    return problems


def find_problems(page: Page, rules: dict[str, Any] = AXE_RULES) -> list[str]:
    """What is wrong with the page as it stands, in words."""
    problems = [f"axe {rule}: {html[:160]}" for rule, html in run_axe(page, rules)]
    problems += [f"console: {text}" for text in page.errors]  # type: ignore[attr-defined]
    problems += [f"labels of a figure run into each other: {pair}" for pair in page.evaluate(COLLISIONS)]
    overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return problems + ([f"{overflow} px of sideways scroll"] if overflow > 0 else [])


def run_axe(page: Page, rules: dict[str, Any]) -> list[tuple[str, str]]:
    """Rule and element of each violation. What passed stays in the browser: it is megabytes for a page of ours."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE)
    found = page.evaluate(
        """(options) => axe.run(options).then(({ violations }) =>
            violations.flatMap((rule) => rule.nodes.map((node) => [rule.id, node.html])))""",
        {"runOnly": rules, **AXE_SPARED},
    )
    return [(rule, html) for rule, html in found]


def requests_within(page: Page, milliseconds: int) -> list[str]:
    """What a page opened with `clock=True` asks for in that time of its own, which passes at once.

    Besides whether the stop was pressed, which every page of an account asks now and then.
    """
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.run_for(milliseconds)
    page.wait_for_timeout(200)
    return [url for url in asked if "/settings/stop/live/" not in url]
