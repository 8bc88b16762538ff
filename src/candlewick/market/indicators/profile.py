"""Volume by price: where it was traded most, and the range that holds most of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike

from candlewick.market.bars import Column
from candlewick.market.indicators.columns import checked, number, whole

# Numbers that are worked on at once: they stay in the processor's cache.
AT_ONCE: Final = 100_000


@dataclass(frozen=True, slots=True)
class VolumeProfile:
    """Volume by price.

    Attributes:
        edges: prices between the bins, one more than there are bins.
        volume: what was traded in each bin.
        poc: point of control, the middle of the bin with the most volume (of equal ones the lowest).
        value_low, value_high: the value area, the bins around the point of control that hold the share asked
            for.
    """

    edges: Column
    volume: Column
    poc: float
    value_low: float
    value_high: float


def volume_profile(
    high: ArrayLike, low: ArrayLike, volume: ArrayLike, bins: int = 24, share: float = 0.7
) -> VolumeProfile:
    """Volume by price over all the bars given, after J. P. Steidlmayer's Market Profile (CBOT 1985).

    The range is cut into `bins` of equal height. A bar's volume is spread evenly between its low and high, as
    nothing says where in it the trades were. The value area grows from the point of control to the side whose
    next bin holds more (of equal ones upwards) until it holds `share` of the volume.

    Returns:
        `edges` (bins + 1), `volume` (bins); NaN throughout where no bars are given or nothing was traded.

    Raises:
        UsageError: columns of different length or with a hole, a parameter out of range.
    """
    columns = checked(("high", high), ("low", low), ("volume", volume))
    bins = whole("bins", bins, low=1, high=1_000)
    share = number("share", share, low=0.01, high=1.0)
    if not columns[0].size or np.isnan(columns).any():
        unknown = np.full(bins + 1, np.nan)
        return VolumeProfile(unknown, unknown[1:], np.nan, np.nan, np.nan)
    edges, sums = _volumes(columns[0][None], columns[1][None], columns[2][None], bins)
    poc, below, above = (float(level[0]) for level in _levels(edges, sums, share))
    return VolumeProfile(edges[0], sums[0], poc, below, above)


def levels_of(
    high: Column, low: Column, volume: Column, period: int, bins: int, share: float
) -> tuple[Column, Column, Column]:
    """Point of control, low and high of the value area of the `period` rows up to each row."""
    levels = np.full((3, high.size), np.nan)
    if high.size >= period:
        windows = [sliding_window_view(each, period) for each in (high, low, volume)]
        rows = max(1, AT_ONCE // period)
        for first in range(0, len(windows[0]), rows):
            highs, lows, volumes = (each[first : first + rows] for each in windows)
            edges, sums = _volumes(highs, lows, volumes, bins)
            made = _levels(edges, sums, share)
            levels[:, period - 1 + first : period - 1 + first + len(sums)] = made
    return levels[0], levels[1], levels[2]


def _volumes(high: Column, low: Column, volume: Column, bins: int) -> tuple[Column, Column]:
    """Edges and volumes of the bins of each row of windows."""
    bottom, top = low.min(axis=1, keepdims=True), high.max(axis=1, keepdims=True)
    edges = bottom + (top - bottom) * (np.arange(bins + 1) / bins)
    edges[:, -1:] = top
    height = high - low
    is_flat = height <= 0.0
    height = np.where(is_flat, 1.0, height)
    sums = np.empty((len(high), bins))
    before = np.zeros(len(high))
    for at in range(1, bins + 1):
        edge = edges[:, at : at + 1]
        # The share of each bar that lies below the edge; a bar of one price lies in the bin above its price,
        # but at the very top in the last.
        below = np.where(is_flat, (low < edge) | (at == bins), np.clip((edge - low) / height, 0.0, 1.0))
        now = (volume * below).sum(axis=1)
        sums[:, at - 1] = now - before
        before = now
    return edges, np.maximum(sums, 0.0)


def _levels(edges: Column, sums: Column, share: float) -> tuple[Column, Column, Column]:
    """Point of control, low and high of the value area of each row."""
    count, bins = sums.shape
    rows = np.arange(count)
    poc = sums.argmax(axis=1)
    total = sums.sum(axis=1)
    first, last = poc.copy(), poc.copy()
    held = sums[rows, poc]
    for _ in range(bins - 1):
        grows = (held < share * total) & ((first > 0) | (last < bins - 1))
        if not grows.any():
            break
        above = np.where(last < bins - 1, sums[rows, np.minimum(last + 1, bins - 1)], -1.0)
        below = np.where(first > 0, sums[rows, np.maximum(first - 1, 0)], -1.0)
        up = grows & (above >= below)
        down = grows & ~up
        held = held + np.where(up, above, 0.0) + np.where(down, below, 0.0)
        last = last + up
        first = first - down
    nothing = total <= 0.0
    levels = ((edges[rows, poc] + edges[rows, poc + 1]) / 2.0, edges[rows, first], edges[rows, last + 1])
    control, low, high = (np.where(nothing, np.nan, level) for level in levels)
    return control, low, high
