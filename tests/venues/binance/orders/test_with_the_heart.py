"""The heart and the simulated exchange, with this connector between them: two books that must agree."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from candlewick.core.clock import SystemClock
from candlewick.core.errors import OrderRefused
from candlewick.core.events import Quote
from candlewick.core.order import Terms
from candlewick.core.reports import Report, VenueState
from candlewick.trading.account import AccountState
from candlewick.trading.commands import Cancel, Command, OpenAccount, Place
from candlewick.trading.effects import AskVenue, Booked, Journal, SendAmend, SendCancel, SendOrder
from candlewick.trading.engine import Engine
from candlewick.trading.entries import Transferred
from candlewick.trading.risk.limits import Limits
from candlewick.venues.sim.server.app import Settings
from tests.venues.binance.orders.trader import PERP, SPOT, Heart, Trader, trading
from tests.venues.conformance import until
from tests.venues.sim.server.conftest import free_port, run_exchange

CAREFREE = Limits(
    max_orders_per_minute=None,
    max_order_notional=None,
    max_position_notional=None,
    max_gross_notional=None,
    max_margin_pct=None,
    max_daily_loss_pct=None,
    max_drawdown_pct=None,
    max_data_age_s=None,
)

ROUNDED = Decimal("0.00000001")


class Shell(Heart):
    """The least that a heart needs: its orders go to the venue, what the venue reports comes back."""

    def __init__(self, trader: Trader) -> None:
        super().__init__(trader)
        self.engine = Engine()
        self.transfers: list[Transferred] = []
        self.fills = 0
        self._asking: set[asyncio.Task[None]] = set()
        for instrument in trader.instruments.values():
            self.engine.list_instrument(instrument)
        opened = OpenAccount(
            account=1,
            name="main",
            kind="live",
            currency="USDT",
            cash=Decimal(0),
            limits=CAREFREE,
            venue="sim",
            actor="test",
            ts=self.now_ns(),
        )
        self.take(opened)

    def hear(self, report: Report) -> None:
        self.take(report)

    def knows(self, order_id: str) -> bool:
        return self.account.find(order_id) is not None

    @staticmethod
    def now_ns() -> int:
        return SystemClock().now_ns()

    @property
    def account(self) -> AccountState:
        return self.engine.desk.accounts[1]

    def take(self, event: Command | Report) -> None:
        for effect in self.engine.process(event):
            match effect:
                case SendOrder():
                    self.trader.venue.place(effect.order)
                case SendCancel():
                    self.trader.venue.cancel(effect.order)
                case SendAmend():
                    self.trader.venue.amend(effect.order, effect.terms)
                case AskVenue():
                    asking = asyncio.create_task(self.ask())
                    self._asking.add(asking)
                    asking.add_done_callback(self._asking.discard)
                case Journal(entry=Transferred() as entry):
                    self.transfers.append(entry)
                case Booked(fill=fill) if fill is not None:
                    self.fills += 1

    async def ask(self) -> None:
        working = tuple(self.account.orders.values())
        state = await self.trader.venue.state(1, working)
        self.take(_asked(state, {order.id for order in working}))

    async def quote(self, instrument: str) -> Quote:
        """Let the heart know the price of now."""
        book = await self.trader.feed.book_snapshot(instrument)
        (bid, bid_quantity), (ask, ask_quantity) = book.bids[0], book.asks[0]
        now_ns = self.now_ns()
        quote = Quote(instrument, bid, bid_quantity, ask, ask_quantity, None, now_ns, now_ns)
        self.engine.process(quote)
        return quote

    def place(self, id: str, instrument: str, **terms: Any) -> None:
        self.take(
            Place(
                account=1,
                order_id=id,
                terms=Terms(instrument=instrument, **terms),
                origin="api",
                actor="test",
                ts=self.now_ns(),
            )
        )


def _asked(state: VenueState, ids: set[str]) -> VenueState:
    return VenueState(
        account=state.account,
        venue=state.venue,
        orders=state.orders,
        fills=state.fills,
        balances=state.balances,
        positions=state.positions,
        ts=state.ts,
        asked=frozenset(ids),
    )


@contextlib.asynccontextmanager
async def _shell(settings: Settings) -> AsyncIterator[Shell]:
    shells: list[Shell] = []

    def heart(trader: Trader) -> Shell:
        shells.append(Shell(trader))
        return shells[0]

    with run_exchange(settings) as running:
        async with trading(running, "main", heart=heart):
            yield shells[0]


@pytest.mark.parametrize("seed", [1, 2])
async def test_after_a_storm_they_agree_to_the_last_coin_and_nothing_was_corrected(seed: int) -> None:
    draw = Random(seed)
    settings = Settings(port=free_port(), venues=("sim",), pace=5.0, seed=seed)
    async with _shell(settings) as shell:
        faults = {
            "user_duplicate": 0.2,
            "user_disconnect": "2s",
            "unknown": 0.15,
            "lost": 0.1,
        }
        await shell.trader.misbehave(faults)
        for number in range(20):
            instrument = draw.choice((SPOT, PERP))
            quote = await shell.quote(instrument)
            side = draw.choice(("buy", "sell"))
            terms: dict[str, Any] = {"side": side, "quantity": Decimal(draw.randint(1, 3))}
            if draw.random() < 0.3:
                price = Decimal(str(quote.bid if side == "buy" else quote.ask))
                terms |= {"order_type": "limit", "limit_price": price}
            with contextlib.suppress(OrderRefused):  # it would trade with one of our own
                shell.place(f"o-{number}", instrument, **{"order_type": "market"} | terms)
            await asyncio.sleep(draw.uniform(0, 0.1))
        for order in list(shell.account.orders.values()):
            shell.take(Cancel(account=1, order_id=order.id, actor="test", ts=shell.now_ns()))
        async with asyncio.timeout(110):
            while shell.account.orders:  # noqa: ASYNC110 (the venue's own time)
                await asyncio.sleep(0.1)
        await shell.trader.misbehave({})
        listed = [trade for each in (SPOT, PERP) for trade in await shell.trader.traded(each)]
        await until(lambda: shell.fills >= len(listed))
        state = await shell.trader.venue.state(1, [])
        assert state.balances is not None
        assert state.positions is not None
        theirs = {each.currency: each.free + each.locked for each in state.balances}
        ours = {name: value for name, value in shell.account.book.balances.items() if value}
        # the venue rounds what each closing of a contract made to eight places, the ledger does not
        assert ours.keys() == theirs.keys()
        assert all(abs(ours[name] - theirs[name]) < len(listed) * ROUNDED for name in theirs)
        contracts = {
            id: held.quantity
            for id, held in shell.account.book.positions.items()
            if not held.is_spot and held.quantity
        }
        assert contracts == {each.instrument: each.quantity for each in state.positions}
        assert shell.fills == len(listed) > 0
        corrected = [each for each in shell.transfers if each.kind != "deposit"]
        assert all(abs(each.amount) < len(listed) * ROUNDED for each in corrected)
        assert shell.engine.checks(1) == []
