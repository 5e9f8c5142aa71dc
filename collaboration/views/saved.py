"""Views of a page under a name: kept, opened again, removed. Each person sees their own."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from campaigns.models import AdAccount
from collaboration.frame import account_for, as_key, person, words
from collaboration.models import SavedView
from mediabuyer.brands.permissions import Right, require


@login_required
@require_POST
def save_view(request: HttpRequest, key: UUID) -> HttpResponse:
    """Keeps the state of a page under a name; with `drop` removes the one of that key instead."""
    account = account_for(request, key)
    require(request.user, Right.SEE, account.brand)
    if dropped := as_key(request.POST.get("drop", "")):
        return _drop(request, account, dropped)
    row = SavedView.keep(
        account, person(request), words(request, "page"), words(request, "name"), words(request, "query")
    )
    messages.success(request, f"Saved as “{row.name}”.")
    return redirect(row.url)


def _drop(request: HttpRequest, account: AdAccount, key: UUID) -> HttpResponse:
    row = SavedView.objects.filter(account=account, user=person(request), key=key).first()
    if row is None:
        return redirect("today", account.key)
    row.delete()
    messages.info(request, f"“{row.name}” is removed. What it showed is still there.")
    return redirect(reverse(row.page, args=[account.key]))


def saved_views(request: HttpRequest, account: AdAccount, page: str) -> dict[str, Any]:
    """What `components/views.html` shows."""
    rows = SavedView.objects.filter(account=account, user=person(request), page=page).select_related("account")
    return {"saved": list(rows), "saved_page": page, "saved_query": request.GET.urlencode()}
