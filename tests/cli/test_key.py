"""`candlewick key`: kept encrypted, never shown, re-encrypted under a new master key."""

from __future__ import annotations

from pathlib import Path

import pytest

from candlewick.store import keys, venue_keys
from candlewick.store.databases import Place, database_at
from tests.cli.ground import Cli, refused

KEY, SECRET = (
    "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A",
    "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP",
)


def place_of(cli: Cli) -> Place:
    """Where its rows are."""
    url = cli._variables.get("DATABASE_URL")
    return url if url is not None else cli.data_dir / "candlewick.sqlite3"


@pytest.fixture
def ann(cli: Cli) -> Cli:
    """A data folder with one trader, who has an account."""
    cli.done("user", "add", "ann", "--role", "trader")
    return cli


@pytest.fixture
def any_ann(any_cli: Cli) -> Cli:
    """The same, on either database."""
    any_cli.done("user", "add", "ann", "--role", "trader")
    return any_cli


def add(cli: Cli, label: str = "main", secret: str = SECRET) -> dict[str, object]:
    made: dict[str, object] = cli.json("key", "add", "binance", "--label", label, stdin=f"{KEY}\n{secret}\n")
    return made


def opened(cli: Cli, id: object) -> str:
    """The secret of a key, as whoever signs with it reads it."""
    connection = database_at(place_of(cli)).connect()
    connection.write("UPDATE store_venuekey SET account_id = NULL")
    connection.write("UPDATE store_venuekey SET account_id = 1 WHERE id = ?", [(id,)])
    connection.close()
    found = venue_keys.for_account(place_of(cli), keys.Vault(keys.load(cli.data_dir)), 1)
    assert found is not None
    assert SECRET not in repr(found)
    return found.secret


def test_a_key_is_kept_listed_and_forgotten_and_its_secret_never_shown(ann: Cli) -> None:
    made = ann("key", "add", "binance", stdin=f"{KEY}\n{SECRET}\n")
    assert "vmPU…Eh8A" in made.stdout
    [listed] = ann.json("key", "list")
    assert (listed["venue"], listed["label"], listed["shown"]) == ("binance", "main", "vmPU…Eh8A")
    for text in (made.stdout, made.stderr, ann.done("key", "list")):
        assert KEY not in text
        assert SECRET not in text
    assert opened(ann, listed["id"]) == SECRET
    connection = database_at(place_of(ann)).connect()
    [sealed] = connection.read("SELECT key, secret FROM store_venuekey")
    connection.close()
    assert KEY.encode() not in bytes(sealed[0])
    assert SECRET.encode() not in bytes(sealed[1])
    assert "vmPU…Eh8A" in ann.done("key", "remove", listed["id"])
    assert ann.json("key", "list") == []
    refused(ann("key", "remove", listed["id"]), "There is no key", code=2)


def test_a_private_key_is_read_from_its_file(ann: Cli, tmp_path: Path) -> None:
    pem = tmp_path / "ed25519.pem"
    pem.write_text("-----BEGIN PRIVATE KEY-----\nMC4CAQ\n-----END PRIVATE KEY-----\n")
    made = ann.json("key", "add", "binance", "--secret-file", str(pem), stdin=f"{KEY}\n")
    assert opened(ann, made["id"]).startswith("-----BEGIN")


def test_a_swapped_row_is_not_used(ann: Cli) -> None:
    first, second = add(ann, "one"), add(ann, "two", "another secret")
    connection = database_at(place_of(ann)).connect()
    [(theirs,)] = connection.read("SELECT secret FROM store_venuekey WHERE id = ?", (second["id"],))
    connection.write("UPDATE store_venuekey SET secret = ? WHERE id = ?", [(theirs, first["id"])])
    connection.close()
    with pytest.raises(Exception, match="changed or swapped"):
        opened(ann, first["id"])


def test_rotation_puts_every_key_under_a_new_master_key_and_the_audit_stays_whole(any_ann: Cli) -> None:
    made = add(any_ann)
    any_ann.done("audit", "verify")
    before = (any_ann.data_dir / "master.key").read_text()
    assert "1 keys are under a new master key" in any_ann.done("key", "rotate")
    after = (any_ann.data_dir / "master.key").read_text()
    assert before != after
    assert not (any_ann.data_dir / "master.key.next").exists()
    assert opened(any_ann, made["id"]) == SECRET
    assert "whole" in any_ann.done("audit", "verify")
    (any_ann.data_dir / "master.key").write_text(before)
    refused(any_ann("audit", "verify"), "not sealed with this master key")


def test_a_rotation_that_was_cut_off_holds_everything_up_until_it_is_finished(ann: Cli) -> None:
    made = add(ann)
    coming = keys.prepare_next(ann.data_dir)
    refused(ann("engine"), "Run `candlewick key rotate` again")
    ann.done("key", "rotate")
    assert [key.name for key in keys.load(ann.data_dir)] == [coming.name]
    assert opened(ann, made["id"]) == SECRET


def test_what_cannot_be_a_key_is_refused_with_a_sentence(ann: Cli) -> None:
    refused(ann("key", "add", "binance", stdin=""), "API key: nothing was given", code=2)
    refused(ann("key", "add", "binance", stdin="ké\n"), "holds letters that no venue gives", code=2)
    refused(
        ann("key", "add", "binance", "--user", "bob", stdin=f"{KEY}\n{SECRET}\n"),
        "nobody named 'bob'",
        code=2,
    )
    add(ann)
    refused(
        ann("key", "add", "binance", stdin=f"{KEY}\n{SECRET}\n"), "a key 'main' of binance already", code=2
    )


def test_a_master_key_that_is_a_setting_is_rotated_to_a_given_one(tmp_path: Path) -> None:
    old, new = keys.MasterKey.new().text, keys.MasterKey.new().text
    cli = Cli(tmp_path / "data", CANDLEWICK_MASTER_KEY=old)
    cli.done("user", "add", "ann")
    add(cli)
    told = cli.done("key", "rotate", stdin=f"{new}\n")
    assert new not in told
    assert not (tmp_path / "data" / "master.key").exists()
    cli.done("audit", "verify", CANDLEWICK_MASTER_KEY=new)
    refused(cli("audit", "verify"), "not sealed with this master key")
