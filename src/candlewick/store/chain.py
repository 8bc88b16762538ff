"""A chain of hashes: each row's is made from its own bytes and the hash before it.

Whoever changes a row must change every hash after it, and the head. The head carries a message authentication
code under a key that is not in the database, so that rows cut off at the end are missed too.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from typing import Final

GENESIS: Final = b""
BROKEN: Final = b"broken"
"""Stands for a seal once a chain was found with a wrong one: whoever extends it does not vouch for it."""
JOURNAL: Final = "journal"
AUDIT: Final = "audit"
PEOPLE: Final = "people"


def link(previous: bytes, *fields: int | str) -> bytes:
    """The hash of a row after `previous`. Lengths stand before fields, so that no byte can change sides."""
    digest = hashlib.sha256(previous)
    for field in fields:
        data = str(field).encode()
        digest.update(b"%d:" % len(data))
        digest.update(data)
    return digest.digest()


def is_sealed(keys: Iterable[bytes], chain: str, count: int, head: bytes, mac: bytes) -> bool:
    """Whether `mac` is the seal of the chain's end under one of `keys`."""
    return any(hmac.compare_digest(mac, seal(key, chain, count, head)) for key in keys)


def seal(key: bytes, chain: str, count: int, head: bytes) -> bytes:
    """What proves that `count` rows ending in `head` were written by the holder of `key`."""
    return hmac.digest(key, f"{chain}:{count}:{head.hex()}".encode(), "sha256")
