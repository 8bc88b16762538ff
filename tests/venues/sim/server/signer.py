"""A bare client of the private side: it signs, sends, and gives back status and body."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import urlencode

import aiohttp
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from yarl import URL


class Answer(NamedTuple):
    """What came back."""

    status: int
    body: Any
    headers: Any

    @property
    def code(self) -> int:
        """The venue's error code."""
        return int(self.body["code"])


@dataclass
class Signer:
    """Signs with a secret, or with an Ed25519 key."""

    client: aiohttp.ClientSession
    api_key: str
    secret: str = ""
    private: Ed25519PrivateKey | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def sign(self, payload: str) -> str:
        if self.private is not None:
            return base64.b64encode(self.private.sign(payload.encode())).decode()
        return hmac.new(self.secret.encode(), payload.encode(), hashlib.sha256).hexdigest()

    def query(self, **parameters: Any) -> str:
        """Parameters with timestamp and signature."""
        parameters.setdefault("timestamp", now_ms())
        text = urlencode(parameters)
        return f"{text}&{urlencode({'signature': self.sign(text)})}"

    async def raw(self, verb: str, path: str, query: str, body: str = "") -> Answer:
        """A request as it is given."""
        headers = {"X-MBX-APIKEY": self.api_key}
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        # as it was signed: the client would write some characters in another way else
        url = URL(f"{path}?{query}" if query else path, encoded=True)
        async with self.client.request(verb, url, headers=headers, data=body or None) as response:
            return Answer(response.status, await response.json(content_type=None), response.headers)

    async def __call__(self, verb: str, path: str, **parameters: Any) -> Answer:
        """A signed request."""
        return await self.raw(verb, path, self.query(**parameters))

    def question(self, method: str, id: int = 1, **parameters: Any) -> dict[str, Any]:
        """A signed request of the WebSocket API."""
        parameters |= {"apiKey": self.api_key}
        parameters.setdefault("timestamp", now_ms())
        payload = "&".join(f"{name}={value}" for name, value in sorted(parameters.items()))
        return {"id": id, "method": method, "params": parameters | {"signature": self.sign(payload)}}


def now_ms() -> int:
    return time.time_ns() // 1_000_000


async def signer(client: aiohttp.ClientSession, account: str, **wanted: Any) -> Signer:
    """A client with a key of that account."""
    async with client.post("/sim/keys", json={"account": account, **wanted}) as response:
        made = await response.json()
        assert response.status == 200, made
    return Signer(client, made["apiKey"], made.get("secret", ""))


def pem_of(private: Ed25519PrivateKey) -> str:
    """The public half, as a key is declared."""
    return (
        private.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )
