"""`candlewick strategy drift`: how far a strategy at work is from its backtest, cause by cause."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from typer import echo

from candlewick.cli.database import opened
from candlewick.cli.edge import AsJson, DataDir
from candlewick.cli.printing import print_json, table
from candlewick.cli.running import engine_of
from candlewick.cli.strategy_at_work import Id
from candlewick.core.errors import Conflict, EngineAway, NotYet

if TYPE_CHECKING:
    from candlewick.runtime.gateway.client import EngineLink
    from candlewick.runtime.settings import Settings
    from candlewick.store.models import StrategyAtWork

WITHIN_S: Final = 90.0  # longer than its backtest may take
AGAIN_S: Final = 0.5


def drift(id: Id, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Tell how far a strategy is from its backtest on the same bars, and why."""
    settings = opened(data_dir)
    from candlewick.runtime.strategies import desk
    from candlewick.store.models import Account

    row = desk.find(Account.objects.values_list("pk", flat=True), id)
    told = row.drift or asyncio.run(_worked_out(settings, row))
    if as_json:
        print_json(told)
        return
    rows = [(each.replace("_", " "), f"{money:+,.2f}", "") for each, money in told["causes"].items() if money]
    echo(f"{row.name} ({row.pk}), until {told['as_of'] or 'now'}")
    table(
        [
            ("", "money", ""),
            ("its backtest", f"{told['expected']:+,.2f}", "on the same bars since it began"),
            ("what it made", f"{told['actual']:+,.2f}", "at the same prices"),
            ("the gap", f"{told['gap']:+,.2f}", "the causes below sum to it"),
            *rows,
        ],
        right=(1,),
    )


async def _worked_out(settings: Settings, row: StrategyAtWork) -> dict[str, Any]:
    """What the engine finds, once it has.

    Raises:
        EngineAway: none runs, or it has not found it in time.
        Conflict: it does not know the strategy.
    """
    try:
        async with engine_of(settings) as link, asyncio.timeout(WITHIN_S):
            told = await _told(link, row)
    except TimeoutError:
        raise EngineAway(f"Its backtest did not end within {WITHIN_S:.0f} s. Ask again later.") from None
    if told is None:
        raise Conflict(f"{row.name} is {row.state}: its drift is told while the engine has it at work.")
    return told


async def _told(link: EngineLink, row: StrategyAtWork) -> dict[str, Any] | None:
    """What it says, once it has something to say."""
    import orjson

    while True:
        try:
            answer = await link.request("strategy.drift", account=row.account_id, id=row.pk)
            told: dict[str, Any] | None = orjson.loads(answer)
            return told
        except NotYet:
            await asyncio.sleep(AGAIN_S)
