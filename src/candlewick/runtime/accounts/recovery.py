"""A start and a recovery are the same: the newest snapshot, then every entry after it."""

from __future__ import annotations

import logging

from candlewick.core.errors import StoreError
from candlewick.store.journal.journal import Journal
from candlewick.trading.desk import Desk

log = logging.getLogger(__name__)


def recover(desk: Desk, journal: Journal) -> int:
    """Bring an empty `desk` to where the journal ends; how many entries that took.

    Raises:
        StoreError: the journal cannot be read.
    """
    snapshot, entries = journal.recover()
    if snapshot is not None:
        try:
            desk.restore(snapshot.body)
        except StoreError as error:
            log.warning("The whole journal is read: %s", error)
            _, entries = journal.recover(use_snapshot=False)
    count = 0
    for _, entry in entries:
        desk.apply(entry)
        count += 1
    return count
