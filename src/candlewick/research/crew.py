"""Who runs sets of parameters: this thread, others, other processes; sent there in pieces."""

from __future__ import annotations

import mmap
import os
import pickle
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Generic, Protocol, TypeVar

from candlewick.core.errors import UsageError
from candlewick.research.space import Parameters
from candlewick.trading.strategy.strategy import Strategy

LARGEST_PIECE: Final = 32
PIECES_EACH: Final = 4
"""Pieces for each that works at once, so that none ends long before the others."""
_ALIGNED: Final = 64
_AHEAD: Final = 2
_LOOK_S: Final = 0.2


Came = TypeVar("Came")


class Runs(Protocol[Came]):
    """Runs sets of parameters, and gives what came of each, in order. Several threads may use one."""

    @property
    def strategy(self) -> Strategy: ...

    @property
    def is_compiled(self) -> bool:
        """Whether threads are enough."""
        ...

    def __call__(self, sets: Sequence[Parameters]) -> list[Came]: ...


@dataclass(frozen=True, slots=True)
class Crew(Generic[Came]):
    """What runs sets, where, and how many pieces at once."""

    send: Callable[[Sequence[Parameters]], list[Came]]
    executor: Executor
    workers: int


def fan_out(
    sets: Sequence[Parameters],
    crew: Crew[Came],
    on_piece: Callable[[Sequence[Parameters], Sequence[Came]], None],
    cancelled: Callable[[], bool],
) -> list[Came | None]:
    """Run all sets in pieces; `on_piece` gets those of a piece, and what came of them, as soon as it is done.

    Once it is cancelled, pieces under way are waited for; None stands for the sets that were not begun.
    """
    size = max(1, min(LARGEST_PIECE, -(-len(sets) // (PIECES_EACH * crew.workers))))
    left = deque(range(0, len(sets), size))
    under_way: dict[Future[list[Came]], int] = {}
    came: list[Came | None] = [None] * len(sets)
    try:
        while under_way or (left and not cancelled()):
            while left and len(under_way) < _AHEAD * crew.workers and not cancelled():
                start = left.popleft()
                under_way[crew.executor.submit(crew.send, sets[start : start + size])] = start
            done, _ = wait(under_way, timeout=_LOOK_S, return_when=FIRST_COMPLETED)
            for future in done:
                start, piece = under_way.pop(future), future.result()
                came[start : start + len(piece)] = piece
                on_piece(sets[start : start + len(piece)], piece)
    finally:
        for future in under_way:
            future.cancel()
    return came


@contextmanager
def crew(
    runner: Runs[Came], executor: Executor | None, workers: int | None = None, folder: Path | None = None
) -> Iterator[Crew[Came]]:
    """Who runs sets.

    Args:
        executor: None: threads where the core does the work, else this thread.
        workers: how many pieces it does at once; None: what it says itself, or as many as processors.
        folder: where other processes read the markets; it must be there for all of them. None: this
            machine's folder for what is temporary.
    """
    if executor is None:
        workers = (workers or _cores()) if runner.is_compiled else 1
        with ThreadPoolExecutor(workers) if workers > 1 else _Here() as pool:
            yield Crew(runner, pool, workers)
        return
    workers = workers or getattr(executor, "_max_workers", None) or _cores()
    if isinstance(executor, ThreadPoolExecutor):
        yield Crew(runner, executor, workers)
        return
    sent = _sent(runner, folder or Path(tempfile.gettempdir()))
    try:
        yield Crew(sent, executor, workers)
    finally:
        Path(sent.path).unlink()  # whoever mapped it keeps it until it ends


@dataclass(frozen=True, slots=True)
class Part:
    """Where an array stands in the file, and whether it may be written to."""

    start: int
    size: int
    is_locked: bool


@dataclass(frozen=True, slots=True)
class Sent:
    """A runner that other processes read from a file, once each; its arrays they map, and share.

    Attributes:
        arrays: in the order in which they are unpacked; what names them, the pickle, stands behind the last.
    """

    path: str
    arrays: tuple[Part, ...]

    def __call__(self, sets: Sequence[Parameters]) -> list[Any]:
        return _read(self)(sets)


def _sent(runner: Runs[Any], folder: Path) -> Sent:
    folder.mkdir(parents=True, exist_ok=True)
    buffers: list[pickle.PickleBuffer] = []
    try:
        packed = pickle.dumps(runner, protocol=5, buffer_callback=buffers.append)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise UsageError(
            f"{type(runner.strategy).__name__} cannot be sent to other processes ({error}): put it, and a "
            "function that is the objective, at the top of a module, or leave executor= out."
        ) from None
    descriptor, name = tempfile.mkstemp(dir=folder, prefix="sweep-")
    parts = []
    with os.fdopen(descriptor, "wb") as file:
        for buffer in buffers:
            array = buffer.raw()
            parts.append(Part(file.tell(), array.nbytes, array.readonly))
            file.write(array)
            file.write(bytes(-file.tell() % _ALIGNED))
        file.write(packed)
    return Sent(name, tuple(parts))


@lru_cache(maxsize=2)
def _read(sent: Sent) -> Runs[Any]:
    with Path(sent.path).open("rb") as file:
        # a page that somebody writes to becomes their own; all others are one for all processes
        whole = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))
    arrays, end = [], 0
    for part in sent.arrays:
        array = whole[part.start : part.start + part.size]
        arrays.append(array.toreadonly() if part.is_locked else array)
        end = part.start + part.size
    runner: Runs[Any] = pickle.loads(whole[end + -end % _ALIGNED :], buffers=arrays)
    return runner


class _Here(Executor):
    """This thread."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
