"""Refusals in the venue's own words: HTTP status, numeric code and message."""

from __future__ import annotations

from candlewick.venues.sim.refusal import Refusal

__all__ = ["Refusal"]


def unknown_status() -> Refusal:
    """503: nobody knows whether the request was done."""
    message = (
        "Timeout waiting for response from backend server. Send status unknown; execution status unknown."
    )
    return Refusal(-1007, message, status=503)


def missing(parameter: str) -> Refusal:
    """A mandatory parameter is absent or empty."""
    return Refusal(-1102, f"Mandatory parameter '{parameter}' was not sent, was empty/null, or malformed.")


def illegal(parameter: str, legal: str) -> Refusal:
    """A parameter holds characters outside its legal range."""
    return Refusal(-1100, f"Illegal characters found in parameter '{parameter}'; legal range is '{legal}'.")


def invalid(parameter: str) -> Refusal:
    """A parameter is well formed, but its value is not allowed."""
    return Refusal(-1130, f"Data sent for parameter '{parameter}' is not valid.")


def invalid_symbol() -> Refusal:
    """No such symbol is listed in this market."""
    return Refusal(-1121, "Invalid symbol.")


def invalid_interval() -> Refusal:
    """No such candle interval in this market."""
    return Refusal(-1120, "Invalid interval.")


def bad_combination() -> Refusal:
    """Two optional parameters exclude each other."""
    return Refusal(-1128, "Combination of optional parameters invalid.")


def too_many_parameters(expected: int, received: int) -> Refusal:
    """An endpoint without parameters was sent some."""
    return Refusal(-1101, f"Too many parameters; expected '{expected}' and received '{received}'.")


def repeated_parameter() -> Refusal:
    """One parameter was sent twice."""
    return Refusal(-1101, "Duplicate values for a parameter detected.")


def unread_parameters(read: int, sent: int) -> Refusal:
    """Parameters were sent that the endpoint does not know."""
    return Refusal(
        -1104, f"Not all sent parameters were read; read '{read}' parameter(s) but was sent '{sent}'."
    )


def too_much_weight(limit: int, retry_after_s: int) -> Refusal:
    """429: the address has used up its weight for this minute."""
    return Refusal(
        -1003,
        f"Too much request weight used; current limit is {limit} request weight per 1 MINUTE. "
        "Please use WebSocket Streams for live updates to avoid polling the API.",
        status=429,
        retry_after_s=retry_after_s,
    )


def banned(until_ms: int, retry_after_s: int) -> Refusal:
    """418: the address kept asking after 429 and is banned for a while."""
    return Refusal(
        -1003,
        f"Way too much request weight used; IP banned until {until_ms}. "
        "Please use WebSocket Streams for live updates to avoid bans.",
        status=418,
        retry_after_s=retry_after_s,
    )
