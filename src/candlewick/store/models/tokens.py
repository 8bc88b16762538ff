"""What programs show to prove who sent them; only digests are kept."""

from __future__ import annotations

from django.db import models

from candlewick.store.models.accounts import Account
from candlewick.store.models.people import User


class ApiToken(models.Model):
    """A token that a person made for a program: what it may do, with which account, and until when."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=60)
    digest = models.CharField(max_length=64, unique=True)  # SHA-256 of the token
    prefix = models.CharField(max_length=16)  # its first letters, to tell it from others
    scopes = models.JSONField(default=list)
    account = models.ForeignKey(Account, null=True, blank=True, on_delete=models.CASCADE)  # None: all
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name


class ProgramSession(models.Model):
    """A program that signed in with a name and password: its refresh tokens, of which one is valid.

    `current` is the digest of the one that has not been used. Whoever brings an older one shows that two
    hold the same token, and the session ends for both.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="program_sessions")
    current = models.CharField(max_length=64)
    agent = models.CharField(max_length=200, blank=True, default="")
    origin_ip = models.GenericIPAddressField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"program of {self.user}"
