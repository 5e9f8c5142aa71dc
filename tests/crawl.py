"""Follows every link of the pages as a person could, so that no page breaks on what really lies in the database."""

from __future__ import annotations

import re
from collections import Counter
from html import unescape
from urllib.parse import urljoin, urlsplit

from django.test import Client
from django.urls import resolve

LINK = re.compile(r"""\s(?:href|hx-get)="([^"#]+)""")
LEFT_OUT = {"account_logout", "openapi", "docs"}


def crawl(client: Client, start: str, each: int = 5) -> dict[str, int]:
    """Status by address of the pages that can be reached from `start`, so many of `each` view. An error is raised.

    Another query is another look at the same view.
    """
    found: dict[str, int] = {}
    views: Counter[str] = Counter()
    todo = [start]
    while todo:
        address = todo.pop(0)
        view = _view(address)
        if address in found or view is None or views[view] >= each:
            continue
        views[view] += 1
        answer = client.get(address)
        found[address] = answer.status_code
        if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
            todo += [urljoin(address, unescape(link)) for link in LINK.findall(answer.content.decode())]
    return found


def _view(address: str) -> str | None:
    parts = urlsplit(address)
    if parts.netloc or parts.scheme or parts.path.startswith(("/static/", "/admin/")):
        return None
    name = resolve(parts.path).view_name
    return None if name in LEFT_OUT else name
