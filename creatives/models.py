"""What an ad says and where it leads: angles, landing pages, creatives."""

from __future__ import annotations

import hashlib
import json
import uuid

from django.db import models

from mediabuyer.brands.models import Brand


class Angle(models.Model):
    """The reason to buy that an ad puts first."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    brand = models.ForeignKey(Brand, models.CASCADE)
    name = models.CharField(max_length=120)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["brand", "name"], name="angle_once_per_brand")]

    def __str__(self) -> str:
        return self.name


class LandingPage(models.Model):
    """A page that ads lead to; tracking parameters are not part of its address."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    brand = models.ForeignKey(Brand, models.CASCADE)
    url = models.URLField(max_length=1000)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["url"]
        constraints = [models.UniqueConstraint(fields=["brand", "url"], name="landing_page_once_per_brand")]

    def __str__(self) -> str:
        return self.url


class Creative(models.Model):
    """Copy, picture and page of an ad. Immutable: other content is another creative, as at Meta."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    brand = models.ForeignKey(Brand, models.CASCADE)
    angle = models.ForeignKey(Angle, models.SET_NULL, null=True, blank=True)
    landing_page = models.ForeignKey(LandingPage, models.SET_NULL, null=True, blank=True)
    external_id = models.CharField(max_length=64)
    name = models.CharField(max_length=400, blank=True)
    headline = models.TextField(blank=True)
    body = models.TextField(blank=True)
    description = models.TextField(blank=True)
    call_to_action = models.CharField(max_length=60, blank=True)
    image_hash = models.CharField(max_length=64, blank=True)
    story_id = models.CharField(max_length=80, blank=True, help_text="The post that carries the comments.")
    content_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["brand", "external_id"], name="creative_once_per_brand")]

    def __str__(self) -> str:
        return self.headline or self.name or self.external_id

    @staticmethod
    def hash_content(**content: str) -> str:
        """Digest of everything a reader of the ad would see."""
        return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
