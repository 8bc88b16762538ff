"""What the answers about accounts look like, for the documentation: the engine writes them itself."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from ninja import Schema
from pydantic import WithJsonSchema

# A JSON number, written from its Decimal and never through a float.
Exact = Annotated[Decimal, WithJsonSchema({"type": "number"})]
Side = Literal["buy", "sell"]
Status = Literal[
    "IN_FLIGHT", "OPEN", "PARTLY_FILLED", "CANCEL_IN_FLIGHT", "FILLED", "CANCELLED", "REJECTED", "EXPIRED"
]


class Problem(Schema):
    """An error, as RFC 9457 has it; `errors` tells them by field."""

    type: str
    title: str
    status: int
    detail: str
    errors: dict[str, list[str]] | None = None


class Refusal(Problem):
    """The risk door said no: the rule's `code`; its `limit` and the order's `value` where they decided."""

    code: str | None = None
    limit: Exact | None = None
    value: Exact | None = None


class Order(Schema):
    """An order as it stands. `price` is the mean of what is filled; `mark` what it was judged at."""

    id: str
    order_id: str
    account: int
    symbol: str
    instrument: str
    side: Side
    order_type: Literal["market", "limit", "stop", "stop_limit", "take_profit", "trailing_stop"]
    quantity: Exact
    filled_quantity: Exact
    remaining: Exact
    price: Exact | None
    limit_price: Exact | None
    stop_price: Exact | None
    trail: Exact | None
    trail_percent: Exact | None
    time_in_force: Literal["GTC", "IOC", "FOK", "GTD"]
    good_till: str | None
    post_only: bool
    reduce_only: bool
    status: Status
    reason: str
    stop_loss: Exact | None
    take_profit: Exact | None
    parent: str | None
    leg: Literal["stop_loss", "take_profit"] | None
    oco: str | None
    origin: str
    tag: str
    created_at: str
    updated_at: str


class Orders(Schema):
    """A page of orders."""

    items: list[Order]
    next: str | None


class Verdict(Schema):
    """Why the door would refuse."""

    code: str
    reason: str
    limit: Exact | None
    value: Exact | None
    field: str | None


class Preview(Schema):
    """What an order would cost and risk, at today's prices; null where it is not known."""

    ok: bool
    quantity: Exact | None
    mark: Exact | None
    notional: Exact | None
    cost: Exact | None
    margin: Exact | None
    fee: Exact | None
    leverage: Exact | None
    risk: Exact | None
    risk_pct: Exact | None
    reward: Exact | None
    reward_risk: Exact | None
    refusal: Verdict | None


class Position(Schema):
    """What is held of one instrument. `quantity` is signed."""

    account: int
    symbol: str
    instrument: str
    kind: str
    side: Literal["long", "short"]
    quantity: Exact
    avg_price: Exact
    current_price: Exact | None
    notional: Exact | None
    unrealized_pnl: Exact | None
    unrealized_pct: Exact | None
    realized_pnl: Exact
    fees: Exact
    funding: Exact
    leverage: Exact | None
    margin_mode: Literal["cross", "isolated"] | None
    initial_margin: Exact | None
    maintenance_margin: Exact | None
    liquidation_price: Exact | None
    opened_at: str
    stop_loss: Exact | None
    take_profit: Exact | None


class Balance(Schema):
    """Cash of one currency. `locked` is bound by working orders; `value` is in the account's currency."""

    currency: str
    total: Exact
    free: Exact
    locked: Exact
    value: Exact | None


class Portfolio(Schema):
    """An account at a glance, in its currency. A figure that cannot be stood behind is null."""

    account: int
    name: str
    kind: Literal["paper", "live"]
    currency: str
    state: Literal["ACTIVE", "REDUCING", "HALTED"]
    total_value: Exact | None
    cash: Exact | None
    unrealized_pnl: Exact | None
    realized_pnl: Exact | None
    day_pnl: Exact | None
    day_pnl_pct: Exact | None
    initial_margin: Exact | None
    maintenance_margin: Exact | None
    free_margin: Exact | None
    margin_pct: Exact | None
    drawdown_pct: Exact | None
    peak_value: Exact | None
    positions: int
    orders: int
    timestamp: str


class LimitUse(Schema):
    """A limit, and how much of it is used, in percent."""

    code: str
    title: str
    value: Exact | None
    limit: Exact | None
    pct: Exact | None


class Exposure(Schema):
    """Gross exposure to one sector or one group that moves together."""

    name: str
    notional: Exact
    pct: Exact | None


class Kill(Schema):
    """Where the kill switch stands."""

    active: bool
    flatten: bool
    remaining_orders: int
    remaining_positions: int


class Limits(Schema):
    """See `docs/risk.md`; null switches a limit off."""

    symbols: list[str] | None
    max_order_notional: Exact | None
    max_position_notional: Exact | None
    max_gross_notional: Exact | None
    max_leverage: Exact | None
    max_margin_pct: Exact | None
    price_band_pct: Exact | None
    max_daily_loss: Exact | None
    max_daily_loss_pct: Exact | None
    max_drawdown_pct: Exact | None
    max_orders_per_minute: int | None
    max_open_orders: int | None
    max_sector_pct: Exact | None
    max_correlated_pct: Exact | None
    max_data_age_s: Exact | None
    warn_pct: Exact
    halt_on_breach: bool


class Risk(Schema):
    """An account's risk now."""

    account: int
    state: Literal["ACTIVE", "REDUCING", "HALTED"]
    reason: str
    limits: Limits
    uses: list[LimitUse]
    equity: Exact | None
    margin_pct: Exact | None
    initial_margin: Exact | None
    maintenance_margin: Exact | None
    free_margin: Exact | None
    gross_notional: Exact | None
    net_notional: Exact | None
    leverage: Exact | None
    sectors: list[Exposure]
    groups: list[Exposure]
    drawdown_pct: Exact | None
    day_pnl: Exact | None
    open_orders: int
    open_positions: int
    orders_last_minute: int
    kill: Kill


class Tail(Schema):
    """Losses of one day, exceeded with probability 1 − `confidence`, and their mean beyond that."""

    confidence: float
    historical_var: float
    historical_es: float
    parametric_var: float
    parametric_es: float


class Shock(Schema):
    """What a change of prices would leave; `liquidated`: currencies whose margin would not hold."""

    name: str
    pnl: Exact | None
    equity: Exact | None
    margin_pct: Exact | None
    liquidated: list[str]


class TailRisk(Schema):
    """`days` is how many past days the figures rest on; with fewer than `least_days` there are none."""

    account: int
    currency: str
    days: int
    least_days: int
    without_history: list[str]
    tails: list[Tail]
    shocks: list[Shock]
