"""`candlewick user …`: who may sign in, and as what."""

from __future__ import annotations

import sys
from enum import StrEnum
from getpass import getpass, getuser
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option, echo

from candlewick.cli.database import opened
from candlewick.cli.edge import AsJson, DataDir
from candlewick.cli.printing import print_json
from candlewick.cli.web import address_of
from candlewick.core.errors import Conflict, UsageError

if TYPE_CHECKING:
    from candlewick.store.models import User

app = typer.Typer(
    name="user",
    help="Add and list people, change their role, reset their sign-in.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Name = Annotated[str, Argument(help="The name they sign in with.")]
FromStdin = Annotated[bool, Option(help="Read the password from standard input.")]


class RoleName(StrEnum):
    """What a person may do."""

    viewer = "viewer"
    trader = "trader"
    owner = "owner"


@app.command()
def add(
    name: Name,
    role: Annotated[RoleName, Option(help="What they may do.")] = RoleName.viewer,
    password_stdin: FromStdin = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Add a person. Without a password they get a login link; a trader gets a paper account."""
    opened(data_dir)
    from django.core.exceptions import ValidationError
    from django.db import transaction

    from candlewick.store.models import User
    from candlewick.web.people.first_owner import add_person

    try:
        User._meta.get_field("username").clean(name, None)  # what is written, and how long it may be
    except ValidationError as error:
        raise UsageError(" ".join(error.messages)) from None
    if User.objects.filter(username__iexact=name).exists():
        raise UsageError(f"There is a person named {name!r} already. Choose another name.")
    password = _password(name) if password_stdin else None
    with transaction.atomic():
        user = add_person(name, role.value, password)
        _note("user.add", name, after={"role": role.value})
    _tell(user, f"Added {name} as {role.value}.", as_json=as_json, with_link=password is None)


@app.command("list")
def show(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List everybody."""
    opened(data_dir)
    from candlewick.store.models import User

    people = [_public(user) for user in User.objects.order_by("username")]
    if as_json:
        print_json(people)
        return
    for person in people:
        notes = ["" if person["password"] else "no password", "" if person["active"] else "closed"]
        echo(f"{person['name']:<24} {person['role']:<7} {', '.join(note for note in notes if note)}".rstrip())


@app.command("role")
def change_role(
    name: Name,
    role: Annotated[RoleName, Argument(help="What they may do from now on.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Change what a person may do."""
    opened(data_dir)
    from django.db import transaction

    from candlewick.store.models import Role, User
    from candlewick.web.people.first_owner import give_paper_account

    user = _find(name)
    others = User.objects.filter(role=Role.OWNER, is_active=True).exclude(pk=user.pk)
    if user.role == Role.OWNER and role.value != Role.OWNER and not others.exists():
        raise Conflict(f"{name} is the only owner. Make somebody else an owner first.")
    with transaction.atomic():
        _note("user.role", name, before=user.role, after=role.value)
        user.role = role.value
        user.save(update_fields=["role"])
        if role.value != Role.VIEWER:
            give_paper_account(user)
    _tell(user, f"{name} is {role.value} now.", as_json=as_json, with_link=False)


@app.command()
def reset(
    name: Name,
    password_stdin: FromStdin = False,
    two_factor: Annotated[bool, Option("--two-factor", help="Turn two-factor sign-in off too.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Take a person's password, end their sessions, and give them a login link (or a new password)."""
    opened(data_dir)
    from django.db import transaction

    from candlewick.web.people.two_factor import turn_off

    user = _find(name)
    password = _password(name) if password_stdin else None
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])
        if two_factor:
            turn_off(user)
        _note("user.reset", name, after={"two_factor_off": two_factor})
    done = f"{name} is signed out everywhere" + (", and the new password is set." if password else ".")
    _tell(user, done, as_json=as_json, with_link=password is None)


def _note(action: str, name: str, *, before: object = None, after: object = None) -> None:
    """Whoever can run this command on this machine has done it: the system's name for them is the actor."""
    from candlewick.store.audit.recording import record

    record(f"{getuser()} (command line)", action, name, before=before, after=after)


def _find(name: str) -> User:
    from candlewick.store.models import User

    user = User.objects.filter(username=name).first()
    if user is None:
        raise UsageError(f"Nobody is named {name!r}. `candlewick user list` shows who there is.")
    return user


def _password(name: str) -> str:
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError

    from candlewick.store.models import User

    try:
        given = getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
        given.encode()  # in some locales what is no text is read all the same
    except UnicodeError:
        raise UsageError("The password on standard input is no text in UTF-8.") from None
    try:
        validate_password(given, User(username=name))
    except ValidationError as error:
        raise UsageError(" ".join(error.messages)) from None
    return given


def _public(user: User) -> dict[str, object]:
    return {
        "name": user.username,
        "role": user.role,
        "password": user.has_usable_password(),
        "active": user.is_active,
    }


def _tell(user: User, sentence: str, *, as_json: bool, with_link: bool) -> None:
    from candlewick.store.models import LoginLink
    from candlewick.web.boot import settings_in_force
    from candlewick.web.people.first_owner import login_path

    link = f"{address_of(settings_in_force().web)}{login_path(LoginLink.issue(user))}" if with_link else None
    if as_json:
        print_json(_public(user) | {"login_link": link})
        return
    echo(sentence)
    if link is not None:
        echo(f"Login link, works once within twelve hours: {link}")
