"""`backtest()`: a strategy over bars, through the compiled core."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, get_args

import numpy as np
from numpy.typing import NDArray

from candlewick.backtest.account import Account
from candlewick.backtest.columns import Columns, columns_of, funding_rows
from candlewick.backtest.ground import Ground, Room
from candlewick.backtest.market import Market, Traded, markets_of
from candlewick.backtest.result import Drive, Result
from candlewick.core.errors import StrategyError, UsageError
from candlewick.trading.strategy.blame import blamed
from candlewick.trading.strategy.checking import check_terms
from candlewick.trading.strategy.known import read_only
from candlewick.trading.strategy.protections import Cooldown, DrawdownPause
from candlewick.trading.strategy.signals import DISTANCES, Signals
from candlewick.trading.strategy.strategy import Strategy

Rows = NDArray[Any]
BPS = 10_000
FIRST_ROOM: Final = 1_024
TRACE: Final = 1e-9


def backtest(
    strategy: Strategy | type[Strategy],
    bars: Traded,
    *,
    cash: float = 10_000,
    fee_taker: float = 0.0005,
    fee_maker: float = 0.0002,
    slippage_bps: float = 0.0,
    leverage: float | None = None,
    drive: Drive | None = None,
    days_a_year: float = 365.0,
) -> Result:
    """Run a strategy over the bars of one market or several, on one account.

    A signal at a bar's close is traded at the next bar's open. When stop and target lie inside one bar the
    stop is taken first, unless the market has finer bars to decide. What it does not do stands in
    `docs/what-the-simulation-does-not-do.md`.

    Args:
        strategy: one, or its class (then with its own defaults).
        bars: `Bars`, a `Market` (bars with instrument, funding, finer bars), or several.
        cash: what the account begins with, in the quote currency.
        fee_taker, fee_maker: as fractions of the notional.
        slippage_bps: what a taker pays beyond the price, in hundredths of a per cent.
        leverage: instead of the strategy's own.
        drive: `arrays` (one compiled pass), `woken` (Python at signals and fills), `on_bar`, or `step`
            (Python owns the loop); None: the fastest that can run the strategy. All give the same trades.
        days_a_year: 365, or 252 for stocks; annual figures follow it.

    Raises:
        UsageError: the strategy, its signals, the bars or a number cannot be used; says which and why.
    """
    run = strategy_of(strategy)
    markets = markets_of(bars)
    refuse_timeframe(run, markets)
    if drive is None:
        drive = "arrays" if run.signals_only() else "on_bar"
    elif drive not in get_args(Drive):
        raise UsageError(f"drive is {drive!r}: give one of {', '.join(get_args(Drive))}, or leave it out.")
    account = Account(
        cash, fee_maker, fee_taker, slippage_bps, run.leverage if leverage is None else leverage, days_a_year
    )
    if drive == "arrays":
        if not run.signals_only():
            raise UsageError(f"{type(run).__name__} has an on_bar(): it cannot be run as arrays of signals.")
        return run_signals(run, ground_of(markets, account))
    from candlewick.backtest.events import run_events

    return run_events(run, markets, account, drive)


def strategy_of(given: Strategy | type[Strategy]) -> Strategy:
    """A strategy that can be run, from one or from its class.

    Raises:
        UsageError: it is none, or says something about itself that makes no sense.
    """
    kind = given if isinstance(given, type) else type(given)
    if not issubclass(kind, Strategy):
        raise UsageError(f"{given!r} is no strategy: give a class derived from cw.Strategy, or one of it.")
    kind.check()
    if isinstance(given, type):
        try:
            inspect.signature(given).bind()
        except TypeError as wrong:
            raise UsageError(
                f"{given.__name__} cannot be made by itself ({wrong}): make one and give that."
            ) from None
    run = given() if isinstance(given, type) else given
    check_terms(run)
    return run


def refuse_timeframe(strategy: Strategy, markets: Sequence[Market]) -> None:
    """Say so where a strategy wants bars of another length.

    Raises:
        UsageError: it does.
    """
    if strategy.timeframe and strategy.timeframe != markets[0].bars.timeframe:
        raise UsageError(
            f"{type(strategy).__name__} wants bars of {strategy.timeframe}, these are of "
            f"{markets[0].bars.timeframe}: load or resample them, or clear its timeframe."
        )


def signals_of(strategy: Strategy, market: Market) -> tuple[Signals, Mapping[str, Any]]:
    """What a strategy signals on a market, and the indicators it read.

    Raises:
        UsageError: it answers something else.
    """
    bars = read_only(market.bars)
    with blamed(strategy, "indicators"):
        ind = strategy.indicators(bars)
    if not isinstance(ind, Mapping):
        raise StrategyError(
            f"indicators() of {type(strategy).__name__} answers {type(ind).__name__}: "
            'it must return columns by name, such as {"fast": ta.ema(bars.close, 12)}.'
        )
    with blamed(strategy, "signals"):
        signals = strategy.signals(bars, ind)
    if not isinstance(signals, Signals):
        raise StrategyError(
            f"signals() of {type(strategy).__name__} answers {type(signals).__name__}: "
            "it must return Signals(…)."
        )
    refuse_shorts(strategy, market, signals)
    return signals, ind


def refuse_shorts(strategy: Strategy, market: Market, signals: Signals) -> None:
    """Say so where a strategy wants to be short in what cannot be sold short.

    Raises:
        UsageError: it does.
    """
    if market.is_spot and signals.shorts:
        raise UsageError(
            f"{type(strategy).__name__} wants to be short in {market.symbol}, which is spot: "
            "run it on the perpetual, or leave enter_short away."
        )


def rules_of(markets: Sequence[Market], account: Account) -> Rows:
    """What the core must know of each market."""
    from candlewick.fills.state import RULES

    rules = np.zeros(len(markets), RULES)
    for row, market in zip(rules, markets, strict=True):
        instrument = market.instrument
        row["contract_size"], row["lot"] = 1.0, market.lot or 0.0
        if instrument is not None:
            row["tick"], row["lot"] = float(instrument.tick or 0), float(instrument.lot or 0)
            row["contract_size"], row["inverse"] = float(instrument.contract_size), instrument.inverse
            if instrument.inverse:
                raise UsageError(
                    f"{market.symbol} is settled in {instrument.settle}: a backtest's account is kept in the "
                    "quote currency. Use the linear contract."
                )
        row["maker"], row["taker"] = account.fee_maker, account.fee_taker
        row["slippage"] = account.slippage_bps / BPS
    return rules


def tiers_of(markets: Sequence[Market]) -> NDArray[np.float64]:
    """The tiers of all markets in one array, each filled up with tiers that nothing reaches."""
    each = [market.tiers for market in markets]
    out = np.zeros((len(markets), max(len(rows) for rows in each), 3))
    out[:, :, 0] = math.inf
    for row, tiers in zip(out, each, strict=True):
        row[: len(tiers)] = tiers
    return out


def terms_of(strategy: Strategy, cash: float) -> Rows:
    """What holds for the whole run of a strategy that signals."""
    from candlewick.fills.state import TERMS

    terms = np.zeros(1, TERMS)
    row = terms[0]
    row["cash"], row["size_mode"] = cash, strategy.sizing.mode
    row["kelly_part"] = getattr(strategy.sizing, "part", 1.0)
    row["kelly_least"] = getattr(strategy.sizing, "least", 0)
    row["time_exit"] = strategy.time_exit or 0
    row["break_even"] = strategy.break_even or 0.0
    for protection in strategy.protections:
        match protection:
            case Cooldown(bars):
                row["cooldown"] = bars
            case DrawdownPause(at, bars):
                row["pause_at"], row["pause_for"] = at, bars
    return terms


def partials_of(strategy: Strategy) -> NDArray[np.float64]:
    """Rows of (profit, part), rising.

    Raises:
        UsageError: they do not rise, or a part is no part.
    """
    rows = np.array(strategy.partial_exits, dtype=np.float64).reshape(-1, 2)
    if not len(rows):
        return rows
    rise = np.all(np.diff(rows[:, 0], prepend=0.0) > 0)
    if not rise or np.any(rows[:, 1] <= 0) or np.any(rows[:, 1] >= 1):
        raise UsageError(
            f"partial_exits of {type(strategy).__name__} are {strategy.partial_exits}: give pairs of a "
            "rising profit above zero and a part between 0 and 1."
        )
    return rows


def ground_of(markets: tuple[Market, ...], account: Account) -> Ground:
    """What does not depend on the strategy's parameters."""
    from candlewick.fills.state import FUNDING

    columns = columns_of(markets)
    return Ground(
        markets=markets,
        account=account,
        columns=columns,
        rules=rules_of(markets, account),
        funding=funding_rows(markets, columns.time, FUNDING),
        leverages=np.array([1.0 if market.is_spot else account.leverage for market in markets]),
        least=np.array([least_of(market, account.cash) for market in markets]),
        tiers=tiers_of(markets),
    )


def run_signals(strategy: Strategy, ground: Ground, room: Room | None = None) -> Result:
    """A strategy that only signals, in one compiled pass.

    Args:
        room: where equity and fills are written; None: into arrays of their own.
    """
    from candlewick.fills import signals as core
    from candlewick.fills.state import ACCOUNT, FILL, HELD

    markets, account, columns = ground.markets, ground.account, ground.columns
    room = Room() if room is None else room
    said, indicators = zip(*(signals_of(strategy, market) for market in markets), strict=True)
    flags, (size, stop_loss, take_profit, trailing) = _wishes(strategy, markets, said, indicators, columns)
    terms, partials = terms_of(strategy, account.cash), partials_of(strategy)
    equity = room.equity(len(columns.time))
    most = max(FIRST_ROOM, 2 * int(np.count_nonzero(flags)) + 16 * len(markets) * (2 + len(partials)))
    while True:
        held, money = np.zeros(len(markets), HELD), np.zeros(1, ACCOUNT)
        money["wallet"] = money["peak"] = account.cash
        fills, skipped = room.fills(most, FILL), np.zeros(len(markets), np.int64)
        count = core.run(
            columns.open, columns.high, columns.low, columns.close, flags, size, stop_loss, take_profit,
            trailing, ground.rules, ground.leverages, ground.least, ground.tiers, terms[0], partials,
            ground.funding, columns.fine, columns.fine_start, held, money[0], equity, fills, skipped,
        )  # fmt: skip
        if count != core.FULL:
            break
        most = 4 * len(fills)
    if not count and skipped.any():
        raise UsageError(too_small(markets, account.cash, skipped))
    return Result(
        strategy=strategy,
        markets=markets,
        account=account,
        columns=columns,
        equity=equity,
        fills=fills[:count],
        rules=ground.rules,
        running_funding=held["funding"] * (held["units"] != 0),
        funding=float(money["funding"][0]),
        drive="arrays",
        skipped={market.symbol: int(n) for market, n in zip(markets, skipped, strict=True) if n},
        signals=said,
        indicators=indicators,
    )


def _wishes(
    strategy: Strategy,
    markets: Sequence[Market],
    said: Sequence[Signals],
    indicators: Sequence[Mapping[str, Any]],
    columns: Columns,
) -> tuple[NDArray[np.uint8], list[NDArray[np.float64]]]:
    """Flags, and the columns size, stop loss, take profit and trailing stop, of all markets on one clock."""
    flags: list[NDArray[np.uint8]] = []
    numbers: dict[str, list[NDArray[np.float64]]] = {"size": [], **{name: [] for name in DISTANCES}}
    for row, (market, signals, ind) in enumerate(zip(markets, said, indicators, strict=True)):
        bars = market.bars
        wanted = signals.flags(len(bars))
        wanted[: strategy.settled_from(bars, ind)] = 0
        flags.append(columns.spread(row, wanted, 0))
        amount = np.atleast_1d(np.asarray(strategy.sizing.column(bars), np.float64)) * signals.scale(
            len(bars)
        )
        numbers["size"].append(columns.spread(row, amount, np.nan))
        for name in DISTANCES:
            numbers[name].append(columns.spread(row, signals.distance(name, len(bars)), np.nan))
    if len(markets) == 1:
        return flags[0].reshape(1, -1), [column[0].reshape(1, -1) for column in numbers.values()]
    return np.stack(flags), [np.stack(np.broadcast_arrays(*each)) for each in numbers.values()]


def least_of(market: Market, cash: float) -> float:
    """The least notional of an order: the venue's, and not less than a trace of what the account began with.

    An account that has lost everything is left with the rounding of floats, and would go on to trade that.
    """
    least = None if market.instrument is None else market.instrument.min_notional
    return max(0.0 if least is None else float(least), TRACE * cash)


def too_small(markets: Sequence[Market], cash: float, skipped: NDArray[np.int64]) -> str:
    market = markets[int(np.argmax(skipped))]
    instrument, price = market.instrument, float(market.bars.close[-1])
    lot = f"a lot is {instrument.lot:f}" if instrument is not None and instrument.lot else "it has no lot"
    asked = None if instrument is None else instrument.min_notional
    least = f" and an order is for {asked:f} at least" if asked else ""
    return (
        f"Not one of {int(skipped.sum()):,} entries could be made with {cash:,.2f}: of {market.symbol}, at "
        f"about {price:,.6g}, {lot}{least}. Give more cash, or a larger size."
    )
