"""What web processes may ask of accounts, verb by verb."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from candlewick.core import money
from candlewick.core.clock import Clock
from candlewick.core.errors import (
    CandlewickError,
    Conflict,
    UnknownAccount,
    UnknownOrder,
    UnknownSymbol,
    UsageError,
)
from candlewick.core.instrument import Instrument, parse_symbol
from candlewick.core.order import Order, Terms
from candlewick.core.reports import Fill
from candlewick.runtime.accounts import asking
from candlewick.runtime.accounts.bodies import Bodies
from candlewick.runtime.accounts.execution import Execution
from candlewick.runtime.accounts.shapes import encode
from candlewick.runtime.accounts.statement import statement
from candlewick.trading import commands
from candlewick.trading.account import AccountState
from candlewick.trading.engine import Engine
from candlewick.trading.risk.limits import Limits
from candlewick.trading.risk.verdict import Refused
from candlewick.trading.settings import AccountSettings
from candlewick.trading.valuing import rate

SIZES: Final = ("quantity", "notional", "equity_pct")
FIELDS: Final = frozenset(
    {"symbol", "side", "order_type", "limit_price", "stop_price", "trail", "time_in_force", "good_till"}
    | {"post_only", "reduce_only", "stop_loss", "take_profit", "oco", *SIZES}
)


class AccountRequests:
    """Answers requests about accounts from the heart, and hands it what people want."""

    def __init__(
        self,
        *,
        engine: Engine,
        execution: Execution,
        bodies: Bodies,
        find_order: Callable[[int, str], Awaitable[Order | None]],
        open_lanes: Callable[[int], None],
        go_live: Callable[[int, str, str], None],
        follow: Callable[[str], None],
        set_leverage: Callable[[commands.SetLeverage, str], Awaitable[None]],
        warm: Callable[[int], object],
        ready: Callable[[int], Awaitable[None]],
        primary: str,
        clock: Clock,
    ) -> None:
        self._engine = engine
        self._execution = execution
        self._bodies = bodies
        self._find_order = find_order
        self._open_lanes = open_lanes
        self._go_live = go_live
        self._follow = follow
        self._set_leverage = set_leverage
        self._warm = warm
        self._ready = ready
        self._primary = primary
        self._clock = clock
        self.verbs: dict[str, Callable[..., Awaitable[bytes]]] = {
            "account.open": self._open,
            "account.snapshot": self._read(bodies.whole),
            "account.portfolio": self._read(bodies.portfolio),
            "account.positions": self._read(bodies.positions),
            "account.orders": self._read(bodies.orders),
            "account.balances": self._read(bodies.balances),
            "account.risk": self._read(bodies.risk),
            "account.transfer": self._transfer,
            "account.settings": self._settings,
            "account.leverage": self._leverage,
            "account.import": self._import,
            "account.statement": self._statement,
            "order.preview": self._preview,
            "order.place": self._place,
            "order.cancel": self._cancel,
            "order.cancel_all": self._cancel_all,
            "order.amend": self._amend,
            "order.get": self._get,
            "position.close": self._close,
            "risk.kill": self._kill,
            "risk.state": self._state,
            "risk.limits": self._limits,
        }

    def _read(self, body: Callable[[int], Any]) -> Callable[..., Awaitable[bytes]]:
        async def answer(account: int) -> bytes:
            self._require(account)
            self._warm(account)  # whoever looks at an account may trade with it next
            told = encode(body(account))  # read before the wait: what is decided meanwhile is not on disk
            await self._execution.readable()
            return told

        return answer

    # --- accounts

    async def _open(
        self,
        account: int,
        name: str,
        currency: str,
        cash: str,
        actor: str,
        kind: str = "paper",
        venue: str | None = None,
        since: int | None = None,
        source: str = "",
    ) -> bytes:
        if account not in self._engine.desk.accounts:
            command = commands.OpenAccount(
                account=account,
                name=asking.words("name", name),
                kind=asking.choice("kind", kind, ("paper", "live")),
                currency=currency,
                cash=asking.decimal("cash", cash),
                venue=venue,
                since=since,
                actor=actor,
                ts=self._now(),
            )
            if kind == "live":
                self._go_live(account, name, venue or "")
            self._open_lanes(account)
            try:
                await self._execution.do(command, source)
            except CandlewickError:
                self._execution.lanes.forget(account)  # there is no such account whose state could be told
                raise
            if kind == "live":
                self._execution.reconcile(account)
        await self._execution.settled()  # it may have been opened by a request that is still being written
        return encode(self._bodies.portfolio(account))

    async def _transfer(
        self, account: int, id: str, currency: str, amount: str, memo: str, actor: str, source: str = ""
    ) -> bytes:
        self._require(account)
        command = commands.Transfer(
            account=account,
            id=id,
            currency=currency,
            amount=asking.decimal("amount", amount),
            memo=asking.words("memo", memo),
            actor=actor,
            ts=self._now(),
        )
        await self._execution.do(command, source)
        return encode(self._bodies.portfolio(account))

    async def _settings(
        self, account: int, settings: dict[str, Any] | None = None, actor: str = "", source: str = ""
    ) -> bytes:
        state = self._require(account)
        if settings is not None:
            whole = asking.merged(state.settings, settings, AccountSettings, "settings")
            command = commands.SetSettings(account=account, settings=whole, actor=actor, ts=self._now())
            await self._execution.do(command, source)
        return encode(state.settings)

    async def _leverage(
        self, account: int, symbol: str, leverage: str, margin_mode: str, actor: str, source: str = ""
    ) -> bytes:
        self._require(account)
        command = commands.SetLeverage(
            account=account,
            instrument=self._instrument(symbol).id,
            leverage=asking.decimal("leverage", leverage),
            margin_mode=asking.choice("margin_mode", margin_mode, ("cross", "isolated")),
            actor=actor,
            ts=self._now(),
        )
        await self._set_leverage(command, source)
        return encode(self._bodies.positions(account))

    async def _import(
        self,
        account: int,
        fills: list[dict[str, Any]],
        instruments: list[dict[str, Any]],
        actor: str,
        source: str = "",
    ) -> bytes:
        self._require(account)
        command = commands.ImportFills(
            account=account,
            fills=msgspec.convert(fills, tuple[Fill, ...], strict=False),
            instruments=msgspec.convert(instruments, tuple[Instrument, ...], strict=False),
            actor=actor,
            ts=self._now(),
        )
        await self._execution.do(command, source)
        return encode(self._bodies.portfolio(account))

    async def _statement(self, account: int) -> bytes:
        self._require(account)
        await self._execution.settled()
        return encode(statement(self._engine, account, primary=self._primary))

    # --- orders

    async def _preview(self, account: int, **request: Any) -> bytes:
        self._require(account)
        self._warm(account)  # the order itself may follow
        command = self._placing(account, request, actor="", origin="manual", key=None, tag="")
        if isinstance(command, Refused):
            return encode(self._bodies.refused(command))
        return encode(self._bodies.preview(command, self._engine.judge(command)))

    async def _place(
        self,
        account: int,
        actor: str,
        origin: str = "api",
        key: str | None = None,
        tag: str = "",
        source: str = "",
        **request: Any,
    ) -> bytes:
        self._require(account)
        await self._ready(account)
        if key and request.get("quantity") is None:
            sent = await self._sent_before(account, key, request)
            if sent is not None:
                return await self._get(account, sent.id)
        command = self._placing(account, request, actor=actor, origin=origin, key=key, tag=tag)
        if isinstance(command, Refused):
            raise self._bodies.as_error(command)
        await self._execution.do(command, source)
        known = self._engine.desk.by_key(account, key) if key else None
        return await self._get(account, known or command.order_id)

    async def _sent_before(self, account: int, key: str, request: Mapping[str, Any]) -> Order | None:
        """The order that a key stands for, where the size is asked for in money: that is another quantity
        each moment, so that the heart, which compares quantities, could not know the same request again.

        Raises:
            Conflict: it is an order of another kind.
        """
        known = self._engine.desk.by_key(account, key)
        if known is None:
            return None
        order = await self._found(self._require(account), known)
        instrument = self._instrument(request.get("symbol") or "")
        asked = instrument.id, request.get("side"), request.get("order_type")
        if asked != (order.terms.instrument, order.terms.side, order.terms.order_type):
            raise Conflict(
                f"The idempotency key {key!r} was used for order {order.id}, which asked for something else. "
                "Use a new key."
            )
        return order

    async def _cancel(self, account: int, order_id: str, actor: str, source: str = "") -> bytes:
        self._require(account)
        command = commands.Cancel(account=account, order_id=order_id, actor=actor, ts=self._now())
        await self._execution.do(command, source)
        return self._order(self._engine.desk.order(account, order_id))

    async def _cancel_all(
        self, account: int, actor: str, symbol: str | None = None, source: str = ""
    ) -> bytes:
        state = self._require(account)
        instrument = self._instrument(symbol).id if symbol else None
        named = [
            order.id
            for order in state.orders.values()
            if instrument is None or order.terms.instrument == instrument
        ]
        command = commands.CancelAll(account=account, instrument=instrument, actor=actor, ts=self._now())
        await self._execution.do(command, source)
        return await self._orders(account, named)

    async def _amend(
        self,
        account: int,
        order_id: str,
        actor: str,
        source: str = "",
        **changes: Any,
    ) -> bytes:
        self._require(account)
        fields = ("quantity", "limit_price", "stop_price", "trail")
        unknown = changes.keys() - set(fields)
        if unknown:
            raise UsageError(f"{min(unknown)}: this of an order cannot be changed.")
        trail, percent = asking.trail(changes.get("trail"))
        command = commands.Amend(
            account=account,
            order_id=order_id,
            quantity=asking.optional("quantity", changes.get("quantity")),
            limit_price=asking.optional("limit_price", changes.get("limit_price")),
            stop_price=asking.optional("stop_price", changes.get("stop_price")),
            trail=trail,
            trail_percent=percent,
            actor=actor,
            ts=self._now(),
        )
        await self._execution.do(command, source)
        return self._order(self._engine.desk.order(account, order_id))

    async def _get(self, account: int, order_id: str) -> bytes:
        state = self._require(account)
        order = await self._found(state, order_id)
        await self._execution.readable()
        return self._order(order)

    async def _close(
        self,
        account: int,
        actor: str,
        symbol: str | None = None,
        reverse: bool = False,
        origin: str = "manual",
        source: str = "",
    ) -> bytes:
        state = self._require(account)
        await self._ready(account)
        known = set(state.orders) | set(state.recent)
        now = self._now()
        command = commands.Close(
            account=account,
            order_id=asking.new_order_id(now),
            instrument=self._instrument(symbol).id if symbol else None,
            reverse=reverse,
            origin=asking.choice("origin", origin, asking.ORIGINS),
            actor=actor,
            ts=now,
        )
        await self._execution.do(command, source)
        return await self._orders(
            account, [each for each in (*state.orders, *state.recent) if each not in known]
        )

    # --- risk

    async def _kill(
        self, account: int, flatten: bool, actor: str, reason: str = "", source: str = ""
    ) -> bytes:
        self._require(account)
        command = commands.Kill(
            account=account,
            flatten=flatten,
            reason=asking.words("reason", reason),
            actor=actor,
            ts=self._now(),
        )
        await self._execution.do(command, source)
        return encode(self._bodies.risk(account))

    async def _state(self, account: int, state: str, actor: str, reason: str = "", source: str = "") -> bytes:
        self._require(account)
        command = commands.SetTradingState(
            account=account,
            state=asking.choice("state", state, ("ACTIVE", "REDUCING", "HALTED")),
            reason=asking.words("reason", reason),
            actor=actor,
            ts=self._now(),
        )
        await self._execution.do(command, source)
        return encode(self._bodies.risk(account))

    async def _limits(
        self, account: int, limits: dict[str, Any] | None = None, actor: str = "", source: str = ""
    ) -> bytes:
        state = self._require(account)
        if limits is not None:
            whole = asking.merged(state.limits, limits, Limits, "limits")
            if whole.symbols is not None:
                named = tuple(self._instrument(each).id for each in whole.symbols)
                whole = msgspec.structs.replace(whole, symbols=named)
            command = commands.SetLimits(account=account, limits=whole, actor=actor, ts=self._now())
            await self._execution.do(command, source)
        return encode(self._bodies.limits(account))

    # --- within

    def _placing(
        self,
        account: int,
        request: Mapping[str, Any],
        *,
        actor: str,
        origin: str,
        key: str | None,
        tag: str,
    ) -> commands.Place | Refused:
        unknown = request.keys() - FIELDS
        if unknown:
            raise UsageError(f"{min(unknown)}: an order has no such field.")
        instrument = self._instrument(request.get("symbol") or "")
        self._follow(instrument.id)  # what nobody looks at has no price to judge by
        trail, percent = asking.trail(request.get("trail"))
        limit_price = asking.optional("limit_price", request.get("limit_price"))
        stop_price = asking.optional("stop_price", request.get("stop_price"))
        quantity = self._quantity(account, instrument, request, limit_price or stop_price)
        if isinstance(quantity, Refused):
            return quantity
        now = self._now()
        command = commands.Place(
            account=account,
            order_id=asking.new_order_id(now),
            terms=Terms(
                instrument=instrument.id,
                side=asking.choice("side", request.get("side"), ("buy", "sell")),
                quantity=quantity,
                order_type=asking.choice("order_type", request.get("order_type"), asking.TYPES),
                limit_price=limit_price,
                stop_price=stop_price,
                trail=trail,
                trail_percent=percent,
                time_in_force=asking.choice(
                    "time_in_force", request.get("time_in_force") or "GTC", asking.TIMES
                ),
                good_till=asking.moment("good_till", request.get("good_till")),
                post_only=bool(request.get("post_only", False)),
                reduce_only=bool(request.get("reduce_only", False)),
            ),
            stop_loss=asking.optional("stop_loss", request.get("stop_loss")),
            take_profit=asking.optional("take_profit", request.get("take_profit")),
            oco=request.get("oco"),
            key=None if key is None else asking.words("key", key),
            origin=asking.choice("origin", origin, asking.ORIGINS),
            tag=asking.words("tag", tag),
            actor=actor,
            ts=now,
        )
        return command

    def _quantity(
        self, account: int, instrument: Instrument, request: Mapping[str, Any], price: Decimal | None
    ) -> Decimal | Refused:
        """The quantity, in whole lots where it is asked for as notional or as a part of equity."""
        given = [each for each in SIZES if request.get(each) is not None]
        if len(given) != 1:
            raise UsageError("quantity: give one of quantity, notional and equity_pct.")
        asked = asking.decimal(given[0], request[given[0]])
        if given[0] == "quantity":
            return asked
        if not price:
            mark = self._engine.mark(instrument.id)
            if mark is None:
                reason = f"{instrument.symbol} has no price yet: give a quantity."
                return Refused(code="no_price", reason=reason, field=given[0])
            price = Decimal(repr(mark))
        if given[0] == "equity_pct":
            equity = self._engine.desk.valuation(account).total_value
            worth = rate(self._require(account), self._engine.market, instrument.quote)
            if equity is None or not worth:
                reason = "What the account is worth in this market is not known now: give a quantity."
                return Refused(code="no_equity", reason=reason, field="equity_pct")
            asked = equity / worth * asked / 100
        contracts = asked / instrument.contract_size if instrument.inverse else asked / price
        return money.quantity(instrument, contracts)

    def _instrument(self, symbol: str) -> Instrument:
        found = (
            self._engine.market.instruments.get(parse_symbol(symbol, primary=self._primary))
            if symbol
            else None
        )
        if found is None:
            raise UnknownSymbol(symbol)
        return found

    def _require(self, account: int) -> Any:
        state = self._engine.desk.accounts.get(account)
        if state is None:
            raise UnknownAccount(account)
        return state

    def _order(self, order: Order) -> bytes:
        return encode(self._bodies.order(order))

    async def _orders(self, account: int, ids: list[str]) -> bytes:
        state = self._require(account)
        await self._execution.settled()  # a venue may have answered meanwhile, and that is not on disk yet
        # more may have ended at once than the heart keeps of those that are done: the rest is in the journal
        return encode([self._bodies.order(await self._found(state, each)) for each in ids])

    async def _found(self, state: AccountState, order_id: str) -> Order:
        order = state.find(order_id) or await self._find_order(state.number, order_id)
        if order is None:
            raise UnknownOrder(order_id)
        return order

    def _now(self) -> int:
        return self._clock.now_ns()
