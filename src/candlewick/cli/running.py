"""The engine that runs on a data folder, for the verbs that ask it something."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from candlewick.core.errors import EngineAway

if TYPE_CHECKING:
    from candlewick.runtime.gateway.client import EngineLink
    from candlewick.runtime.settings import Settings

LOOK_S: Final = 2.0  # how long one that runs takes to be found


@asynccontextmanager
async def engine_of(settings: Settings, *, within_s: float = LOOK_S) -> AsyncIterator[EngineLink]:
    """A connection to it.

    Raises:
        EngineAway: none answers.
    """
    from candlewick.runtime.gateway.client import EngineLink

    link = EngineLink(settings.data_dir)
    await link.start()
    try:
        try:
            async with asyncio.timeout(within_s):
                while not link.connected:  # noqa: ASYNC110 - nothing else tells of it
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise EngineAway("No engine runs: start it with `candlewick up`.") from None
        yield link
    finally:
        await link.stop()
