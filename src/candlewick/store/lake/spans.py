"""Sets of half-open time ranges: merge, add, subtract."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from operator import itemgetter

Span = tuple[int, int]


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same set of moments as rising ranges that neither overlap nor touch; empty ranges vanish."""
    out: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], end))
        else:
            out.append((start, end))
    return out


def missing(covered: Iterable[Span], start: int, end: int) -> list[Span]:
    """What of [start, end) no range of `covered` holds."""
    out: list[Span] = []
    at = start
    for low, high in merged(covered):
        if high <= at:
            continue
        if low >= end:
            break
        if low > at:
            out.append((at, low))
        at = high
    if at < end:
        out.append((at, end))
    return out


def holds(merged: Sequence[Span], start: int, end: int) -> bool:
    """Whether ranges as `merged` gives them hold all of [start, end); quick among many."""
    at = bisect_right(merged, start, key=itemgetter(0)) - 1
    return start >= end or (at >= 0 and end <= merged[at][1])
