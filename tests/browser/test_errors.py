"""The pages of last resort in a real browser, drawn as the middleware draws them: from a reference and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.template.loader import get_template
from playwright.sync_api import BrowserContext, Route

from tests.browser.conftest import Look

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PAGES = ("500", "503", "429")


def answer_with(body: str) -> Callable[[Route], None]:
    return lambda route: route.fulfill(body=body, content_type="text/html")


@pytest.fixture
def broken(shared_context: BrowserContext) -> Iterator[list[str]]:
    """Addresses at which the pages stand. Their status would be an error in the console."""
    addresses = [f"/broken/{name}/" for name in PAGES]
    for name, address in zip(PAGES, addresses, strict=True):
        body = get_template(f"{name}.html").render({"reference": "0123456789ab"})
        shared_context.route(f"**{address}", answer_with(body))
    yield addresses
    shared_context.unroute_all()


def test_error_pages_have_no_violation(check_pages: Callable[..., None], broken: list[str]) -> None:
    check_pages(None, *(Look(address, ready=".door h1") for address in broken))
