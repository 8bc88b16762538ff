"""The limits of an account: set by a person, journalled, and the same for every road an order may come by."""

from __future__ import annotations

from decimal import Decimal

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None switches a limit off. Money is in the account's currency; a `pct` is of equity, in percent.

    Attributes:
        symbols: internal ids that may be traded; None: all.
        max_order_notional, max_position_notional: of one order, and of one instrument's position after it.
        max_gross_notional: of all positions together.
        max_leverage: of any perpetual.
        max_margin_pct: initial margin of positions and working orders, of equity.
        price_band_pct: how far a limit or stop price may be from the mark, on the side that would hurt.
        max_daily_loss: equity lost since 00:00 UTC; from then on the account may only reduce.
        max_daily_loss_pct: the same, of the equity the day began with.
        max_drawdown_pct: from the highest equity; from then on the account may only reduce.
        max_orders_per_minute: new orders and amendments in any 60 s.
        max_open_orders: working orders.
        max_sector_pct: gross exposure to one sector, of equity.
        max_correlated_pct: gross exposure to one group of instruments whose returns move together, of equity.
        max_data_age_s: how old the instrument's last market message may be.
        warn_pct: use of a limit from which an alert is raised.
        halt_on_breach: a broken daily loss or drawdown halts the account instead of letting it reduce.
    """

    symbols: tuple[str, ...] | None = None
    max_order_notional: Decimal | None = Decimal(50_000)
    max_position_notional: Decimal | None = Decimal(200_000)
    max_gross_notional: Decimal | None = Decimal(500_000)
    max_leverage: Decimal | None = Decimal(20)
    max_margin_pct: Decimal | None = Decimal(95)
    price_band_pct: Decimal | None = Decimal(10)
    max_daily_loss: Decimal | None = None
    max_daily_loss_pct: Decimal | None = Decimal(10)
    max_drawdown_pct: Decimal | None = Decimal(25)
    max_orders_per_minute: int | None = 60
    max_open_orders: int | None = 200
    max_sector_pct: Decimal | None = None
    max_correlated_pct: Decimal | None = None
    max_data_age_s: Decimal | None = Decimal(30)
    warn_pct: Decimal = Decimal(80)
    halt_on_breach: bool = False
