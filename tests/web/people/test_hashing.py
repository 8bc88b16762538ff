"""Passwords: Argon2id of a known cost, and never more than two hashes at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher, check_password, make_password

from candlewick.web.people.hashing import BoundedArgon2Hasher


def test_a_password_is_kept_as_argon2id_and_found_again() -> None:
    kept = make_password("correct horse battery")
    assert kept.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    assert check_password("correct horse battery", kept)
    assert not check_password("correct horse", kept)


def test_no_more_than_two_are_hashed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    lock, two_are_in = threading.Lock(), threading.Barrier(2)
    inside = most = 0

    def slow(self: Argon2PasswordHasher, password: str, salt: str) -> str:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        two_are_in.wait(10)  # nobody leaves before a second is in: a third would be seen
        with lock:
            inside -= 1
        return "hash"

    monkeypatch.setattr(Argon2PasswordHasher, "encode", slow)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: BoundedArgon2Hasher().encode("x", "salt"), range(16)))
    assert most == 2
