"""What a sweep computes once, and what it must not mistake for something else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from candlewick import ta
from candlewick.market.indicators.memo import Memo, remembering

ROWS = 500


def column(seed: int = 0) -> NDArray[Any]:
    made: NDArray[Any] = 100 + np.cumsum(np.random.default_rng(seed).normal(0, 1, ROWS))
    made.flags.writeable = False
    return made


def memo(*columns: NDArray[Any], most_bytes: int = 1 << 20) -> Memo:
    return Memo(columns, most_bytes)


def test_it_computes_an_indicator_once() -> None:
    close = column()
    with remembering(memo(close)):
        assert ta.ema(close, 10) is ta.ema(close, 10)
        assert ta.bollinger(close, 10) is ta.bollinger(close, 10)
    assert ta.ema(close, 10) is not ta.ema(close, 10)


def test_it_tells_parameters_functions_and_columns_apart() -> None:
    close, other = column(), column(1)
    with remembering(memo(close, other)):
        made = [
            ta.ema(close, 10),
            ta.ema(close, 11),
            ta.sma(close, 10),
            ta.ema(other, 10),
            ta.ema(close[1:], 10),
        ]
    expected = [
        ta.ema(close, 10),
        ta.ema(close, 11),
        ta.sma(close, 10),
        ta.ema(other, 10),
        ta.ema(close[1:], 10),
    ]
    for one, known in zip(made, expected, strict=True):
        np.testing.assert_array_equal(one, known)


def test_it_remembers_an_indicator_of_an_indicator() -> None:
    close = column()
    with remembering(memo(close)):
        assert ta.ema(ta.rsi(close, 5), 10) is ta.ema(ta.rsi(close, 5), 10)


def test_it_remembers_nothing_of_a_column_that_may_change() -> None:
    close = column()
    own = close * 2
    with remembering(memo(close)):
        before = ta.sma(own, 5)
        own += 1
        np.testing.assert_allclose(ta.sma(own, 5)[4:], before[4:] + 1)


def test_what_it_hands_out_cannot_be_written_to() -> None:
    close = column()
    with remembering(memo(close)), pytest.raises(ValueError, match="read-only"):
        ta.ema(close, 10)[:5] = 0.0


def test_it_takes_no_more_than_its_bytes_and_is_right_when_it_forgets() -> None:
    close = column()
    known = memo(close, most_bytes=3 * ROWS * 8)
    with remembering(known):
        for _ in range(3):
            for period in (5, 6, 7):
                # what is forgotten between may come to lie where another column lay
                np.testing.assert_array_equal(
                    ta.ema(ta.rsi(close, period), 4),
                    ta.ema.__wrapped__(ta.rsi.__wrapped__(close, period), 4),  # type: ignore[attr-defined]
                )
                assert known.bytes <= 3 * ROWS * 8


def test_it_serves_many_threads() -> None:
    close = column()
    known = memo(close, most_bytes=20 * ROWS * 8)

    def work(period: int) -> NDArray[Any]:
        with remembering(known):
            return ta.ema(close, 2 + period % 30)

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(work, range(300)))
    for period, one in enumerate(made):
        np.testing.assert_array_equal(one, ta.ema(close, 2 + period % 30))


def test_only_the_thread_that_asked_remembers() -> None:
    close = column()
    with remembering(memo(close)), ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: ta.ema(close, 10).flags.writeable).result()
