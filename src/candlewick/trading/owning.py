"""Accounts themselves: how they begin, what money comes and goes, and what people set for them."""

from __future__ import annotations

from decimal import Decimal

from candlewick.core.errors import Conflict, UnknownSymbol, UsageError
from candlewick.core.instrument import Instrument
from candlewick.ledger.contract import is_spot
from candlewick.ledger.margin import max_leverage, tiers_of
from candlewick.trading.account import AccountState
from candlewick.trading.booking import is_bookable
from candlewick.trading.commands import (
    Kill,
    OpenAccount,
    SetLeverage,
    SetLimits,
    SetSettings,
    SetTradingState,
    Transfer,
)
from candlewick.trading.entries import (
    AccountOpened,
    LeverageAsked,
    LeverageSet,
    LimitsSet,
    SettingsSet,
    TradingStateSet,
    Transferred,
)
from candlewick.trading.marks import Market
from candlewick.trading.risk.funds import free_of
from candlewick.trading.risk.limits import Limits
from candlewick.trading.settings import AccountSettings
from candlewick.trading.steps import Step, Steps
from candlewick.trading.valuing import rate

ZERO = Decimal(0)


def open_account(command: OpenAccount) -> Steps:
    """Begin an account, with its first money.

    Raises:
        UsageError: what it is given cannot be right.
    """
    _check(command.cash, "The first deposit", least=ZERO)
    if command.kind == "live" and command.cash:
        raise UsageError("A live account has the money that its venue says. Open it with none.")
    if command.kind == "live" and command.venue is None:
        raise UsageError("A live account needs the venue at which it trades.")
    if command.since is not None and not 0 < command.since <= command.ts:
        raise UsageError("An account's history begins in the past: correct the time of its first fill.")
    since = command.ts if command.since is None else command.since
    opened = AccountOpened(
        account=command.account,
        name=command.name,
        kind=command.kind,
        currency=command.currency,
        venue=command.venue,
        settings=command.settings or AccountSettings(),
        limits=command.limits or Limits(),
        actor=command.actor,
        ts=since,
    )
    steps: list[Step] = [opened]
    if command.cash:
        steps.append(
            Transferred(
                account=command.account,
                id="opening",
                kind="deposit",
                currency=command.currency,
                amount=command.cash,
                value=command.cash,
                memo="opening balance",
                actor=command.actor,
                ts=since,
            )
        )
    return steps


def transfer(account: AccountState, market: Market, command: Transfer) -> Steps:
    """Money that a person puts into a paper account, or takes out of it.

    Raises:
        UsageError: there is nothing to move, not so much is free, or the account is live.
    """
    if account.kind == "live":
        raise UsageError(f"{account.name} is live: money comes to it and leaves it at {account.venue}.")
    if command.id in account.known_transfers:
        return ()
    if not command.amount:
        raise UsageError("The amount must not be 0.")
    _check(abs(command.amount), "The amount", least=ZERO)
    if command.amount < 0:
        free = _free(account, market, command.currency)
        if free is None:
            raise UsageError(
                f"What is free in {command.currency} is not known: a price is missing. Try later."
            )
        if -command.amount > free:
            raise UsageError(f"{max(free, ZERO):f} {command.currency} are free to leave {account.name}.")
    per_unit = rate(account, market, command.currency)
    return (
        Transferred(
            account=account.number,
            id=command.id,
            kind="deposit" if command.amount > 0 else "withdrawal",
            currency=command.currency,
            amount=command.amount,
            value=None if per_unit is None else command.amount * per_unit,
            memo=command.memo,
            actor=command.actor,
            ts=command.ts,
        ),
    )


def kill(account: AccountState, market: Market, command: Kill) -> Steps:
    """The kill switch: halted from here on; what follows from it is decided in `trading/kill`."""
    return (
        TradingStateSet(
            account=account.number,
            state="HALTED",
            reason=command.reason or "the kill switch was used",
            flatten=command.flatten,
            kill=True,
            actor=command.actor,
            ts=command.ts,
        ),
    )


def set_trading_state(account: AccountState, market: Market, command: SetTradingState) -> Steps:
    """Let the account trade, only reduce, or not at all. Ends a kill switch that is still at work."""
    if command.state == account.state and not account.kill and command.reason == account.reason:
        return ()
    return (
        TradingStateSet(
            account=account.number,
            state=command.state,
            reason=command.reason,
            actor=command.actor,
            ts=command.ts,
        ),
    )


def set_limits(account: AccountState, market: Market, command: SetLimits) -> Steps:
    """Set the account's limits.

    Raises:
        UsageError: a limit is not a number above zero.
    """
    for field in command.limits.__struct_fields__:
        value = getattr(command.limits, field)
        if isinstance(value, Decimal):
            _check(value, field)
        elif isinstance(value, int) and not isinstance(value, bool) and value < 0:
            raise UsageError(f"{field} must be 0 or more, but is {value}.")
    if command.limits.warn_pct > 100:
        raise UsageError("warn_pct must be at most 100: it is a part of each limit.")
    if command.limits == account.limits:
        return ()
    return (LimitsSet(account.number, command.limits, command.actor, command.ts),)


def set_settings(account: AccountState, market: Market, command: SetSettings) -> Steps:
    """Set fees, latency, slippage and what else belongs to the account.

    Raises:
        UsageError: a number is not one that somebody may mean.
    """
    settings = command.settings
    for name, rate_ in (
        ("spot maker", settings.spot_fees.maker),
        ("spot taker", settings.spot_fees.taker),
        ("perpetual maker", settings.perp_fees.maker),
        ("perpetual taker", settings.perp_fees.taker),
    ):
        if not rate_.is_finite() or abs(rate_) > Decimal("0.1"):
            raise UsageError(f"The {name} fee is a fraction of notional, 10 % at most, but is {rate_}.")
    if not 0 <= settings.latency_ms <= 60_000:
        raise UsageError(f"latency_ms must be 0 to 60000, but is {settings.latency_ms}.")
    _check(settings.slippage_bps, "slippage_bps", least=ZERO, most=Decimal(1_000))
    _check(settings.leverage, "leverage", least=Decimal(1), most=Decimal(200))
    if settings == account.settings:
        return ()
    return (SettingsSet(account.number, settings, command.actor, command.ts),)


def set_leverage(account: AccountState, market: Market, command: SetLeverage) -> Steps:
    """Set leverage and margin mode of a perpetual; of a live account, ask its venue to.

    Raises:
        UnknownSymbol: no such instrument is listed.
        UsageError: it is spot, or the leverage is more than its limits or its size allow.
        Conflict: the margin mode would change under a position or an order, or the margin is not there.
    """
    instrument = market.instruments.get(command.instrument)
    if instrument is None:
        raise UnknownSymbol(command.instrument)
    if is_spot(instrument):
        raise UsageError(f"{instrument.symbol} is spot: it is paid in full, without leverage.")
    _check(command.leverage, "leverage", least=Decimal(1), most=Decimal(200))
    limit = account.limits.max_leverage
    if limit is not None and command.leverage > limit:
        raise UsageError(
            f"{limit:f}x are allowed by the account's limits, but {command.leverage:f}x were asked."
        )
    before, mode = account.book.leverage_of(command.instrument)
    if account.kind == "paper" and (before, mode) == (command.leverage, command.margin_mode):
        return ()  # of a live account another change may be on its way, which this one is to undo
    working = any(order.terms.instrument == instrument.id for order in account.orders.values())
    if command.margin_mode != mode and (working or instrument.id in account.book.positions):
        raise Conflict(
            f"The margin mode of {instrument.symbol} cannot change while there is a position or an order. "
            "Close and cancel them first."
        )
    entry: type[LeverageSet | LeverageAsked] = LeverageAsked
    if account.kind == "paper":  # of a live one the venue says what its size and its money allow
        entry = LeverageSet
        _require_margin(account, market, instrument, command.leverage)
    return (
        entry(
            account=account.number,
            instrument=instrument.id,
            leverage=command.leverage,
            margin_mode=command.margin_mode,
            actor=command.actor,
            ts=command.ts,
        ),
    )


def _require_margin(account: AccountState, market: Market, instrument: Instrument, leverage: Decimal) -> None:
    position = account.book.positions.get(instrument.id)
    if position is None:
        return
    mark = market.exact(instrument.id)
    if mark is None:
        raise Conflict(f"No price of {instrument.symbol} was received yet. Wait until it is shown.")
    notional = position.notional(mark)
    cap = max_leverage(tiers_of(instrument), notional)
    if leverage > cap:
        raise UsageError(f"A position of this size in {instrument.symbol} may have {cap:f}x at most.")
    free = _free(account, market, position.currency)
    more = notional / leverage - notional / position.leverage
    if free is None or more > max(free, ZERO):
        raise Conflict(f"{leverage:f}x would bind {more:.2f} {position.currency} more than is free.")


def _free(account: AccountState, market: Market, currency: str) -> Decimal | None:
    """What may leave `currency`, what working orders claim taken off."""
    return free_of(account, market, currency).spendable


def _check(value: Decimal, what: str, *, least: Decimal = ZERO, most: Decimal = Decimal(10) ** 13) -> None:
    if not is_bookable(value) or not least <= value <= most:
        raise UsageError(f"{what} must be a number from {least:f} to {most:f}, but is {value}.")
