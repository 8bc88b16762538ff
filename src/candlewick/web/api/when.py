"""Times in requests: ISO 8601, or UTC seconds."""

from __future__ import annotations

from datetime import UTC, datetime

from candlewick.core.clock import NS_PER_S
from candlewick.core.errors import UsageError

_LATEST_S = 253_402_300_799  # the end of the year 9999


def utc_seconds(text: str | None, name: str) -> int | None:
    """The time that `text` tells, in UTC seconds; without a zone it is UTC.

    Raises:
        UsageError: it is no time. `name` says which parameter it was.
    """
    if text is None or not text.strip():
        return None
    text = text.strip()
    try:
        seconds = int(text) if text.lstrip("-").isdecimal() else _iso_seconds(text)
    except ValueError:
        raise UsageError(f"{name}: {text[:40]!r} is no time. Use ISO 8601 or UTC seconds.") from None
    if not 0 <= seconds <= _LATEST_S:
        raise UsageError(f"{name}: {text[:40]!r} is out of range.")
    return seconds


def utc_ns(text: str | None, name: str) -> int | None:
    """As `utc_seconds`, in nanoseconds."""
    seconds = utc_seconds(text, name)
    return None if seconds is None else seconds * NS_PER_S


def _iso_seconds(text: str) -> int:
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
