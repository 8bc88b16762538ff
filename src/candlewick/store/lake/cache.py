"""Tables that were decoded once, in files that the next reader maps.

A file is named by what was asked for and by the very files it was made of: when one of those is replaced, it
is not found any more, and the next one takes its place.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import numpy as np

from candlewick.store.lake.columns import Floats

FOLDER: Final = "cache"
LEAST_BYTES: Final = 1_000_000  # less is decoded as quickly
MOST_BYTES: Final = 2 * 1024**3
UNREAD_S: Final = 14 * 86_400


def through(folder: Path, asked: str, stamp: Callable[[], str | None], read: Callable[[], Floats]) -> Floats:
    """The table that `read` gives, mapped from `folder` if it was kept there.

    Args:
        asked: what is wanted, in words.
        stamp: of the rows as they are now; None: they may change at any time, and are not kept.
    """
    before = stamp()
    if before is None:
        return read()
    family = _digest(asked)
    path = folder / f"{family}-{_digest(before)}.npy"
    found = _mapped(path)
    if found is None:
        found = read()
        # rows that changed while they were read are of neither stamp
        if found.nbytes >= LEAST_BYTES and stamp() == before:
            _keep(path, family, found)
    return found


def _mapped(path: Path) -> Floats | None:
    """The table in a file; None if it is not there or not whole."""
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
        os.utime(path)
    except (OSError, ValueError):
        return None
    return np.asarray(found) if found.dtype == np.float64 and found.ndim == 2 else None


def _keep(path: Path, family: str, table: Floats) -> None:
    """Put a table where it belongs; a full disk costs only that it is not there."""
    fresh = path.with_suffix(f".{secrets.token_hex(4)}")
    with suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        for older in path.parent.glob(f"{family}-*"):
            older.unlink(missing_ok=True)
        _sweep(path.parent, MOST_BYTES - table.nbytes)
        try:
            with fresh.open("wb") as file:
                np.save(file, table)
            fresh.rename(path)
        finally:
            fresh.unlink(missing_ok=True)


def _sweep(folder: Path, room: int) -> None:
    """Remove what was not read for long, and what goes beyond `room`, the longest unread first."""
    found = sorted(((path.stat(), path) for path in folder.iterdir()), key=lambda each: -each[0].st_mtime)
    before = time.time() - UNREAD_S
    for stat, path in found:
        room -= stat.st_size
        if room < 0 or stat.st_mtime < before:
            path.unlink(missing_ok=True)


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
