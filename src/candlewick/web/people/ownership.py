"""Opening, renaming, archiving and sharing accounts: what their owner may do."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from candlewick.core.errors import Conflict, UsageError
from candlewick.runtime.strategies import desk
from candlewick.store.models import PAPER_CASH, Account, AccountKind, AccountMember, User

AT_MOST: Final = 50  # accounts of one person that are not archived
CASH_AT_LEAST: Final = Decimal(1)
CASH_AT_MOST: Final = Decimal(1_000_000_000)


def open_paper_account(user: User, name: str, cash: Decimal = PAPER_CASH) -> Account:
    """A new paper account. What has gone wrong with another is left behind with it: nothing is ever reset.

    Raises:
        UsageError: the name is empty, or the cash is out of bounds.
        Conflict: the person has an account of this name, or too many.
    """
    if not CASH_AT_LEAST <= cash <= CASH_AT_MOST:
        raise UsageError(f"cash: Begin with at least {CASH_AT_LEAST} and at most {CASH_AT_MOST:,} USDT.")
    if user.accounts.filter(archived_at=None).count() >= AT_MOST:
        raise Conflict(f"You have {AT_MOST} accounts. Archive one first.")
    return _unique(Account(user=user, name=_name(name), kind=AccountKind.PAPER, starting_cash=cash))


def rename(account: Account, name: str) -> None:
    """Give an account another name.

    Raises:
        UsageError: it is empty.
        Conflict: another account of the person has it, or the account is live.
    """
    if account.kind == AccountKind.LIVE:
        raise Conflict("A live account keeps its name: candlewick.toml switches it on by it.")
    account.name = _name(name)
    _unique(account)


def archive(account: Account) -> None:
    """Put an account away: it can be looked at, and is traded with no more.

    Raises:
        Conflict: strategies are at work on it, or it is archived already.
    """
    with transaction.atomic():
        Account.objects.select_for_update().get(pk=account.pk)  # nobody starts one meanwhile
        if at_work := desk.of_account(account.pk, ended=False):
            names = ", ".join(sorted({each.name for each in at_work}))
            raise Conflict(f"{account.name} has strategies at work ({names}). Stop them first.")
        done = Account.objects.filter(pk=account.pk, archived_at=None).update(archived_at=timezone.now())
    if not done:
        raise Conflict(f"The account {account.name!r} is archived already.")


def share(account: Account, user: User, *, may_trade: bool) -> AccountMember:
    """Let somebody see an account and, if `may_trade`, trade with it; changes what they had.

    Raises:
        Conflict: it is their own.
    """
    if user.pk == account.user_id:
        raise Conflict("This is your own account: you may do everything with it.")
    member, _ = AccountMember.objects.update_or_create(
        account=account, user=user, defaults={"may_trade": may_trade}
    )
    return member


def _name(text: str) -> str:
    name = " ".join(text.split())
    longest = Account._meta.get_field("name").max_length or 0
    if not name or len(name) > longest:
        raise UsageError(f"name: Give the account a name of at most {longest} letters.")
    if name.isascii() and name.isdecimal():
        raise UsageError("name: A name of digits alone would be taken for an account's number.")
    return name


def _unique(account: Account) -> Account:
    try:
        with transaction.atomic():
            account.save()
    except IntegrityError:
        raise Conflict(f"You have an account {account.name!r} already. Choose another name.") from None
    return account
