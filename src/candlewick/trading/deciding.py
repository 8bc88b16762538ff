"""What a command or a report leads to, by its kind. Nothing is changed by asking."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from candlewick.core.reports import (
    Accepted,
    Amended,
    AmendRefused,
    CancelRefused,
    ExternalOrder,
    Fill,
    FundingPaid,
    Gone,
    LeverageRefused,
    LeverageTaken,
    Refused,
    Report,
    Triggered,
)
from candlewick.trading import changing, importing, owning, placing, reporting
from candlewick.trading.account import AccountState
from candlewick.trading.commands import (
    Amend,
    Cancel,
    CancelAll,
    Close,
    Command,
    ImportFills,
    Kill,
    Place,
    SetLeverage,
    SetLimits,
    SetSettings,
    SetTradingState,
    Transfer,
)
from candlewick.trading.marks import Market
from candlewick.trading.steps import Steps


def decide(account: AccountState, market: Market, event: Command | Report) -> Steps:
    """Entries and news that follow from an event about an account.

    Raises:
        OrderRefused, UnknownOrder, Conflict, UsageError: a command cannot be carried out.
    """
    return _DECISIONS[type(event)](account, market, event)


_DECISIONS: Final[dict[type, Callable[[AccountState, Market, Any], Steps]]] = {
    Transfer: owning.transfer,
    Place: placing.place,
    Close: placing.close,
    Cancel: changing.cancel,
    CancelAll: changing.cancel_all,
    Amend: changing.amend,
    Kill: owning.kill,
    SetTradingState: owning.set_trading_state,
    SetLimits: owning.set_limits,
    SetSettings: owning.set_settings,
    SetLeverage: owning.set_leverage,
    ImportFills: importing.import_fills,
    Accepted: reporting.about_order,
    Refused: reporting.about_order,
    Triggered: reporting.about_order,
    Gone: reporting.about_order,
    CancelRefused: reporting.about_order,
    Amended: reporting.about_order,
    AmendRefused: reporting.about_order,
    Fill: reporting.filled,
    FundingPaid: reporting.funded,
    LeverageTaken: reporting.leverage_taken,
    LeverageRefused: reporting.leverage_refused,
    ExternalOrder: reporting.external,
}
