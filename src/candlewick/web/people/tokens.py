"""Access and refresh tokens for programs (JWT, RFC 7519), and tickets that open one live connection.

A token carries the fingerprint of its person's password, so that a new password makes every older one
worthless, and the number of the program's session (`sid`), so that ending that ends it. Only the one
algorithm that we sign with is ever accepted. A ticket is a random word kept in the cache until it is spent.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import asdict, dataclass
from functools import cache as remembered
from typing import Any, Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.cache import cache
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from joserfc.jwt import JWTClaimsRegistry

from candlewick.store.models import User
from candlewick.web.people import rows

ACCESS: Final = "at+jwt"  # RFC 9068; the header's type tells one kind from the other
REFRESH: Final = "rt+jwt"
LIFETIME_S: Final = {ACCESS: 15 * 60, REFRESH: 14 * 86_400}
TICKET_S: Final = 30
ISSUER: Final = "candlewick"
_ALGORITHM: Final = "HS256"
_LONGEST: Final = 2_000  # letters; nothing of ours is longer


@dataclass(frozen=True, slots=True)
class Claim:
    """What a token or ticket says: whose it is, and on what it rests.

    Attributes:
        program: number of the program's session.
        token: number of the API token that a ticket was asked for with.
        id: names this token among all of its kind.
    """

    user: int
    fingerprint: str
    expires_at: float | None
    session: str | None = None
    program: int | None = None
    token: int | None = None
    id: str = ""


def fingerprint(user: User) -> str:
    """A short word that changes when the person's password does."""
    return rows.fingerprint(user.password)


def issue(user: User, kind: str, *, program: int | None = None, id: str | None = None) -> str:
    """A token of `kind` for `user`."""
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "aud": kind,
        "sub": str(user.pk),
        "iat": now,
        "exp": now + LIFETIME_S[kind],
        "jti": id or secrets.token_urlsafe(16),
        "pwd": fingerprint(user),
    }
    if program is not None:
        claims["sid"] = program
    return jwt.encode({"alg": _ALGORITHM, "typ": kind}, claims, _key(settings.SECRET_KEY), [_ALGORITHM])


def read(token: str, kind: str) -> Claim | None:
    """What `token` says, if it is ours, of this kind and in time."""
    if len(token) > _LONGEST:
        return None
    try:
        read = jwt.decode(token, _key(settings.SECRET_KEY), [_ALGORITHM])
        _registry(kind).validate(read.claims)
    except (JoseError, ValueError):
        return None
    claims, program = read.claims, read.claims.get("sid")
    if read.header.get("typ") != kind or not str(claims["sub"]).isdecimal():
        return None
    return Claim(int(claims["sub"]), str(claims["pwd"]), claims["exp"], program=program, id=claims["jti"])


def issue_ticket(claim: Claim) -> str:
    """A ticket that stands for `claim` once, within half a minute."""
    ticket = secrets.token_urlsafe(24)
    cache.set(_kept_as(ticket), asdict(claim), TICKET_S)
    return ticket


def spend_ticket(ticket: str) -> Claim | None:
    """What `ticket` stands for, and it is spent. None if it is unknown, old or spent."""
    kept = cache.get(_kept_as(ticket))
    # Of two who bring the same ticket at once, one deletes it.
    if kept is None or not cache.delete(_kept_as(ticket)):
        return None
    return Claim(**kept)


def _registry(kind: str) -> JWTClaimsRegistry:
    return JWTClaimsRegistry(
        now=lambda: int(time.time()),
        iss={"essential": True, "value": ISSUER},
        aud={"essential": True, "value": kind},
        sub={"essential": True},
        iat={"essential": True},
        exp={"essential": True},
        jti={"essential": True},
        pwd={"essential": True},
    )


@remembered
def _key(secret: str) -> OctKey:
    # A key of its own: what signs sessions signs nothing else.
    derived = HKDF(SHA256(), length=32, salt=None, info=b"candlewick:jwt:v1").derive(secret.encode())
    return OctKey.import_key(derived)


def _kept_as(ticket: str) -> str:
    return "ticket:" + hashlib.sha256(ticket.encode()).hexdigest()
