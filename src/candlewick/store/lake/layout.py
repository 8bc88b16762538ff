"""Where a series lives on disk: safe paths out of hostile names, and the span of time one file holds."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from candlewick.core.clock import NS_PER_S
from candlewick.core.errors import UsageError
from candlewick.core.interval import seconds

_NAME_MAX: Final = 100
_DAY_S: Final = 86_400
_END_S: Final = 7_258_118_400
END_NS: Final = _END_S * NS_PER_S
"""First moment, in ns, that the lake does not keep: the start of 2200."""


@lru_cache(maxsize=4096)
def split_instrument(instrument: str) -> tuple[str, str]:
    """Venue and symbol of an internal id.

    Raises:
        UsageError: `instrument` is not `venue:SYMBOL`, is too long or holds control characters.
    """
    venue, _, symbol = instrument.partition(":")
    if not venue or not symbol or len(instrument) > _NAME_MAX or not instrument.isprintable():
        shown = instrument if len(instrument) <= _NAME_MAX else instrument[:_NAME_MAX] + "…"
        raise UsageError(
            f"{shown!r} is not an instrument: expected venue:SYMBOL, "
            f"at most {_NAME_MAX} printable characters."
        )
    return venue, symbol


def check_time(time: int, *, ns: bool) -> None:
    """Hold a time to the years 1970 to 2199: one beyond has no partition, and tells of a wrong unit.

    Raises:
        UsageError: it is outside.
    """
    if not 0 <= time < (END_NS if ns else _END_S):
        unit = "nanoseconds" if ns else "seconds"
        raise UsageError(f"Time {time} is not between 1970 and 2200 in {unit}. Check its unit.")


def folder(kind: str, instrument: str, interval: str) -> str:
    """The series' folder below the lake's root, one segment a part; no name can leave the root.

    Every character but letters, digits, `-` and `_` is percent-encoded, a dot too, so that neither
    `..`, `/`, a drive letter nor a device name of some system can be spelled.
    """
    venue, symbol = split_instrument(instrument)
    parts = [kind, venue, symbol]
    if interval:
        parts.append(interval)
    return "/".join(quote(part, safe="").replace(".", "%2E").replace("~", "%7E") for part in parts)


def partition(interval: str, time_s: int) -> str:
    """The file span that holds `time_s`: a day, a month or a year, so that one holds 10⁴ to 10⁵ rows.

    Trades (no interval) and candles under a minute: a day. Under an hour: a month. From an hour: a year.
    A year of hours is 8,760 rows in one file where twelve files would cost twelve opens.
    """
    form = (
        "%Y%m%d" if not interval or seconds(interval) < 60 else "%Y%m" if seconds(interval) < 3600 else "%Y"
    )
    return datetime.fromtimestamp(time_s, UTC).strftime(form)


def bounds(name: str) -> tuple[int, int]:
    """First second of the partition `name`, and the first second after it."""
    year, month, day = int(name[:4]), int(name[4:6] or 1), int(name[6:8] or 1)
    start = datetime(year, month, day, tzinfo=UTC)
    if len(name) == 8:
        return int(start.timestamp()), int(start.timestamp()) + _DAY_S
    if len(name) == 6:
        after = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    else:
        after = datetime(year + 1, 1, 1, tzinfo=UTC)
    return int(start.timestamp()), int(after.timestamp())
