"""Settings: what is wrong in them is refused by name, with a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from candlewick.core.errors import ConfigError
from candlewick.runtime.settings import load


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CANDLEWICK_WEB__PORT", "CANDLEWICK_SIM__PORT", "CANDLEWICK_VENUES"):
        monkeypatch.delenv(name, raising=False)


def test_a_flag_wins_over_a_variable_and_that_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "candlewick.toml").write_text('venues = ["a"]\n[web]\nport = 1001\n[sim]\nport = 2001\n')
    monkeypatch.setenv("CANDLEWICK_WEB__PORT", "1002")
    assert load(data_dir=tmp_path).web.port == 1002
    found = load(data_dir=tmp_path, web={"port": 1003})
    assert (found.venues, found.web.port, found.sim.port) == (["a"], 1003, 2001)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (b"nope = 1", "nope: There is no such setting"),
        (b"[web]\nnope = 1", "web.nope: There is no such setting"),
        (b'[web]\nport = "8000"', "web.port: "),
        (b"[web]\nport = true", "web.port: "),
        (b"[web]\nport = 99999", "web.port: "),
        (b"[web]\nbehind_proxy = 1", "web.behind_proxy: "),
        (b"web = 5", "web: "),
        (b'[accounts.main]\nlive = "true"\nkey = "desk"', "accounts.main.live: "),
        (b"[accounts.main]\nlive = true", "accounts.main: A live account needs"),
        (b"[accounts.main]\nlife = true", "accounts.main.life: There is no such setting"),
        (b'venues = "sim"', "venues: "),
        (b"[web", "cannot be read"),
        (b"\xff\xfe", "cannot be read"),
    ],
)
def test_what_the_file_says_wrongly_is_refused_by_name(tmp_path: Path, text: bytes, named: str) -> None:
    (tmp_path / "candlewick.toml").write_bytes(text)
    with pytest.raises(ConfigError) as refusal:
        load(data_dir=tmp_path)
    assert named in str(refusal.value)


def test_the_file_may_say_a_whole_number_for_a_fraction_and_a_text_for_a_path(tmp_path: Path) -> None:
    (tmp_path / "candlewick.toml").write_text('[sim]\npace = 2\n[market]\nfolder = "/srv/market"\n')
    found = load(data_dir=tmp_path)
    assert (found.sim.pace, found.market.folder) == (2.0, Path("/srv/market"))


def test_a_misspelt_variable_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANDLEWICK_WEB__PROT", "1")
    with pytest.raises(ConfigError, match="CANDLEWICK_WEB__PROT"):
        load(data_dir=tmp_path)


def test_an_account_trades_live_only_where_the_file_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load(data_dir=tmp_path).accounts == {}
    (tmp_path / "candlewick.toml").write_text('[accounts.main]\nlive = true\nkey = "desk"\n')
    found = load(data_dir=tmp_path).accounts["main"]
    assert (found.live, found.venue, found.key) == (True, "binance", "desk")
    monkeypatch.setenv("CANDLEWICK_ACCOUNTS__MAIN__LIVE", "true")
    with pytest.raises(ConfigError, match="ACCOUNTS__MAIN__LIVE"):
        load(data_dir=tmp_path)
