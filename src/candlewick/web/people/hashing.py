"""Argon2id for passwords, at most two at a time."""

from __future__ import annotations

import ctypes
import threading
from typing import Final

from django.contrib.auth.hashers import Argon2PasswordHasher

# A burst of sign-ins must not take every core and all memory from the live pages.
_AT_ONCE: Final = threading.BoundedSemaphore(2)
_M_MMAP_THRESHOLD: Final = -3  # malloc.h
_MAPPED_FROM: Final = 1024 * 1024


def give_memory_back() -> None:
    """Have glibc return what a hash used to the system, instead of keeping it for the next: 20 MB."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _MAPPED_FROM)  # set once, it does not grow by itself any more


class BoundedArgon2Hasher(Argon2PasswordHasher):
    """Argon2id with OWASP's second profile (19 MiB, two passes, one lane), a few at a time.

    Django's default takes 100 MiB and eight threads for each hash.
    """

    time_cost = 2
    memory_cost = 19_456
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        with _AT_ONCE:
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        with _AT_ONCE:
            return super().verify(password, encoded)
