"""What may be done, in six words: a role is a person's ceiling, a token's scopes are below it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal, TypeAlias, get_args

Scope: TypeAlias = Literal["read", "write", "trade", "risk", "accounts", "admin"]
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)

MEANING: Final[Mapping[Scope, str]] = {
    "read": "Look at markets and at the accounts you may see",
    "write": "Change your watchlist, notes, tags, alerts and preferences",
    "trade": "Place, amend and cancel orders; close positions",
    "risk": "Set limits, change the trading state, use the kill switch",
    "accounts": "Open, rename and archive your accounts, and share them",
    "admin": "Manage people and read everybody's audit log",
}

_OF_ROLE: Final[Mapping[str, frozenset[Scope]]] = {
    "viewer": frozenset({"read", "write"}),
    "trader": frozenset({"read", "write", "trade", "risk", "accounts"}),
    "owner": frozenset(SCOPES),
}


def of_role(role: str) -> frozenset[Scope]:
    """All that somebody of this role may do."""
    return _OF_ROLE.get(role, frozenset())


def known(words: Iterable[str]) -> frozenset[Scope]:
    """The scopes among `words`; what is none is dropped."""
    given = frozenset(words)
    return frozenset(scope for scope in SCOPES if scope in given)
