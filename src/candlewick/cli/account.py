"""`candlewick account …`: paper and live accounts, and histories of fills brought into them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer import Argument, Option, echo

from candlewick.core.errors import EngineAway, StoreLocked, UnknownAccount, UsageError
from candlewick.runtime.settings import Settings, load

if TYPE_CHECKING:
    from candlewick.runtime.accounts.offline import Offline
    from candlewick.store.models import Account, User

app = typer.Typer(
    name="account",
    help="List and show accounts; bring histories of fills into them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

DataDir = Annotated[Path | None, Option(help="Folder for database, history and settings.")]
AsJson = Annotated[bool, Option("--json", help="Print one JSON document and nothing else.")]
Name = Annotated[str | None, Option(help="Name of the account; may be left out where there is only one.")]
Owner = Annotated[str | None, Option("--user", help="Whose account, where several have that name.")]
Mark = Annotated[
    list[str] | None,
    Option(help="SYMBOL=PRICE to value a position at, while no engine runs. May be repeated."),
]
CHUNK: Final = 500  # fills handed to a running engine at once: the market goes on between


class Method(StrEnum):
    """Which lots a sale takes first."""

    fifo = "fifo"
    lifo = "lifo"
    hifo = "hifo"
    average = "average"


@app.command("list")
def show_all(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List every account and whose it is."""
    _ready(data_dir)
    from candlewick.store.models import Account

    found = [
        {
            "number": account.pk,
            "name": account.name,
            "owner": account.user.username,
            "kind": account.kind,
            "currency": account.currency,
            "archived": account.archived_at is not None,
        }
        for account in Account.objects.select_related("user").order_by("id")
    ]
    if as_json:
        echo(json.dumps(found))
        return
    for each in found:
        note = " (archived)" if each["archived"] else ""
        echo(f"{each['number']:>4}  {each['name']:<24} {each['owner']:<20} {each['kind']}{note}")


@app.command()
def show(
    account: Name = None,
    user: Owner = None,
    mark: Mark = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Balances, lots, realised and unrealised profit of an account."""
    settings = _ready(data_dir)
    row = _find(account, user)
    marks = _marks(mark)
    document = _statement(settings, row, marks)
    if as_json:
        echo(document)
        return
    _print(json.loads(document, parse_float=Decimal))


@app.command("go-live")
def go_live(
    name: Annotated[str, Argument(help="What the account is to be called.")],
    venue: Annotated[str, Option(help="The venue at which it trades.")] = "binance",
    user: Owner = None,
    data_dir: DataDir = None,
) -> None:
    """Make an account that trades with real money. Asks for its name again, typed by hand."""
    settings = _ready(data_dir)
    from candlewick.store.audit.recording import record
    from candlewick.store.models import Account

    switch = settings.accounts.get(name)
    if switch is None or not switch.live:
        raise UsageError(
            f"Write this into {settings.data_dir / 'candlewick.toml'} first:\n"
            f'  [accounts.{name}]\n  live = true\n  venue = "{venue}"\n  key = "main"'
        )
    if Account.objects.filter(name__iexact=name, archived_at=None).exists():
        raise UsageError(f"There is an account {name!r} already. Choose another name.")
    echo(f"{name} will send orders to {venue}, with real money. Nothing takes them back.")
    if typer.prompt(f"Type {name} to go on", default="", show_default=False) != name:
        raise UsageError("That was not its name: nothing was made.")
    owner = _owner(user)
    row = Account.objects.create(
        user=owner, name=name, kind="live", venue=venue, currency="USDT", starting_cash=0
    )
    about = {"name": name, "venue": venue, "owner": owner.username}
    record("command line", "account.go_live", f"account {row.pk}", after=about)
    echo(f"Made. Now: candlewick key add {venue} --label {switch.key} --account {name}")


@app.command("import-fills")
def import_fills(
    file: Annotated[Path, Argument(help="CSV: time,symbol,side,quantity,price,fee,fee_currency,order_id")],
    account: Annotated[str, Option(help="Name of a paper account; begun, without money, if there is none.")],
    method: Annotated[Method | None, Option(help="Which spot lots a sale takes first.")] = None,
    user: Owner = None,
    venue: Annotated[str | None, Option(help="Venue of the symbols; the primary one unless named.")] = None,
    cash: Annotated[str, Option(help="What an account that is begun starts with, in USDT.")] = "0",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Book a history of fills into a paper account; fills it has already change nothing."""
    settings = _ready(data_dir)
    text = _text(file)
    row = _find_or_begin(account, user, _amount("--cash", cash))
    booked = _import(settings, row, text, method, venue or settings.primary)
    if as_json:
        echo(_statement(settings, row, {}))
        return
    echo(
        f"{booked} fills of {file.name} are in {row.name}. `candlewick account show` tells what they came to."
    )


def _import(settings: Settings, row: Account, text: str, method: Method | None, venue: str) -> int:
    import msgspec

    from candlewick.ledger.csv_fills import read_fills
    from candlewick.trading.commands import ImportFills, SetSettings

    actor = row.user.username
    try:
        with _offline(settings, row) as desk:
            state = desk.engine.desk.accounts[row.pk]
            read = read_fills(text, account=row.pk, primary=venue, known=state.book.instruments.get)
            _require_readable(read.faults)
            if method is not None and method.value != state.settings.lot_method:
                wanted = msgspec.structs.replace(state.settings, lot_method=method.value)
                desk.do(SetSettings(account=row.pk, settings=wanted, actor=actor, ts=desk.now_ns()))
            desk.do(
                ImportFills(
                    account=row.pk,
                    fills=read.fills,
                    instruments=read.instruments,
                    actor=actor,
                    ts=desk.now_ns(),
                )
            )
            return len(read.fills)
    except StoreLocked:
        read = read_fills(text, account=row.pk, primary=venue)
        _require_readable(read.faults)
        asked: list[tuple[str, dict[str, Any]]] = []
        if method is not None:
            asked.append(("account.settings", {"settings": {"lot_method": method.value}, "actor": actor}))
        instruments = msgspec.to_builtins(read.instruments)
        for start in range(0, len(read.fills), CHUNK):
            fills = msgspec.to_builtins(read.fills[start : start + CHUNK])
            asked.append(("account.import", {"fills": fills, "instruments": instruments, "actor": actor}))
        asyncio.run(_ask(settings, row, asked))
        return len(read.fills)


def _statement(settings: Settings, row: Account, marks: dict[str, float]) -> bytes:
    from candlewick.runtime.accounts.shapes import encode

    try:
        with _offline(settings, row) as desk:
            return encode(desk.statement(row.pk, marks))
    except StoreLocked:
        if marks:
            raise UsageError("An engine runs and knows the prices: leave --mark out, or stop it.") from None
        return asyncio.run(_ask(settings, row, [("account.statement", {})]))


@contextmanager
def _offline(settings: Settings, row: Account) -> Iterator[Offline]:
    """The accounts on disk, with this one among them."""
    from candlewick.runtime.accounts.offline import Offline
    from candlewick.trading.commands import OpenAccount

    with Offline(settings) as desk:
        if row.pk not in desk.engine.desk.accounts:
            opening = _opening(row) | {"cash": row.starting_cash, "ts": desk.now_ns()}
            desk.do(OpenAccount(**opening))
        yield desk


async def _ask(settings: Settings, row: Account, requests: list[tuple[str, dict[str, Any]]]) -> bytes:
    """Have a running engine answer requests about an account, one after another; the last answer."""
    from candlewick.runtime.gateway.client import EngineLink

    link = EngineLink(settings.data_dir)
    await link.start()
    try:
        for _ in range(100):
            if link.connected:
                break
            await asyncio.sleep(0.1)
        try:
            await link.request("account.portfolio", account=row.pk)
        except UnknownAccount:
            await link.request("account.open", **_opening(row))
        answer = b""
        for verb, arguments in requests:
            answer = await link.request(verb, timeout_s=60, account=row.pk, **arguments)
        return answer
    except EngineAway as error:
        raise EngineAway(f"The accounts are in use by an engine, which does not answer: {error}") from None
    finally:
        await link.stop()


def _opening(row: Account) -> dict[str, Any]:
    return {
        "account": row.pk,
        "name": row.name,
        "kind": row.kind,
        "currency": row.currency,
        "cash": str(row.starting_cash),
        "venue": row.venue or None,
        "actor": row.user.username,
    }


def _find(name: str | None, user: str | None) -> Account:
    from candlewick.store.models import Account

    found = Account.objects.select_related("user").filter(archived_at=None).order_by("id")
    if name is not None:
        found = found.filter(pk=int(name)) if name.isdecimal() else found.filter(name__iexact=name)
    if user is not None:
        found = found.filter(user__username__iexact=user)
    rows = list(found[:2])
    if not rows:
        raise UsageError(f"There is no account {name!r}. `candlewick account list` tells which there are.")
    if len(rows) > 1:
        raise UsageError("Several accounts fit. Name one with --account, and its owner with --user.")
    return rows[0]


def _find_or_begin(name: str, user: str | None, cash: Decimal) -> Account:
    from candlewick.store.models import Account, User
    from candlewick.web.people.first_owner import first_owner

    try:
        return _find(name, user)
    except UsageError:
        if name.isdecimal() or Account.objects.filter(name__iexact=name, archived_at=None).exists():
            raise
    if not User.objects.exists():
        first_owner()
    return Account.objects.create(user=_owner(user), name=name, starting_cash=cash)


def _owner(user: str | None) -> User:
    from candlewick.store.models import User

    people = User.objects.filter(is_active=True).order_by("id")
    owner = people.filter(username__iexact=user).first() if user else people.filter(role="owner").first()
    if owner is None:
        raise UsageError(f"There is no person {user!r}. `candlewick user list` tells who there is.")
    return owner


def _require_readable(faults: Any) -> None:
    if faults:
        shown = "; ".join(f"line {fault.line}: {fault.text}" for fault in faults[:5])
        more = f" (and {len(faults) - 5} more)" if len(faults) > 5 else ""
        raise UsageError(f"Nothing was booked. {shown}{more}")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}.") from None


def _amount(flag: str, text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0:
        raise UsageError(f"{flag} takes an amount of 0 or more, not {text!r}.")
    return amount


def _marks(given: list[str] | None) -> dict[str, float]:
    marks: dict[str, float] = {}
    for each in given or []:
        symbol, equals, price = each.rpartition("=")
        try:
            marks[symbol] = float(price)
        except ValueError:
            marks[symbol] = 0.0
        if not equals or not 0 < marks[symbol] < float("inf"):
            raise UsageError(f"--mark takes SYMBOL=PRICE, not {each!r}.")
    return marks


def _print(document: dict[str, Any]) -> None:
    currency = document["currency"]
    echo(f"{document['name']} ({document['kind']}, lots by {document['method']})")
    for title, key in (
        ("Value", "total_value"), ("Cash", "cash"), ("Realised", "realized_pnl"),
        ("Unrealised", "unrealized_pnl"), ("Fees", "fees"), ("Funding", "funding"),
    ):  # fmt: skip
        echo(f"  {title:<11} {_money(document[key]):>20} {currency}")
    for each in document["balances"]:
        echo(f"  {each['currency']:<11} {each['total']:>20}")
    for each in document["positions"]:
        mark = f" at {each['mark']} ({each['marked_by']})" if each["mark"] is not None else ""
        echo(f"  {each['symbol']:<14} {each['quantity']} of {_money(each['avg_price'])}{mark}")
        for lot in each["lots"]:
            echo(f"    {lot['time']}  {lot['quantity']} for {_money(lot['price'])}")


def _money(value: Any) -> str:
    return "unknown" if value is None else f"{Decimal(value):,.8f}".rstrip("0").rstrip(".")


def _ready(data_dir: Path | None) -> Settings:
    from candlewick.web.boot import boot, migrate

    settings = load(data_dir=data_dir)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    boot(settings)
    migrate()
    return settings
