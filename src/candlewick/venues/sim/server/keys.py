"""API keys of the simulated exchange, and whether a request was signed with one.

A key belongs to an account and signs with a shared secret (HMAC SHA-256) or a private key of its own, of
which the exchange knows the public half (Ed25519). What is signed is the request's parameters as they were
sent: the query string, then the body, without the signature.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, unquote

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from candlewick.core.errors import ConfigError
from candlewick.venues.sim.server import errors
from candlewick.venues.sim.server.parameters import Parameters

Permission = Literal["read", "spot", "futures"]
PERMISSIONS: tuple[Permission, ...] = ("read", "spot", "futures")
_NAME = re.compile(r"[A-Za-z0-9_-]{8,128}")
RECV_WINDOW_MS = 5_000
MOST_RECV_WINDOW_MS = 60_000
_AHEAD_MS = 1_000
SIGNING = ("signature", "timestamp", "recvWindow")


@dataclass(frozen=True, slots=True)
class Key:
    """What signs requests for an account: `secret` is shared, `public` is one half of a pair."""

    name: str
    account: str
    permissions: frozenset[Permission]
    secret: bytes = b""
    public: Ed25519PublicKey | None = None

    def signed(self, payload: str, signature: str) -> bool:
        """Whether `signature` is this key's for `payload`."""
        if self.public is None:
            made = hmac.new(self.secret, payload.encode(), hashlib.sha256).hexdigest()
            return hmac.compare_digest(made.encode(), signature.lower().encode())
        try:
            self.public.verify(base64.b64decode(signature, validate=True), payload.encode())
        except (InvalidSignature, ValueError):
            return False
        return True


def new_key(account: str, wanted: Mapping[str, object]) -> tuple[Key, dict[str, str]]:
    """A key for `account` as `wanted` describes it, and what its owner is told of it.

    `apiKey` and `secret` are made up where they are not given; with `publicKey` (PEM, Ed25519) there is no
    secret; `permissions` are some of "read", "spot", "futures", all where left out.

    Raises:
        ConfigError: a value is not what it should be.
    """
    name = str(wanted.get("apiKey") or secrets.token_hex(32))
    if not _NAME.fullmatch(name):
        raise ConfigError("An apiKey has 8 to 128 letters, digits, '-' or '_'.")
    given = wanted.get("permissions", PERMISSIONS)
    if not isinstance(given, list | tuple) or not set(given) <= set(PERMISSIONS):
        raise ConfigError('The permissions of a key are a list of "read", "spot" and "futures".')
    permissions = frozenset(each for each in PERMISSIONS if each in given)
    if pem := wanted.get("publicKey"):
        return Key(name, account, permissions, public=_public(str(pem))), {"apiKey": name}
    secret = str(wanted.get("secret") or secrets.token_hex(32))
    return Key(name, account, permissions, secret.encode()), {"apiKey": name, "secret": secret}


def _public(pem: str) -> Ed25519PublicKey:
    try:
        found = load_pem_public_key(pem.encode())
    except ValueError as error:
        raise ConfigError(f"The publicKey is no PEM: {error}.") from None
    if not isinstance(found, Ed25519PublicKey):
        raise ConfigError("A publicKey must be Ed25519; for anything else use a secret.")
    return found


def read_keys(path: Path) -> tuple[Mapping[str, object], ...]:
    """The keys that a file declares: a JSON list of objects, each as `new_key` takes it.

    Raises:
        ConfigError: it cannot be read as that.
    """
    try:
        found = orjson.loads(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"The keys' file {path} cannot be read: {error.strerror}.") from None
    except orjson.JSONDecodeError as error:
        raise ConfigError(f"The keys' file {path} is no JSON: {error}.") from None
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise ConfigError(f"The keys' file {path} must hold a list of objects.")
    return tuple(found)


class Keyring:
    """The keys of one venue."""

    def __init__(self) -> None:
        self._keys: dict[str, Key] = {}

    def add(self, key: Key) -> None:
        """From now on, this key opens its account.

        Raises:
            ConfigError: there is a key of that name.
        """
        if key.name in self._keys:
            raise ConfigError(f"There is a key {key.name!r} already. Give the new one another name.")
        self._keys[key.name] = key

    def named(self, name: str | None) -> Key | None:
        """The key of that name, if there is one."""
        return self._keys.get(name or "")

    def find(self, name: str | None, permission: Permission) -> Key:
        """The key of that name.

        Raises:
            Refusal: -2014 or -2015.
        """
        if not name or not _NAME.fullmatch(name):
            raise errors.Refusal(-2014, "API-key format invalid.", status=401)
        key = self._keys.get(name)
        if key is None or permission not in key.permissions:
            raise errors.Refusal(-2015, "Invalid API-key, IP, or permissions for action.", status=401)
        return key


@dataclass(frozen=True, slots=True)
class Sent:
    """A request's parameters: `payload` as they were signed, `pairs` as they are read."""

    payload: str
    pairs: dict[str, str]
    signature: str | None

    @classmethod
    def over_http(cls, query: str, body: str) -> Sent:
        """From a raw query string and a form's raw body; where both have one, the query's counts."""
        parts = [[each for each in text.split("&") if each] for text in (query, body)]
        signature = None
        for part in parts:
            for each in [each for each in part if each.startswith("signature=")]:
                signature = unquote(each.partition("=")[2])
                part.remove(each)
        texts = ["&".join(part) for part in parts]
        queried, posted = (parse_qsl(text, keep_blank_values=True) for text in texts)
        for sent in (queried, posted):
            if len(dict(sent)) != len(sent):
                raise errors.repeated_parameter()
        return cls("".join(texts), dict(posted) | dict(queried), signature)

    @classmethod
    def over_socket(cls, pairs: Iterable[tuple[str, str]]) -> Sent:
        """From the `params` of a WebSocket request: what is signed is sorted by name."""
        found = dict(pairs)
        signature = found.pop("signature", None)
        payload = "&".join(f"{name}={value}" for name, value in sorted(found.items()))
        for name in ("apiKey", "returnRateLimits"):
            found.pop(name, None)
        return cls(payload, found, signature)

    def parameters(self) -> Parameters:
        """What is left to read when the signature has been looked at."""
        return Parameters((name, value) for name, value in self.pairs.items() if name not in SIGNING)

    def check(self, key: Key, server_ms: int) -> None:
        """Whether `key` signed this, just now.

        Raises:
            Refusal: -1102, -1021, -1022 or -1131.
        """
        self.check_time(server_ms)
        if not self.signature:
            raise errors.missing("signature")
        if not key.signed(self.payload, self.signature):
            raise errors.Refusal(-1022, "Signature for this request is not valid.")

    def check_time(self, server_ms: int) -> None:
        """Whether this was sent just now.

        Raises:
            Refusal: -1102, -1021 or -1131.
        """
        timing = Parameters((name, self.pairs[name]) for name in SIGNING if name in self.pairs)
        sent_ms = timing.number("timestamp")
        if sent_ms is None:
            raise errors.missing("timestamp")
        window = timing.decimal("recvWindow")
        window_ms = RECV_WINDOW_MS if window is None else float(window)
        if window_ms > MOST_RECV_WINDOW_MS:
            raise errors.Refusal(-1131, "recvWindow must be less than 60000.")
        if sent_ms >= server_ms + _AHEAD_MS:
            message = "Timestamp for this request was 1000ms ahead of the server's time."
            raise errors.Refusal(-1021, message)
        if server_ms - sent_ms > window_ms:
            raise errors.Refusal(-1021, "Timestamp for this request is outside of the recvWindow.")
