"""The master key and what it protects: values that open only as what they belong to."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from candlewick.core.errors import ConfigError, StoreError
from candlewick.store import keys
from candlewick.store.keys import MasterKey, Vault


def test_the_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: keys.load(tmp_path)[0].name, range(16)))
    assert len(set(made)) == 1
    assert stat.S_IMODE((tmp_path / "master.key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["master.key"]


def test_looking_makes_no_key(tmp_path: Path) -> None:
    assert keys.load(tmp_path, make=False) == []
    assert list(tmp_path.iterdir()) == []


def test_a_given_key_is_taken_and_nothing_is_written(tmp_path: Path) -> None:
    given = MasterKey.new()
    assert keys.load(tmp_path, given.text)[0].name == given.name
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "short", "no base64 at all!", "QUJD"])
def test_what_is_no_key_is_refused_without_being_told(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="is no master key") as refused:
        keys.load(tmp_path, text)
    assert not text or text not in str(refused.value)


def test_a_value_comes_back_only_as_what_it_belongs_to() -> None:
    vault = Vault([MasterKey.new()])
    sealed = vault.seal("s3cret", "binance:a1:secret")
    assert b"s3cret" not in sealed
    assert vault.open(sealed, "binance:a1:secret") == "s3cret"
    for other in ("binance:a1:key", "binance:a2:secret", "bybit:a1:secret"):
        with pytest.raises(StoreError, match="changed or swapped"):
            vault.open(sealed, other)


def test_any_changed_byte_is_noticed() -> None:
    vault = Vault([MasterKey.new()])
    sealed = vault.seal("s3cret", "binance:a1:secret")
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(StoreError):
            vault.open(bytes(changed), "binance:a1:secret")
    with pytest.raises(StoreError):
        vault.open(b"", "binance:a1:secret")


def test_the_same_value_is_never_sealed_the_same_way_twice() -> None:
    vault = Vault([MasterKey.new()])
    assert vault.seal("s3cret", "x") != vault.seal("s3cret", "x")


def test_another_master_key_is_a_sentence_that_says_what_to_do() -> None:
    sealed = Vault([MasterKey.new()]).seal("s3cret", "binance:a1:secret")
    with pytest.raises(StoreError, match=r"another master key .* Restore the master.key"):
        Vault([MasterKey.new()]).open(sealed, "binance:a1:secret")


def test_during_a_rotation_both_keys_open(tmp_path: Path) -> None:
    old = Vault(keys.load(tmp_path))
    sealed = old.seal("s3cret", "x")
    new = keys.prepare_next(tmp_path)
    assert keys.prepare_next(tmp_path).name == new.name
    both = keys.load(tmp_path)
    assert [key.name for key in both][1] == new.name
    assert Vault(both).open(sealed, "x") == "s3cret"
    assert Vault(both).open(Vault([new]).seal("n3w", "x"), "x") == "n3w"
    keys.install_next(tmp_path)
    assert [key.name for key in keys.load(tmp_path)] == [new.name]


def test_neither_key_nor_purpose_shows_in_a_text() -> None:
    key = MasterKey.new()
    assert key.text not in repr(key)
    assert key.derived("vault") != key.derived("audit")
