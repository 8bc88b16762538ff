"""What web processes may ask about strategies at work, verb by verb."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from candlewick.core.errors import UnknownAccount
from candlewick.runtime.accounts.execution import Execution
from candlewick.runtime.accounts.shapes import encode
from candlewick.runtime.strategies.house import Strategies

NOTHING: Final = b"null"


class StrategyRequests:
    """Answers from what strategies are doing now. What is wanted of them stands in their rows."""

    def __init__(self, strategies: Strategies, execution: Execution) -> None:
        self._strategies = strategies
        self._execution = execution
        self.verbs: dict[str, Callable[..., Awaitable[bytes]]] = {
            "strategy.list": self._list,
            "strategy.state": self._state,
            "strategy.look": self._look,
            "strategy.drift": self._drift,
        }

    async def _list(self, account: int) -> bytes:
        """The strategies of an account that are not at their end."""
        self._require(account)
        told = encode(self._strategies.of_account(account))
        await self._execution.readable()
        return told

    async def _state(self, account: int, id: str) -> bytes:
        """One strategy as it is now; null where it is at its end, or not known yet."""
        self._require(account)
        known = self._strategies.known.get(id)
        if known is None or known.account != account:
            return NOTHING
        told = encode(self._strategies.body(id))
        await self._execution.readable()
        return told

    async def _drift(self, account: int, id: str) -> bytes:
        """How far a strategy is from its backtest; null where it is at its end, or not known yet."""
        self._require(account)
        known = self._strategies.known.get(id)
        if known is None or known.account != account:
            return NOTHING
        return encode(await self._strategies.drift(id))

    async def _look(self, account: int) -> bytes:
        """A row of the account's strategies has changed; the account is known to the engine from here on."""
        self._require(account)
        self._strategies.look()
        return NOTHING

    def _require(self, account: int) -> None:
        if account not in self._strategies.engine.desk.accounts:
            raise UnknownAccount(account)
