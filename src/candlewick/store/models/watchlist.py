"""What people watch."""

from __future__ import annotations

from django.db import models

from candlewick.store.models.people import User

WATCHLIST_LIMIT = 100


class WatchlistEntry(models.Model):
    """One line of a person's watchlist. `instrument` is the internal id."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="watchlist")
    instrument = models.CharField(max_length=80)
    position = models.PositiveIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["user", "instrument"], name="watchlist_holds_it_once"),
        ]

    def __str__(self) -> str:
        return self.instrument
