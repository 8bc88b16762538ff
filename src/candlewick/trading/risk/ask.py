"""`Ask`: an order before the door, with what the rules want to know about it, found once and when needed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from decimal import Decimal
from functools import cached_property

from candlewick.core.instrument import Instrument
from candlewick.core.order import Order, Terms
from candlewick.ledger.contract import is_spot, settles_in, worth
from candlewick.trading.account import AccountState
from candlewick.trading.marks import Market
from candlewick.trading.risk.exposure import (
    ZERO,
    Claim,
    Exposure,
    Worst,
    claim,
    claims,
    exposure,
    exposures,
    worst,
)
from candlewick.trading.risk.funds import Funds, free_of
from candlewick.trading.valuing import Valuation, rate, value_of
from candlewick.trading.watch import Watch


class Ask:
    """One order, one account, one moment.

    Attributes:
        listed: the instrument, None if there is none of that id.
        replacing: the order whose terms these would replace; None: a new order.
        freed: ids of orders whose cancellation is decided together with this order: they claim nothing.
        urgent: the heart itself asks, to protect or to close: the account's state does not hold it back.
    """

    def __init__(
        self,
        account: AccountState,
        market: Market,
        terms: Terms,
        *,
        ts: int,
        order_id: str = "",
        stop_loss: Decimal | None = None,
        take_profit: Decimal | None = None,
        oco: str | None = None,
        replacing: Order | None = None,
        urgent: bool = False,
        freed: Collection[str] = (),
    ) -> None:
        self.account = account
        self.market = market
        self.terms = terms
        self.ts = ts
        self.stop_loss = stop_loss
        self.take_profit = take_profit
        self.replacing = replacing
        self.urgent = urgent
        self.freed = freed
        self._without = {*freed} if replacing is None else {*freed, replacing.id}
        self.listed: Instrument | None = market.instruments.get(terms.instrument)
        self._group = oco or order_id or "asked"

    def prices(self) -> Iterator[tuple[str, Decimal]]:
        """The prices that were given, with the names of their fields."""
        terms = self.terms
        for field, value in (
            ("limit_price", terms.limit_price),
            ("stop_price", terms.stop_price),
            ("trail", terms.trail),
            ("stop_loss", self.stop_loss),
            ("take_profit", self.take_profit),
        ):
            if value is not None:
                yield field, value

    def numbers(self) -> Iterator[tuple[str, Decimal]]:
        """Every number that was given, with the names of their fields."""
        yield "quantity", self.terms.quantity
        yield from self.prices()
        if self.terms.trail_percent is not None:
            yield "trail_percent", self.terms.trail_percent

    @property
    def instrument(self) -> Instrument:
        """The instrument; only for rules after the one that says that it is listed."""
        assert self.listed is not None
        return self.listed

    @cached_property
    def spot(self) -> bool:
        """Whether the asset itself is bought and sold."""
        return is_spot(self.instrument)

    @cached_property
    def watch(self) -> Watch | None:
        return self.market.watches.get(self.terms.instrument)

    @cached_property
    def mark(self) -> Decimal | None:
        """What the instrument is worth now; None: nothing was heard."""
        return self.market.exact(self.terms.instrument)

    @cached_property
    def quantity(self) -> Decimal:
        """What is still to be traded: without what an amended order has filled already."""
        filled = ZERO if self.replacing is None else self.replacing.filled
        return self.terms.quantity - filled

    @cached_property
    def held(self) -> Decimal:
        """The position, signed."""
        return self.account.position(self.terms.instrument)

    @cached_property
    def claimed(self) -> list[Claim]:
        """The claims of the other working orders."""
        return claims(self.account, without=self._without)

    @cached_property
    def claim(self) -> Claim:
        """The claim that the order would add."""
        return claim(self.terms, self.quantity, self._group)

    @cached_property
    def here(self) -> list[Claim]:
        """The claims of the other working orders on this instrument."""
        return [each for each in self.claimed if each.instrument == self.terms.instrument]

    @cached_property
    def before(self) -> Worst:
        """The position at worst, without the order."""
        return worst(self.held, self.here, spot=self.spot)

    @cached_property
    def after(self) -> Worst:
        """The position at worst, with the order."""
        return worst(self.held, [*self.here, self.claim], spot=self.spot)

    @cached_property
    def reduces(self) -> bool:
        """Whether it can do nothing but make the position smaller, whatever other orders do."""
        if self.terms.reduce_only:
            return True
        if self.spot:
            return self.terms.side == "sell"
        if self.terms.side == "buy":
            return self.held < 0 and self.after.longest <= 0
        return self.held > 0 and self.after.shortest >= 0

    @cached_property
    def expected(self) -> Decimal | None:
        """The price at which it should trade, at worst: its limit, its trigger, or what the book gives."""
        terms = self.terms
        if terms.limit_price is not None:
            return terms.limit_price
        if terms.order_type in ("stop", "take_profit"):
            return terms.stop_price
        if terms.order_type == "market":
            taking = self.market.taking_price(terms.instrument, terms.side, self.quantity)
            if taking is not None:
                slipped = self.account.settings.slippage_bps / 10_000
                return taking[0] * (1 + slipped if terms.side == "buy" else 1 - slipped)
        return self.mark

    @cached_property
    def worth(self) -> Decimal | None:
        """In quote, at the expected price."""
        if self.instrument.inverse:
            return self.quantity * self.instrument.contract_size
        return None if self.expected is None else self.quantity * self.expected

    @cached_property
    def notional(self) -> Decimal | None:
        """In the account's currency, at the expected price."""
        return self.value(self.worth, self.instrument.quote)

    @cached_property
    def fee(self) -> Decimal | None:
        """Estimate in the account's currency: as a taker, unless post-only."""
        return None if self.notional is None else self.notional * self.fee_rate

    @cached_property
    def fee_rate(self) -> Decimal:
        settings = self.account.settings
        fees = settings.spot_fees if self.spot else settings.perp_fees
        return fees.maker if self.terms.post_only else fees.taker

    @cached_property
    def exposures(self) -> dict[str, Exposure]:
        """Every instrument that the account is in or has orders on, at worst, with the order."""
        id = self.terms.instrument
        changed = exposure(self.account, self.market, id, [*self.here, self.claim])
        return self.exposures_before if changed is None else {**self.exposures_before, id: changed}

    @cached_property
    def exposures_before(self) -> dict[str, Exposure]:
        """The same without the order."""
        return exposures(self.account, self.market, self.claimed)

    @cached_property
    def exposure(self) -> Exposure:
        """Of the order's own instrument, with the order."""
        return self.exposures[self.terms.instrument]

    @cached_property
    def leverage(self) -> Decimal:
        """Set for the instrument; 1 for spot."""
        return self.account.book.leverage_of(self.terms.instrument)[0] if not self.spot else Decimal(1)

    @cached_property
    def valuation(self) -> Valuation:
        """The account at the marks of now, without working orders."""
        return value_of(self.account, self.market)

    @property
    def equity(self) -> Decimal | None:
        """What the account is worth; None: a mark is missing."""
        return self.valuation.total_value

    @cached_property
    def cost(self) -> Decimal | None:
        """Of a spot purchase, in quote, with the fee as if it were paid in quote."""
        return None if self.worth is None else self.worth * (1 + self.fee_rate)

    @cached_property
    def binds(self) -> Decimal | None:
        """What it takes of the currency in which it settles: cost, or margin and fee; 0 if it reduces."""
        if self.reduces:
            return ZERO
        if self.spot:
            return self.cost
        before = self.exposures_before.get(self.terms.instrument)
        margin, bound = self.exposure.margin, ZERO if before is None else before.margin
        if margin is None or bound is None or self.mark is None:
            return None
        return margin - bound + worth(self.instrument, self.quantity, self.mark) * self.fee_rate

    @property
    def unpriced(self) -> list[str]:
        """Symbols of what the account is in, and of which no mark is known."""
        return [each.instrument.symbol for each in self.exposures.values() if each.notional is None]

    @cached_property
    def settles_in(self) -> str:
        return settles_in(self.instrument)

    @cached_property
    def funds(self) -> Funds:
        """What is free of the currency that the order takes, before the order."""
        return free_of(
            self.account,
            self.market,
            self.settles_in,
            valuation=self.valuation,
            claimed=self.claimed,
            exposed=self.exposures_before,
        )

    def value(self, amount: Decimal | None, currency: str) -> Decimal | None:
        """An amount in the account's currency; None where either is unknown."""
        if amount is None:
            return None
        per_unit = rate(self.account, self.market, currency)
        return None if per_unit is None else amount * per_unit
