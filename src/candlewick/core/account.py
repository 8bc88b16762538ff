"""Words for accounts that several rooms share."""

from __future__ import annotations

from typing import Literal

AccountKind = Literal["paper", "live"]
LotMethod = Literal["fifo", "lifo", "hifo", "average"]
MarginMode = Literal["cross", "isolated"]
TradingState = Literal["ACTIVE", "REDUCING", "HALTED"]
