"""Keys and signatures: HMAC-SHA256 with a secret, or Ed25519 with a private key in PEM.

What is signed is the query exactly as it is sent, percent-encoded (the venue refuses anything else since
2026-01-15 with -1022); on the WebSocket API the parameters in alphabetical order.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Final, Literal, NewType
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from candlewick.core.errors import ConfigError

Parameters = Mapping[str, str | int]
Query = NewType("Query", str)  # percent-encoded, its signature at the end

RECV_WINDOW_MS: Final = 5_000  # a request that reaches the venue later than this is worthless
_PEM: Final = "-----BEGIN"


class Credentials:
    """An API key and what signs with it. Neither is ever shown: `repr` and `str` give the label.

    Attributes:
        label: the name a person gave the key.
        kind: how it signs; a secret in PEM is an Ed25519 private key, anything else an HMAC secret.
    """

    __slots__ = ("_key", "_sign", "kind", "label")

    def __init__(self, label: str, key: str, secret: str) -> None:
        """Take a key in use.

        Raises:
            ConfigError: the key or the secret cannot be one.
        """
        self.label = label
        self.kind: Literal["hmac", "ed25519"]
        if not key or not key.isascii() or not key.isprintable() or " " in key:
            raise ConfigError(f"The API key {label!r} is empty or no key has such characters. Add it anew.")
        if not secret:
            raise ConfigError(f"The API key {label!r} has no secret. Add it anew, with its secret.")
        self._key = key
        self._sign: Callable[[bytes], str]
        if secret.lstrip().startswith(_PEM):
            self.kind, self._sign = "ed25519", _ed25519(label, secret)
        else:
            self.kind, self._sign = "hmac", _hmac(secret)

    @property
    def header(self) -> dict[str, str]:
        """The header that names the key."""
        return {"X-MBX-APIKEY": self._key}

    def signed(self, parameters: Parameters, timestamp_ms: int) -> Query:
        """The query of a signed request that the venue takes until `timestamp_ms` + 5 s, by its clock."""
        query = urlencode(
            {**parameters, "recvWindow": RECV_WINDOW_MS, "timestamp": timestamp_ms}, quote_via=quote
        )
        return Query(f"{query}&signature={quote(self._sign(query.encode()), safe='')}")

    def signed_for_socket(self, timestamp_ms: int) -> dict[str, str | int]:
        """The parameters of a signed request over the WebSocket API."""
        parameters: dict[str, str | int] = {
            "apiKey": self._key,
            "recvWindow": RECV_WINDOW_MS,
            "timestamp": timestamp_ms,
        }
        payload = "&".join(f"{name}={parameters[name]}" for name in sorted(parameters))
        return {**parameters, "signature": self._sign(payload.encode())}

    def __repr__(self) -> str:
        return f"Credentials({self.label!r}, {self.kind}, key and secret hidden)"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("credentials do not leave the process")


def _hmac(secret: str) -> Callable[[bytes], str]:
    key = secret.encode()
    return lambda payload: hmac.new(key, payload, hashlib.sha256).hexdigest()


def _ed25519(label: str, pem: str) -> Callable[[bytes], str]:
    try:
        key = load_pem_private_key(pem.strip().encode(), password=None)
    except (ValueError, TypeError):
        raise ConfigError(
            f"The secret of API key {label!r} is no private key that can be read: PEM without a password is."
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(
            f"The secret of API key {label!r} is not Ed25519. Make an Ed25519 or an HMAC key at the venue."
        )
    return lambda payload: base64.b64encode(key.sign(payload)).decode()
