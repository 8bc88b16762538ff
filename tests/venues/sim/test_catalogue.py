"""What is listed is complete, and its steps fit its prices."""

from __future__ import annotations

from candlewick.venues.sim.catalogue import ASSETS, listings_of
from candlewick.venues.sim.character import VENUES, character_of

LARGEST_SUM = 2**62


def test_it_lists_about_forty_coins_and_a_few_equities() -> None:
    coins = [asset for asset in ASSETS if not asset.equity]
    equities = [asset for asset in ASSETS if asset.equity]
    assert 38 <= len(coins) <= 50
    assert {asset.quote for asset in equities} == {"USD"}
    assert len(equities) >= 5
    assert {"BTCUSDT", "ETHUSDT", "SOLUSDT", "AAPL", "MSFT"} <= {asset.symbol for asset in ASSETS}


def test_it_lists_every_symbol_once_in_each_market() -> None:
    for venue in VENUES.values():
        names = [(each.market, each.symbol) for each in venue.listings()]
        assert len(names) == len(set(names))


def test_it_steps_in_ticks_that_suit_the_price() -> None:
    for asset in ASSETS:
        for listing in listings_of(asset):
            assert 1e-8 < float(listing.tick) / asset.level < 2e-3, listing


def test_it_steps_in_lots_that_suit_a_usual_trade() -> None:
    for asset in ASSETS:
        for listing in listings_of(asset):
            lots = asset.ticket / asset.level / float(listing.lot)
            assert lots > 3, listing
            assert asset.ticket > float(listing.min_notional)


def test_it_leaves_room_for_a_wild_day_in_64_bits() -> None:
    for asset in ASSETS:
        for listing in listings_of(asset):
            ticks, lots = (
                4 * asset.level / float(listing.tick),
                asset.ticket / asset.level / float(listing.lot),
            )
            assert ticks < 2**32
            assert ticks * lots * asset.rate * 86_400 * 20 < LARGEST_SUM, listing


def test_it_gives_venues_characters_of_their_own() -> None:
    sim, east, west = (character_of(venue) for venue in ("sim", "sim-east", "sim-west"))
    assert len(sim.listings()) > len(east.listings()) > len(west.listings()) > 10
    assert (sim.funding_hours, east.funding_hours, west.funding_hours) == (8, 8, 4)
    assert len({(each.maker_bps, each.taker_bps) for each in (sim, east, west)}) == 3
