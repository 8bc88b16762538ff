"""Strategies at work: what is to run, on which account, and what it has said."""

from __future__ import annotations

import secrets

from django.db import models

from candlewick.store.models.accounts import Account


def new_id() -> str:
    """A strategy's public name. Its orders carry it, so it is short."""
    return secrets.token_hex(5)


class WorkState(models.TextChoices):
    """What is wanted of a strategy; `stopping`: its position is still to be closed."""

    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    STOPPED = "stopped"


class StrategyAtWork(models.Model):
    """A strategy that trades on an account.

    The row says what is to run; the engine does as it says, whenever it starts. The engine writes it in plain
    SQL (`candlewick.runtime.strategies.rows`), without Django; hence times are integer nanoseconds (UTC).
    What it holds and has earned stands in the ledger, under its tag.
    """

    id = models.CharField(primary_key=True, max_length=16, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="strategies", db_index=False)
    name = models.CharField(max_length=120)  # of the class
    tag = models.CharField(max_length=140, unique=True)  # what its orders carry
    spec = models.JSONField(default=dict)  # the whole request
    source = models.TextField(blank=True, default="")  # as it was when it was started
    code_hash = models.CharField(max_length=64, blank=True, default="")  # SHA-256 of `source`
    state = models.CharField(max_length=10, choices=WorkState.choices, default=WorkState.RUNNING)
    reason = models.TextField(blank=True, default="")  # why it is in this state, a sentence
    capital = models.CharField(max_length=40, blank=True, default="")  # exact; empty until it first begins
    figures = models.JSONField(null=True, blank=True)  # what it came to, once it has ended; sums as text
    drift = models.JSONField(null=True, blank=True)  # from its backtest, once it has ended
    restarts = models.PositiveIntegerField(default=0)
    created_ns = models.BigIntegerField()
    changed_ns = models.BigIntegerField()
    begun_ns = models.BigIntegerField(null=True, blank=True)  # when it first could trade
    ended_ns = models.BigIntegerField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=1)  # grows with every change

    class Meta:
        ordering = ["-created_ns", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=WorkState.values), name="strategy_state_is_known"
            ),
        ]
        indexes = [
            models.Index(fields=["account", "-created_ns", "-id"], name="strategy_of_account"),
            models.Index(fields=["state"], name="strategy_by_state"),
        ]

    def __str__(self) -> str:
        return self.tag


class StrategyLine(models.Model):
    """A line of a strategy's log: what it printed, and what became of it. Only the newest are kept."""

    strategy = models.ForeignKey(
        StrategyAtWork, on_delete=models.CASCADE, related_name="lines", db_index=False
    )
    seq = models.PositiveIntegerField()
    at_ns = models.BigIntegerField()
    kind = models.CharField(max_length=10)  # print, state, order, refused, missed, error
    text = models.TextField()

    class Meta:
        ordering = ["strategy_id", "seq"]
        constraints = [
            models.UniqueConstraint(fields=["strategy", "seq"], name="strategy_lines_are_numbered")
        ]

    def __str__(self) -> str:
        return self.text
