"""What a view can reach beside its request: the engine, the hub, the lake."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from django.http import HttpRequest

from candlewick.core.errors import EngineAway, UnknownSymbol

if TYPE_CHECKING:
    from candlewick.store.journal.reader import Records
    from candlewick.store.lake import Lake
    from candlewick.store.writable import WriteCheck
    from candlewick.web.api.written import WrittenCandles
    from candlewick.web.bridge import Bridge
    from candlewick.web.link import Engine
    from candlewick.web.live.hub import Hub

ENVIRON_KEY: Final = "candlewick.services"


class Told(NamedTuple):
    """An answer about a market, and when it was given, on the monotonic clock."""

    at: float
    json: bytes


@dataclass
class Services:
    """The parts of the web process, handed to views through each request's environ."""

    engine: Engine
    hub: Hub
    market_dir: Path
    ledger: Path | str
    rows: Path | str
    primary: str
    bridge: Bridge | None = None
    candles_told: dict[Hashable, Told] = field(default_factory=dict)

    def ask_about(self, symbol: str, verb: str, **arguments: Any) -> bytes:
        """Ask the engine something about a symbol, in any spelling, and return its JSON answer.

        Raises:
            UnknownSymbol: nothing by that name is listed.
            EngineAway: the engine does not answer, or does not know yet what its venues list.
        """
        instrument = self.hub.directory.instrument(symbol)
        try:
            return self.engine.request(verb, symbol=instrument, **arguments)
        except UnknownSymbol:
            # We know it, so the engine has just begun.
            raise EngineAway("The engine has just been restarted. Try again in a moment.") from None

    def end_sessions(self, keys: list[str]) -> None:
        """Close the live connections of sessions that have ended; from any thread."""
        self.engine.call(self.hub.close_sessions, keys)

    def end_connections_of(self, users: list[int]) -> None:
        """Close the live connections of people whose rights have changed; they may come again at once."""
        self.engine.call(self.hub.close_people, users)

    def close(self) -> None:
        """Release what was opened."""
        if "lake" in self.__dict__:
            self.lake.close()
        if "records" in self.__dict__:
            self.records.close()
        if "write_check" in self.__dict__:
            self.write_check.close()

    @cached_property
    def lake(self) -> Lake:
        """The lake, opened when it is first read."""
        from candlewick.store.lake import Lake

        return Lake(self.market_dir / "lake")

    @cached_property
    def written_candles(self) -> WrittenCandles:
        """The lake's candles as JSON."""
        from candlewick.web.api.written import WrittenCandles

        return WrittenCandles(self.lake)

    @cached_property
    def records(self) -> Records:
        """What the ledger's database holds, for looking."""
        from candlewick.store.journal.reader import Records

        return Records(self.ledger)

    @cached_property
    def write_check(self) -> WriteCheck:
        """Whether the rows can be written."""
        from candlewick.store.writable import WriteCheck

        return WriteCheck(self.rows)


def services_of(request: HttpRequest) -> Services:
    """The services of the process that serves `request`."""
    services: Services = request.META[ENVIRON_KEY]
    return services
