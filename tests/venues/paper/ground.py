"""A small house around the paper venue: real folds of the market, and accounts that only count fills."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from candlewick.core.events import (
    BookChange,
    Connected,
    Derivative,
    Disconnected,
    Level,
    MarketEvent,
    Quote,
    Side,
    TimePassed,
    Trade,
)
from candlewick.core.instrument import Instrument
from candlewick.core.order import InFlight, Order, OrderType, Terms
from candlewick.core.reports import Fill, FundingPaid, Report
from candlewick.market.book import OrderBook
from candlewick.trading.settings import AccountSettings, Fees
from candlewick.venues.paper.venue import PaperVenue
from candlewick.venues.paper.views import Holding, Tier

SPOT = Instrument(
    id="sim:XY", venue="sim", symbol="XY", native="XY", kind="spot", base="X", quote="Y", settle="Y",
    tick=Decimal("0.1"), lot=Decimal("0.01"),
)  # fmt: skip
PERP = replace(SPOT, id="sim:XY-PERP", symbol="XY-PERP", kind="perp")
SETTINGS = AccountSettings(
    spot_fees=Fees(maker=Decimal("0.001"), taker=Decimal("0.002")),
    perp_fees=Fees(maker=Decimal("0.0002"), taker=Decimal("0.0005")),
)
S = 1_000_000_000
START = 1_760_000_000 * S


class Market:
    """`MarketView` over the real order book."""

    def __init__(self, *instruments: Instrument) -> None:
        self.instruments = {each.id: each for each in instruments}
        self.books = {each.id: OrderBook() for each in instruments}
        self.quotes: dict[str, Quote] = {}
        self.lasts: dict[str, float] = {}
        self.derivatives: dict[str, Derivative] = {}
        self.stale: set[str] = set()

    def fold(self, event: MarketEvent) -> None:
        match event:
            case Trade():
                self.lasts[event.instrument] = event.price
            case Quote():
                self.quotes[event.instrument] = event
            case BookChange():
                self.books[event.instrument].apply(event)
            case Derivative():
                self.derivatives[event.instrument] = event
            case Disconnected():
                self.stale |= set(self.instruments)
                for book in self.books.values():
                    book.desynchronise("disconnected")
            case Connected():
                self.stale.clear()
            case _:
                pass

    def instrument(self, id: str) -> Instrument | None:
        return self.instruments.get(id)

    def is_fresh(self, id: str) -> bool:
        return id not in self.stale

    def book(self, id: str) -> OrderBook | None:
        book = self.books[id]
        return book if book.synchronised else None

    def quote(self, id: str) -> Quote | None:
        return self.quotes.get(id)

    def last(self, id: str) -> float | None:
        return self.lasts.get(id)

    def mark(self, id: str) -> float | None:
        derivative = self.derivatives.get(id)
        return derivative.mark if derivative is not None else None

    def funding(self, id: str) -> tuple[float, int] | None:
        derivative = self.derivatives.get(id)
        if derivative is None or derivative.funding_rate is None or derivative.next_funding is None:
            return None
        return derivative.funding_rate, derivative.next_funding


class Accounts:
    """`AccountView`: average entry, cash after fees, one mark for all."""

    def __init__(self, settings: AccountSettings, cash: Decimal) -> None:
        self.in_force = settings
        self.cash = cash
        self.holdings: dict[tuple[int, str], Holding] = {}
        self.margins: dict[str, Decimal] = {}
        self.market: Market | None = None

    def accounts(self) -> Iterable[int]:
        return sorted({account for account, _ in self.holdings})

    def settings(self, account: int) -> AccountSettings:
        return self.in_force

    def position(self, account: int, instrument: str) -> Holding | None:
        return self.holdings.get((account, instrument))

    def positions(self, account: int) -> Iterable[Holding]:
        return [holding for (owner, _), holding in self.holdings.items() if owner == account]

    def cross(self, account: int, currency: str) -> tuple[float, float]:
        assert self.market is not None
        equity, margin = float(self.cash), 0.0
        for holding in self.positions(account):
            mark = self.market.mark(holding.instrument)
            if holding.margin is None and mark is not None:
                equity += float(holding.quantity) * (mark - float(holding.entry))
                margin += abs(float(holding.quantity)) * mark * TIERS[0][1]
        return equity, margin

    def tiers(self, instrument: str) -> Sequence[Tier]:
        return TIERS

    def book(self, report: Report) -> str | None:
        """Take a fill or a settlement; the instrument whose position changed."""
        if isinstance(report, FundingPaid):
            self.cash += report.amount
        if not isinstance(report, Fill):
            return None
        key = (report.account, report.instrument)
        held = self.holdings.get(key)
        before, entry = (held.quantity, held.entry) if held else (Decimal(0), Decimal(0))
        signed = report.quantity if report.side == "buy" else -report.quantity
        after = before + signed
        if before * signed < 0:
            closed = min(abs(before), abs(signed)) * (1 if before > 0 else -1)
            self.cash += closed * (report.price - entry)
            entry = report.price if before * after < 0 else entry
        else:
            entry = (before * entry + signed * report.price) / after
        self.cash -= report.fee
        if after:
            margin = self.margins.get(report.instrument)
            self.holdings[key] = Holding(
                instrument=report.instrument, quantity=after, entry=entry, margin=margin
            )
        else:
            self.holdings.pop(key, None)
        return report.instrument


TIERS: list[Tier] = [(0.0, 0.01, 0.0)]


class House:
    """Events in, reports out."""

    def __init__(
        self,
        *instruments: Instrument,
        settings: AccountSettings = SETTINGS,
        cash: int = 1_000_000,
        listen: bool = True,
    ) -> None:
        self.market = Market(*(instruments or (SPOT, PERP)))
        self.accounts = Accounts(settings, Decimal(cash))
        self.accounts.market = self.market
        self.venue = PaperVenue(self.market, self.accounts)
        self.reports: list[Report] = []
        self.now = START
        self.update = 0
        self.placed = 0
        if listen:
            self.venue.listen(self.hear)

    @classmethod
    def around(cls, market: Market, accounts: Accounts) -> House:
        """The same market and ledger after a start."""
        house = cls()
        house.market, house.accounts = market, accounts
        house.venue = PaperVenue(market, accounts)
        house.venue.listen(house.hear)
        house.venue.restore([], house.now)
        return house

    def hear(self, report: Report) -> None:
        self.reports.append(report)
        changed = self.accounts.book(report)
        if changed is not None:
            self.venue.position_changed(report.account, changed)

    def feed(self, event: MarketEvent) -> list[Report]:
        """One event; what the venue told of it."""
        before = len(self.reports)
        self.now = max(self.now, event.ts_received)
        self.market.fold(event)
        self.venue.on_event(event)
        return self.reports[before:]

    def place(
        self,
        side: Side,
        quantity: str,
        order_type: OrderType = "market",
        *,
        account: int = 1,
        id: str = "",
        instrument: Instrument = SPOT,
        **terms: Any,
    ) -> list[Report]:
        """Send an order; what the venue told at once. Numbers in `terms` may be text."""
        before = len(self.reports)
        self.placed += 1
        order = self.order(side, quantity, order_type, id=id or f"o{self.placed}", account=account,
                           instrument=instrument, **terms)  # fmt: skip
        self.venue.place(order)
        return self.reports[before:]

    def order(
        self,
        side: Side,
        quantity: str,
        order_type: OrderType = "market",
        *,
        id: str,
        account: int = 1,
        instrument: Instrument = SPOT,
        **terms: Any,
    ) -> Order:
        """An order on its way."""
        numbers: dict[str, Any] = {
            name: Decimal(value) if isinstance(value, str) and name not in WORDS else value
            for name, value in terms.items()
        }
        return Order(
            id=id,
            account=account,
            terms=Terms(
                instrument=instrument.id,
                side=side,
                quantity=Decimal(quantity),
                order_type=order_type,
                **numbers,
            ),
            state=InFlight(),
            origin="manual",
            created_at=self.now,
            updated_at=self.now,
        )

    def cancel(self, id: str, *, account: int = 1, instrument: Instrument = SPOT) -> list[Report]:
        before = len(self.reports)
        self.venue.cancel(self.order("buy", "1", id=id, account=account, instrument=instrument))
        return self.reports[before:]

    # The market, in few words

    def book(
        self,
        bids: Sequence[Level],
        asks: Sequence[Level],
        *,
        instrument: Instrument = SPOT,
        after_s: float = 0.0,
    ) -> list[Report]:
        """The whole book is this."""
        self.update += 1
        ts = self.pass_time(after_s)
        return self.feed(
            BookChange(instrument.id, True, list(bids), list(asks), None, self.update, None, ts, ts)
        )

    def quote(
        self,
        bid: float,
        bid_quantity: float,
        ask: float,
        ask_quantity: float,
        *,
        instrument: Instrument = SPOT,
    ) -> list[Report]:
        ts = self.pass_time(0.0)
        return self.feed(Quote(instrument.id, bid, bid_quantity, ask, ask_quantity, None, ts, ts))

    def trade(
        self,
        price: float,
        quantity: float,
        taker: Side,
        *,
        instrument: Instrument = SPOT,
        after_s: float = 0.0,
    ) -> list[Report]:
        self.pass_time(after_s)
        return self.feed(self.market_trade(price, quantity, taker, instrument=instrument))

    def market_trade(
        self,
        price: float,
        quantity: float,
        taker: Side,
        *,
        instrument: Instrument = SPOT,
        ts_exchange: int | None = None,
    ) -> Trade:
        self.update += 1
        ts = self.now if ts_exchange is None else ts_exchange
        return Trade(instrument.id, self.update, price, quantity, taker, ts, self.now)

    def mark(
        self,
        mark: float,
        *,
        rate: float | None = None,
        next_funding: int | None = None,
        instrument: Instrument = PERP,
        after_s: float = 0.0,
    ) -> list[Report]:
        ts = self.pass_time(after_s)
        return self.feed(
            Derivative(instrument.id, ts, ts, mark=mark, funding_rate=rate, next_funding=next_funding)
        )

    def wait(self, seconds: float) -> list[Report]:
        return self.feed(TimePassed(self.pass_time(seconds)))

    def disconnect(self) -> None:
        self.feed(Disconnected("sim", "stream", "gone", (), self.now))

    def reconnect(self) -> None:
        self.feed(Connected("sim", "stream", self.now))

    def pass_time(self, seconds: float) -> int:
        self.now += round(seconds * S)
        return self.now


WORDS = {"time_in_force"}


def told(reports: Iterable[Report]) -> list[Any]:
    """Reports in few words: fills as (order, price, quantity, liquidity), the rest as (order, name)."""
    words: list[Any] = []
    for report in reports:
        if isinstance(report, Fill):
            words.append((report.order_id, str(report.price), str(report.quantity), report.liquidity))
        elif isinstance(report, FundingPaid):
            words.append((report.instrument, "funding", f"{report.amount.normalize():f}"))
        else:
            words.append((getattr(report, "order_id", ""), type(report).__name__.lower()))
    return words
