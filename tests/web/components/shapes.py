"""What the engine says of accounts, in the shapes of the product's own JSON."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.web import ground

INSTRUMENTS = {each["instrument"]: each for each in ground.INSTRUMENTS}


def position(
    symbol: str = "BTCUSDT-PERP", quantity: str = "0.420", pnl: str = "223.654", **more: Any
) -> dict[str, Any]:
    held = Decimal(quantity)
    return {
        "account": 1,
        "symbol": symbol,
        "instrument": f"sim:{symbol}",
        "kind": "perp" if symbol.endswith("-PERP") else "spot",
        "side": "long" if held > 0 else "short",
        "quantity": held,
        "avg_price": Decimal("66880.05"),
        "current_price": Decimal("67412.5"),
        "notional": Decimal("28313.25"),
        "unrealized_pnl": Decimal(pnl),
        "unrealized_pct": Decimal("3.98"),
        "realized_pnl": Decimal(0),
        "fees": Decimal("1.2"),
        "funding": Decimal(0),
        "leverage": Decimal(5),
        "margin_mode": "cross",
        "initial_margin": Decimal("5618.4"),
        "maintenance_margin": Decimal("140.2"),
        "liquidation_price": Decimal("55120.04"),
        "opened_at": "2026-01-26T12:00:00Z",
        "stop_loss": None,
        "take_profit": None,
    } | more


def portfolio(**more: Any) -> dict[str, Any]:
    return {
        "account": 1,
        "name": "Paper",
        "kind": "paper",
        "currency": "USDT",
        "state": "ACTIVE",
        "total_value": Decimal("100223.65"),
        "cash": Decimal("100000"),
        "unrealized_pnl": Decimal("223.654"),
        "realized_pnl": Decimal("-12.5"),
        "day_pnl": Decimal("211.15"),
        "day_pnl_pct": Decimal("0.21"),
        "initial_margin": Decimal("5618.4"),
        "maintenance_margin": Decimal("140.2"),
        "free_margin": Decimal("94605.25"),
        "margin_pct": Decimal("5.6"),
        "drawdown_pct": Decimal("0.4"),
        "peak_value": Decimal("100600"),
        "positions": 1,
        "orders": 0,
        "timestamp": "2026-01-26T12:00:00Z",
    } | more


def snapshot(*positions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "portfolio": portfolio(**more),
        "positions": list(positions),
        "orders": [],
        "balances": [],
        "risk": risk(),
    }


def order(**more: Any) -> dict[str, Any]:
    return {
        "id": "01j",
        "order_id": "01j",
        "account": 1,
        "symbol": "BTCUSDT-PERP",
        "instrument": "sim:BTCUSDT-PERP",
        "side": "buy",
        "order_type": "market",
        "quantity": Decimal("0.150"),
        "filled_quantity": Decimal("0.150"),
        "remaining": Decimal(0),
        "price": Decimal("67412.5"),
        "limit_price": None,
        "stop_price": None,
        "status": "FILLED",
        "reason": "",
    } | more


def preview(**more: Any) -> dict[str, Any]:
    return {
        "ok": True,
        "quantity": Decimal("0.150"),
        "mark": Decimal("67412.5"),
        "notional": Decimal("10111.875"),
        "cost": Decimal("10111.875"),
        "margin": Decimal("2022.375"),
        "fee": Decimal("5.055"),
        "leverage": Decimal(5),
        "risk": Decimal("151.88"),
        "risk_pct": Decimal("0.29"),
        "reward": Decimal("268.12"),
        "reward_risk": Decimal("1.766"),
        "refusal": None,
    } | more


def risk(**more: Any) -> dict[str, Any]:
    return {
        "account": 1,
        "state": "ACTIVE",
        "reason": "",
        "limits": {},
        "uses": [
            {
                "code": "max_daily_loss_pct",
                "title": "Daily loss",
                "value": Decimal("6.8"),
                "limit": Decimal(10),
                "pct": Decimal(68),
            },
            {
                "code": "max_open_orders",
                "title": "Open orders",
                "value": Decimal(3),
                "limit": Decimal(200),
                "pct": Decimal("1.5"),
            },
        ],
        "equity": Decimal("100223.65"),
        "margin_pct": Decimal("41"),
        "initial_margin": Decimal("41091"),
        "maintenance_margin": Decimal("1000"),
        "free_margin": Decimal("59132.65"),
        "gross_notional": Decimal("205455"),
        "net_notional": Decimal("205455"),
        "leverage": Decimal("2.05"),
        "sectors": [{"name": "Layer 1", "notional": Decimal("150000"), "pct": Decimal("149.7")}],
        "groups": [],
        "drawdown_pct": Decimal("7.1"),
        "day_pnl": Decimal("-680"),
        "open_orders": 3,
        "open_positions": 1,
        "orders_last_minute": 2,
        "kill": {"active": False, "flatten": False, "remaining_orders": 0, "remaining_positions": 0},
    } | more
