"""People who may sign in, and the links that sign them in once."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils import timezone

LINK_LIFETIME = timedelta(hours=12)


class Role(models.TextChoices):
    """What a person may do: look; look and trade; all that and manage people."""

    VIEWER = "viewer"
    TRADER = "trader"
    OWNER = "owner"


class User(AbstractUser):
    """A person who may sign in."""

    role = models.CharField(max_length=8, choices=Role.choices, default=Role.VIEWER)
    has_watchlist = models.BooleanField(default=False)  # an empty one was emptied, not never filled
    preferences = models.JSONField(default=dict, blank=True)  # `candlewick.web.people.preferences`

    class Meta(AbstractUser.Meta):
        constraints = [
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="user_role_is_known"),
        ]

    @property
    def is_owner(self) -> bool:
        return self.role == Role.OWNER


class LoginLink(models.Model):
    """A link that signs its bearer in once. Only the token's SHA-256 is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="login_links")
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"login link of {self.user}"

    @classmethod
    def issue(cls, user: User) -> str:
        """A new token for `user`; whatever links they had stop working."""
        cls.objects.filter(user=user).delete()
        token = secrets.token_urlsafe(32)
        cls.objects.create(user=user, digest=_digest(token), expires_at=timezone.now() + LINK_LIFETIME)
        return token

    @classmethod
    def redeem(cls, token: str) -> User | None:
        """The person whose link this is, once and in time; None ever after."""
        now = timezone.now()
        # One conditional UPDATE decides who was first: of two requests at once, one finds the row unused.
        taken = cls.objects.filter(digest=_digest(token), used_at=None, expires_at__gt=now).update(
            used_at=now
        )
        if not taken:
            return None
        user = cls.objects.select_related("user").get(digest=_digest(token)).user
        return user if user.is_active else None


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
