"""What a command leaves in the audit: who asked for what, from where, and how it was before."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from candlewick.core.errors import OrderRefused
from candlewick.store.journal.batch import AuditRow
from candlewick.trading import commands
from candlewick.trading.commands import Command
from candlewick.trading.desk import Desk

ACTIONS: Final[dict[type, str]] = {
    commands.OpenAccount: "account.open",
    commands.Transfer: "account.transfer",
    commands.Place: "order.place",
    commands.Cancel: "order.cancel",
    commands.CancelAll: "order.cancel_all",
    commands.Amend: "order.amend",
    commands.Close: "position.close",
    commands.Kill: "risk.kill",
    commands.SetTradingState: "risk.state",
    commands.SetLimits: "risk.limits",
    commands.SetSettings: "account.settings",
    commands.SetLeverage: "account.leverage",
    commands.ImportFills: "account.import_fills",
}


def row(command: Command, origin: str, desk: Desk) -> AuditRow:
    """The row of a command that is about to be decided on."""
    return AuditRow(
        actor=command.actor,
        action=ACTIONS[type(command)],
        subject=_subject(command),
        origin=origin,
        before=_plain(_before(command, desk)),
        after=_after(command),
        ts=command.ts,
    )


def refused(asked: AuditRow, refusal: OrderRefused) -> AuditRow:
    """The row of a command that the door did not let pass."""
    after = {"asked": asked.after, "refused": refusal.code, "reason": str(refusal)}
    return msgspec.structs.replace(asked, action=f"{asked.action} refused", after=after)


def _subject(command: Command) -> str:
    order_id = getattr(command, "order_id", None)
    return f"account {command.account}" + (f" order {order_id}" if order_id else "")


def _before(command: Command, desk: Desk) -> Any:
    account = desk.accounts.get(command.account)
    if account is None:
        return None
    match command:
        case commands.SetLimits():
            return account.limits
        case commands.SetSettings():
            return account.settings
        case commands.SetTradingState() | commands.Kill():
            return account.state
        case commands.Amend(order_id=order_id):
            order = account.orders.get(order_id)
            return order.terms if order else None
    return None


def _after(command: Command) -> Any:
    if isinstance(command, commands.ImportFills):
        return {"fills": len(command.fills)}
    plain = _plain(command)
    return {key: plain[key] for key in plain if key not in {"account", "order_id", "actor", "ts"}}


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value)
