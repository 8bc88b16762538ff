"""Money that people trade with: who owns which account, and who else may see it or trade."""

from __future__ import annotations

from decimal import Decimal

from django.db import models

from candlewick.store.models.people import User

PAPER_CASH = Decimal(100_000)


class AccountKind(models.TextChoices):
    """Where the money of an account is."""

    PAPER = "paper"
    LIVE = "live"


class Account(models.Model):
    """Money that a person trades with. The engine knows it by its number; its history is never deleted.

    An account that is archived keeps its name for the records, and another may take it.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="accounts")
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=8, choices=AccountKind.choices, default=AccountKind.PAPER)
    venue = models.CharField(max_length=40, blank=True, default="")  # of a live account
    currency = models.CharField(max_length=12, default="USDT")
    starting_cash = models.DecimalField(max_digits=28, decimal_places=8, default=PAPER_CASH)
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "name"],
                condition=models.Q(archived_at=None),
                name="account_name_is_unique_per_user",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class AccountMember(models.Model):
    """Somebody whom an account's owner lets see it and, if `may_trade`, trade with it."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    may_trade = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["account", "user"], name="a_person_is_a_member_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user} of {self.account}"
