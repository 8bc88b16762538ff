"""The secret key: made once, kept, and the owner's alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from candlewick.core.errors import ConfigError
from candlewick.web.secret import secret_key


def test_it_is_made_once_and_kept(tmp_path: Path) -> None:
    key = secret_key(tmp_path / "new")
    assert len(key) > 50
    assert secret_key(tmp_path / "new") == key
    assert secret_key(tmp_path / "other") != key


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    secret_key(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600


def test_those_who_start_at_once_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: secret_key(tmp_path), range(8)))) == 1


def test_an_empty_file_is_told_and_not_used(tmp_path: Path) -> None:
    (tmp_path / "secret.key").touch()
    with pytest.raises(ConfigError, match=r"secret\.key is empty"):
        secret_key(tmp_path)
