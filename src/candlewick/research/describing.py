"""What people are told of strategies before they run one; their own files are looked at from a safe distance.

To know what a file holds one must run it, and it may take for ever or end its process. `look` has another
process do that, in a fork for each file, so that none can speak for the next or change what that finds. It
gives each file some seconds, and goes on behind one that is not back by then.
"""

from __future__ import annotations

import contextlib
import inspect
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from candlewick.core.errors import CandlewickError
from candlewick.research import naming
from candlewick.research.loading import BUNDLED, BrokenStrategy, Loaded, bundled_of, files, load, shelf
from candlewick.trading.strategy.param import Param

LIMIT_S: Final = 10.0
_CHUNK: Final = 65_536


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter: its default, and what may be given (`allowed` in words)."""

    name: str
    kind: str
    default: int | float | bool | str
    low: float | None
    high: float | None
    step: float | None
    choices: tuple[int | float | bool | str, ...] | None
    allowed: str


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """A strategy as it is shown.

    Attributes:
        name: of its class; `reference`: what names it in a study.
        title: first line of its docstring; `text`: all of it.
        file: where it stands; `source`: that file's text.
        timeframe: of the bars that it wants; empty: any.
        signals_only: it has no orders of its own.
    """

    name: str
    reference: str
    title: str
    text: str
    file: str
    source: str
    bundled: bool
    timeframe: str
    signals_only: bool
    parameters: tuple[Parameter, ...]


class Faulty(msgspec.Struct, frozen=True, kw_only=True):
    """A file that cannot be run: in which line, None if unknown, and why."""

    file: str
    line: int | None
    reason: str


class Looked(msgspec.Struct, frozen=True):
    """What there is to run, the bundled ones first, and which files cannot be."""

    strategies: tuple[Described, ...]
    broken: tuple[Faulty, ...]

    def find(self, name: str) -> Described:
        """The strategy that a name means.

        Raises:
            NoSuchStrategy: it means none that can be run, or more than one; says which there are, or why.
        """
        found = naming.meant(name, self.strategies, self.broken)
        if isinstance(found, Faulty):
            raise naming.NoSuchStrategy(str(BrokenStrategy(Path(found.file), found.line, found.reason)))
        return found

    def key_of(self, strategy: Described) -> str:
        """The shortest name that means this strategy and no other."""
        return naming.key_of(strategy, self.strategies, self.broken)


class _Seen(msgspec.Struct, frozen=True):
    """What a file came to."""

    file: str
    strategies: tuple[Described, ...] = ()
    fault: Faulty | None = None


def describe(loaded: Loaded) -> Described:
    """A strategy as it is shown."""
    strategy = loaded.strategy
    return Described(
        name=loaded.name,
        reference=loaded.reference,
        title=loaded.title,
        text=inspect.getdoc(strategy) or "" if strategy.__doc__ else "",
        file=str(loaded.file),
        source=loaded.source,
        bundled=loaded.bundled,
        timeframe=strategy.timeframe,
        signals_only=strategy.signals_only(),
        parameters=tuple(_parameter(name, param) for name, param in strategy.parameters().items()),
    )


def look(folder: Path | None = None, *, limit_s: float = LIMIT_S) -> Looked:
    """All strategies: the bundled ones, then a person's own by file, whatever their files do.

    Args:
        limit_s: how long one file may take.
    """
    there, broken = [describe(bundled_of(name)) for name in BUNDLED], []
    for seen in _looked_at(files(folder), limit_s):
        there += seen.strategies
        if seen.fault is not None:
            broken.append(seen.fault)
    return Looked(tuple(there), tuple(broken))


def faulty(fault: BrokenStrategy) -> Faulty:
    """A fault as it is shown."""
    return Faulty(file=str(fault.path), line=fault.line, reason=fault.reason)


def _looked_at(paths: list[Path], limit_s: float) -> Iterator[_Seen]:
    while paths:
        done = 0
        for seen in _child(paths, limit_s):
            done += 1
            yield seen
        if done < len(paths):  # it did not come back from this one
            yield _unseen(str(paths[done]), f"it was not loaded within {limit_s:g} seconds.")
        paths = paths[done + 1 :]


def _child(paths: list[Path], limit_s: float) -> Iterator[_Seen]:
    """What another process sees in the files, one after the other; ends early where it does not come back."""
    told, tell = os.pipe()
    child = subprocess.Popen(
        [sys.executable, "-m", __name__, str(tell), *map(str, paths)], pass_fds=(tell,),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    os.close(tell)
    unread, until = b"", time.monotonic() + limit_s
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(told, selectors.EVENT_READ)
            while selector.select(max(until - time.monotonic(), 0.0)):
                part = os.read(told, _CHUNK)
                if not part:
                    return
                *lines, unread = (unread + part).split(b"\n")
                for line in lines:
                    yield msgspec.json.decode(line, type=_Seen)
                    until = time.monotonic() + limit_s
    finally:
        os.close(told)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)  # a fork of it too
        child.wait()


def _main(descriptor: int, paths: list[str]) -> None:
    shelf(())  # what files import is here before they are run, once for all of them
    with os.fdopen(descriptor, "wb", buffering=0) as sink:
        for path in paths:
            sink.write(msgspec.json.encode(_apart(path, descriptor)) + b"\n")


def _apart(path: str, descriptor: int) -> _Seen:
    """What a fork of this process sees in a file. Whatever it writes is of that file alone."""
    told, tell = os.pipe()
    fork = os.fork()
    if not fork:
        try:
            os.close(descriptor)
            with os.fdopen(tell, "wb") as sink:
                sink.write(msgspec.json.encode(_see(path)) + b"\n")
        finally:
            os._exit(0)  # a thread that the file began does not keep it
    os.close(tell)
    with os.fdopen(told, "rb") as source:
        line = source.readline()
    os.kill(fork, signal.SIGKILL)
    os.waitpid(fork, 0)
    with contextlib.suppress(msgspec.MsgspecError):
        seen = msgspec.json.decode(line, type=_Seen)
        if seen.file == path:
            return seen
    return _unseen(path, "it ended the process that loaded it, or spoke in its place.")


def _unseen(path: str, reason: str) -> _Seen:
    shown = path.encode("utf-8", "replace").decode()  # a file's name need not be text
    return _Seen(shown, fault=Faulty(file=shown, line=None, reason=reason))


def _see(path: str) -> _Seen:
    try:
        return _Seen(path, tuple(describe(each) for each in load(Path(path))))
    except BrokenStrategy as fault:
        return _Seen(path, fault=faulty(fault))
    except CandlewickError as fault:
        return _Seen(path, fault=Faulty(file=path, line=None, reason=str(fault)))


def _parameter(name: str, param: Param[Any]) -> Parameter:
    return Parameter(
        name=name,
        kind=param.kind.__name__,
        default=param.default,
        low=param.low,
        high=param.high,
        step=param.step,
        choices=param.choices,
        allowed=param.allowed,
    )


if __name__ == "__main__":
    _main(int(sys.argv[1]), sys.argv[2:])
