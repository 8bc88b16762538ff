"""How the simulated venues differ: what they list, their fees, funding, activity and basis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from candlewick.core.errors import ConfigError
from candlewick.venues.sim.catalogue import ASSETS, Asset, listings_of
from candlewick.venues.sim.model import Listing


class Character(NamedTuple):
    """One simulated venue.

    Attributes:
        activity: trades, relative to the primary venue.
        basis_bps: deviation of its prices from the fair path, in basis points.
        spread: its half spread, relative to the primary venue.
        funding_hours: interval between funding settlements.
        maker_bps, taker_bps: spot fees; perp_maker_bps, perp_taker_bps: those of perpetuals.
        least_rate: assets quieter than this are not listed.
    """

    venue: str
    title: str
    activity: float
    basis_bps: float
    spread: float
    funding_hours: int
    maker_bps: float
    taker_bps: float
    perp_maker_bps: float
    perp_taker_bps: float
    least_rate: float
    equities: bool

    def lists(self, asset: Asset) -> bool:
        return asset.rate >= self.least_rate and (self.equities or not asset.equity)

    def listings(self) -> tuple[Listing, ...]:
        """Everything it lists, spot before perpetual, in the catalogue's order."""
        return tuple(each for asset in ASSETS if self.lists(asset) for each in listings_of(asset))


VENUES: Final[dict[str, Character]] = {
    each.venue: each
    for each in (
        Character("sim", "Simulated", 1.0, 0.8, 1.0, 8, 10, 10, 2, 5, 0.0, True),
        Character("sim-east", "Simulated East", 0.45, 3.0, 1.6, 8, 8, 10, 1, 4.5, 0.35, False),
        Character("sim-west", "Simulated West", 0.30, 4.5, 2.2, 4, 0, 12, 0, 6, 0.5, False),
    )
}


def require_characters(names: Sequence[str]) -> None:
    """Make sure that these can be run beside each other.

    Raises:
        ConfigError: there is none, one twice, or one that nobody knows.
    """
    if len(set(names)) != len(names) or not names:
        raise ConfigError("Name each simulated venue once, and at least one: --venues sim,sim-east.")
    for name in names:
        character_of(name)


def character_of(venue: str) -> Character:
    """The character of `venue`.

    Raises:
        ConfigError: there is no simulated venue of this name.
    """
    try:
        return VENUES[venue]
    except KeyError:
        raise ConfigError(
            f"There is no simulated venue {venue!r}. Choose among {', '.join(VENUES)}."
        ) from None
