"""`Host`: the process of one strategy at work, as the engine holds it."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from candlewick.core.errors import CandlewickError, StrategyError
from candlewick.runtime.strategies import child
from candlewick.runtime.strategies.messages import (
    HEAD,
    LONGEST,
    Answer,
    Bar,
    Begin,
    Raised,
    Ready,
    Said,
    Told,
    packed,
    said,
)

READY_S: Final = 60.0  # to load a strategy and have it look at its history, on a slow machine
_MODULE: Final = "candlewick.runtime.strategies.host_process"

T = TypeVar("T")


class HostDied(CandlewickError):
    """The process ended and said nothing; it may be started again."""


class TooLate(CandlewickError):
    """The process did not answer in time, and was ended."""


class Host:
    """A process that was started. Whatever goes wrong with it, it is ended before the error is told.

    Args:
        print_line: called with each line that the strategy prints.
    """

    def __init__(
        self, process: asyncio.subprocess.Process, answers: int, print_line: Callable[[str], None]
    ) -> None:
        self._process = process
        self._print = print_line
        self._reader = asyncio.StreamReader()
        self._answers = answers
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    async def start(cls, print_line: Callable[[str], None]) -> Host:
        """Start a process that has been told nothing yet."""
        host = cls(*await child.started(_MODULE, prints=True), print_line)
        await host._listen()
        return host

    @property
    def pid(self) -> int:
        return self._process.pid

    async def begin(self, begin: Begin) -> Ready:
        """Have it load its strategy.

        Raises:
            StrategyError: the strategy cannot be used; says why.
            TooLate, HostDied: it does not answer.
        """
        answer = await self._ask(begin, READY_S)
        if not isinstance(answer, Ready):
            raise StrategyError("The strategy's process answered what nobody asked for.")
        return answer

    async def close_bar(self, bar: Bar, within_s: float) -> Answer:
        """Tell it a bar, and hear what the strategy wants.

        Raises:
            StrategyError: the strategy raised, or answered what cannot be used.
            TooLate, HostDied: it does not answer.
        """
        answer = await self._ask(bar, within_s)
        if not isinstance(answer, Answer) or answer.time != bar.time:
            raise StrategyError("The strategy's process answered what nobody asked for.")
        return answer

    async def while_alive(self, news: Awaitable[T]) -> T:
        """Wait for news, as long as the process lives.

        Raises:
            HostDied: it ended first.
        """
        coming, death = asyncio.ensure_future(news), asyncio.ensure_future(self._process.wait())
        try:
            await asyncio.wait((coming, death), return_when=asyncio.FIRST_COMPLETED)
            if coming.done():
                return coming.result()
            await self.end()
            raise HostDied(_death(self._process.returncode))
        finally:
            coming.cancel()
            death.cancel()
            await asyncio.gather(coming, death, return_exceptions=True)

    async def end(self) -> None:
        """End it, and every process it has started, now."""
        await child.ended(self._process)
        # a child of it that changed its group may hold the pipes open: what it prints is nobody's
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._transport.close()
        if self._process.stdin is not None:
            self._process.stdin.close()

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(self._reader), os.fdopen(self._answers, "rb", 0)
        )
        self._tasks.add(loop.create_task(self._hear_prints()))

    async def _ask(self, message: Told, within_s: float) -> Said:
        stdin = self._process.stdin
        assert stdin is not None
        try:
            async with asyncio.timeout(within_s):
                if stdin.is_closing():  # the process is gone; uvloop would call a write an error of ours
                    raise BrokenPipeError
                stdin.write(packed(message))
                await stdin.drain()
                answer = await self._next()
        except TimeoutError:
            await self.end()
            raise TooLate(f"It did not answer within {within_s:g} s, and was ended.") from None
        except (OSError, asyncio.IncompleteReadError):
            await self.end()
            raise HostDied(_death(self._process.returncode)) from None
        except (msgspec.MsgspecError, ValueError) as error:
            await self.end()
            raise StrategyError(f"What the strategy asks for cannot be read: {error}.") from None
        if isinstance(answer, Raised):
            for line in answer.trace.splitlines():
                self._print(line)
            await asyncio.sleep(0)  # what it printed before is heard first
            await self.end()
            raise StrategyError(answer.sentence)
        return answer

    async def _next(self) -> Said:
        (length,) = HEAD.unpack(await self._reader.readexactly(HEAD.size))
        if length > LONGEST:
            raise ValueError("it is longer than anything that makes sense")
        answer: Said = said.decode(await self._reader.readexactly(length))
        return answer

    async def _hear_prints(self) -> None:
        stdout = self._process.stdout
        assert stdout is not None
        rest = b""
        while data := await stdout.read(child.LINE):
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                self._print(_text(line))
            if len(rest) > child.LINE:  # a line without an end is cut into pieces
                self._print(_text(rest))
                rest = b""
        if rest:
            self._print(_text(rest))


def source_file(folder: Path, id: str, source: str) -> str:
    """Where the strategy's text lies for its process, as it was when it was started; empty: it has none."""
    if not source:
        return ""
    own = folder / id
    own.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = own / "strategy.py"
    if not path.exists() or path.read_text(encoding="utf-8") != source:
        path.write_text(source, encoding="utf-8")
    return str(path)


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").replace("\x00", "")


def _death(code: int | None) -> str:
    if code == -signal.SIGKILL:
        return "Its process was killed, perhaps for want of memory."
    if code is not None and code < 0:
        return f"Its process was ended by {signal.Signals(-code).name}."
    return f"Its process ended with code {code} and said nothing."
