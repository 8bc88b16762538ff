"""Who may connect to the live endpoints, and for how long they may stay."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.http.request import validate_host

from candlewick.core.errors import StoreError
from candlewick.web.people import identity
from candlewick.web.people.accounts import numbers_of
from candlewick.web.people.identity import Person

Scope = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Refused:
    """Why somebody may not connect: an HTTP status, the WebSocket close code beside it, and a sentence."""

    status: int
    code: int
    detail: str


FOREIGN = Refused(403, 4403, "This origin may not connect.")
STRANGER = Refused(401, 4401, "Sign in first.")
NO_READING = Refused(403, 4403, "This token may not look: it lacks the scope 'read'.")
AWAY = Refused(503, 1013, "Who you are cannot be looked up now. Try again in a moment.")
TOO_MANY = Refused(429, 4429, "You have too many connections open.")


def admit(scope: Scope, *, typed: bool = False) -> Person | Refused:
    """The person who connects, if they may look. Reads the database, so it runs on a thread of the bridge.

    A page of ours proves itself by its session cookie and its origin, a program by a bearer token or a
    ticket. A foreign origin is refused whatever it brings. With `typed` the cookie is enough where no page
    asked: an address that somebody typed or keeps as a bookmark.
    """
    try:
        found = _who(scope, typed=typed)
    except StoreError:
        return AWAY
    if isinstance(found, Refused):
        return found
    if not found.may("read"):
        return NO_READING
    return replace(found, accounts=numbers_of(found))


def still_admitted(people: Iterable[Person]) -> set[Person]:
    """Those of `people` who are still signed in, and may still see every account they came with."""
    return {
        person
        for person in identity.still_signed_in(people)
        if set(person.accounts) <= set(numbers_of(person))
    }


def _who(scope: Scope, *, typed: bool) -> Person | Refused:
    headers = headers_of(scope)
    if not _host_is_ours(headers):
        return FOREIGN
    origin = headers.get("origin")
    if origin is not None and not _origin_is_ours(origin, headers["host"], scope["scheme"]):
        return FOREIGN
    kind, _, token = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return identity.by_bearer(token.strip()) or STRANGER
    tickets = parse_qs(scope["query_string"].decode("latin-1")).get("ticket")
    if tickets:
        return identity.by_ticket(tickets[0]) or STRANGER
    # A cookie travels with every request a browser makes, so it counts only beside a sign that a page of
    # ours asked. An event stream to its own server carries no origin, but where it was asked for.
    ours = origin is not None or _asked_by_our_page(headers, scope["scheme"])
    if not ours and not (typed and _asked_by_no_page(headers)):
        return STRANGER
    return identity.by_cookie(headers.get("cookie", "")) or STRANGER


def headers_of(scope: Scope) -> dict[str, str]:
    """The request's headers by lower-case name; of several by one name, joined."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        separator = "; " if name == "cookie" else ","
        headers[name] = f"{headers[name]}{separator}{value}" if name in headers else value
    return headers


def _asked_by_our_page(headers: Mapping[str, str], scheme: str) -> bool:
    site = headers.get("sec-fetch-site")  # browsers send it over https and to localhost only
    if site is not None:
        return site == "same-origin"
    return _origin_is_ours(headers.get("referer", ""), headers["host"], scheme)


def _asked_by_no_page(headers: Mapping[str, str]) -> bool:
    return headers.get("sec-fetch-site", "none") == "none" and "referer" not in headers


def _host_is_ours(headers: Mapping[str, str]) -> bool:
    try:
        name = urlsplit(f"//{headers.get('host', '')}").hostname or ""
    except ValueError:
        return False
    name = f"[{name}]" if ":" in name else name
    return validate_host(name, settings.ALLOWED_HOSTS)


def _origin_is_ours(origin: str, host: str, scheme: str) -> bool:
    if origin in settings.LIVE_ALLOWED_ORIGINS:
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    schemes = {"https"} if scheme in {"wss", "https"} else {"http"}
    return parts.scheme in schemes and parts.netloc.lower() == host.lower()
