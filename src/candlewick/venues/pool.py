"""As many connections as a venue's limit of streams per connection asks for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

from candlewick.venues.connection import Connection


class Pool:
    """Spreads streams over connections that each carry at most `capacity` of them."""

    def __init__(self, connect: Callable[[int], Connection], capacity: int) -> None:
        """`connect` makes the n-th connection."""
        self._connect = connect
        self._capacity = capacity
        self._connections: list[Connection] = []
        self._carrier: dict[str, Connection] = {}
        self._group: asyncio.TaskGroup | None = None

    def __iter__(self) -> Iterator[Connection]:
        return iter(self._connections)

    def want(self, stream: str) -> None:
        if stream in self._carrier:
            return
        for connection in self._connections:
            if len(connection.wanted) < self._capacity:
                break
        else:
            connection = self._connect(len(self._connections))
            self._connections.append(connection)
            if self._group is not None:
                self._group.create_task(connection.run())
        self._carrier[stream] = connection
        connection.want((stream,))

    def forget(self, stream: str) -> None:
        connection = self._carrier.pop(stream, None)
        if connection is not None:
            connection.forget((stream,))

    async def run(self) -> None:
        """Run all connections, also those that are yet to come, until cancelled."""
        try:
            async with asyncio.TaskGroup() as self._group:
                for connection in self._connections:
                    self._group.create_task(connection.run())
                await asyncio.Event().wait()
        finally:
            self._group = None
