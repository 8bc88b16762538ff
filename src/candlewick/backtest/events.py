"""A strategy over bars with Python in the loop: at every bar, or only where something happens.

Three ways to drive one account (`events_book`): `on_bar` calls the strategy at each close and passes over
the bars in which no order stirs; `woken` calls a strategy of signals only where it signals; `step` shows
every bar to every market's orders, as the paper venue does. All give the fills of `fills.signals`, where that
can run the strategy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from candlewick.backtest.account import Account
from candlewick.backtest.asking import partials_of, refuse_impossible, terms_of
from candlewick.backtest.columns import Columns, columns_of, funding_rows, settled_of
from candlewick.backtest.events_book import Book
from candlewick.backtest.events_held import Held
from candlewick.backtest.ground import least_of, rules_of, tiers_of, too_small
from candlewick.backtest.market import Market
from candlewick.backtest.record import Drive
from candlewick.backtest.result import Result
from candlewick.core.errors import UsageError
from candlewick.fills.state import FILL, FUNDING
from candlewick.trading.strategy.blame import blamed_for_its_own
from candlewick.trading.strategy.intents import Intent
from candlewick.trading.strategy.runner import SignalRunner, contexts_of
from candlewick.trading.strategy.strategy import Strategy
from candlewick.trading.strategy.timeout import in_time

AtClose = Callable[[int], None]


def run_events(
    strategy: Strategy,
    markets: tuple[Market, ...],
    account: Account,
    drive: Drive,
    *,
    heard: list[tuple[int, Intent]] | None = None,
) -> Result:
    """Run a strategy over the markets' bars, woken as `drive` says.

    Args:
        heard: is given whatever the strategy asks for, with the bar at whose close it did.

    Raises:
        UsageError: the strategy cannot be driven so; `StrategyError` where it raises.
    """
    columns = columns_of(markets)
    rules = rules_of(markets, account)
    book = _book_of(strategy, markets, account, columns, rules)
    book.heard = heard
    if strategy.signals_only():
        result = _run_signals(strategy, markets, columns, book, drive)
    elif drive == "woken":
        raise UsageError(
            f"{type(strategy).__name__} has an on_bar(), which wants to be called at every bar: "
            "drive it by on_bar or step."
        )
    else:
        result = _run_on_bar(strategy, markets, columns, book, drive)
    if not book.money.fills and any(book.skipped):
        raise UsageError(too_small(markets, account.cash, np.array(book.skipped)))
    signals, indicators = result
    return Result(
        strategy=strategy,
        markets=markets,
        account=account,
        columns=columns,
        equity=book.money.equities,
        fills=np.array(book.money.fills, FILL),
        rules=rules,
        running_funding=np.array([at.funding if at.units else 0.0 for at in book.markets]),
        funding=book.money.funding,
        drive=drive,
        skipped={at.symbol: count for at, count in zip(book.markets, book.skipped, strict=True) if count},
        signals=signals,
        tags=book.tags,
        indicators=indicators,
    )


def _book_of(
    strategy: Strategy, markets: Sequence[Market], account: Account, columns: Columns, rules: Any
) -> Book:
    due: list[list[tuple[int, bool, float, float]]] = [[] for _ in markets]
    for bar, market, inside, rate, mark in funding_rows(markets, columns.time, FUNDING).tolist():
        due[market].append((bar, inside, rate, mark))
    tiers = tiers_of(markets)
    held = [
        Held(
            number, market.symbol, rules[number], columns,
            leverage=1.0 if market.is_spot else account.leverage, is_spot=market.is_spot,
            least=least_of(market, account.cash),
            tiers=tiers[number], funding=due[number],
        )
        for number, market in enumerate(markets)
    ]  # fmt: skip
    return Book(held, account, columns, terms_of(strategy, account.cash)[0], partials_of(strategy), rules)


def _run_signals(
    strategy: Strategy, markets: Sequence[Market], columns: Columns, book: Book, drive: Drive
) -> Any:
    runners = [SignalRunner(strategy, market.bars) for market in markets]
    for market, runner in zip(markets, runners, strict=True):
        refuse_impossible(strategy, market, runner.signals)
    speaking: list[dict[int, int]] = []  # per market: bar on the common clock, row of the market's own bars
    for number, runner in enumerate(runners):
        rows = np.flatnonzero(runner.flags)
        place = columns.places[number]
        speaking.append(
            dict(zip((rows if place is None else place[rows]).tolist(), rows.tolist(), strict=True))
        )

    def at_close(i: int) -> None:
        for runner, rows in zip(runners, speaking, strict=True):
            row = rows.get(i)
            if row is not None and (signal := runner.at(row)) is not None:
                book.take(signal)

    if drive == "woken":
        _woken(book, np.array(sorted(set().union(*speaking)), np.int64), at_close)
    elif drive == "step":
        _step(book, at_close)
    else:
        _every_bar(book, at_close)
    return tuple(runner.signals for runner in runners), tuple(runner.indicators for runner in runners)


def _run_on_bar(
    strategy: Strategy, markets: Sequence[Market], columns: Columns, book: Book, drive: Drive
) -> Any:
    contexts = contexts_of(
        strategy,
        [market.bars for market in markets],
        book,
        spot=[market.is_spot for market in markets],
        clocks=[book.clock if place is None else None for place in columns.places],
        settled=settled_of(markets),
    )
    first, counts = 0, []
    for number, context in enumerate(contexts):
        settled = context.settled_from
        place = columns.places[number]
        if place is not None:
            counts.append(
                (context.clock, np.searchsorted(place, np.arange(book.bars), side="right").tolist())
            )
            settled = int(place[settled]) if settled < len(place) else book.bars
        first = max(first, settled)
    main, on_bar = contexts[0], strategy.on_bar

    def at_close(i: int) -> None:
        for clock, known in counts:
            clock.known = known[i]
        on_bar(main)

    if drive == "step":
        drive_it = partial(_step, book, at_close, first)
    elif counts:
        drive_it = partial(_every_bar, book, at_close, first)
    else:  # nothing stands between the loop and the strategy
        drive_it = partial(_every_bar, book, on_bar, first, main)
    with blamed_for_its_own(strategy, "on_bar"):
        in_time(strategy, "on_bar", drive_it, lambda: book.clock.known)
    return (), tuple(context.answered for context in contexts)


def _every_bar(book: Book, at_close: Callable[[Any], object], first: int = 0, what: Any = None) -> None:
    """Call at every close from `first` on; the account sees only the bars in which something happens to it.

    Calls with the bar, or with `what` where there is something.
    """
    clock = book.clock
    if what is None:
        for i in range(first, book.bars):
            if i >= book.next:
                book.process(i)
            clock.known = i + 1
            at_close(i)
    else:
        for i in range(first, book.bars):
            if i >= book.next:
                book.process(i)
            clock.known = i + 1
            at_close(what)
    book.money.mark(book.bars)


def _woken(book: Book, calls: NDArray[np.int64], at_close: AtClose) -> None:
    """Call at these closes only."""
    clock = book.clock
    for call in calls.tolist():
        while book.next <= call:
            book.process(book.next)
        clock.known = call + 1
        at_close(call)
    while book.next < book.bars:
        book.process(book.next)
    book.money.mark(book.bars)


def _step(book: Book, at_close: AtClose, first: int = 0) -> None:
    """Show every bar to the orders of every market, without looking ahead."""
    clock, markets = book.clock, book.markets
    book.looks_ahead = False
    for i in range(book.bars):
        for at in markets:
            if at.next > i and not (at.bottoms[i] > at.below and at.tops[i] < at.above):  # a NaN is looked at
                at.next = book.next = i
        if book.next <= i:
            book.process(i)
        clock.known = i + 1
        if i >= first:
            at_close(i)
    book.money.mark(book.bars)
