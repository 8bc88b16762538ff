"""What a strategy at work made on paper, as a check of readiness is given it. Needs Django."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from candlewick.backtest.market import Market
from candlewick.core.clock import NS_PER_S
from candlewick.core.interval import open_time, seconds
from candlewick.core.reports import Fill
from candlewick.runtime.strategies.ownings import Ownings
from candlewick.store.journal.reader import Records
from candlewick.store.journal.records import BookedRecord
from candlewick.store.models import AccountKind, StrategyAtWork

_DAY_S: Final = 86_400
Times = NDArray[np.int64]


def runs(
    accounts: Iterable[int], strategy: str, symbols: Iterable[str], timeframe: str
) -> list[StrategyAtWork]:
    """The runs on paper of a strategy (its class) on exactly these markets and bars, the newest first.

    Args:
        accounts: those that the person may see.
        symbols: internal ids.
    """
    wanted = sorted(symbols)
    found = StrategyAtWork.objects.select_related("account").filter(
        account__in=list(accounts), account__kind=AccountKind.PAPER, begun_ns__isnull=False, name=strategy
    )
    return [
        row for row in found.order_by("-created_ns", "-pk")
        if sorted(row.spec["symbols"]) == wanted and row.spec["timeframe"] == timeframe
    ]  # fmt: skip


def run_of(row: StrategyAtWork, records: Records, markets: Sequence[Market]) -> dict[str, Any] | None:
    """A run as a check of readiness is asked with it (`kinds.readiness.OnPaper`).

    None: there are not two bars yet since it began, in the ledger's past and on these markets.

    Args:
        markets: with the bars of that time, and what their instruments are.
    """
    assert row.begun_ns is not None
    length = seconds(row.spec["timeframe"])
    # it answers the close of the bar in which it began: what it does shows from the next one on
    first = open_time(row.begun_ns // NS_PER_S, length) + length
    last = None if row.ended_ns is None else row.ended_ns // NS_PER_S - length
    opens = _looked_at(markets, first, last)
    booked = records.booked(row.account_id, row.spec["symbols"], row.begun_ns)
    worth = _worth(row, booked, markets, opens, length)
    if len(worth) < 2:
        return None
    return {
        "run": row.tag,
        "account": row.account.name,
        "parameters": row.spec.get("parameters", {}),
        "time": list(worth),
        "equity": list(worth.values()),
    }


def _looked_at(markets: Sequence[Market], first: int, last: int | None) -> list[int]:
    """Of the bars' open times the first, the last of each day, and the newest."""
    times: Times = np.unique(np.concatenate([market.bars.time for market in markets]))
    times = times[times >= first] if last is None else times[(times >= first) & (times <= last)]
    if not len(times):
        return []
    ends = np.flatnonzero(np.diff(times // _DAY_S, append=times[-1] // _DAY_S + 1))
    found: list[int] = times[np.union1d(ends, [0])].tolist()
    return found


def _worth(
    row: StrategyAtWork,
    booked: Sequence[BookedRecord],
    markets: Sequence[Market],
    opens: Sequence[int],
    length: int,
) -> Mapping[int, float]:
    """What its capital was worth when the bars that open at these times closed."""
    begun = row.begun_ns or 0
    ownings = Ownings(row.account_id, row.account.currency, Decimal(row.capital), Decimal(1), begun)
    for market in markets:
        if market.instrument is not None:
            ownings.know(market.instrument)
    waiting = sorted(booked, key=lambda record: record.money.ts)
    at, found = 0, {}
    for open_ in opens:
        while at < len(waiting) and waiting[at].money.ts <= (open_ + length) * NS_PER_S:
            money = waiting[at].money
            if isinstance(money, Fill):
                ownings.take(money, own=waiting[at].tag == row.tag)
            else:
                ownings.fund(money)
            at += 1
        worth = ownings.worth(_marks(markets, open_))
        if worth is not None:
            found[open_] = float(worth)
    return found


def _marks(markets: Sequence[Market], open_: int) -> dict[str, Decimal]:
    """The last close of each market, up to that of the bar that opens then."""
    marks = {}
    for market in markets:
        place = int(np.searchsorted(market.bars.time, open_, side="right")) - 1
        if place >= 0 and market.instrument is not None:
            marks[market.instrument.id] = Decimal(repr(float(market.bars.close[place])))
    return marks
