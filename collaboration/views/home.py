"""`/`: to the account last looked at, or to the import for whoever has none yet."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from campaigns.models import AdAccount


@login_required
def home(request: HttpRequest) -> HttpResponse:
    accounts = AdAccount.objects.visible_to(request.user)
    last = accounts.filter(key=request.session["account"]).first() if request.session.get("account") else None
    account = last or accounts.order_by("pk").first()
    return redirect("today", account.key) if account else redirect("import")
