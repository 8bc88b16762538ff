"""Keys of people's accounts at venues, encrypted."""

from __future__ import annotations

import secrets

from django.db import models

from candlewick.store.models.accounts import Account
from candlewick.store.models.people import User


def new_id() -> str:
    """An id that is known before the row is written: what a key belongs to is encrypted with it."""
    return secrets.token_hex(8)


class VenueKey(models.Model):
    """What signs requests to a venue. `key`, `secret` and `passphrase` are as `store.keys.Vault` seals them.

    `account` is the live account that it trades for, if any.
    """

    id = models.CharField(primary_key=True, max_length=16, default=new_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="venue_keys")
    account = models.OneToOneField(
        Account, null=True, blank=True, on_delete=models.SET_NULL, related_name="venue_key"
    )
    venue = models.CharField(max_length=40)
    label = models.CharField(max_length=60)
    shown = models.CharField(max_length=16)  # the key's first and last letters, to tell it from others
    key = models.BinaryField()
    secret = models.BinaryField()
    passphrase = models.BinaryField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    rotated_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["user", "venue", "label"], name="venue_key_label_is_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.label} ({self.venue})"
