"""`candlewick version`."""

from importlib.metadata import version

from typer import echo


def command() -> None:
    """Print the version."""
    echo(version("candlewick"))
