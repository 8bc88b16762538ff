"""Faults: what is wrong in an account's data, as a value. An assert is for mistakes of our own."""

from __future__ import annotations

import msgspec


class Fault(msgspec.Struct, frozen=True):
    """Something in the data that cannot be, or that somebody should look at.

    Attributes:
        code: a stable word for programs, such as `sold_more_than_held`.
        text: a sentence for people.
    """

    code: str
    text: str
