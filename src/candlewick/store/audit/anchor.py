"""Where the chains ended when they were last found whole, in a file beside the database.

A chain proves that nothing within it was changed; that it was not replaced by an older copy of itself, only
something outside it can tell.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from candlewick.core.clock import iso
from candlewick.core.errors import StoreError
from candlewick.ledger.fault import Fault
from candlewick.store.audit.checking import Chain, ChainReport

FILE_NAME: Final = "audit.anchor"


class End(msgspec.Struct, frozen=True):
    """A chain's last row."""

    rows: int
    head: str


class Anchor(msgspec.Struct, frozen=True):
    """The ends of the chains at `ts` (ns UTC)."""

    ts: int
    ends: dict[str, End]
    mac: str = ""

    def seal(self, key: bytes) -> str:
        """What proves that the holder of `key` wrote it."""
        ends = ";".join(f"{name}:{end.rows}:{end.head}" for name, end in sorted(self.ends.items()))
        return hmac.digest(key, f"anchor:{self.ts}:{ends}".encode(), "sha256").hex()


def load(data_dir: Path) -> Anchor | None:
    """The anchor; None: the chains were never looked at.

    Raises:
        StoreError: it cannot be read.
    """
    path = data_dir / FILE_NAME
    try:
        return msgspec.json.decode(path.read_bytes(), type=Anchor)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise StoreError(f"{path} cannot be read ({error}). Restore it from a backup.") from None


def save(data_dir: Path, ts: int, reports: Sequence[ChainReport], key: bytes) -> None:
    """Note where the chains end now."""
    ends = {report.chain: End(report.rows, report.head) for report in reports}
    _write(data_dir, Anchor(ts, ends), key)


def seal_anew(data_dir: Path, keys: Sequence[bytes]) -> None:
    """Seal the anchor, if one of `keys` has sealed it, with the first of them."""
    anchor = load(data_dir)
    if anchor is not None and not require_genuine(anchor, keys):
        _write(data_dir, anchor, keys[0])


def _write(data_dir: Path, anchor: Anchor, key: bytes) -> None:
    path = data_dir / FILE_NAME
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(msgspec.structs.replace(anchor, mac=anchor.seal(key))))
        file.flush()
        os.fsync(descriptor)
    fresh.replace(path)


def require_genuine(anchor: Anchor, keys: Sequence[bytes]) -> list[Fault]:
    """Whether the anchor itself is ours."""
    if any(hmac.compare_digest(anchor.mac, anchor.seal(key)) for key in keys):
        return []
    return [Fault("anchor_changed", f"{FILE_NAME} was not written with this master key, or was changed.")]


def require_kept(anchor: Anchor, one: Chain, report: ChainReport) -> list[Fault]:
    """Whether a chain still holds the row that it ended with then."""
    end = anchor.ends.get(one.name)
    if end is None or not end.rows or report.faults:
        return []
    when = f"on {iso(anchor.ts)}"
    title = one.title.capitalize()
    if report.rows < end.rows:
        text = f"{title} had {end.rows} rows {when}, and has {report.rows} now: it is an older copy."
        return [Fault("rows_cut_off", text)]
    if report.hashes.get(end.rows) != end.head:
        text = f"{title} is not the one that was whole {when}: row {end.rows} or one before it was rewritten."
        return [Fault("history_rewritten", text)]
    return []
