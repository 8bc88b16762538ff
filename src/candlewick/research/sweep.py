"""One strategy with many sets of parameters on the same markets: figures are kept, results are not."""

from __future__ import annotations

import os
import pickle
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from candlewick.backtest.account import Account
from candlewick.backtest.ground import Ground, Room
from candlewick.backtest.market import Market
from candlewick.backtest.registry import Figure
from candlewick.backtest.result import Drive, Result
from candlewick.backtest.run import backtest, ground_of, run_signals
from candlewick.core.errors import StrategyError, UsageError
from candlewick.market.bars import COLUMNS, Bars
from candlewick.market.indicators.memo import Memo, remembering, unwritable
from candlewick.research.lean import LeanFigures
from candlewick.research.objectives import Objective
from candlewick.research.space import Parameters
from candlewick.trading.strategy.strategy import Strategy

REMEMBERED: Final = 256 * 1024 * 1024
"""Bytes of indicators that a sweep keeps."""
LARGEST_PIECE: Final = 32
PIECES_EACH: Final = 4
_AHEAD: Final = 2
_LOOK_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class Setup:
    """What a trial costs and how it is run: the words of `backtest()`."""

    cash: float = 10_000.0
    fee_taker: float = 0.0005
    fee_maker: float = 0.0002
    slippage_bps: float = 0.0
    leverage: float | None = None
    drive: Drive | None = None
    days_a_year: float = 365.0

    def account(self, strategy: Strategy) -> Account:
        """The account that a strategy is run on."""
        return Account(
            float(self.cash), self.fee_maker, self.fee_taker, self.slippage_bps,
            float(self.leverage or strategy.leverage), self.days_a_year,
        )  # fmt: skip

    @property
    def words(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of one set: its figures, or why it could not be run."""

    figures: dict[str, Figure]
    error: str = ""


class Runner:
    """Runs a strategy with any set of its parameters. Several threads may use one; it can be pickled."""

    def __init__(
        self,
        strategy: Strategy,
        markets: tuple[Market, ...],
        setup: Setup,
        metrics: Sequence[str] = (),
        scores: Sequence[Objective] = (),
        most_bytes: int = REMEMBERED,
    ) -> None:
        """`scores` are objectives that functions compute."""
        self.strategy = strategy
        self.markets = markets
        self.setup = setup
        self.metrics = tuple(metrics)
        self.scores = tuple(each for each in scores if each.of is not None)
        self._most_bytes = most_bytes
        self._begin()

    def _begin(self) -> None:
        # what a strategy sees cannot be written to; the core is compiled for arrays that can
        self._seen = tuple(_unwritable(market) for market in self.markets)
        columns = [getattr(market.bars, name) for market in self._seen for name in COLUMNS]
        self._memo: Memo | None = Memo(columns, self._most_bytes)
        self._grounds: dict[float, Ground] = {}
        self._own = threading.local()
        self._ends: NDArray[np.intp] | None = None

    def __getstate__(self) -> dict[str, Any]:
        left = ("_seen", "_memo", "_grounds", "_own", "_ends")
        return {name: value for name, value in vars(self).items() if name not in left}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._begin()

    @property
    def is_compiled(self) -> bool:
        """Whether threads are enough: the core lets go of the interpreter, a person's `on_bar` does not."""
        return self.strategy.signals_only() and self.setup.drive in (None, "arrays")

    def __call__(self, sets: Sequence[Parameters]) -> list[Ran]:
        """Figures of each set, in order."""
        return [self._ran(each) for each in sets]

    def result(self, parameters: Parameters) -> Result:
        """The whole result of one set.

        Raises:
            UsageError: it cannot be run.
        """
        return backtest(self.strategy.but(**parameters), self.markets, **self.setup.words)

    def _ran(self, parameters: Parameters) -> Ran:
        try:
            result = self._run(parameters)
            found: dict[str, Figure] = {}
            if self.metrics:
                figures = LeanFigures(result, self._ends)
                self._ends = figures.ends
                found = {name: figures[name] for name in self.metrics}
                # a result and its trades hold each other: megabytes would wait for the garbage collector
                vars(result).pop("trades", None)
            for each in self.scores:
                found[each.name] = _number(each, result)
        except UsageError as error:
            if isinstance(error, StrategyError) and not isinstance(error.__cause__, UsageError):
                tried = f"{str(error).rstrip('.')}. It was tried with {_told(parameters)}."
                raise StrategyError(tried, error.file, error.line) from error.__cause__
            names = (*self.metrics, *(each.name for each in self.scores))
            return Ran(dict.fromkeys(names), str(error.__cause__ or error))
        return Ran(found)

    def _run(self, parameters: Parameters) -> Result:
        strategy = self.strategy.but(**parameters)
        memo = self._memo
        if memo is None:
            return self._run_plainly(strategy)
        try:
            with remembering(memo):
                return self._run_plainly(strategy)
        except StrategyError as error:
            # it writes into its indicators, which others would get as well: let each trial have its own
            if not (isinstance(error.__cause__, ValueError) and "read-only" in str(error.__cause__)):
                raise
            self._memo = None
            return self._run(parameters)

    def _run_plainly(self, strategy: Strategy) -> Result:
        if not self.is_compiled:
            return backtest(strategy, self.markets, **self.setup.words)
        account = self.setup.account(strategy)
        ground = self._grounds.get(account.leverage)
        if ground is None:
            ground = replace(ground_of(self.markets, account), markets=self._seen)
            self._grounds[account.leverage] = ground
        # whoever gets the whole result may keep it
        return run_signals(strategy, ground, None if self.scores else self._room)

    @property
    def _room(self) -> Room:
        room: Room | None = getattr(self._own, "room", None)
        if room is None:
            room = self._own.room = Room()
        return room


@dataclass(frozen=True, slots=True)
class Crew:
    """What runs sets, where, and how many pieces at once."""

    send: Callable[[Sequence[Parameters]], list[Ran]]
    executor: Executor
    workers: int


def fan_out(
    sets: Sequence[Parameters],
    crew: Crew,
    on_piece: Callable[[Sequence[Parameters], Sequence[Ran]], None],
    cancelled: Callable[[], bool],
) -> list[Ran | None]:
    """Run all sets in pieces; `on_piece` gets those of a piece, and what came of them, as soon as it is done.

    Once it is cancelled, pieces under way are waited for; None stands for the sets that were not begun.
    """
    size = max(1, min(LARGEST_PIECE, -(-len(sets) // (PIECES_EACH * crew.workers))))
    left = deque(range(0, len(sets), size))
    under_way: dict[Future[list[Ran]], int] = {}
    came: list[Ran | None] = [None] * len(sets)
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
    runner: Runner, executor: Executor | None, workers: int | None = None, folder: Path | None = None
) -> Iterator[Crew]:
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
        Path(sent.path).unlink()


@dataclass(frozen=True, slots=True)
class Sent:
    """A runner that other processes read from a file, once each."""

    path: str

    def __call__(self, sets: Sequence[Parameters]) -> list[Ran]:
        return _read(self.path)(sets)


def _sent(runner: Runner, folder: Path) -> Sent:
    folder.mkdir(parents=True, exist_ok=True)
    try:
        packed = pickle.dumps(runner, protocol=5)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise UsageError(
            f"{type(runner.strategy).__name__} cannot be sent to other processes ({error}): put it, and a "
            "function that is the objective, at the top of a module, or leave executor= out."
        ) from None
    descriptor, name = tempfile.mkstemp(dir=folder, prefix="sweep-")
    with os.fdopen(descriptor, "wb") as file:
        file.write(packed)
    return Sent(name)


@lru_cache(maxsize=2)
def _read(path: str) -> Runner:
    runner: Runner = pickle.loads(Path(path).read_bytes())
    return runner


class _Here(Executor):
    """This thread."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def _unwritable(market: Market) -> Market:
    bars = market.bars
    columns = {name: unwritable(getattr(bars, name)) for name in COLUMNS}
    made = Bars(bars.symbol, bars.timeframe, unwritable(bars.time), **columns)
    made.check()
    return replace(market, bars=made)


def _number(objective: Objective, result: Result) -> Figure:
    assert objective.of is not None
    figure = objective.of(result)
    if figure is None:
        return None
    try:
        number = float(figure)
    except (TypeError, ValueError):
        raise UsageError(
            f"The objective {objective.name} answers {figure!r}: it must be a number, or None where there is "
            "none."
        ) from None
    return number if number - number == 0.0 else None  # neither NaN nor infinite


def _told(parameters: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in parameters.items())


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
