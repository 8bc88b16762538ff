"""What was lost today and since the highest equity, set against what may be."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from candlewick.trading.account import AccountState


class Gauge(NamedTuple):
    """A limit of loss: `value` of `limit`, both in `unit`."""

    code: str
    title: str
    value: Decimal
    limit: Decimal
    unit: str

    @property
    def used(self) -> Decimal:
        """In percent of the limit; at 100 it is broken."""
        if self.limit > 0:
            return self.value / self.limit * 100
        return Decimal(100) if self.value > 0 else Decimal(0)


def losses(account: AccountState, equity: Decimal) -> Iterator[Gauge]:
    """The gauges that hold for an account, at this equity."""
    limits, began, peak = account.limits, account.day_equity, account.peak_equity
    if began is not None:
        lost = max(began - equity, Decimal(0))
        if limits.max_daily_loss is not None:
            yield Gauge("max_daily_loss", "Daily loss", lost, limits.max_daily_loss, account.currency)
        if limits.max_daily_loss_pct is not None and began > 0:
            yield Gauge(
                "max_daily_loss_pct", "Daily loss", lost / began * 100, limits.max_daily_loss_pct, "%"
            )
    if limits.max_drawdown_pct is not None and peak is not None and max(peak, equity) > 0:
        top = max(peak, equity)
        yield Gauge("max_drawdown_pct", "Drawdown", (top - equity) / top * 100, limits.max_drawdown_pct, "%")
