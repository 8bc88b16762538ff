"""Secrets at rest: AES-256-GCM under a key derived from the server's own."""

from __future__ import annotations

import base64
import os
from functools import cache
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from candlewick.core.errors import StoreError

_MARK: Final = "v1."
_NONCE_BYTES: Final = 12


def seal(text: str, purpose: str) -> str:
    """`text`, readable only with the server's key and for the same `purpose`."""
    nonce = os.urandom(_NONCE_BYTES)
    sealed = nonce + _cipher(settings.SECRET_KEY).encrypt(nonce, text.encode(), purpose.encode())
    return _MARK + base64.urlsafe_b64encode(sealed).decode("ascii")


def unseal(sealed: str, purpose: str) -> str:
    """What was sealed.

    Raises:
        StoreError: it was sealed with another key or for another purpose, or has been changed since.
    """
    try:
        raw = base64.urlsafe_b64decode(sealed.removeprefix(_MARK))
        nonce, body = raw[:_NONCE_BYTES], raw[_NONCE_BYTES:]
        return _cipher(settings.SECRET_KEY).decrypt(nonce, body, purpose.encode()).decode()
    except (InvalidTag, ValueError):
        raise StoreError(
            f"A secret kept for {purpose!r} cannot be read: it was changed, or secret.key is another one. "
            "Restore the data folder whole, or have the person set it up again."
        ) from None


@cache
def _cipher(secret: str) -> AESGCM:
    return AESGCM(HKDF(SHA256(), length=32, salt=None, info=b"candlewick:seal:v1").derive(secret.encode()))
