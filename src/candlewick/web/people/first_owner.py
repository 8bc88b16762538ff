"""The owner who exists before anybody has signed in, and the link that lets them in."""

from __future__ import annotations

from django.db import transaction

from candlewick.store.models import Account, LoginLink, Role, User

_NAME = "owner"


def first_owner() -> str | None:
    """Make sure that an owner exists; while none has a password, return a link's path for them.

    The path is `/login/<token>/`, it works once, and each call makes the one before worthless.
    """
    with transaction.atomic():
        owners = User.objects.filter(role=Role.OWNER, is_active=True).order_by("id")
        if any(owner.has_usable_password() for owner in owners):
            return None
        owner = owners.first() or add_person(_free_name(), Role.OWNER)
        return login_path(LoginLink.issue(owner))


def add_person(name: str, role: str, password: str | None = None) -> User:
    """A new person. Who may trade gets a paper account of 100,000 USDT; without a password, none works."""
    with transaction.atomic():
        user = User(username=User.normalize_username(name), role=role)
        user.set_password(password)  # None makes it unusable
        user.save()
        if role != Role.VIEWER:
            give_paper_account(user)
    return user


def give_paper_account(user: User) -> None:
    """A paper account, unless the person has one."""
    Account.objects.get_or_create(user=user, name="Paper")


def login_path(token: str) -> str:
    """Where a login link leads."""
    return f"/login/{token}/"


def _free_name() -> str:
    taken = set(User.objects.filter(username__startswith=_NAME).values_list("username", flat=True))
    numbered = (f"{_NAME}{number}" for number in range(2, len(taken) + 3))
    return next(name for name in (_NAME, *numbered) if name not in taken)
