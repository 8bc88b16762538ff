"""`candlewick strategy start|pause|resume|stop|at-work`: strategies that trade, on paper or live."""

from __future__ import annotations

import asyncio
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer import Argument, Option, echo

from candlewick.cli.account_books import opening
from candlewick.cli.database import opened
from candlewick.cli.edge import AsJson, DataDir
from candlewick.cli.parameters import Parameters, pairs
from candlewick.cli.printing import print_json, table
from candlewick.cli.running import engine_of
from candlewick.core.errors import EngineAway, UnknownAccount, UnknownSymbol, UsageError

if TYPE_CHECKING:
    from candlewick.runtime.settings import Settings
    from candlewick.store.models import Account, StrategyAtWork

ACTOR: Final = "command line"

Id = Annotated[str, Argument(help="As `candlewick strategy at-work` tells it.")]
OfAccount = Annotated[str | None, Option("--account", help="Name or number, where there are several.")]
Owner = Annotated[str | None, Option("--user", help="Whose account, where several have that name.")]


def start(
    strategy: Annotated[str, Argument(help="A class, or file:Class of your folder.")],
    symbol: Annotated[list[str], Option(help="What it trades. May be repeated.")],
    timeframe: Annotated[str, Option(help="Of its bars, as 1h; the strategy's own if left out.")] = "",
    param: Parameters = None,
    fraction: Annotated[str | None, Option(help="Part of the account that it may use, as 0.25.")] = None,
    amount: Annotated[str | None, Option(help="Or so much of it, in the account's currency.")] = None,
    account: OfAccount = None,
    user: Owner = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Put a strategy to work: it trades from the next bar on, as long as the engine runs."""
    settings = opened(data_dir)
    from candlewick.core.instrument import parse_symbol
    from candlewick.research.describing import look
    from candlewick.research.loading import FOLDER
    from candlewick.runtime.strategies import desk
    from candlewick.store.audit.recording import record

    row = _account(account, user)
    ids = [parse_symbol(each, primary=settings.primary) for each in symbol]
    found = look(settings.data_dir / FOLDER).find(strategy)
    if row.kind == "live":
        _confirm(row)
    known, worth = asyncio.run(_known(settings, row))
    for text, id in zip(symbol, ids, strict=True):
        if known is not None and id not in known:
            raise UnknownSymbol(text)
    made = desk.start(
        row,
        found,
        symbols=ids,
        timeframe=timeframe,
        parameters=pairs(param or []),
        fraction=_number("--fraction", fraction),
        amount=_number("--amount", amount),
        worth=worth,
    )
    record(ACTOR, "strategy.start", f"strategy {made.pk}", after={"account": row.pk, "spec": made.spec})
    if as_json:
        print_json(_told(made))
        return
    echo(f"{made.name} is {made.pk} on {row.name}. `candlewick strategy at-work` tells how it is.")
    if known is None:
        echo("No engine runs now: it begins when `candlewick up` does.")


def pause(id: Id, data_dir: DataDir = None) -> None:
    """Let a strategy enter nothing new; its stops go on protecting what it holds."""
    _move("pause", id, data_dir)


def resume(id: Id, data_dir: DataDir = None) -> None:
    """Let a paused strategy go on with the next bar."""
    _move("resume", id, data_dir)


def stop(
    id: Id,
    keep_position: Annotated[
        bool, Option("--keep-position", help="Leave what it holds to the account, and do not close it.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """End a strategy for good: its orders are taken back, its position is closed at the market."""
    _move("stop", id, data_dir, close=not keep_position)


def at_work(
    account: OfAccount = None,
    ended: Annotated[bool, Option("--ended", help="Those too that were stopped.")] = False,
    user: Owner = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List the strategies at work."""
    opened(data_dir)
    from candlewick.store.models import StrategyAtWork, WorkState

    found = StrategyAtWork.objects.select_related("account").order_by("-created_ns")
    if account is not None or user is not None:
        found = found.filter(account=_account(account, user))
    if not ended:
        found = found.exclude(state=WorkState.STOPPED)
    rows = list(found)
    if as_json:
        print_json({"items": [_told(each) for each in rows]})
        return
    shown = [("id", "strategy", "account", "state", "trades", "")]
    for each in rows:
        markets = f"{', '.join(each.spec['symbols'])} {each.spec['timeframe']}"
        shown.append((each.pk, each.name, each.account.name, each.state, markets, each.reason))
    table(shown, right=())


def register(app: typer.Typer) -> None:
    """Add the verbs to `candlewick strategy`."""
    for verb in (start, pause, resume, stop):
        app.command()(verb)
    app.command("at-work")(at_work)


def _move(what: str, id: str, data_dir: Path | None, **how: Any) -> None:
    opened(data_dir)
    from candlewick.runtime.strategies import desk
    from candlewick.store.audit.recording import record
    from candlewick.store.models import Account

    everybody = Account.objects.values_list("pk", flat=True)
    row = getattr(desk, what)(desk.find(everybody, id), ACTOR, **how)
    now = {"state": row.state, "reason": row.reason}
    record(ACTOR, f"strategy.{what}", f"strategy {row.pk}", after=now)
    echo(f"{row.name} ({row.pk}): {row.state}.")


def _account(name: str | None, user: str | None) -> Account:
    from candlewick.cli.account import find

    return find(name, user)


async def _known(settings: Settings, row: Account) -> tuple[frozenset[str] | None, Decimal | None]:
    """What a running engine lists, and what the account is worth; the engine knows it from here on."""
    import msgspec

    try:
        async with engine_of(settings) as link:
            try:
                await link.request("strategy.look", account=row.pk)
            except UnknownAccount:
                await link.request("account.open", **opening(row))
            told = await link.request("account.portfolio", account=row.pk)
            worth = msgspec.json.Decoder(float_hook=Decimal).decode(told)["total_value"]
            return frozenset(link.instruments) or None, None if worth is None else Decimal(worth)
    except EngineAway:
        return None, None


def _confirm(row: Account) -> None:
    echo(f"{row.name} trades at {row.venue} with real money. So will the strategy; nothing takes it back.")
    if typer.prompt(f"Type {row.name} to go on", default="", show_default=False) != row.name:
        raise UsageError("That was not its name: nothing was started.")


def _number(flag: str, text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        raise UsageError(f"{flag} takes a number, not {text!r}.") from None


def _told(row: StrategyAtWork) -> dict[str, Any]:
    return {
        **row.spec,
        "id": row.pk,
        "strategy": row.name,
        "account": row.account_id,
        "state": row.state,
        "reason": row.reason,
        "restarts": row.restarts,
        "capital": row.capital or None,
        "figures": row.figures,
    }
