"""`candlewick key …`: keys of people's accounts at venues. Secrets are typed or piped in, and never shown."""

from __future__ import annotations

import sys
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option, echo

from candlewick.cli.database import open_at, opened
from candlewick.cli.edge import AsJson, DataDir
from candlewick.cli.printing import print_json
from candlewick.core.errors import UsageError
from candlewick.runtime.settings import Settings, load

if TYPE_CHECKING:
    from candlewick.store.keys import Vault
    from candlewick.store.models import Account, User, VenueKey

app = typer.Typer(
    name="key",
    help="Add, list, rotate and remove keys of venues.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Person = Annotated[str | None, Option("--user", help="Whose key; may be left out where there is one person.")]


@app.command()
def add(
    venue: Annotated[str, Argument(help="The venue, as `binance`.")],
    label: Annotated[str, Option(help="A name to tell the key by.")] = "main",
    user: Person = None,
    account: Annotated[str | None, Option(help="The live account that it trades for.")] = None,
    secret_file: Annotated[
        Path | None, Option(help="Read the secret from a file, as an Ed25519 private key in PEM.")
    ] = None,
    with_passphrase: Annotated[bool, Option(help="The venue gave a passphrase too.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Keep a key of a venue, encrypted. Asks for key and secret; piped in, one a line."""
    settings = opened(data_dir)
    from candlewick.store import venue_keys

    owner = _person(user)
    chosen = None if account is None else _account(owner, account)
    key = _secret("API key")
    secret = _secret("Secret") if secret_file is None else _from_file(secret_file)
    passphrase = _secret("Passphrase") if with_passphrase else None
    made = venue_keys.add(
        _vault(settings), owner, venue, label, key=key, secret=secret, passphrase=passphrase, account=chosen
    )
    _tell(made, f"Kept {made.shown} for {venue} as {label!r}.", as_json=as_json)


@app.command("list")
def show(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List keys: whose they are, what they trade for, and their first and last letters."""
    opened(data_dir)
    from candlewick.store.models import VenueKey

    keys = [_public(key) for key in VenueKey.objects.select_related("user", "account")]
    if as_json:
        print_json(keys)
        return
    for key in keys:
        account = key["account"] or "-"
        echo(f"{key['id']}  {key['venue']:<10} {key['label']:<16} {key['shown']}  {key['user']}  {account}")


@app.command()
def remove(id: Annotated[str, Argument(help="Its number in the list.")], data_dir: DataDir = None) -> None:
    """Forget a key. At the venue it stays valid until it is deleted there."""
    opened(data_dir)
    from candlewick.store import venue_keys

    gone = venue_keys.remove(id)
    echo(f"Forgot {gone.shown} of {gone.venue}. Delete it at the venue too.")


@app.command()
def rotate(data_dir: DataDir = None) -> None:
    """Encrypt every key anew under a new master key, and seal the audit with it. Candlewick must not run."""
    from candlewick.runtime.supervisor import owning

    settings = load(data_dir=data_dir)
    with owning(settings.data_dir):
        open_at(settings)
        from candlewick.store import venue_keys

        if settings.master_key_text is None:
            count = venue_keys.rotate(settings.data_dir, settings.ledger)
            echo(f"{count} keys are under a new master key, in {settings.data_dir / 'master.key'}.")
            return
        coming = _secret("New master key (32 bytes in base64)")
        old = settings.master_key_text
        count = venue_keys.rotate_given(settings.data_dir, old, coming, settings.ledger)
        echo(f"{count} keys are under the new master key. Set CANDLEWICK_MASTER_KEY to it now.")


def _vault(settings: Settings) -> Vault:
    from candlewick.store import keys

    return keys.Vault(keys.load(settings.data_dir, settings.master_key_text))


def _person(name: str | None) -> User:
    from candlewick.store.models import User

    people = User.objects.filter(username=name) if name is not None else User.objects.all()[:2]
    found = list(people)
    if len(found) == 1:
        return found[0]
    if name is not None:
        raise UsageError(f"There is nobody named {name!r}. `candlewick user list` shows who there is.")
    raise UsageError("Say whose key it is with --user NAME; `candlewick user list` shows who there is.")


def _account(owner: User, name: str) -> Account:
    from candlewick.store.models import Account

    found = Account.objects.filter(user=owner, name=name, archived_at=None).first()
    if found is None:
        raise UsageError(f"{owner.username} has no account {name!r}. `candlewick account list` shows them.")
    return found


def _secret(what: str) -> str:
    """A line that nobody sees being typed, or the next one of standard input."""
    try:
        given = getpass(f"{what}: ") if sys.stdin.isatty() else sys.stdin.readline()
        given.encode("ascii")
    except UnicodeError:
        raise UsageError(f"{what}: that holds letters that no venue gives. Copy it again.") from None
    if not given.strip():
        raise UsageError(f"{what}: nothing was given.")
    return given.strip()


def _from_file(path: Path) -> str:
    try:
        return path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise UsageError(f"{path} cannot be read: {reason}.") from None


def _public(key: VenueKey) -> dict[str, object]:
    return {
        "id": key.pk,
        "user": key.user.username,
        "venue": key.venue,
        "label": key.label,
        "shown": key.shown,
        "account": key.account.name if key.account is not None else None,
        "created_at": f"{key.created_at:%Y-%m-%dT%H:%M:%SZ}",
    }


def _tell(key: VenueKey, sentence: str, *, as_json: bool) -> None:
    if as_json:
        print_json(_public(key))
    else:
        echo(sentence)
