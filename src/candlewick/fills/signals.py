"""One pass over bars and arrays of signals: a whole backtest of a strategy that only signals.

A signal at a bar's close is traded at the next bar's open. Within a bar the order of events is the one of
`bar`: what the open sets off, what was signalled, then stops, targets, and the trailing stop that follows.
All markets see their opens before any of them goes on: cash that one frees another may use.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from candlewick.fills import core, margin, sizing
from candlewick.fills.compiled import compiled
from candlewick.fills.state import (
    BUY,
    ENTER_LONG,
    ENTER_SHORT,
    ENTRY,
    EXIT_LONG,
    EXIT_SHORT,
    LIQUIDATED,
    PARTIAL,
    SELL,
    SIGNAL,
    STOP_LOSS,
    TAKEN_PROFIT,
    TIMED,
    TRAILED,
    Levels,
    Rows,
)

FULL = -1


@compiled
def run(
    open: Levels, high: Levels, low: Levels, close: Levels,
    mark_open: Levels, mark_high: Levels, mark_low: Levels, mark_close: Levels, top: Levels, bottom: Levels,
    flags: Any, size: Levels, stop_loss: Levels, take_profit: Levels, trailing: Levels,
    rules: Rows, leverage: Any, least: Any, tiers: Any, terms: Any, partials: Levels, funding: Rows,
    fine: Levels, fine_mark: Levels, fine_start: Any,
    held: Rows, account: Any, equity: Any, fills: Rows, skipped: Any,
) -> int:  # fmt: skip
    """Trade the signals; fills and the equity at each close are written in place.

    Args:
        open, high, low, close: a row a market, a column a bar; NaN where a market has no bar.
        mark_open, mark_high, mark_low, mark_close: the mark in the same bars: what margin is judged by, and
            funding paid on. Where no marks are known, the traded prices.
        top, bottom: the highest and lowest of both.
        flags: what each close signals (`ENTER_LONG` and its like), shaped as the prices.
        size, stop_loss, take_profit, trailing: the same, or one column that holds for all bars. The latter
            three as fractions of the price paid; NaN: none.
        leverage, least: of each market: its leverage, and the least notional of an order.
        tiers: market, row, (floor, rate, amount); a market without any is never liquidated.
        partials: rows (profit rate, part of the position that is closed there), rising.
        fine, fine_mark, fine_start: bars of a shorter timeframe and their marks, rows open, high, low, close,
            and for each market and bar where its finer bars begin (one column more than bars); empty: none.
        held, account: what is held in each market, and the money: blank as the first bar opens.
        skipped: per market, how often an entry was less than a lot or than the least notional.

    Returns:
        how many fills; `FULL` if there is no room for all of them.
    """
    markets, bars = open.shape
    account.wallet = account.peak = terms.cash
    own = (size.shape[1] > 1, stop_loss.shape[1] > 1, take_profit.shape[1] > 1, trailing.shape[1] > 1)
    has_fine = fine_start.shape[0] > 0
    # Most bars do nothing but move the marks: these few columns are all that such a bar needs.
    size_of, entry_of = np.zeros(markets), np.zeros(markets)
    below, above = np.full(markets, -math.inf), np.full(markets, math.inf)
    due = 0
    next_funding = funding[0].bar if len(funding) else bars
    next_timed = bars
    needed = 4 * markets * (2 + len(partials))
    is_bare = len(partials) == 0 and terms.break_even <= 0.0
    i = -1
    while i + 1 < bars:
        i += 1
        if markets == 1 and i > 0 and terms.pause_at <= 0.0:
            # Written out here: a function would count the references to five arrays at each fill.
            until, size_0, entry_0 = min(next_funding, next_timed, bars), size_of[0], entry_of[0]
            below_0, above_0, wallet = below[0], above[0], account.wallet
            if size_0 == 0.0:
                while i < until and flags[0, i - 1] == 0:
                    equity[i] = wallet
                    i += 1
            elif below_0 == -math.inf and above_0 == math.inf:
                while i < until and flags[0, i - 1] == 0:
                    equity[i] = wallet + size_0 * (close[0, i] - entry_0)
                    i += 1
            else:
                while i < until and flags[0, i - 1] == 0 and bottom[0, i] > below_0 and top[0, i] < above_0:
                    equity[i] = wallet + size_0 * (close[0, i] - entry_0)
                    i += 1
            if i == bars:
                break
        stirs, worth = i == next_funding or i >= next_timed, 0.0
        for m in range(markets):
            stirs |= i > 0 and flags[m, i - 1] != 0
            if size_of[m] != 0.0:
                stirs |= not (bottom[m, i] > below[m] and top[m, i] < above[m])  # a NaN is looked at
                worth += size_of[m] * (close[m, i] - entry_of[m])
        if stirs:
            if account.fills + needed > len(fills):
                return FULL
            while due < len(funding) and funding[due].bar < i:
                due += 1
            for m in range(markets):
                at, price = held[m], open[m, i]
                if at.units != 0.0:
                    if math.isnan(price) and not math.isnan(close[m, i - 1]):
                        at.value = _profit_at(at, close[m, i - 1], rules[m])
                    if next_funding <= i:
                        _settle(at, m, i, mark_open[m, i], False, funding, due, rules[m], tiers, account)
                    if not math.isnan(price):
                        if len(partials) > 0:
                            _take_parts(at, m, i, price, price, mark_open[m, i], rules[m], tiers, partials,
                                        account, fills)  # fmt: skip
                        _at_open(
                            at, m, i, price, mark_open[m, i], rules[m], terms, account, fills[account.fills]
                        )
                if i > 0 and flags[m, i - 1] and math.isnan(price):
                    flags[m, i] |= flags[m, i - 1]  # no bar here: the signal waits for the next one
                elif i > 0 and at.units != 0.0 and not math.isnan(price):
                    _exit(at, m, i, flags[m, i - 1], price, rules[m], terms, account, fills[account.fills])
            for m in range(markets):
                side = entry_side(flags[m, i - 1], 0.0) if i > 0 and held[m].units == 0.0 else 0
                price, at = open[m, i], held[m]
                if side == 0 or i < max(at.rests_until, account.paused_until) or math.isnan(price):
                    continue
                equity_now, free = account.wallet, account.wallet
                for other in range(markets):
                    if held[other].units != 0.0:
                        equity_now += _profit_at(held[other], open[other, i], rules[other])
                        free -= held[other].margin
                row = i - 1
                while row > 0 and math.isnan(close[m, row]):
                    row -= 1  # the signal waited for this bar
                entered = _enter(
                    at, m, i, side, price, rules[m], leverage[m], least[m], terms, account, equity_now, free,
                    row, size[m, row if own[0] else 0], stop_loss[m, row if own[1] else 0],
                    take_profit[m, row if own[2] else 0], trailing[m, row if own[3] else 0],
                    fills[account.fills],
                )  # fmt: skip
                if not entered:
                    skipped[m] += 1
                    continue
                if tiers.shape[1] > 0 and (
                    side < 0 or leverage[m] > 1.0
                ):  # who has paid all cannot lose more
                    at.end = margin.liquidation_price(at.size, at.entry, at.margin, tiers[m], rules[m])
                # what the price paid is already beyond acts on the same open
                if len(partials) > 0:
                    _take_parts(at, m, i, price, price, mark_open[m, i], rules[m], tiers, partials, account,
                                fills)  # fmt: skip
                _at_open(at, m, i, price, mark_open[m, i], rules[m], terms, account, fills[account.fills])
            for m in range(markets):
                at = held[m]
                if at.units != 0.0 and is_bare and not math.isnan(close[m, i]) and _stands_alone(at):
                    at.value = _profit_at(at, close[m, i], rules[m])
                elif at.units != 0.0 and not math.isnan(close[m, i]):
                    first, last = (fine_start[m, i], fine_start[m, i + 1]) if has_fine else (0, 0)
                    if first == last:
                        _in_range(at, m, i, high[m, i], low[m, i], close[m, i], mark_high[m, i],
                                  mark_low[m, i], rules[m], tiers, terms, partials, account,
                                  fills)  # fmt: skip
                    for j in range(first, last):
                        if at.units != 0.0 and j > first:
                            if len(partials) > 0:
                                _take_parts(at, m, i, fine[0, j], fine[0, j], fine_mark[0, j], rules[m],
                                            tiers, partials, account, fills)  # fmt: skip
                            _at_open(
                                at,
                                m,
                                i,
                                fine[0, j],
                                fine_mark[0, j],
                                rules[m],
                                terms,
                                account,
                                fills[account.fills],
                            )
                        if at.units != 0.0:
                            _in_range(at, m, i, fine[1, j], fine[2, j], fine[3, j], fine_mark[1, j],
                                      fine_mark[2, j], rules[m], tiers, terms, partials, account,
                                      fills)  # fmt: skip
                    if at.units != 0.0:
                        _break_even(at, high[m, i], low[m, i], terms.break_even)
                        at.value = _profit_at(at, close[m, i], rules[m])
                if at.units != 0.0 and next_funding <= i:
                    _settle(at, m, i, mark_close[m, i], True, funding, due, rules[m], tiers, account)
            while due < len(funding) and funding[due].bar <= i:
                due += 1
            next_funding = funding[due].bar if due < len(funding) else bars
            next_timed, worth = bars, 0.0
            for m in range(markets):
                at = held[m]
                size_of[m], entry_of[m] = at.size, at.entry
                if at.units != 0.0:
                    worth += at.value
                    if is_bare and _stands_alone(at):
                        below[m], above[m] = -math.inf, math.inf
                    else:
                        below[m], above[m] = _edges(at, rules[m], terms, partials)
                    if terms.time_exit > 0:
                        next_timed = min(next_timed, at.opened + terms.time_exit)
        now = account.wallet + worth
        equity[i] = now
        if terms.pause_at > 0.0:
            if now > account.peak:
                account.peak = now
            elif now <= account.peak * (1.0 - terms.pause_at):
                account.paused_until, account.peak = i + 1 + terms.pause_for, now
    return int(account.fills)


@compiled
def _stands_alone(at: Any) -> bool:
    """Whether no price ends what is held: it has neither stop nor target, and margin for any of them."""
    return math.isnan(at.stop) and math.isnan(at.target) and math.isnan(at.trail_rate) and math.isnan(at.end)


@compiled
def _edges(at: Any, rules: Any, terms: Any, partials: Levels) -> tuple[float, float]:
    """The prices between which nothing happens to a position."""
    if not math.isnan(at.trail_rate):
        return math.inf, -math.inf
    worse, better = math.nan, at.target
    side = 1.0 if at.units > 0.0 else -1.0
    worse = at.stop
    if not (at.stop - at.end) * side >= 0.0 and not math.isnan(at.end):
        worse = at.end
    if at.parts < len(partials):
        part = core.on_tick(at.entry * (1.0 + side * partials[at.parts, 0]), rules.tick)
        better = part if not (part - better) * side >= 0.0 else better
    if terms.break_even > 0.0 and not (at.stop - at.entry) * side >= 0.0:
        even = at.entry * (1.0 + side * terms.break_even)
        better = even if not (even - better) * side >= 0.0 else better
    worse = -side * math.inf if math.isnan(worse) else worse
    better = side * math.inf if math.isnan(better) else better
    return (worse, better) if side > 0.0 else (better, worse)


@compiled
def entry_side(flag: int, units: float) -> int:
    """What a close that signals `flag` wants entered: BUY, SELL or 0. Contradictions want nothing."""
    long = flag & ENTER_LONG != 0 and flag & EXIT_LONG == 0
    short = flag & ENTER_SHORT != 0 and flag & EXIT_SHORT == 0
    if long == short:
        return 0
    side = BUY if long else SELL
    return side if units * side <= 0.0 else 0


@compiled
def wants_exit(flag: int, units: float) -> bool:
    """Whether a close that signals `flag` ends a position: by an exit, or by an entry the other way."""
    if units > 0.0:
        return flag & EXIT_LONG != 0 or entry_side(flag, units) == SELL
    if units < 0.0:
        return flag & EXIT_SHORT != 0 or entry_side(flag, units) == BUY
    return False


@compiled
def _profit_at(at: Any, price: float, rules: Any) -> float:
    """Unrealised profit at `price`; where that is unknown, at the last close."""
    if math.isnan(price):
        return float(at.value)
    return core.profit(at.size, at.entry, price, rules.contract_size, rules.inverse)


@compiled
def _settle(
    at: Any, m: int, i: int, known: float, inside: bool, funding: Rows, due: int, rules: Any, tiers: Any,
    account: Any,
) -> None:  # fmt: skip
    """Pay the funding of bar `i` that fell due at its open, or (`inside`) after it: from the margin.

    Args:
        known: the mark of the bar, for settlements that do not tell theirs.
    """
    row = due
    while row < len(funding) and funding[row].bar == i:
        one = funding[row]
        if one.market == m and one.inside == inside:
            mark = known if math.isnan(one.mark) else one.mark
            if not math.isnan(mark):
                paid = core.funding(at.size, mark, one.rate, rules.contract_size, rules.inverse)
                account.wallet += paid
                account.funding += paid
                at.funding += paid
                at.margin += paid
                if tiers.shape[1] > 0:
                    at.end = margin.liquidation_price(at.size, at.entry, at.margin, tiers[m], rules)
        row += 1


@compiled
def _at_open(
    at: Any, m: int, i: int, price: float, mark: float, rules: Any, terms: Any, account: Any, row: Any
) -> None:
    """What the first price of a bar does to a position: liquidation, stop, trailing stop, target."""
    side = 1 if at.units > 0.0 else -1
    if (at.end - mark) * side >= 0.0:  # a NaN compares as false, here and below
        _liquidate(at, m, i, price, rules, terms, account, row)
    elif (at.stop - price) * side >= 0.0:
        _close(at, m, i, price, STOP_LOSS, rules, terms, account, row)
    elif (price - at.target) * side >= 0.0:
        _close(at, m, i, price, TAKEN_PROFIT, rules, terms, account, row)
    elif not math.isnan(at.trail_rate):
        if math.isnan(at.best) or (price - at.best) * side > 0.0:
            at.best = price
        if (_trail(at, side, rules) - price) * side >= 0.0:
            _close(at, m, i, price, TRAILED, rules, terms, account, row)


@compiled
def _trail(at: Any, side: int, rules: Any) -> float:
    """Where the trailing stop stands; NaN: it has seen no price yet."""
    return core.trail_at(-side, at.best, math.nan, at.trail_rate, rules.tick)


@compiled
def _exit(
    at: Any, m: int, i: int, flag: int, price: float, rules: Any, terms: Any, account: Any, row: Any
) -> None:
    """Close what the last close signalled to close, or what was held for long enough."""
    if wants_exit(flag, at.units):
        _close(at, m, i, price, SIGNAL, rules, terms, account, row)
    elif terms.time_exit > 0 and i - at.opened >= terms.time_exit:
        _close(at, m, i, price, TIMED, rules, terms, account, row)


@compiled
def _enter(
    at: Any, m: int, i: int, side: int, price: float, rules: Any, leverage: float, least: float, terms: Any,
    account: Any, equity: float, free: float, signal: int, size: float, stop_loss: float, take_profit: float,
    trailing: float, row: Any,
) -> bool:  # fmt: skip
    """Open a position while the market is at `price`, if the money is enough for it."""
    paid = core.slipped(side, price, math.nan, rules.slippage, rules.tick)
    stop = core.on_tick(paid * (1.0 - side * stop_loss), rules.tick)
    if terms.size_mode == sizing.KELLY:
        size = sizing.kelly(
            account.trades, account.wins, account.won, account.lost, terms.kelly_least, terms.kelly_part, size
        )
    units = sizing.entry_units(terms.size_mode, size, paid, stop, equity, free, leverage, rules, price)
    quantity = units * rules.lot if rules.lot > 0.0 else units
    worth = core.notional(quantity, paid, rules.contract_size, rules.inverse)
    if units <= 0.0 or core.notional(quantity, min(paid, price), rules.contract_size, rules.inverse) < least:
        return False
    fee = worth * rules.taker
    account.wallet -= fee
    at.units, at.size, at.entry = side * units, side * quantity, paid
    at.margin = margin.initial(quantity, paid, leverage, rules)
    at.stop, at.target = stop, core.on_tick(paid * (1.0 + side * take_profit), rules.tick)
    at.trail_rate, at.best, at.end = trailing, math.nan, math.nan
    at.paid, at.funding, at.notional, at.made = fee, 0.0, worth, 0.0
    at.opened, at.parts, at.value = i, 0, 0.0
    _write(row, account, i, m, side, ENTRY, paid, quantity, fee, stop, at.target, signal)
    return True


@compiled
def _in_range(
    at: Any, m: int, i: int, high: float, low: float, close: float, mark_high: float, mark_low: float,
    rules: Any, tiers: Any, terms: Any, partials: Levels, account: Any, fills: Rows,
) -> None:  # fmt: skip
    """The rest of a bar: what stands against the position is set off before what it hopes for."""
    side = 1 if at.units > 0.0 else -1
    best, worst = (high, low) if side > 0 else (low, high)
    trails = not math.isnan(at.trail_rate)
    trail = _trail(at, side, rules) if trails else math.nan
    lost = (at.end - (mark_low if side > 0 else mark_high)) * side >= 0.0
    if lost and (at.end - worst) * side > 0.0:
        worst = at.end  # a stop that stands before the end of the margin is met first
    stopped = (at.stop - worst) * side >= 0.0
    trailed = (trail - worst) * side >= 0.0
    if stopped and not (trailed and (trail - at.stop) * side > 0.0):  # the nearer one is met first
        _close(at, m, i, at.stop, STOP_LOSS, rules, terms, account, fills[account.fills])
    elif trailed:
        _close(at, m, i, trail, TRAILED, rules, terms, account, fills[account.fills])
    elif lost:
        _liquidate(at, m, i, margin.met_at(at.end, high, low), rules, terms, account, fills[account.fills])
    else:
        if at.parts < len(partials):
            _take_parts(at, m, i, best, math.nan, math.nan, rules, tiers, partials, account, fills)
        if (best - at.target) * side >= 0.0:
            _close(at, m, i, at.target, TAKEN_PROFIT, rules, terms, account, fills[account.fills])
        elif trails:
            if math.isnan(at.best) or (best - at.best) * side > 0.0:
                at.best = best
            if (_trail(at, side, rules) - close) * side >= 0.0:
                _close(
                    at, m, i, _trail(at, side, rules), TRAILED, rules, terms, account, fills[account.fills]
                )


@compiled
def _take_parts(
    at: Any, m: int, i: int, best: float, price: float, mark: float, rules: Any, tiers: Any,
    partials: Levels, account: Any, fills: Rows,
) -> None:  # fmt: skip
    """Close the parts whose profit is there at `best`: for `price`, or (NaN) where each of them stands."""
    side = 1 if at.units > 0.0 else -1
    if (at.stop - price) * side >= 0.0 or (at.end - mark) * side >= 0.0:
        return  # the open ends all of it
    while at.parts < len(partials):
        there = core.on_tick(at.entry * (1.0 + side * partials[at.parts, 0]), rules.tick)
        if (best - there) * side < 0.0 or (there - at.target) * side > 0.0:
            break
        _close_part(
            at, m, i, there if math.isnan(price) else price, partials[at.parts, 1], rules, account,
            fills[account.fills],
        )  # fmt: skip
        at.parts += 1
        if tiers.shape[1] > 0:
            at.end = margin.liquidation_price(at.size, at.entry, at.margin, tiers[m], rules)


@compiled
def _break_even(at: Any, high: float, low: float, rate: float) -> None:
    """Once a bar came as far as `rate`, the stop stands no worse than the entry from the next bar on."""
    side = 1 if at.units > 0.0 else -1
    best = high if side > 0 else low
    far = rate > 0.0 and (best - at.entry * (1.0 + side * rate)) * side >= 0.0
    if far and not (at.stop - at.entry) * side >= 0.0:
        at.stop = at.entry


@compiled
def _close(
    at: Any, m: int, i: int, price: float, why: int, rules: Any, terms: Any, account: Any, row: Any
) -> None:
    """Close a position as a taker who comes while the market is at `price`."""
    side = SELL if at.units > 0.0 else BUY
    paid = core.slipped(side, price, math.nan, rules.slippage, rules.tick)
    fee = core.notional(abs(at.size), paid, rules.contract_size, rules.inverse) * rules.taker
    _leave(at, m, i, side, paid, fee, why, rules, terms, account, row)


@compiled
def _liquidate(
    at: Any, m: int, i: int, market: float, rules: Any, terms: Any, account: Any, row: Any
) -> None:
    """The venue closes a position whose margin is used up, while the market is at `market`."""
    side = SELL if at.units > 0.0 else BUY
    price = margin.liquidated_at(at.size, at.entry, at.margin, market, rules)
    fee = margin.liquidation_fee(at.size, at.entry, at.margin, price, rules)
    _leave(at, m, i, side, price, fee, LIQUIDATED, rules, terms, account, row)


@compiled
def _leave(
    at: Any, m: int, i: int, side: int, price: float, fee: float, why: int, rules: Any, terms: Any,
    account: Any, row: Any,
) -> None:  # fmt: skip
    """Book the end of a position."""
    gained = core.profit(at.size, at.entry, price, rules.contract_size, rules.inverse)
    account.wallet += gained - fee
    net = at.made + gained + at.funding - at.paid - fee
    account.trades += 1
    if net > 0.0:
        account.wins += 1
        account.won += net / at.notional
    else:
        account.lost -= net / at.notional
        if net < 0.0 and terms.cooldown > 0:
            at.rests_until = i + 1 + terms.cooldown
    signal = i - 1 if why in (SIGNAL, TIMED) else -1
    _write(row, account, i, m, side, why, price, abs(at.size), fee, math.nan, math.nan, signal)
    row.funding = at.funding
    at.units, at.size, at.margin, at.value = 0.0, 0.0, 0.0, 0.0
    at.stop, at.target, at.trail_rate, at.end = math.nan, math.nan, math.nan, math.nan


@compiled
def _close_part(
    at: Any, m: int, i: int, price: float, part: float, rules: Any, account: Any, row: Any
) -> None:
    """Close a part of a position where its profit is so much; its margin shrinks with it."""
    side = SELL if at.units > 0.0 else BUY
    units = core.units(abs(at.size) * part, rules.lot)
    if units <= 0.0 or units >= abs(at.units):
        return
    quantity = units * rules.lot if rules.lot > 0.0 else units
    paid = core.slipped(side, price, math.nan, rules.slippage, rules.tick)
    fee = core.notional(quantity, paid, rules.contract_size, rules.inverse) * rules.taker
    gained = core.profit(-side * quantity, at.entry, paid, rules.contract_size, rules.inverse)
    account.wallet += gained - fee
    at.made += gained
    at.paid += fee
    at.margin -= at.margin * units / abs(at.units)
    at.units += side * units
    at.size = at.units * rules.lot if rules.lot > 0.0 else at.units
    _write(row, account, i, m, side, PARTIAL, paid, quantity, fee, math.nan, math.nan, -1)


@compiled
def _write(
    row: Any, account: Any, i: int, m: int, side: int, why: int,
    price: float, size: float, fee: float, stop: float, target: float, signal: int,
) -> None:  # fmt: skip
    row.bar, row.market, row.side, row.why, row.maker = i, m, side, why, False
    row.price, row.size, row.fee, row.signal = price, size, fee, signal
    row.funding, row.stop, row.target = 0.0, stop, target
    account.fills += 1
