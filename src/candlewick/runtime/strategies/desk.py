"""What people do with strategies at work. Needs Django; the web process and the command line come here.

A row says what is wanted; the engine does as it says, now or when it next runs. Who may see or trade with the
account is asked before: these functions know accounts by number.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.db.models import F

from candlewick.core.errors import Conflict, UsageError
from candlewick.research.describing import Described
from candlewick.runtime.strategies.spec import Spec, write
from candlewick.store.models import Account, StrategyAtWork, StrategyLine, WorkState
from candlewick.trading.strategy.param import Param

AT_ONCE: Final = 20  # strategies of one account that are not at their end; each has a process
LIVE: Final = (WorkState.RUNNING, WorkState.PAUSED, WorkState.STOPPING)


class UnknownStrategy(UsageError):
    """None of the person's accounts has such a strategy; whether another has is not told."""

    def __init__(self, id: str) -> None:
        super().__init__(f"You have no strategy {id[:40]!r} at work.")


def start(
    account: Account,
    strategy: Described,
    *,
    symbols: list[str],
    timeframe: str,
    parameters: Mapping[str, Any],
    fraction: Decimal | None = None,
    amount: Decimal | None = None,
    worth: Decimal | None = None,
) -> StrategyAtWork:
    """Put a strategy to work on an account.

    Args:
        symbols: internal ids.
        timeframe: of the bars; may be left empty where the strategy names its own.
        worth: of the account now; None: nobody knows it, and the amount is judged when it is known.

    Raises:
        UsageError: something of it makes no sense.
        Conflict: another strategy trades in one of these markets on this account, too many are at work, or it
            is archived.
    """
    if strategy.timeframe and timeframe not in ("", strategy.timeframe):
        raise UsageError(
            f"timeframe: {strategy.name} wants bars of {strategy.timeframe}, not of {timeframe}."
        )
    if not (strategy.timeframe or timeframe):
        raise UsageError("timeframe: say of which bars, as in 1h.")
    spec = Spec(
        strategy=strategy.reference,
        symbols=symbols,
        timeframe=timeframe or strategy.timeframe,
        parameters=_checked(strategy, parameters),
        fraction=fraction,
        amount=amount,
    )
    spec.check()
    if worth is not None:
        try:
            spec.capital(worth)
        except UsageError as error:
            raise UsageError(f"amount: {error}") from None
    source = "" if strategy.bundled else strategy.source
    now = time.time_ns()
    with transaction.atomic():
        # one at a time decides who may have a market
        if Account.objects.select_for_update().get(pk=account.pk).archived_at is not None:
            raise Conflict(f"The account {account.name!r} is archived.")
        others = StrategyAtWork.objects.filter(account=account, state__in=LIVE)
        if len(others) >= AT_ONCE:
            raise Conflict(f"{AT_ONCE} strategies are at work on this account already: stop one first.")
        for other in others:
            shared = sorted({*other.spec["symbols"]} & {*symbols})
            if shared:
                raise Conflict(
                    f"{other.name} trades {shared[0]} on this account already: stop it first, or use another "
                    "account, so that it is known whose a position is."
                )
        made = StrategyAtWork(
            account=account,
            name=strategy.name,
            spec=write(spec),
            source=source,
            code_hash=hashlib.sha256(strategy.source.encode()).hexdigest(),
            created_ns=now,
            changed_ns=now,
        )
        made.tag = f"{strategy.name}-{made.pk}"
        made.save(force_insert=True)
    return made


def find(accounts: Iterable[int], id: str) -> StrategyAtWork:
    """A strategy of one of these accounts.

    Raises:
        UnknownStrategy: none of them has it.
    """
    found = StrategyAtWork.objects.filter(pk=id, account__in=list(accounts)).first()
    if found is None:
        raise UnknownStrategy(id)
    return found


def of_account(account: int, *, ended: bool = True, limit: int = 100) -> list[StrategyAtWork]:
    """The newest strategies of an account; those at their end too, unless told otherwise."""
    found = StrategyAtWork.objects.filter(account=account)
    if not ended:
        found = found.filter(state__in=LIVE)
    return list(found.order_by("-created_ns", "-pk")[:limit])


def pause(strategy: StrategyAtWork, actor: str) -> StrategyAtWork:
    """Let it enter nothing new; its stops and targets go on protecting what it holds.

    Raises:
        Conflict: it does not run.
    """
    return _move(strategy, (WorkState.RUNNING,), WorkState.PAUSED, f"Paused by {actor}.", "paused")


def resume(strategy: StrategyAtWork, actor: str) -> StrategyAtWork:
    """Let it go on with the next bar that closes.

    Raises:
        Conflict: it is not paused.
    """
    return _move(strategy, (WorkState.PAUSED,), WorkState.RUNNING, "", "resumed")


def stop(strategy: StrategyAtWork, actor: str, *, close: bool) -> StrategyAtWork:
    """End it for good: its orders are taken back, and what it holds is closed at the market.

    Args:
        close: if not, what it holds stays, and from now on it is the account's like any other.

    Raises:
        Conflict: it has ended already.
    """
    to = WorkState.STOPPING
    reason = f"Stopped by {actor}." if close else f"Stopped by {actor}; what it held stays."
    keeps = {"spec": strategy.spec | {"keep_position": not close}}
    return _move(strategy, (WorkState.RUNNING, WorkState.PAUSED), to, reason, "stopped", **keeps)


def lines(strategy: StrategyAtWork, *, after: int = 0, limit: int = 200) -> list[StrategyLine]:
    """Its log: the newest lines behind number `after`, oldest first."""
    found = StrategyLine.objects.filter(strategy=strategy, seq__gt=after).order_by("-seq")[:limit]
    return list(reversed(found))


def _move(
    strategy: StrategyAtWork,
    states: tuple[WorkState, ...],
    to: WorkState,
    reason: str,
    what: str,
    **changes: Any,
) -> StrategyAtWork:
    moved = StrategyAtWork.objects.filter(pk=strategy.pk, state__in=states).update(
        state=to, reason=reason, changed_ns=time.time_ns(), revision=F("revision") + 1, **changes
    )
    now = StrategyAtWork.objects.get(pk=strategy.pk)
    if not moved:
        raise Conflict(f"{now.name} is {now.state} and cannot be {what}.")
    return now


def _checked(strategy: Described, given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters, each a value that may be given; what the strategy itself says of them comes later."""
    known = {each.name: each for each in strategy.parameters}
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name not in known:
            there = ", ".join(known) or "none"
            raise UsageError(f"parameters: {strategy.name} has no parameter {name[:40]!r}. It has: {there}.")
        told = known[name]
        param: Param[Any] = Param(
            told.default, low=told.low, high=told.high, step=told.step, choices=told.choices
        )
        param.name = name
        try:
            values[name] = param.read(strategy.name, value)
        except UsageError as error:
            raise UsageError(f"parameters: {error}") from None
    return values
