"""`candlewick up` and the parts alone: a flag that cannot be is wrong usage, and starts nothing."""

from __future__ import annotations

import pytest

from tests.cli.ground import Cli, refused


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("up", "--port", "99999"), "less than or equal to 65535"),
        (("up", "--port", "0"), "--port"),
        (("web", "--port", "99999"), "less than or equal to 65535"),
        (("up", "--venues", "nope"), "no connector for a venue 'nope'"),
        (("engine", "--venues", "sim,nope"), "no connector for a venue 'nope'"),
        (("up", "--misbehave", "nope"), "Fault 'nope' has no value"),
        (("up", "--misbehave", "nope=1"), "Unknown fault 'nope'"),
    ],
)
def test_a_flag_that_cannot_be_is_wrong_usage(cli: Cli, arguments: tuple[str, ...], told: str) -> None:
    refused(cli(*arguments), told, code=2)
    assert not cli.data_dir.exists()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('venues = ["nope"]', "no connector for a venue 'nope'"),
        ("[web]\nport = 99999", "web.port: Input should be less than or equal to 65535"),
        ('[sim]\nmisbehave = "nope"', "Fault 'nope' has no value"),
    ],
)
def test_the_same_in_the_file_is_work_that_failed(cli: Cli, line: str, told: str) -> None:
    cli.data_dir.mkdir()
    (cli.data_dir / "candlewick.toml").write_text(line)
    refused(cli("up"), told, code=1)
