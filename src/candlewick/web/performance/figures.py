"""The key metrics of an account over a span, each by the function that defines it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from candlewick.backtest import metrics
from candlewick.runtime.accounts.shapes import tidy
from candlewick.store.journal.reader import Records
from candlewick.store.journal.records import BucketRecord
from candlewick.web.performance.span import Span, ns_of
from candlewick.web.performance.study import ZERO, Study


@dataclass(frozen=True, slots=True)
class Fall:
    """The deepest fall, by the days of the calendar. `peak` None: the value that the span began with."""

    depth_pct: float
    peak: date | None
    trough: date
    recovered: date | None
    recovery_days: int | None
    days_below: int | None


def key_metrics(records: Records, account: int, span: Span, found: Study) -> dict[str, Any]:
    """All of them, ready for JSON: parts in per cent, money exact, None where undefined."""
    returns = found.returns
    fall = deepest(found)
    own = found.sums.get(found.currency)
    return {
        "currency": found.currency,
        "start": found.days[0].day.isoformat() if found.days else None,
        "end": found.days[-1].day.isoformat() if found.days else None,
        "days": found.known_days,
        "basis": found.basis if found.days else None,
        "profit": tidy(found.profit),
        "return_pct": _pct(metrics.total_return(returns)),
        "cagr_pct": _pct(metrics.cagr(returns)),
        "volatility_pct": _pct(metrics.volatility(returns)),
        "sharpe": _ratio(metrics.sharpe(returns)),
        "sortino": _ratio(metrics.sortino(returns)),
        "calmar": _ratio(metrics.calmar(returns)),
        "max_drawdown_pct": None if fall is None else fall.depth_pct,
        "max_drawdown_peak": _iso(None if fall is None else fall.peak),
        "max_drawdown_trough": _iso(None if fall is None else fall.trough),
        "max_drawdown_recovered": _iso(None if fall is None else fall.recovered),
        "recovery_days": None if fall is None else fall.recovery_days,
        **trade_metrics(_closed(records, account, span, found.currency)),
        "exposure_pct": _pct(_exposure(records, account, found)),
        "fees": tidy(own.fees if own else ZERO),
        "funding": tidy(own.funding if own else ZERO),
        "other_currencies": {
            currency: {"fees": tidy(sums.fees), "funding": tidy(sums.funding)}
            for currency, sums in sorted(found.sums.items())
            if currency != found.currency
        },
        "fills": found.fills,
    }


def trade_metrics(closed: BucketRecord | None) -> dict[str, Any]:
    """Of round trips that were closed, in their currency, after fees and funding."""
    trades = closed.trades if closed else 0
    profit, loss, net = (closed.profit, closed.loss, closed.net) if closed else (ZERO, ZERO, ZERO)
    wins, losses = (closed.wins, closed.losses) if closed else (0, 0)
    return {
        "trades": trades,
        "wins": wins,
        "losses": losses,
        "net": tidy(net),
        "win_rate_pct": _pct(metrics.win_rate(wins, trades)),
        "profit_factor": _short(metrics.profit_factor(profit, loss)),
        "expectancy": tidy(metrics.expectancy(net, trades)),
        "average_win": tidy(metrics.average(profit, wins)),
        "average_loss": tidy(metrics.average(loss, losses)),
        "best": tidy(closed.best if closed else None),
        "worst": tidy(closed.worst if closed else None),
        "average_held_s": closed.held_ns // trades // 1_000_000_000 if closed and trades else None,
    }


def deepest(found: Study) -> Fall | None:
    """The deepest drawdown of the daily index; None if nothing is known, or it never fell."""
    fall = metrics.max_drawdown(found.returns)
    if fall is None:
        return None
    if fall.trough < 0:
        return Fall(0.0, None, found.days[0].day, None, None, None)
    day = [each.day for each in found.days]
    return Fall(
        depth_pct=_known_pct(fall.depth),
        peak=day[fall.peak] if fall.peak >= 0 else None,
        trough=day[fall.trough],
        recovered=None if fall.recovered is None else day[fall.recovered],
        recovery_days=fall.recovery_days,
        days_below=fall.days_below,
    )


def _closed(records: Records, account: int, span: Span, currency: str) -> BucketRecord | None:
    rows = records.buckets(account, span.start_ns, span.end_ns, by="all")
    return next((row for row in rows if row.currency == currency), None)


def _exposure(records: Records, account: int, found: Study) -> float | None:
    if not found.days:
        return None
    start = ns_of(found.days[0].day)
    end = min(ns_of(found.days[-1].day + timedelta(1)), time.time_ns())  # what is to come is not counted
    turns = records.turns(account, start, end)
    return metrics.exposure(turns.entered, turns.exited, start, end, turns.held)


def _pct(part: float | None) -> float | None:
    return None if part is None else _known_pct(part)


def _known_pct(part: float) -> float:
    return round(part * 100, 4)


def _ratio(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _short(value: Decimal | None) -> Decimal | None:
    return tidy(value, Decimal("0.0001"))


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
