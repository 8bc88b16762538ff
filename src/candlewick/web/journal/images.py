"""Pictures of trades: kept as files in the data folder, under names of ours, as what their bytes are.

What a browser says about a file is not believed: its first bytes decide. It is served as exactly that, with
a policy that lets nothing in it run, to those who may see the account and to nobody else.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from candlewick.core.errors import Conflict, UsageError
from candlewick.ledger.trips import RoundTrip
from candlewick.store.models import TradeImage

LARGEST: Final = 2 * 1024 * 1024
MOST: Final = 12  # of one trade
CONTENT_TYPES: Final = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
_NAME: Final = re.compile(r"[0-9a-f]{32}")
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, max-age=86400, immutable",
}


def kind_of(data: bytes) -> str | None:
    """`png`, `jpeg` or `webp` by the signature and the first header; None: it is none of them."""
    if data[:8] == b"\x89PNG\r\n\x1a\n" and data[12:16] == b"IHDR" and data[-8:-4] == b"IEND":
        return "png"
    if data[:3] == b"\xff\xd8\xff" and b"\xff\xd9" in data[-64:]:
        return "jpeg"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP" and data[12:15] == b"VP8":
        return "webp"
    return None


def keep(folder: Path, trip: RoundTrip, data: bytes, title: str, author: int | None) -> TradeImage:
    """Keep a picture of a trade.

    Raises:
        UsageError: it is too large, or none that we serve.
        Conflict: the trade has as many as it may have.
    """
    if len(data) > LARGEST:
        raise UsageError(f"file: it has {len(data) / 1024 / 1024:.1f} MB. Use at most 2 MB.")
    kind = kind_of(data)
    if kind is None:
        raise UsageError("file: this is no PNG, JPEG or WebP picture, or only a part of one.")
    if TradeImage.objects.filter(account_id=trip.account, trip=trip.id).count() >= MOST:
        raise Conflict(f"A trade has at most {MOST} pictures. Remove one first.")
    image = TradeImage(
        account_id=trip.account,
        trip=trip.id,
        kind=kind,
        title="".join(sign for sign in " ".join(title.split()) if sign.isprintable())[:120],
        size=len(data),
        author_id=author,
    )
    path = path_of(folder, image)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # The file first: a row without its file would be a broken picture, a file without a row is not seen.
    part = path.with_suffix(".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    image.save()
    return image


def of_trade(account: int, trip: int) -> list[TradeImage]:
    """The pictures of a trade, the first that was added first."""
    return list(TradeImage.objects.filter(account_id=account, trip=trip))


def find(account: int, trip: int, name: str) -> TradeImage | None:
    """One picture of a trade of this account."""
    if not _NAME.fullmatch(name):
        return None
    return TradeImage.objects.filter(account_id=account, trip=trip, name=name).first()


def remove(folder: Path, image: TradeImage) -> None:
    """Take a picture away, and its file with it."""
    path = path_of(folder, image)
    image.delete()
    path.unlink(missing_ok=True)


def path_of(folder: Path, image: TradeImage) -> Path:
    """Where its file is, below the data folder."""
    return folder / "screenshots" / str(image.account_id) / f"{image.name}.{image.kind}"
