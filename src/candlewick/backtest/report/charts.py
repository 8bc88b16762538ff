"""Lines, bars and trades as SVG. Colours are classes, so that whatever page holds them says what they are.

No script, no style attribute: a strict content security policy has nothing against them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from candlewick.backtest.trades import Trades

Values = NDArray[np.float64]
Times = NDArray[np.int64]
WIDTH: Final = 760
LEFT, RIGHT, TOP, BOTTOM = 6, 64, 8, 20
MOST_TRADES: Final = 2_000
TICKS: Final = 5


class Line(NamedTuple):
    """A series of a chart: its name, its values, and its class; `area`: filled down to zero."""

    label: str
    values: Values
    kind: str
    area: bool = False


def lines(
    title: str, time: Times, series: Sequence[Line], write: Callable[[float], str], *, height: int = 200,
    log: bool = False,
) -> str:  # fmt: skip
    """Lines over time, on one scale; unknown values leave a gap."""
    every = np.concatenate([line.values for line in series])
    known = every[np.isfinite(every)]
    if not len(known) or len(time) < 2:
        return ""
    log = log and bool(known.min() > 0)
    scale = Scale.over(known, height, log=log, zero=any(line.area for line in series))
    parts = [_grid(scale, write, height), _dates(time, height)]
    across = _across(time)
    for line in series:
        path = _path(across, line.values, scale)
        if line.area:
            base = scale.at(0.0)
            parts.append(
                f'<path class="area {line.kind}" d="{path} L{WIDTH - RIGHT} {base} L{LEFT} {base} Z"/>'
            )
        parts.append(f'<path class="line {line.kind}" d="{path}"/>')
    return _svg(title, height, parts)


def histogram(
    title: str, values: Values, write: Callable[[float], str], *, bins: int = 41, height: int = 180
) -> str:
    """How often values fell where; those below zero are of the class `down`, the others `up`."""
    known = values[np.isfinite(values)]
    if len(known) < 2 or known.min() == known.max():
        return ""
    reach = max(float(np.quantile(np.abs(known), 0.995)), 1e-12)
    edges = np.linspace(-reach, reach, bins + 1)
    counts, _ = np.histogram(np.clip(known, -reach, reach), edges)
    inner, width = height - TOP - BOTTOM, (WIDTH - LEFT - RIGHT) / bins
    parts = []
    for n, count in enumerate(counts.tolist()):
        tall = inner * count / counts.max()
        middle = (edges[n] + edges[n + 1]) / 2
        kind = "down" if middle < -1e-15 else "up"
        said = f"{write(float(edges[n]))} to {write(float(edges[n + 1]))}: {count:,}"
        parts.append(
            f'<rect class="bar {kind}" x="{LEFT + n * width:.1f}" y="{TOP + inner - tall:.1f}" '
            f'width="{width - 1:.1f}" height="{tall:.1f}"><title>{escape(said)}</title></rect>'
        )
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        value = -reach + 2 * reach * share
        x = LEFT + (WIDTH - LEFT - RIGHT) * share
        anchor = "start" if share == 0 else "end" if share == 1 else "middle"
        parts.append(_under(x, height, anchor, write(value)))
    return _svg(title, height, parts)


def trades_on(
    title: str, time: Times, close: Values, trades: Trades, market: int, write: Callable[[float], str],
    *, height: int = 260,
) -> str:  # fmt: skip
    """The price with each trade as a line from its entry to its exit; the largest ones if there are many."""
    known = close[np.isfinite(close)]
    if len(known) < 2:
        return ""
    rows = trades.rows[trades.rows["market"] == market]
    if len(rows) > MOST_TRADES:
        rows = rows[np.sort(np.argsort(-np.abs(rows["pnl"]), kind="stable")[:MOST_TRADES])]
    scale = Scale.over(known, height, log=bool(known.max() > 4 * known.min()))
    across = _across(time)
    parts = [_grid(scale, write, height), _dates(time, height)]
    parts.append(f'<path class="line price" d="{_path(across, close, scale)}"/>')
    for kind, chosen in (("up", rows[rows["pnl"] > 0]), ("down", rows[rows["pnl"] <= 0])):
        ends = np.where(chosen["exit_bar"] >= 0, chosen["exit_bar"], len(time) - 1)
        places = zip(chosen["entry_bar"].tolist(), ends.tolist(), strict=True)
        prices = zip(chosen["entry_price"].tolist(), chosen["exit_price"].tolist(), strict=True)
        moves = [
            f"M{across[a]:.1f} {scale.at(p):.1f}L{across[b]:.1f} {scale.at(q):.1f}"
            for (a, b), (p, q) in zip(places, prices, strict=True)
        ]
        if moves:
            parts.append(f'<path class="trade {kind}" d="{"".join(moves)}"/>')
    return _svg(title, height, parts)


class Scale(NamedTuple):
    """Values to heights."""

    low: float
    high: float
    height: int
    log: bool

    @classmethod
    def over(cls, known: Values, height: int, *, log: bool = False, zero: bool = False) -> Scale:
        """One on which all of `known` is in sight."""
        low, high = float(known.min()), float(known.max())
        if zero:
            low, high = min(low, 0.0), max(high, 0.0)
        if low == high:
            low, high = low - abs(low) * 0.01 - 1e-9, high + abs(high) * 0.01 + 1e-9
        return cls(low, high, height, log)

    def at(self, value: float) -> float:
        """The height at which a value stands."""
        low, high = self.low, self.high
        if self.log:
            low, high, value = math.log(low), math.log(high), math.log(max(value, low))
        return round(TOP + (self.height - TOP - BOTTOM) * (high - value) / (high - low), 1)

    def ticks(self) -> list[float]:
        """Round values between both ends."""
        if self.log:
            steps = np.exp(np.linspace(math.log(self.low), math.log(self.high), TICKS)).tolist()
            rounded = {float(f"{step:.2g}") for step in steps}
            return sorted(step for step in rounded if self.low <= step <= self.high)
        rough = (self.high - self.low) / TICKS
        unit = 10.0 ** math.floor(math.log10(rough))
        step = next(unit * factor for factor in (1, 2, 2.5, 5, 10) if unit * factor >= rough)
        first = math.ceil(self.low / step)
        return [n * step for n in range(first, math.floor(self.high / step) + 1)]


def _across(time: Times) -> Values:
    span = max(int(time[-1]) - int(time[0]), 1)
    return np.asarray(LEFT + (WIDTH - LEFT - RIGHT) * (time - time[0]) / span, np.float64)


def _path(across: Values, values: Values, scale: Scale) -> str:
    """A path through the values: of those that share a pixel the first, lowest, highest and last."""
    kept = thinned(across, values)
    parts, draws = [], False
    for n in kept.tolist():
        value = float(values[n])
        if not math.isfinite(value):
            draws = False
            continue
        parts.append(f"{'L' if draws else 'M'}{across[n]:.1f} {scale.at(value):.1f}")
        draws = True
    return "".join(parts)


def thinned(across: Values, values: Values) -> NDArray[np.intp]:
    """Rows that a drawing needs: of each pixel's column the first, lowest, highest and last."""
    if len(values) <= 4 * WIDTH:
        return np.arange(len(values))
    column = across.astype(np.int64)
    starts = np.flatnonzero(np.diff(column, prepend=column[0] - 1))
    kept: set[int] = set()
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), len(values)], strict=True):
        part = values[start:end]
        kept |= {start, end - 1}
        if np.isfinite(part).any():
            kept |= {start + int(np.nanargmin(part)), start + int(np.nanargmax(part))}
    return np.array(sorted(kept))


def _grid(scale: Scale, write: Callable[[float], str], height: int) -> str:
    parts = []
    for tick in scale.ticks():
        y = scale.at(tick)
        parts.append(f'<path class="rule" d="M{LEFT} {y}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text class="tick" x="{WIDTH - RIGHT + 6}" y="{y + 3.5}">{escape(write(tick))}</text>')
    return "".join(parts)


def _dates(time: Times, height: int) -> str:
    first, last = int(time[0]), int(time[-1])
    form = "%Y-%m" if last - first > 200 * 86_400 else "%b %d" if last - first > 3 * 86_400 else "%d %H:%M"
    parts = []
    for n in range(5):
        at = first + (last - first) * n // 4
        x = LEFT + (WIDTH - LEFT - RIGHT) * n / 4
        anchor = "start" if n == 0 else "end" if n == 4 else "middle"
        text = f"{datetime.fromtimestamp(at, UTC):{form}}"
        parts.append(_under(x, height, anchor, text))
    return "".join(parts)


def _under(x: float, height: int, anchor: str, text: str) -> str:
    return f'<text class="tick" x="{x:.0f}" y="{height - 5}" text-anchor="{anchor}">{escape(text)}</text>'


def _svg(title: str, height: int, parts: Sequence[str]) -> str:
    return (
        f'<svg class="drawn" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">'
        f"{''.join(parts)}</svg>"
    )
