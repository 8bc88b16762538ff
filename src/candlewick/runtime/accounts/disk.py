"""What people hear while the ledger cannot be written, and once it can be again.

An event of an account is on disk before anybody hears of it, so of this nothing could be told that way. It is
told beside: to the pages of every account without a number, and to all in the system's lane, whose log is a
file of its own. That it is over is an event like any other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from candlewick.core.clock import Clock, iso
from candlewick.runtime.accounts.figures import Figures

TITLE: Final = "The ledger cannot be written"
REFUSED: Final = "Orders are refused until it can be. Nothing that was confirmed is lost."
Notice = Callable[[str, str, str, int], None]


class DiskWatch:
    """Knows whether the ledger can be written, and tells of each change. Lives on the engine's event loop.

    Args:
        tell_all: a notice in the system's lane.
        tell_accounts: a numbered notice to each account, which is itself written to the ledger.
    """

    def __init__(self, figures: Figures, tell_all: Notice, tell_accounts: Notice, clock: Clock) -> None:
        self.trouble = ""
        self._figures = figures
        self._tell_all = tell_all
        self._tell_accounts = tell_accounts
        self._clock = clock
        self._since = 0

    def take(self, trouble: str) -> None:
        """The writer has a new trouble; the empty one: it has none any more."""
        trouble = trouble[:1].upper() + trouble[1:]
        before, self.trouble = self.trouble, trouble
        now = self._clock.now_ns()
        if not trouble:
            self._figures.show_notice(None)
            text = f"It could not be from {iso(self._since)} on. {before} Nothing is lost."
            self._tell_all("INFO", "The ledger is written again", text, now)
            self._tell_accounts("INFO", "The ledger is written again", text, now)
            return
        if not before:
            self._since = now
        text = f"{trouble} {REFUSED}"
        self._figures.show_notice(
            {"severity": "CRITICAL", "title": TITLE, "message": text, "timestamp": iso(self._since)}
        )
        self._tell_all("CRITICAL", TITLE, text, now)

    async def readiness(self) -> dict[str, Any]:
        """What keeps the engine from taking orders."""
        return {"missing": ["ledger"] if self.trouble else [], "reason": self.trouble or None}
