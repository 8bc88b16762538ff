"""`candlewick account …`: paper and live accounts, and histories of fills brought into them."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Argument, Option, echo

from candlewick.cli.account_books import statement
from candlewick.cli.database import opened
from candlewick.cli.edge import AsJson, DataDir
from candlewick.cli.printing import print_json
from candlewick.core.errors import UsageError
from candlewick.runtime.settings import Settings

if TYPE_CHECKING:
    from candlewick.store.models import Account, User

app = typer.Typer(
    name="account",
    help="List and show accounts; bring histories of fills into them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Name = Annotated[str | None, Option(help="Name of the account; may be left out where there is only one.")]
Owner = Annotated[str | None, Option("--user", help="Whose account, where several have that name.")]
Mark = Annotated[
    list[str] | None,
    Option(help="SYMBOL=PRICE to value a position at, while no engine runs. May be repeated."),
]


class Method(StrEnum):
    """Which lots a sale takes first."""

    fifo = "fifo"
    lifo = "lifo"
    hifo = "hifo"
    average = "average"


@app.command("list")
def show_all(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List every account and whose it is."""
    opened(data_dir)
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
        print_json(found)
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
    settings = opened(data_dir)
    row = find(account, user)
    marks = _marks(mark)
    document = statement(settings, row, marks)
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
    settings = opened(data_dir)
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
    file: Annotated[
        Path,
        Argument(
            exists=True, dir_okay=False, help="CSV: time,symbol,side,quantity,price,fee,fee_currency,order_id"
        ),
    ],
    account: Annotated[str, Option(help="Name of a paper account; begun, without money, if there is none.")],
    method: Annotated[Method | None, Option(help="Which spot lots a sale takes first.")] = None,
    user: Owner = None,
    venue: Annotated[str | None, Option(help="Venue of the symbols; the primary one unless named.")] = None,
    cash: Annotated[str, Option(help="What an account that is begun starts with, in USDT.")] = "0",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Book a history of fills into a paper account; fills it has already change nothing."""
    from candlewick.cli.account_import import bring_in

    settings = opened(data_dir)
    text, money = _text(file), _amount("--cash", cash)
    _require_known_venue(settings, venue)
    found = _find_or_none(account, user)
    before = None if found is None or method is None else _method_so_far(settings, found)
    row, booked = bring_in(
        settings,
        text,
        found if found is not None else lambda: _begin(account, user, money),
        cash=money,
        method=None if method is None else method.value,
        venue=venue or settings.primary,
    )
    if before is not None and method is not None and before != method.value:
        echo(
            f"{row.name} took lots by {before} until now: what was booked stays as it is, and {method.value} "
            f"holds from here on. For all of it by {method.value}, import into another account.",
            err=True,
        )
    if as_json:
        echo(statement(settings, row, {}))
        return
    echo(
        f"{booked} fills of {file.name} are in {row.name}. `candlewick account show` tells what they came to."
    )


def find(name: str | None, user: str | None) -> Account:
    """The account that is named, or the only one there is.

    Raises:
        UsageError: there is none, or several fit.
    """
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


def _method_so_far(settings: Settings, row: Account) -> str | None:
    """Which lots an account has taken first; None: it has taken none yet."""
    told = json.loads(statement(settings, row, {}))
    return str(told["method"]) if told["realized"] or told["positions"] else None


def _find_or_none(name: str, user: str | None) -> Account | None:
    from candlewick.store.models import Account

    try:
        return find(name, user)
    except UsageError:
        if name.isdecimal() or Account.objects.filter(name__iexact=name, archived_at=None).exists():
            raise
        return None


def _begin(name: str, user: str | None, cash: Decimal) -> Account:
    from candlewick.store.models import Account, User
    from candlewick.web.people.first_owner import first_owner

    if not User.objects.exists():
        first_owner()
    return Account.objects.create(user=_owner(user), name=name, starting_cash=cash)


def _require_known_venue(settings: Settings, venue: str | None) -> None:
    """Make sure that `venue` is one whose symbols can be meant.

    Raises:
        UsageError: it is none; the sentence names those there are.
    """
    from candlewick.runtime.wiring import venue_ids

    known = venue_ids(settings)
    if venue is not None and venue not in known:
        raise UsageError(f"There is no venue {venue!r}. Use one of {', '.join(known)}.")


def _owner(user: str | None) -> User:
    from candlewick.store.models import User

    people = User.objects.filter(is_active=True).order_by("id")
    owner = people.filter(username__iexact=user).first() if user else people.filter(role="owner").first()
    if owner is None:
        raise UsageError(f"There is no person {user!r}. `candlewick user list` tells who there is.")
    return owner


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
        mark = f" at {_money(each['mark'])} ({each['marked_by']})" if each["mark"] is not None else ""
        echo(f"  {each['symbol']:<14} {each['quantity']} of {_money(each['avg_price'])}{mark}")
        for lot in each["lots"]:
            echo(f"    {lot['time']}  {lot['quantity']} for {_money(lot['price'])}")


def _money(value: Any) -> str:
    return "unknown" if value is None else f"{Decimal(value):,.8f}".rstrip("0").rstrip(".")
