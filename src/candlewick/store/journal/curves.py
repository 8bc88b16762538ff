"""How long what an account was worth is kept: each sample for a week, then one an hour, then one a day.

A year of minutes is half a million rows an account. The hours' own table, with their lowest and highest, and
what each day closed with stay as they are: longer curves and every figure of performance are made of those.
"""

from __future__ import annotations

from typing import Final

from candlewick.store.door import Connection

HOUR_NS: Final = 3_600_000_000_000
DAY_NS: Final = 24 * HOUR_NS
SAMPLES_KEPT_NS: Final = 7 * DAY_NS
HOURS_KEPT_NS: Final = 90 * DAY_NS

# of the samples of a stretch the last one stays: it is what the stretch closed with
_THIN: Final = """
DELETE FROM ledger_equity
WHERE account = ? AND ts < ? AND EXISTS (
    SELECT 1 FROM ledger_equity AS later
    WHERE later.account = ledger_equity.account AND later.ts > ledger_equity.ts
    AND later.ts < (ledger_equity.ts / {stretch} + 1) * {stretch}
)
"""
_TO_HOURS: Final = _THIN.format(stretch=HOUR_NS)
_TO_DAYS: Final = _THIN.format(stretch=DAY_NS)


def thin(connection: Connection, account: int, now: int) -> None:
    """Of samples older than a week keep each hour's last, of those older than 90 days each day's last."""
    connection.write(_TO_HOURS, [(account, samples_from(now))])
    connection.write(_TO_DAYS, [(account, (now - HOURS_KEPT_NS) // DAY_NS * DAY_NS)])


def samples_from(now: int) -> int:
    """When the samples begin of which none was left out; the hours before it are whole."""
    return (now - SAMPLES_KEPT_NS) // HOUR_NS * HOUR_NS
