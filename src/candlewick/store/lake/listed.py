"""What instruments are, as their venues last listed them: kept beside the lake for those who ask no venue.

A backtest must round to the same tick and lot on a page, in Python and on the command line. The engine writes
the file when a venue tells its list, a download too; what no venue has told is inferred from its name.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Final

import msgspec

from candlewick.core.instrument import Instrument
from candlewick.ledger.csv_fills import infer_instrument

FILE: Final = "instruments.json"
_lock: Final = threading.Lock()  # several venues tell theirs at once
_decode: Final = msgspec.json.Decoder(list[Instrument]).decode


def remember(root: Path, listed: Iterable[Instrument]) -> None:
    """Put what a venue lists into the lake's file; what it lists no longer stays known.

    A disk that is full costs only that the next reader infers.
    """
    path = root / FILE
    fresh = path.with_suffix(f".{secrets.token_hex(4)}")
    with _lock, suppress(OSError):
        before = known(root)
        now = {**before, **{each.id: each for each in listed}}
        if now == before:
            return
        try:
            fresh.write_bytes(msgspec.json.encode([now[id] for id in sorted(now)]))
            fresh.rename(path)
        finally:
            fresh.unlink(missing_ok=True)


def known(root: Path) -> dict[str, Instrument]:
    """All that was listed, by id; none where the file is absent, or of another version."""
    path = root / FILE
    try:
        stat = path.stat()
        return _read(path, stat.st_mtime_ns, stat.st_ino)
    except (OSError, msgspec.DecodeError):
        return {}


def instrument_of(root: Path, id: str) -> Instrument | None:
    """What is known of an instrument: as its venue listed it, else what its name tells; None: nothing."""
    return known(root).get(id) or infer_instrument(id, primary="")


@lru_cache(maxsize=4)
def _read(path: Path, mtime_ns: int, inode: int) -> dict[str, Instrument]:
    return {each.id: each for each in _decode(path.read_bytes())}
