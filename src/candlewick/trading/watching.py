"""Limits that prices alone can break: looked at as positions are marked, once a second at most.

A figure that comes near is looked up exactly before anything follows from it. People are told once when a
level is reached, and again only after it was left by `SLACK` points.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Literal

from candlewick.core.account import TradingState
from candlewick.core.order import CancelInFlight
from candlewick.trading.account import DAY_NS, AccountState
from candlewick.trading.effects import Alert, RiskNews
from candlewick.trading.entries import CancelPlaced, DayBegun, PeakReached, TradingStateSet
from candlewick.trading.marking import AccountMarks
from candlewick.trading.marks import Market
from candlewick.trading.risk.ask import Ask
from candlewick.trading.risk.losses import Gauge, losses
from candlewick.trading.steps import Step
from candlewick.trading.valuing import value_of

MARGIN_WARN: Final = Decimal(80)
MARGIN_CRITICAL: Final = Decimal(95)
SLACK: Final = Decimal(5)
# A new highest equity is journalled when it is this much above the last: a drawdown is known to 0.1 %.
PEAK_STEP: Final = Decimal("1.001")
DAILY: Final = ("max_daily_loss", "max_daily_loss_pct")

Level = Literal["info", "warn", "critical"]


def watch(account: AccountState, market: Market, marks: AccountMarks, ts: int) -> list[Step]:
    """What follows from what an account is worth now."""
    total = marks.total_value
    if total is None:
        return []
    steps: list[Step] = []
    valuation = None
    if _near(account, total) or marks.told or account.day_equity is None or account.peak_equity is None:
        valuation = value_of(account, market)
        equity = valuation.total_value
        if equity is None:
            return []
        if account.day_equity is None:
            steps.append(DayBegun(account=account.number, equity=equity, ts=ts))
        elif account.peak_equity is None or equity >= account.peak_equity * PEAK_STEP:
            steps.append(PeakReached(account=account.number, equity=equity, ts=ts))
        else:
            for gauge in losses(account, equity):
                steps += _weigh(account, market, marks, gauge, ts)
    return steps


def watch_margin(account: AccountState, marks: AccountMarks, bound: float | None, ts: int) -> list[Step]:
    """Tell of margin in use at 80 and at 95 percent of equity."""
    total = marks.total_value
    if bound is None or total is None:
        return []
    pct = Decimal(repr(round(bound / total * 100, 4))) if total > 0 else Decimal(100 if bound else 0)
    before = marks.told.get("margin", "info")
    level: Level = "critical" if pct >= MARGIN_CRITICAL else "warn" if pct >= MARGIN_WARN else "info"
    if before == "critical" and level != "critical" and pct > MARGIN_CRITICAL - SLACK:
        return []
    if before != "info" and level == "info" and pct > MARGIN_WARN - SLACK:
        return []
    if level == before:
        return []
    limit = MARGIN_CRITICAL if level == "critical" else MARGIN_WARN
    return _tell(account, marks, "margin", level, f"Margin at {pct:.1f}%", limit, pct, ts)


def begin_day(account: AccountState, market: Market, ts: int) -> list[Step]:
    """At 00:00 UTC the daily loss begins anew, and what was stopped only by it may go on.

    A clock that is set back by less than a day begins no day again.
    """
    day = ts // DAY_NS
    if account.day - 1 <= day <= account.day:
        return []
    steps: list[Step] = [
        DayBegun(account=account.number, equity=value_of(account, market).total_value, ts=ts)
    ]
    if account.state == "REDUCING" and account.cause in DAILY:
        steps.append(
            TradingStateSet(
                account=account.number, state="ACTIVE", reason="a new day began", actor="system", ts=ts
            )
        )
    return steps


def rebase(account: AccountState, market: Market, ts: int) -> list[Step]:
    """Measure losses from here on: what was booked is history."""
    equity = value_of(account, market).total_value
    return [
        DayBegun(account=account.number, equity=equity, ts=ts),
        PeakReached(account=account.number, equity=equity, ts=ts),
    ]


def _near(account: AccountState, total: float) -> bool:
    """Whether a limit may be reached: in floats, and a little too early."""
    limits, began, peak = account.limits, account.day_equity, account.peak_equity
    warn = float(limits.warn_pct) / 100 * 0.999
    if began is not None:
        lost = float(began) - total
        if limits.max_daily_loss is not None and lost >= float(limits.max_daily_loss) * warn:
            return True
        pct = limits.max_daily_loss_pct
        if pct is not None and lost * 100 >= float(pct) * float(began) * warn:
            return True
    if peak is None:
        return True
    if total >= float(peak) * 1.001:
        return True
    limit = limits.max_drawdown_pct
    return limit is not None and (float(peak) - total) * 100 >= float(limit) * float(peak) * warn


def _weigh(account: AccountState, market: Market, marks: AccountMarks, gauge: Gauge, ts: int) -> list[Step]:
    used, before = gauge.used, marks.told.get(gauge.code, "info")
    text = f"{gauge.title}: {gauge.value:.2f} {gauge.unit} of {gauge.limit:f} {gauge.unit}"
    if used >= 100:
        wanted: TradingState = "HALTED" if account.limits.halt_on_breach else "REDUCING"
        steps: list[Step] = []
        if before != "critical":
            steps += _tell(
                account, marks, gauge.code, "critical", text, gauge.limit, gauge.value, ts, _stopped(wanted)
            )
        if account.state == "ACTIVE" or (wanted == "HALTED" and account.state == "REDUCING"):
            steps.append(
                TradingStateSet(
                    account=account.number,
                    state=wanted,
                    reason=text,
                    code=gauge.code,
                    actor="system",
                    ts=ts,
                )
            )
            steps += stop_adding(account, market, ts)
        return steps
    if used >= account.limits.warn_pct:
        if before != "info":
            return []
        return _tell(account, marks, gauge.code, "warn", text, gauge.limit, gauge.value, ts)
    if before != "info" and used < account.limits.warn_pct - SLACK:
        return _tell(account, marks, gauge.code, "info", text, gauge.limit, gauge.value, ts)
    return []


def stop_adding(account: AccountState, market: Market, ts: int) -> list[Step]:
    """Cancel every working order that could add to a position: stops and targets stay."""
    steps: list[Step] = []
    for order in account.orders.values():
        if isinstance(order.state, CancelInFlight) or order.leg is not None:
            continue
        if not Ask(account, market, order.terms, ts=ts, replacing=order).reduces:
            steps.append(CancelPlaced(account.number, order.id, "system", ts))
    return steps


def _stopped(state: TradingState) -> str:
    if state == "HALTED":
        return "The account is halted; orders that would add to a position are being cancelled."
    return "The account may only reduce from here on; orders that would add are being cancelled."


def _tell(
    account: AccountState,
    marks: AccountMarks,
    code: str,
    level: Level,
    text: str,
    limit: Decimal,
    value: Decimal,
    ts: int,
    more: str = "",
) -> list[Step]:
    if level == "info":
        marks.told.pop(code, None)
    else:
        marks.told[code] = level
    news = RiskNews(
        account=account.number, level=level, code=code, text=text, limit=limit, value=value, ts=ts
    )
    if level == "info":
        return [news]
    title = "A limit is broken" if level == "critical" and code != "margin" else "A limit is nearly used"
    if code == "margin":
        title = "Margin is nearly used up" if level == "critical" else "High margin"
    message = f"{text}. {more}".rstrip()
    severity: Literal["WARNING", "CRITICAL"] = "CRITICAL" if level == "critical" else "WARNING"
    return [
        news,
        Alert(account=account.number, severity=severity, title=title, message=message, ts=ts),
    ]
