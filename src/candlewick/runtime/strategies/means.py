"""What a strategy at work needs of the engine."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

from candlewick.core.clock import Clock
from candlewick.core.reports import Fill, FundingPaid
from candlewick.runtime.strategies.feed import Fetch
from candlewick.runtime.strategies.rates import Settlements
from candlewick.runtime.strategies.rows import Wanted
from candlewick.trading import commands
from candlewick.trading.engine import Engine


class Means(Protocol):
    """The engine, as one strategy sees it."""

    engine: Engine
    clock: Clock
    folder: Path
    fetch: Fetch
    funding: Settlements

    def do(self, command: commands.Command) -> Any: ...

    def set_leverage(self, command: commands.SetLeverage) -> Any: ...

    def follow(self, instrument: str) -> None: ...

    async def ready(self, account: int) -> None: ...

    async def settled(self) -> None:
        """Return when all that the heart decided so far is on disk, and was told."""
        ...

    async def fills(self, wanted: Wanted, symbols: list[str]) -> list[tuple[Fill | FundingPaid, bool]]:
        """What was booked in these instruments since it began, and whether it was the strategy's own."""
        ...

    async def begin(self, wanted: Wanted, capital: Decimal, now_ns: int) -> None: ...

    async def restarted(self, wanted: Wanted) -> None: ...
