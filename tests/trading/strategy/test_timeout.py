"""A strategy that does not come back is ended, with its line; nobody else hears of it."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Any

import numpy as np
import pytest

import candlewick as cw
from candlewick.backtest.record import Drive
from candlewick.core.errors import StrategyError, UsageError
from candlewick.market.bars import Bars
from candlewick.runtime.strategies.replaying import replay
from candlewick.trading.strategy import timeout
from candlewick.trading.strategy.timeout import in_time
from tests.backtest.randomly import perpetual, walk

BARS = walk(1, 60, symbol="A", tick=0.0)


class Hanging(cw.Strategy):
    timeout_s: float | None = 0.3
    where = cw.Param("signals", choices=["indicators", "signals"])

    def hang(self, here: str) -> None:
        while here == self.where:
            pass

    def indicators(self, bars: Bars) -> dict[str, Any]:
        self.hang("indicators")
        return {}

    def signals(self, bars: Bars, ind: Any) -> cw.Signals:
        self.hang("signals")
        return cw.Signals(enter_long=bars.close > 0)


class HangingLater(cw.Strategy):
    timeout_s = 0.3

    def on_bar(self, ctx: cw.Context) -> None:
        ctx.buy()
        while ctx.index == 40:
            pass


@pytest.mark.parametrize("drive", ["arrays", "woken", "on_bar", "step"])
@pytest.mark.parametrize("where", ["indicators", "signals"])
def test_it_names_the_line_in_which_a_strategy_hangs(where: str, drive: Drive) -> None:
    sentence = (
        rf"{where}\(\) of Hanging \(test_timeout.py, line \d+: (while here == self.where:|pass)\): it has "
        r"worked for 0.3 s without coming back. Look for a loop that does not end there, or give it longer: "
        r"timeout_s = 3"
    )
    with pytest.raises(StrategyError, match=sentence) as raised:
        cw.backtest(Hanging(where=where), BARS, drive=drive)
    assert raised.value.line is not None


@pytest.mark.parametrize("drive", ["on_bar", "step"])
def test_it_ends_an_on_bar_that_hangs_at_one_close(drive: Drive) -> None:
    with pytest.raises(StrategyError, match=r"on_bar\(\) of HangingLater \(test_timeout.py, line \d+: "):
        cw.backtest(HangingLater(), BARS, drive=drive)


def test_it_ends_one_that_is_replayed_through_the_heart() -> None:
    market = cw.Market(walk(1, 60, symbol="A", tick=0.1), perpetual("A", "0.1", "0.001"))
    with pytest.raises(StrategyError, match=r"on_bar\(\) of HangingLater \(test_timeout.py, line \d+: "):
        replay(HangingLater, market)


def test_it_ends_one_in_a_thread_and_in_a_study() -> None:
    with ThreadPoolExecutor(1) as threads, pytest.raises(StrategyError, match="without coming back"):
        threads.submit(cw.backtest, Hanging(), BARS).result()
    with pytest.raises(UsageError, match="without coming back"):
        cw.lookahead(Hanging(), BARS)


class Waiting(cw.Strategy):
    """Waits at a close for what never comes."""

    timeout_s = 0.05

    def __init__(self, wait: Callable[[], object]) -> None:
        super().__init__()
        self.wait = wait

    def on_bar(self, ctx: cw.Context) -> None:
        if ctx.index == 40:
            self.wait()


def sleep() -> None:
    time.sleep(1_000)


def lock() -> None:
    never = threading.Lock()
    with never, never:
        pass


def answer() -> None:
    read, _ = os.pipe()
    os.read(read, 1)


def help_that_works() -> None:
    helper = threading.Thread(target=work)
    helper.start()
    helper.join()


def work() -> None:
    until = time.process_time() + 1.2
    while time.process_time() < until:
        pass


def said_alone(wait: Callable[[], None]) -> str:
    """What is said of a wait in a process of its own, where no thread of anybody else's is at work."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=timeout.end_waits) as alone:
        return alone.submit(said_of, wait).result()


def said_of(wait: Callable[[], None]) -> str:
    try:
        cw.backtest(Waiting(wait), BARS)
    except StrategyError as ended:
        return str(ended)
    return ""


@pytest.mark.parametrize("wait", [sleep, lock, answer])
def test_it_ends_a_wait_in_which_nothing_works(wait: Callable[[], None]) -> None:
    sentence = (
        r"on_bar\(\) of Waiting \(test_timeout.py, line \d+: .*\): it has waited for 0.5 s without working. "
        r"Look for what does not come there, such as an answer, or give it longer: timeout_s = 0.5"
    )
    assert re.search(sentence, said_alone(wait))


def test_a_wait_for_threads_that_work_is_none() -> None:
    assert said_alone(help_that_works) == ""


def test_a_strategy_that_catches_everything_else_is_ended_all_the_same() -> None:
    class Swallowing(cw.Strategy):
        timeout_s = 0.3

        def on_bar(self, ctx: cw.Context) -> None:
            while True:
                try:
                    _ = ctx.close[-1]
                except Exception:  # noqa: BLE001
                    continue

    with pytest.raises(StrategyError, match="without coming back"):
        cw.backtest(Swallowing(), BARS)


def test_each_close_has_its_own_time() -> None:
    """Together they work for longer than one of them may."""

    class Slow(cw.Strategy):
        timeout_s = 0.6

        def on_bar(self, ctx: cw.Context) -> None:
            if ctx.index < 4:
                begun = _work()
                while _work() - begun < 0.3:
                    pass

    assert cw.backtest(Slow(), BARS).time.size == len(BARS)


def test_it_waits_for_as_long_as_it_is_told_to() -> None:
    class Patient(Hanging):
        def hang(self, here: str) -> None:
            begun = _work()
            while _work() - begun < 0.5:
                pass

    strategy = Patient()
    strategy.timeout_s = None
    assert len(cw.backtest(strategy, BARS).fills)


def test_the_call_inside_is_not_blamed_for_the_one_around_it() -> None:
    class Inner(cw.Strategy):
        def signals(self, bars: Bars, ind: Any) -> cw.Signals:
            return cw.Signals(enter_long=bars.close > 0)

    class Outer(cw.Strategy):
        timeout_s = 0.5

        def signals(self, bars: Bars, ind: Any) -> cw.Signals:
            while True:
                cw.backtest(Inner(), bars)

    with pytest.raises(StrategyError, match=r"signals\(\) of Outer "):
        cw.backtest(Outer(), BARS)


def test_the_time_that_is_not_the_strategys_is_not_counted() -> None:
    def elsewhere() -> int:
        begun = _work()
        rows = np.random.default_rng(1).random(100_000)
        while _work() - begun < 0.8:
            np.sort(rows)
        return 1

    class Innocent(cw.Strategy):
        timeout_s = 0.2

        def on_bar(self, ctx: cw.Context) -> None: ...

    Innocent.__module__ = "elsewhere"  # its code is in another file than this loop
    assert in_time(Innocent(), "on_bar", elsewhere) == 1


def test_nothing_is_raised_once_a_call_is_back() -> None:
    """Calls that end just when their time is over: told or not, what comes after them is left alone."""

    class Close(cw.Strategy):
        timeout_s = 0.2

        def on_bar(self, ctx: cw.Context) -> None: ...

    told = 0

    def work_for(seconds: float) -> None:
        begun = _work()
        while _work() - begun < seconds:
            pass

    for n in range(12):
        try:
            in_time(Close(), "on_bar", partial(work_for, 0.2 + 0.03 * n))
        except StrategyError:
            told += 1
        work_for(0.05)
        assert not timeout._WATCH._calls
    assert told


def test_other_threads_hear_nothing() -> None:
    done = threading.Event()
    counted: list[int] = []

    def count() -> None:
        n = 0
        while not done.is_set():
            n += 1
        counted.append(n)

    other = threading.Thread(target=count)
    other.start()
    with pytest.raises(StrategyError):
        cw.backtest(Hanging(), BARS)
    done.set()
    other.join()
    assert counted[0] > 0


@pytest.mark.parametrize("seconds", [0, -1, "long"])
def test_a_timeout_that_makes_no_sense_is_refused(seconds: Any) -> None:
    strategy = Hanging()
    strategy.timeout_s = seconds
    with pytest.raises(UsageError, match="timeout_s of Hanging is"):
        cw.backtest(strategy, BARS)


def _work() -> float:
    return time.thread_time()
