"""One strategy with many sets of parameters on the same markets: figures are kept, results are not."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from candlewick.backtest.account import Account
from candlewick.backtest.arrays import run_signals
from candlewick.backtest.ground import Ground, Room, ground_of
from candlewick.backtest.market import Market
from candlewick.backtest.record import Drive
from candlewick.backtest.registry import Figure
from candlewick.backtest.result import Result
from candlewick.backtest.run import backtest
from candlewick.core.errors import StrategyError, UsageError
from candlewick.market.bars import COLUMNS
from candlewick.market.indicators.memo import Memo, remembering
from candlewick.research.lean import LeanFigures
from candlewick.research.objectives import Objective
from candlewick.research.space import Parameters
from candlewick.trading.strategy.checking import check_terms
from candlewick.trading.strategy.strategy import Strategy

REMEMBERED: Final = 256 * 1024 * 1024
"""Bytes of indicators that a sweep keeps."""


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
        times = strategy.leverage if self.leverage is None else self.leverage
        return Account(
            float(self.cash), self.fee_maker, self.fee_taker, self.slippage_bps, float(times),
            self.days_a_year,
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
        columns = [getattr(market.bars, name) for market in self.markets for name in COLUMNS]
        self._memo: Memo | None = Memo(columns, self._most_bytes)
        self._grounds: dict[float, Ground] = {}
        self._own = threading.local()
        self._ends: NDArray[np.intp] | None = None

    def __getstate__(self) -> dict[str, Any]:
        left = ("_memo", "_grounds", "_own", "_ends")
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
            result = self.run(parameters)
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
            names = (*self.metrics, *(each.name for each in self.scores))
            return Ran(dict.fromkeys(names), why_not(error, parameters))
        return Ran(found)

    def run(self, parameters: Parameters) -> Result:
        """The result of one set, to be looked at before this thread runs the next, which may overwrite it.

        Raises:
            UsageError: it cannot be run; `why_not` tells whose fault that is.
        """
        strategy = self.strategy.but(**parameters)
        check_terms(strategy)  # what it says of itself may follow its parameters
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
            return self.run(parameters)

    def _run_plainly(self, strategy: Strategy) -> Result:
        if not self.is_compiled:
            return backtest(strategy, self.markets, **self.setup.words)
        account = self.setup.account(strategy)
        ground = self._grounds.get(account.leverage)
        if ground is None:
            ground = ground_of(self.markets, account)
            self._grounds[account.leverage] = ground
        # whoever gets the whole result may keep it
        return run_signals(strategy, ground, None if self.scores else self._room)

    @property
    def _room(self) -> Room:
        room: Room | None = getattr(self._own, "room", None)
        if room is None:
            room = self._own.room = Room()
        return room


def why_not(error: UsageError, parameters: Parameters) -> str:
    """Why a set cannot be run, where that is the set's fault.

    Raises:
        StrategyError: it is the strategy's, and no other set would do better.
    """
    if isinstance(error, StrategyError) and not isinstance(error.__cause__, UsageError):
        tried = f"{str(error).rstrip('.')}. It was tried with {_told(parameters)}."
        raise StrategyError(tried, error.file, error.line) from error.__cause__
    return str(error.__cause__ or error)


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
