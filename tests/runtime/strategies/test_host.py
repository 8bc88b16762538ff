"""The process of a strategy: what it says is heard, and however it ends is told."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import psutil
import pytest
import uvloop

from candlewick.core.errors import StrategyError
from candlewick.runtime.strategies.host import Host, HostDied, TooLate, source_file
from candlewick.runtime.strategies.messages import Answer, Bar, Begin, Columns, Ready
from candlewick.trading.strategy.intents import Signal
from tests.runtime.strategies.ground import FOLLOW, until, with_line

Body = Callable[[Callable[[str], Coroutine[Any, Any, Host]], list[str]], Coroutine[Any, Any, None]]


def history(count: int = 3) -> list[Columns]:
    import numpy as np

    from candlewick.market.bars import Bars

    flat = np.full(count, 100.0)
    time = np.arange(count, dtype=np.int64) * 60
    return [Columns.of(Bars("BTC", "1m", time, flat, flat, flat, flat, flat))]


def closed(time: int, close: float) -> Bar:
    return Bar(time=time, rows={"BTC": (100.0, 200.0, 1.0, close, 1.0)}, held={}, equity=1.0, free=1.0)


def begin(file: str, **more: Any) -> Begin:
    told: dict[str, Any] = {
        "strategy": "Follow",
        "file": file,
        "parameters": {},
        "timeframe": "1m",
        "history": history(),
        "spot": [],
    }
    return Begin(**(told | more))


def on_the_engines_loop(folder: Path, body: Body) -> None:
    """Run a test on uvloop, as the engine runs; end every process."""

    async def main() -> None:
        hosts: list[Host] = []
        lines: list[str] = []

        async def host(source: str) -> Host:
            made = await Host.start(lines.append)
            hosts.append(made)
            assert isinstance(await made.begin(begin(source_file(folder, "one", source))), Ready)
            return made

        try:
            await body(host, lines)
        finally:
            for each in hosts:
                await each.end()

    uvloop.run(main())


def test_it_answers_each_bar_with_what_the_strategy_wants(tmp_path: Path) -> None:
    async def body(host: Any, lines: list[str]) -> None:
        one = await host(FOLLOW)
        assert await one.close_bar(closed(180, 100.0), 30) == Answer(180, [])
        answer = await one.close_bar(closed(240, 101.0), 30)
        (signal,) = answer.intents
        assert isinstance(signal, Signal)
        assert (signal.symbol, signal.flags) == ("BTC", 1)

    on_the_engines_loop(tmp_path, body)


def test_what_it_prints_is_heard_line_by_line(tmp_path: Path) -> None:
    async def body(host: Any, lines: list[str]) -> None:
        one = await host(with_line("print('one'); print('two', bars.close[-1])"))
        await one.close_bar(closed(180, 101.0), 30)
        await until(lambda: len(lines) == 2)
        assert lines == ["one", "two 101.0"]

    on_the_engines_loop(tmp_path, body)


def test_one_that_raises_says_where_and_ends(tmp_path: Path) -> None:
    async def body(host: Any, lines: list[str]) -> None:
        one = await host(with_line("raise ValueError('no')"))
        with pytest.raises(StrategyError, match=r"strategy.py, line 15: raise ValueError.*: ValueError: no"):
            await one.close_bar(closed(180, 101.0), 30)
        assert not psutil.pid_exists(one.pid)

    on_the_engines_loop(tmp_path, body)


def test_one_that_hangs_is_ended_with_all_that_it_has_started(tmp_path: Path) -> None:
    async def body(host: Any, lines: list[str]) -> None:
        source = with_line("import subprocess; subprocess.Popen(['sleep', '600'])\n        while True: pass")
        one = await host(source)
        process = psutil.Process(one.pid)
        asking = asyncio.create_task(one.close_bar(closed(180, 101.0), 3))
        children = await until(process.children)
        with pytest.raises(TooLate, match="did not answer within 3 s"):
            await asking
        assert not psutil.pid_exists(one.pid)
        assert not [each for each in children if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]

    on_the_engines_loop(tmp_path, body)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_one_that_is_killed_between_two_bars_is_noticed_at_the_next(
    tmp_path: Path, number: signal.Signals
) -> None:
    async def body(host: Any, lines: list[str]) -> None:
        one = await host(FOLLOW)
        os.kill(one.pid, number)
        await asyncio.sleep(0)
        with pytest.raises(HostDied, match=r"killed|ended by SIGSEGV"):
            await one.close_bar(closed(180, 101.0), 30)
        with pytest.raises(HostDied):
            await one.close_bar(closed(240, 101.0), 30)  # its pipe is closed by now

    on_the_engines_loop(tmp_path, body)


def test_its_death_is_heard_while_it_is_asked_nothing_and_news_come_through_while_it_lives(
    tmp_path: Path,
) -> None:
    async def body(host: Any, lines: list[str]) -> None:
        one = await host(FOLLOW)
        assert await one.while_alive(asyncio.sleep(0, "news")) == "news"
        os.kill(one.pid, signal.SIGSEGV)
        with pytest.raises(HostDied, match="ended by SIGSEGV"):
            await one.while_alive(asyncio.Event().wait())

    on_the_engines_loop(tmp_path, body)


def test_one_that_ends_itself_is_told_with_its_code(tmp_path: Path) -> None:
    async def body(host: Any, lines: list[str]) -> None:
        one = await host(with_line("__import__('os')._exit(7)"))
        with pytest.raises(HostDied, match="ended with code 7"):
            await one.close_bar(closed(180, 101.0), 30)

    on_the_engines_loop(tmp_path, body)


def test_one_that_writes_on_our_pipe_is_no_danger(tmp_path: Path) -> None:
    async def body(host: Any, lines: list[str]) -> None:
        one = await host(with_line("__import__('os').write(int(__import__('sys').argv[1]), b'\\xff' * 64)"))
        with pytest.raises(StrategyError, match="cannot be read"):
            await one.close_bar(closed(180, 101.0), 30)

    on_the_engines_loop(tmp_path, body)


def test_it_reads_nothing_of_ours(tmp_path: Path) -> None:
    async def body(host: Any, lines: list[str]) -> None:
        one = await host(with_line("assert not __import__('sys').stdin.read()"))
        assert (await one.close_bar(closed(180, 100.0), 30)).intents == []

    on_the_engines_loop(tmp_path, body)


def test_one_that_cannot_be_loaded_says_why(tmp_path: Path) -> None:
    async def main() -> None:
        host = await Host.start(lambda line: None)
        with pytest.raises(StrategyError, match="syntax error in line 1"):
            await host.begin(begin(source_file(tmp_path, "one", "def (")))

    uvloop.run(main())
