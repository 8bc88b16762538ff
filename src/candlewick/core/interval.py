"""Candle intervals, from one second to one day, all aligned to UTC midnight."""

from __future__ import annotations

from typing import Final

from candlewick.core.errors import UnknownInterval

SECONDS: Final[dict[str, int]] = {
    "1s": 1,
    "1m": 60,
    "3m": 180,
    "5m": 300,
    "15m": 900,
    "30m": 1800,
    "1h": 3600,
    "2h": 7200,
    "4h": 14400,
    "6h": 21600,
    "8h": 28800,
    "12h": 43200,
    "1d": 86400,
}
INTERVALS: Final[tuple[str, ...]] = tuple(SECONDS)


def seconds(interval: str) -> int:
    """Length of `interval` in seconds.

    Raises:
        UnknownInterval: there is no such interval.
    """
    try:
        return SECONDS[interval]
    except KeyError:
        raise UnknownInterval(interval, INTERVALS) from None


def open_time(time_s: int, length_s: int) -> int:
    """UTC second at which the interval of `length_s` seconds that holds `time_s` begins."""
    return time_s - time_s % length_s
