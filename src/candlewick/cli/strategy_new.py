"""The text that `candlewick strategy new` writes: a strategy that runs, and a test of it that passes."""

from __future__ import annotations

import keyword
import re
from pathlib import Path
from typing import Final

from candlewick.core.errors import StoreError, UsageError
from candlewick.research.loading import BUNDLED, find

STRATEGY: Final = '''"""{title}."""

from __future__ import annotations

import candlewick as cw
from candlewick import Param, Strategy, ta


class {name}(Strategy):
    """Say here what it does, why that should earn money, and when it will not.

    As it stands it is long while the price is above its average.
    """

    length = Param(50, low=10, high=200, step=5)
    stop = Param(0.05, low=0.01, high=0.2, step=0.01)

    def indicators(self, bars: cw.Bars) -> cw.Indicators:
        return {{"average": ta.ema(bars.close, self.length)}}

    def signals(self, bars: cw.Bars, ind: cw.Indicators) -> cw.Signals:
        return cw.Signals(
            enter_long=cw.crossed_above(bars.close, ind["average"]),
            exit_long=cw.crossed_below(bars.close, ind["average"]),
            stop_loss=self.stop,
        )
'''
ONE: Final = "[hours(close)]"
A_PAIR: Final = '[hours(close), hours(close, "TEST-PERP")]'
IMPORTED: Final = ("Param", "Signals", "Strategy")
"""Names that a strategy's text has already."""
TEST: Final = '''"""What {name} does on a market made for it. Run it with `pytest {folder}`."""

import numpy as np
from {module} import {name}

import candlewick as cw


def hours(close, symbol="TEST"):
    opened = np.concatenate((close[:1], close[:-1]))
    return cw.Bars.from_arrays(
        symbol=symbol, timeframe="1h", time=3600 * np.arange(len(close)), open=opened,
        high=np.maximum(opened, close), low=np.minimum(opened, close), close=close,
        volume=np.full(len(close), 1e6),
    )


def markets(close):
    return {markets}


def test_it_runs_on_a_market_that_rises_and_falls():
    close = 100 * np.exp(0.2 * np.sin(np.arange(2_000) / 60))
    result = cw.backtest({name}, markets(close))
    assert np.isfinite(result.equity).all()
    # say here what it should do: how many trades, on which side, what they earn


def test_it_knows_nothing_of_the_future():
    steps = np.random.default_rng(1).normal(0, 0.01, 1_500)
    close = 100 * np.exp(np.cumsum(steps))
    whole, cut = cw.backtest({name}, markets(close)), cw.backtest({name}, markets(close[:1_000]))
    assert np.allclose(cut.equity, whole.equity[:1_000])
'''


def write(folder: Path, name: str, like: str | None = None) -> tuple[Path, Path]:
    """Write strategy and test into the folder; nothing that is there is touched. Answers both paths.

    Args:
        like: the strategy whose text it begins with.

    Raises:
        UsageError: the name is none, or taken.
        StoreError: the folder cannot be written.
    """
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)
    title, module = "".join(word[:1].upper() + word[1:] for word in words), "_".join(words).lower()
    taken = keyword.iskeyword(module) or keyword.iskeyword(title) or title in IMPORTED
    if taken or not re.fullmatch(r"[A-Za-z][A-Za-z0-9 _-]*", name):
        raise UsageError(f"{name!r} is no name for a strategy: write it as MyIdea or my-idea.")
    if title in BUNDLED:
        raise UsageError(f"{title} comes with Candlewick: take another name, and perhaps --like {title}.")
    strategy, test = folder / f"{module}.py", folder / f"test_{module}.py"
    for path in (strategy, test):
        if path.exists():
            raise UsageError(f"{path} exists. Take another name, or remove it.")
    if like is None:
        text, markets = STRATEGY.format(name=title, title=" ".join(words).capitalize()), ONE
    else:
        found = find(like, folder)
        text, markets = re.sub(rf"\b{found.name}\b", title, found.source), A_PAIR  # carry wants both
    try:
        folder.mkdir(parents=True, exist_ok=True)
        strategy.write_text(text, encoding="utf-8")
        made = TEST.format(name=title, module=module, folder=folder, markets=markets)
        test.write_text(made, encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{folder} cannot be written: {error.strerror or error}.") from error
    return strategy, test
