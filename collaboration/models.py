"""What people keep for themselves on the pages."""

from __future__ import annotations

import uuid
from urllib.parse import parse_qsl, urlencode

from django.db import models
from django.urls import reverse

from campaigns.models import AdAccount
from mediabuyer.brands.models import User
from mediabuyer.lib.errors import Invalid


class SavedView(models.Model):
    """The state of a page's address under a name: period, filters, columns, order. Each person has their own."""

    PAGES = ("ads", "portfolio")
    PASSING = frozenset(["page", "format", "focus", "csrfmiddlewaretoken"])
    """Parameters that belong to one look at the page, not to the view."""
    MOST = 30

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    account = models.ForeignKey(AdAccount, models.CASCADE)
    user = models.ForeignKey(User, models.CASCADE)
    page = models.CharField(max_length=20)
    name = models.CharField(max_length=80)
    query = models.CharField(max_length=1000, blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["account", "user", "page", "name"], name="saved_view_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def url(self) -> str:
        return reverse(self.page, args=[self.account.key]) + (f"?{self.query}" if self.query else "")

    @classmethod
    def keep(cls, account: AdAccount, user: User, page: str, name: str, query: str) -> SavedView:
        """Under a name that is there already, the new state takes the place of the old one."""
        kept = urlencode([(key, value) for key, value in parse_qsl(query) if key not in cls.PASSING])
        if page not in cls.PAGES:
            raise Invalid("page", page, "This page has no views to save.", remedy="Save one on Ads or Portfolio.")
        if not name or len(name) > 80 or len(kept) > 1000:
            raise Invalid("name", name, "The view was not saved.", remedy="Give it a name of at most 80 characters.")
        own = cls.objects.filter(account=account, user=user, page=page)
        if own.exclude(name=name).count() >= cls.MOST:
            raise Invalid("name", name, f"There are {cls.MOST} views already.", remedy="Remove one that is not used.")
        row, _ = own.update_or_create(
            name=name,
            defaults={"query": kept},
            create_defaults={"account": account, "user": user, "page": page, "query": kept},
        )
        return row
