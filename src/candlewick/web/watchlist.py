"""A person's watchlist: which instruments, in which order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.db import transaction

from candlewick.store.models import User, WatchlistEntry
from candlewick.web.live.channels import Directory

AT_FIRST: Final = (
    "BTCUSDT",
    "ETHUSDT",
    "SOLUSDT",
    "BTCUSDT-PERP",
    "ETHUSDT-PERP",
    "XRPUSDT",
    "DOGEUSDT",
    "AAPL",
)


def instruments_of(user_id: int, directory: Directory) -> list[str]:
    """Internal ids of what a person watches; the majors for one who never chose.

    While the engine is away what exists is not known: then all that was chosen is given.
    """
    if User.objects.filter(pk=user_id, has_watchlist=True).exists():
        entries = WatchlistEntry.objects.filter(user_id=user_id).order_by("position")
        found = list(entries.values_list("instrument", flat=True))
    else:
        found = [f"{directory.primary}:{symbol}" for symbol in AT_FIRST]
    return [each for each in found if not directory.instruments or each in directory.instruments]


def keep(user_id: int, instruments: Sequence[str]) -> None:
    """Store a person's watchlist."""
    with transaction.atomic():
        User.objects.filter(pk=user_id).update(has_watchlist=True)
        WatchlistEntry.objects.filter(user_id=user_id).delete()
        WatchlistEntry.objects.bulk_create(
            WatchlistEntry(user_id=user_id, instrument=instrument, position=position)
            for position, instrument in enumerate(instruments)
        )
