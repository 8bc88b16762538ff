"""What a view can reach beside its request: the engine, the hub, the lake."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from django.http import HttpRequest

if TYPE_CHECKING:
    from candlewick.store.lake import Lake
    from candlewick.web.bridge import Bridge
    from candlewick.web.link import Engine
    from candlewick.web.live.hub import Hub

ENVIRON_KEY: Final = "candlewick.services"


@dataclass
class Services:
    """The parts of the web process, handed to views through each request's environ."""

    engine: Engine
    hub: Hub
    market_dir: Path
    primary: str
    bridge: Bridge | None = None

    def end_sessions(self, keys: list[str]) -> None:
        """Close the live connections of sessions that have ended; from any thread."""
        self.engine.call(self.hub.close_sessions, keys)

    def close(self) -> None:
        """Release what was opened."""
        if "lake" in self.__dict__:
            self.lake.close()

    @cached_property
    def lake(self) -> Lake:
        """The lake, opened when it is first read."""
        from candlewick.store.lake import Lake

        return Lake(self.market_dir / "lake")


def services_of(request: HttpRequest) -> Services:
    """The services of the process that serves `request`."""
    services: Services = request.META[ENVIRON_KEY]
    return services
