"""What people write about their trades: notes, tags, ratings, pictures."""

from __future__ import annotations

import secrets

from django.db import models

from candlewick.store.models.accounts import Account
from candlewick.store.models.people import User


def new_name() -> str:
    """A file's name that nobody guesses."""
    return secrets.token_hex(16)


class TradeNote(models.Model):
    """What is written about one round trip, by whoever may write for its account. `trip` is its number."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="notes")
    trip = models.BigIntegerField()
    text = models.TextField(blank=True, default="")
    tags = models.JSONField(default=list)
    rating = models.PositiveSmallIntegerField(null=True, blank=True)  # 1 to 5
    author = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["account_id", "-trip"]
        constraints = [
            models.UniqueConstraint(fields=["account", "trip"], name="a_trade_has_one_note"),
            models.CheckConstraint(
                condition=models.Q(rating=None) | models.Q(rating__range=(1, 5)), name="rating_is_one_to_five"
            ),
        ]
        indexes = [models.Index(fields=["account", "rating", "trip"], name="note_by_rating")]

    def __str__(self) -> str:
        return f"note on trade {self.trip}"


class TradeWord(models.Model):
    """A word by which a note is found; a tag stands here as `#tag`. Made from the note, with it."""

    note = models.ForeignKey(TradeNote, on_delete=models.CASCADE, related_name="words")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+", db_index=False)
    word = models.CharField(max_length=60)
    trip = models.BigIntegerField()

    class Meta:
        ordering = ["account_id", "word", "-trip"]
        indexes = [models.Index(fields=["account", "word", "trip"], name="trade_by_word")]

    def __str__(self) -> str:
        return f"{self.word} of trade {self.trip}"


class TradeImage(models.Model):
    """A picture that belongs to a trade. The file stands in the data folder, under a name of ours."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="trade_images")
    trip = models.BigIntegerField()
    name = models.CharField(max_length=32, default=new_name, unique=True, editable=False)
    kind = models.CharField(max_length=8)  # png, jpeg or webp, as its first bytes say
    title = models.CharField(max_length=120, blank=True, default="")
    size = models.PositiveIntegerField()
    author = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["account", "trip"], name="trade_image_by_trade")]

    def __str__(self) -> str:
        return f"{self.kind} of trade {self.trip}"
