"""A strategy that does not come back: its call is ended where it hangs, and told with its line.

Nothing is asked of the call itself. A thread looks now and then at how much work the thread of a call has
done since the call last got on, and raises in it once that is too much. It measures work and not the time of
day: a busy machine, or a call that waits for threads of its own, is given its time. What waits for ever
without working is ended in the main thread of a process that allows it (`end_waits`); what hangs inside a
compiled function that does not return cannot be ended from within.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Final, TypeVar

from candlewick.core.errors import UsageError
from candlewick.trading.strategy.blame import blame, is_own
from candlewick.trading.strategy.strategy import Strategy

T = TypeVar("T")
LOOK_S: Final = 0.25
AGAIN_S: Final = 1.0
"""Work after which it is raised once more in a call that went on, having caught it."""
WAITING: Final = 10
"""So many times its `timeout_s` a call may wait while its whole process does nothing."""
_NOTHING: Final = 0.01  # of a processor: who looks now and then at what it waits for takes no more
IDLE_LOOKS: Final = 40
"""Looks at nothing after which the thread ends: a sweep makes a thousand short calls a second."""


def _nowhere() -> int:
    return 0


def in_time(strategy: Strategy, what: str, call: Callable[[], T], reached: Callable[[], int] = _nowhere) -> T:
    """`call()`, which runs the strategy's `what`, unless that takes longer than `strategy.timeout_s`.

    Args:
        reached: where a call that runs it again and again has come to: from there on it has its time anew.

    Raises:
        StrategyError: it took longer; names the line in which it was.
    """
    if strategy.timeout_s is None:
        return call()
    watched = _Call(type(strategy), strategy.timeout_s, reached, sys._getframe())
    try:
        try:
            _WATCH.begin(watched)
            return call()
        finally:
            _WATCH.end(watched)  # raised in here it is still caught, and after this it is raised no more
    except _TakesTooLong as raised:
        if type(raised) is not watched.kind:
            raise  # it was meant for a call around this one
        _WATCH.end(watched)
        hung = UsageError(watched.sentence)
        raise blame(strategy, what, hung.with_traceback(raised.__traceback__)) from None


def end_waits() -> None:
    """Have this process end calls too that wait for ever without working, where its main thread makes them.

    To be called in that thread. A wait is left for a signal alone: this takes SIGUSR1, which belongs to
    whoever's process it is.
    """
    signal.signal(signal.SIGUSR1, lambda number, frame: None)
    _WATCH.wakes = threading.get_ident()


class _TakesTooLong(BaseException):
    """Raised in a call, as a kind of its own. No `Exception`: the strategy would catch it with its others."""


class _Call:
    """A call at work. What it costs is noted at the first look, so that a short one costs nothing."""

    __slots__ = (
        "_idle_since", "_place", "_since", "_work", "frame", "is_waiting", "kind", "limit_s", "reached",
        "strategy", "thread",
    )  # fmt: skip

    def __init__(
        self, strategy: type[Strategy], limit_s: float, reached: Callable[[], int], frame: FrameType
    ) -> None:
        self.strategy, self.limit_s, self.reached = strategy, limit_s, reached
        self.frame: FrameType | None = frame
        self.thread = threading.get_ident()
        self.kind: type[_TakesTooLong] | None = None
        self._work: Callable[[], float] | None = None
        self._since, self._place = 0.0, 0
        self._idle_since = (0.0, 0.0)  # the time of day, and the work of the process, when it last worked
        self.is_waiting = False

    @property
    def sentence(self) -> str:
        """Why it was ended, and what to do."""
        longer = f"or give it longer: timeout_s = {10 * self.limit_s:g}."
        if self.is_waiting:
            return (
                f"it has waited for {WAITING * self.limit_s:g} s without working. Look for what does not "
                f"come there, such as an answer, {longer}"
            )
        return (
            f"it has worked for {self.limit_s:g} s without coming back. Look for a loop that does not end "
            f"there, {longer}"
        )

    def look(self, *, wakes: bool) -> None:
        """Raise in the call if it is stuck in the strategy's own code. `wakes`: out of a wait too."""
        if self._work is None:
            self._work = _work_of(self.thread)
            self._get_on(self._work(), self.reached())
        now, place = self._work(), self.reached()
        if place != self._place:
            self._get_on(now, place)
        elif wakes and self._waits() and self._is_inside():
            self.is_waiting = True
            self._raise()
            signal.pthread_kill(self.thread, signal.SIGUSR1)
        elif now - self._since >= self.limit_s:
            if not self._is_inside():
                self._since = now  # the work was ours: something was compiled
                return
            self._since = now - self.limit_s + AGAIN_S
            self._raise()

    def _get_on(self, work: float, place: int) -> None:
        self._since, self._place = work, place
        self._idle_since = time.monotonic(), time.process_time()

    def _waits(self) -> bool:
        """Whether nothing at all was done in this process for so long."""
        since, done = self._idle_since
        now, work = time.monotonic(), time.process_time()
        if now - since < WAITING * self.limit_s:
            return False
        if work - done < _NOTHING * (now - since):
            return True
        self._idle_since = now, work
        return False

    def _raise(self) -> None:
        self.kind = self.kind or type("_TakesTooLong", (_TakesTooLong,), {})
        _raise_in(self.thread, self.kind)

    def _is_inside(self) -> bool:
        frame = sys._current_frames().get(self.thread)
        while frame is not None and frame is not self.frame:
            if is_own(self.strategy, frame):
                return True
            frame = frame.f_back
        return False


class _Watch:
    """The calls at work in this process, and the thread that looks at them while there are any.

    Attributes:
        wakes: the thread whose waits are ended (`end_waits`); 0: none.
    """

    def __init__(self) -> None:
        self.wakes = 0
        self._lock = threading.Lock()
        self._calls: list[_Call] = []
        self._looks = False

    def begin(self, call: _Call) -> None:
        with self._lock:
            self._calls.append(call)
            if not self._looks:
                threading.Thread(target=self._look, name="strategies' timeouts", daemon=True).start()
                self._looks = True

    def end(self, call: _Call) -> None:
        """Once this is back nothing is raised in the call any more."""
        with self._lock:
            if call in self._calls:
                self._calls.remove(call)
                call.frame = None
                if call.kind is not None:
                    _raise_in(call.thread, None)  # it may not have come there yet

    def _look(self) -> None:
        idle = 0
        while True:
            time.sleep(LOOK_S)
            with self._lock:
                idle = 0 if self._calls else idle + 1
                if idle > IDLE_LOOKS:
                    self._looks = False
                    return
                for call in self._calls:
                    call.look(wakes=call.thread == self.wakes)


def _work_of(thread: int) -> Callable[[], float]:
    """Seconds of work that a thread has done; where a system does not tell, seconds."""
    if not hasattr(time, "pthread_getcpuclockid"):
        return time.monotonic
    clock = time.pthread_getcpuclockid(thread)
    return lambda: time.clock_gettime(clock)


def _raise_in(thread: int, kind: type[_TakesTooLong] | None) -> None:
    """Have it raised in a thread as soon as that goes on; None: have it raised no more."""
    raised = None if kind is None else ctypes.py_object(kind)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), raised)


_WATCH: Final = _Watch()
os.register_at_fork(after_in_child=lambda: _Watch.__init__(_WATCH))  # the thread is not forked along
