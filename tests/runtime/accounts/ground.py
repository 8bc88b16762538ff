"""Accounts on a real heart and a real journal, and a venue that remembers on disk what it took and filled."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import msgspec

from candlewick.core.account import MarginMode
from candlewick.core.clock import NS_PER_S, ManualClock
from candlewick.core.events import BookChange, Quote
from candlewick.core.order import Order, Terms
from candlewick.core.reports import Accepted, CancelRefused, Fill, Gone, VenueOrder, VenueState
from candlewick.runtime.accounts.accounts import Accounts
from candlewick.runtime.live import Live
from candlewick.runtime.publish.lanes import Lanes
from candlewick.runtime.publish.market import MarketLane
from candlewick.store.journal.journal import Journal
from candlewick.store.journal.reader import Records
from candlewick.store.lake import Lake, LakeWriter
from candlewick.store.lane_log import LaneLog
from candlewick.trading import commands
from candlewick.trading.engine import Engine
from candlewick.venues.execution import OrderHealth, OrderVenue, Tell
from tests.runtime.ground import BTC, INSTRUMENT, MINUTE, ScriptedFeed

ACCOUNT = 12
Status = Literal["OPEN", "PARTLY_FILLED", "FILLED", "CANCELLED"]


class FileVenue:
    """A venue with a memory of its own: what it takes and what it fills stands in its file before it answers.

    A market order is filled in two parts; a limit order rests until `cross`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.tell: Tell | None = None
        self.told: list[Any] = []

    # what it remembers

    def _read(self) -> list[dict[str, Any]]:
        lines = self._path.read_bytes().splitlines() if self._path.exists() else []
        return [msgspec.json.decode(line) for line in lines]

    def _write(self, **what: Any) -> None:
        with self._path.open("ab") as file:
            file.write(msgspec.json.encode(what) + b"\n")
            file.flush()
            os.fsync(file.fileno())

    @property
    def placed(self) -> dict[str, Terms]:
        """Every order it ever took, by our id."""
        rows = [each for each in self._read() if "placed" in each]
        return {each["placed"]: msgspec.convert(each["terms"], Terms, strict=False) for each in rows}

    @property
    def fills(self) -> list[Fill]:
        """Every fill it ever made."""
        return [msgspec.convert(each["fill"], Fill, strict=False) for each in self._read() if "fill" in each]

    def _gone(self) -> set[str]:
        return {each["gone"] for each in self._read() if "gone" in each}

    def filled(self, order_id: str) -> Decimal:
        """How much of an order it has filled."""
        return sum((each.quantity for each in self.fills if each.order_id == order_id), Decimal(0))

    # what it is asked

    def place(self, order: Order) -> None:
        if order.id in self.placed:
            return
        self._write(placed=order.id, terms=order.terms)
        self._say(Accepted(order.account, order.id, f"v-{order.id}", self._now(order)))
        if order.terms.order_type == "market":
            half = (order.terms.quantity / 2).quantize(Decimal("0.001"))
            self._fill(order, half, Decimal(100))
            self._fill(order, order.terms.quantity - half, Decimal("100.1"))

    def cancel(self, order: Order) -> None:
        if order.id not in self.placed or order.id in self._gone():
            unknown = "There is no such order."
            ts = self._now(order)
            self._say(CancelRefused(order.account, order.id, "-2011", unknown, ts, unknown=True))
            return
        if self.filled(order.id) == order.terms.quantity:
            return
        self._write(gone=order.id)
        self._say(Gone(order.account, order.id, "cancelled", self._now(order)))

    def amend(self, order: Order, terms: Terms) -> None:
        raise NotImplementedError

    def set_leverage(self, account: int, instrument: str, leverage: Decimal, mode: MarginMode) -> None:
        raise NotImplementedError

    def know(self, instrument: Any) -> None:
        pass

    def cross(self, order: Order, price: Decimal) -> None:
        """The market comes to a resting order and fills it, if it rests there."""
        if order.id not in self.placed or order.id in self._gone():
            return
        if self.filled(order.id) < order.terms.quantity:
            self._fill(order, order.terms.quantity - self.filled(order.id), price)

    async def state(self, account: int, working: Iterable[Order]) -> VenueState:
        gone, orders = self._gone(), []
        for id, terms in self.placed.items():
            filled = self.filled(id)
            status: Status = "PARTLY_FILLED" if filled else "OPEN"
            if filled == terms.quantity:
                status = "FILLED"
            elif id in gone:
                status = "CANCELLED"
            orders.append(
                VenueOrder(
                    order_id=id,
                    venue_id=f"v-{id}",
                    terms=terms,
                    filled=filled,
                    average_price=Decimal(100) if filled else None,
                    status=status,
                    ts=(MINUTE + 40) * NS_PER_S,
                )
            )
        return VenueState(
            account=account,
            venue="file",
            orders=tuple(orders),
            fills=tuple(self.fills),
            balances=None,
            positions=None,
            ts=(MINUTE + 50) * NS_PER_S,
        )

    async def run(self, tell: Tell) -> None:
        await asyncio.Event().wait()

    def _fill(self, order: Order, quantity: Decimal, price: Decimal) -> None:
        fill = Fill(
            account=order.account,
            id=f"f{len(self.fills) + 1}",
            order_id=order.id,
            instrument=order.terms.instrument,
            side=order.terms.side,
            price=price,
            quantity=quantity,
            fee=quantity * price / 1000,
            fee_currency="USDT",
            liquidity="taker",
            ts=self._now(order),
        )
        self._write(fill=fill)
        self._say(fill)

    def _now(self, order: Order) -> int:
        return order.updated_at

    def _say(self, report: Any) -> None:
        self.told.append(report)
        if self.tell is not None:
            self.tell(report)


class OneVenue:
    """`LiveTrading` of one account at one venue, if there is any."""

    def __init__(self, venue: OrderVenue | None, tell: Tell) -> None:
        self._venue = venue
        if isinstance(venue, FileVenue):
            venue.tell = tell

    @property
    def accounts(self) -> frozenset[int]:
        return frozenset() if self._venue is None else frozenset({ACCOUNT})

    def venue_of(self, account: int) -> OrderVenue | None:
        return self._venue

    def admit(self, account: int, name: str, venue: str) -> None:
        pass

    def know(self, instruments: object) -> None:
        pass

    def health(self) -> dict[int, OrderHealth]:
        return {}

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def close(self) -> None:
        pass


class House:
    """An engine process without sockets: a market that a test moves, accounts, and what they tell."""

    def __init__(self, folder: Path, venue: OrderVenue | None = None) -> None:
        self.clock = ManualClock((MINUTE + 30) * NS_PER_S)
        self.engine = Engine()
        self.system_lanes = Lanes(LaneLog(folder / "lanes.sqlite3"), ("alerts", "feeds"))
        self.lake = Lake(folder / "lake")
        self.lake_writer = LakeWriter(self.lake, interval_s=0.01)
        self.market = MarketLane(self.engine, "sim", lambda frames: None, lambda source: None)
        self.live = Live(
            engine=self.engine,
            feeds=[ScriptedFeed()],
            lanes=self.system_lanes,
            market=self.market,
            lake=self.lake,
            writer=self.lake_writer,
            clock=self.clock,
            record_trades=False,
        )
        self.live.list_instruments([INSTRUMENT])
        self.journal = Journal.open(folder / "ledger.sqlite3")
        self.records = Records(folder / "ledger.sqlite3")
        self.frames: list[bytes] = []
        self.accounts = Accounts(
            engine=self.engine,
            journal=self.journal,
            records=self.records,
            take=self.live.obey,
            send=self.frames.extend,
            start=self.live.start,
            follow=self.live.follow_too,
            live=lambda knows, tell: OneVenue(venue, tell),  # type: ignore[arg-type,return-value]
            funding=lambda id, begin, end: self.live.feed_of(id).funding(id, begin, end),
            tell_all=self.system_lanes.notice,
            primary="sim",
            clock=self.clock,
        )
        execution = self.accounts.execution
        self.live.keep_accounts(execution.carry_out, execution.seal, self.accounts.on_event, execution.notice)
        self.told: list[tuple[str, int, dict[str, Any]]] = []
        self.accounts.lanes.on_event = lambda name, seq, message: self.told.append(
            (name, seq, msgspec.json.decode(message))
        )
        self.book(100.0, 100.1)

    @property
    def execution(self) -> Any:
        return self.accounts.execution

    @property
    def state(self) -> Any:
        """The account as the heart has it."""
        return self.engine.desk.accounts[ACCOUNT]

    def book(self, bid: float, ask: float) -> None:
        """A quote and a whole book around it, now."""
        self.clock.advance(0.001)
        now = self.clock.now_ns()
        levels = [
            [(round(price + sign * step * 0.1, 2), 5.0) for step in range(10)]
            for price, sign in ((bid, -1), (ask, 1))
        ]
        self.live.take(BookChange(BTC, True, levels[0], levels[1], None, now, None, now, now))
        self.live.take(Quote(BTC, bid, 5.0, ask, 5.0, None, now, now))

    async def open(self) -> None:
        """The account begins, with 100,000 USDT."""
        await self.accounts.requests.verbs["account.open"](
            account=ACCOUNT, name="Paper", currency="USDT", cash="100000", actor="ann"
        )

    def place(self, id: str, **terms: Any) -> commands.Place:
        """A command for an order of 1 BTC at the market, unless told otherwise."""
        extra = {name: terms.pop(name) for name in ("key", "stop_loss", "take_profit") if name in terms}
        wanted: dict[str, Any] = {
            "instrument": BTC, "side": "buy", "quantity": Decimal(1), "order_type": "market", **terms
        }  # fmt: skip
        return commands.Place(
            account=ACCOUNT,
            order_id=id,
            terms=Terms(**wanted),
            origin="manual",
            actor="ann",
            ts=self.clock.now_ns(),
            **extra,
        )

    def cancel(self, id: str) -> commands.Cancel:
        return commands.Cancel(account=ACCOUNT, order_id=id, actor="ann", ts=self.clock.now_ns())

    async def close(self) -> None:
        await self.live.close()
        await self.accounts.close()
        await self.system_lanes.close()
        self.lake_writer.close()
        self.lake.close()
