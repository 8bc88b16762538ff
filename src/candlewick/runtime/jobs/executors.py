"""Processes, threads or a cluster, each behind `concurrent.futures.Executor`.

Threads for what the compiled core runs, since it lets go of the interpreter; processes for a person's Python;
a Dask cluster where one machine is not enough. A study does not know which it was given, and sends pieces of
work that are worth their way: a second or more on a cluster.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, Final

from candlewick.core.errors import ConfigError
from candlewick.runtime.jobs import sources
from candlewick.runtime.jobs.messages import Executor as Kind
from candlewick.trading.strategy.timeout import end_waits

_CONNECT_S: Final = 10


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Crew:
    """An executor, and how many pieces it can do at once; a cluster grows and shrinks."""

    executor: Executor
    size: Callable[[], int]


@contextmanager
def crew(
    kind: Kind,
    processes: int | None = None,
    scheduler: str | None = None,
    source: Path | None = None,
) -> Iterator[Crew]:
    """An executor that ends with the context, and with it whatever was not begun.

    Args:
        processes: how many work at once; all processors if left out. A cluster decides for itself.
        scheduler: address of a Dask scheduler, which is used instead.
        source: file of the study's strategy, which every process loads, so that its classes can be sent.

    Raises:
        ConfigError: the scheduler cannot be used.
    """
    if scheduler is not None:
        with _cluster(scheduler, source) as found:
            yield found
        return
    at_once = processes or cores()
    made = ThreadPoolExecutor(at_once) if kind == "threads" else _processes(at_once, source)
    try:
        yield Crew(made, lambda: at_once)
    finally:
        made.shutdown(wait=True, cancel_futures=True)


def _processes(at_once: int, source: Path | None) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(at_once, mp_context=context, initializer=_begin, initargs=(source,))


def _begin(source: Path | None) -> None:
    """Let no process of the pool outlive the study, even if that is killed; load its strategy."""
    end_waits()
    if source is not None:
        sources.load(source)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_await_end, args=(parent.sentinel,), daemon=True).start()


def _await_end(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


class _Remote(Executor):
    """A cluster's executor whose processes load the study's strategy before they unpack what names it."""

    def __init__(self, inner: Executor, source: Path | None) -> None:
        self._inner = inner
        self._source = source

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return self._inner.submit(_call_packed, self._source, pickle.dumps((fn, args, kwargs)))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._inner.shutdown(wait=wait)


def _call_packed(source: Path | None, packed: bytes) -> Any:
    if source is not None:
        sources.load(source)
    function, args, kwargs = pickle.loads(packed)
    return function(*args, **kwargs)


@contextmanager
def _cluster(address: str, source: Path | None) -> Iterator[Crew]:
    try:
        distributed: Any = import_module("distributed")  # loaded where it is asked for, as it is installed
    except ImportError:
        raise ConfigError(
            f"CANDLEWICK_JOBS__SCHEDULER is {address}, but Dask is not installed. "
            "Install it with: pip install 'candlewick[distributed]'"
        ) from None
    try:
        client = distributed.Client(address, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise ConfigError(
            f"The Dask scheduler at {address} does not answer ({type(error).__name__}: {error}). "
            "Start it, or correct CANDLEWICK_JOBS__SCHEDULER."
        ) from None
    with client:
        made = _Remote(client.get_executor(pure=False), source)
        try:
            yield Crew(made, lambda: max(1, sum(client.nthreads().values())))
        finally:
            made.shutdown(wait=False)
