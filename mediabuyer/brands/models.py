"""Who works for which brand, in which role, and which programs may speak for them."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from datetime import datetime
from typing import Any

import pghistory
from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class People(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, **{**fields, "is_staff": True, "is_superuser": True})


class User(AbstractUser):
    """A person, known by e-mail address."""

    username = None  # type: ignore[assignment]
    email = models.EmailField(unique=True)
    seen_today_at = models.DateTimeField(null=True, blank=True, help_text="When this person last opened Today.")

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = []
    objects = People()  # type: ignore[assignment,misc]

    def __str__(self) -> str:
        return self.get_full_name() or self.email

    @property
    def initials(self) -> str:
        letters = f"{self.first_name[:1]}{self.last_name[:1]}" or self.email[:2]
        return letters.upper()


class Role(models.TextChoices):
    """Rights grow from left to right, except that a reviewer judges copy and a manager money."""

    VIEWER = "viewer", "Viewer"
    TEAM = "team", "Team member"
    REVIEWER = "reviewer", "Compliance reviewer"
    MANAGER = "manager", "Manager"
    OWNER = "owner", "Owner"


class BrandQuerySet(models.QuerySet["Brand"]):
    def visible_to(self, user: Any) -> BrandQuerySet:
        if not user.is_authenticated:
            return self.none()
        return self.filter(member__user=user, member__is_active=True)


class Brand(models.Model):
    """The tenant: everything belongs to one brand, and nobody sees another's."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=120)
    voice = models.TextField(blank=True, help_text="How this brand speaks, in its own words.")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = BrandQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class Member(models.Model):
    """One person's role at one brand."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    brand = models.ForeignKey(Brand, models.CASCADE)
    user = models.ForeignKey(User, models.CASCADE)
    role = models.CharField(max_length=10, choices=Role)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["brand", "user__first_name", "user__email"]
        constraints = [
            models.UniqueConstraint(fields=["brand", "user"], name="member_once_per_brand"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="member_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.get_role_display()})"


class TokenQuerySet(models.QuerySet["Token"]):
    def usable(self, now: datetime) -> TokenQuerySet:
        return self.filter(
            Q(expires_at__isnull=True) | Q(expires_at__gt=now),
            revoked_at=None,
            member__is_active=True,
            member__user__is_active=True,
        )


class Scope(models.TextChoices):
    READ = "read", "Read everything the member sees"
    DECIDE = "decide", "Approve and reject decisions"
    RUN = "run", "Start agent cycles and propose"
    IMPORT = "import", "Import files and orders"


@pghistory.track(exclude=["last_used_at"])
class Token(models.Model):
    """A program's key: acts as its member, within its scopes. Only a hash of the secret is kept."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    member = models.ForeignKey(Member, models.CASCADE)
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12, unique=True, help_text="First characters, to recognise it by.")
    digest = models.CharField(max_length=64)
    scopes = ArrayField(models.CharField(max_length=10, choices=Scope), default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = TokenQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @classmethod
    def issue(
        cls, member: Member, name: str, scopes: list[str], expires_at: datetime | None = None
    ) -> tuple[Token, str]:
        """A new token and its secret, which is shown once and never stored."""
        secret = f"mb_{secrets.token_urlsafe(32)}"
        token = cls.objects.create(
            member=member, name=name, scopes=scopes, prefix=secret[:12], digest=cls.hash(secret), expires_at=expires_at
        )
        return token, secret

    @staticmethod
    def hash(secret: str) -> str:
        return hashlib.sha256(secret.encode()).hexdigest()


class IdempotentAnswer(models.Model):
    """What the API answered to a POST that carried an `Idempotency-Key`, so that repeating it repeats the answer."""

    user = models.ForeignKey(User, models.CASCADE)
    token = models.ForeignKey(Token, models.CASCADE, null=True, blank=True, help_text="Empty for a person's session.")
    path = models.CharField(max_length=300, help_text="Names the account or decision, so that keys are theirs alone.")
    key = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, help_text="Of the request's content.")
    status = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Empty while it is being answered.")
    body = models.JSONField(default=dict)
    begun_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "token", "path", "key"], nulls_distinct=False, name="answer_once"),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.path}"
