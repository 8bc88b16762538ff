"""What the simulated exchange lists: instruments with realistic levels, steps, sectors and characters.

Names are those of real assets so that symbols read naturally; every price in the simulation is invented.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, Literal, NamedTuple

from candlewick.venues.sim.model import Listing


class Asset(NamedTuple):
    """One asset and how its price behaves.

    Attributes:
        level: price around which it wanders over the years, in quote.
        spot_tick, perp_tick, spot_lot, perp_lot: steps; an empty perp_tick means that there is no perpetual.
        beta: response to the market's factor; own_vol: volatility of its own, a year.
        rate: single trades a second on the primary venue's spot market, on an average day.
        ticket: mean value of a trade in quote.
        since: year and month of the spot listing.
    """

    base: str
    quote: str
    sector: str
    level: float
    spot_tick: str
    spot_lot: str
    perp_tick: str
    perp_lot: str
    beta: float
    own_vol: float
    rate: float
    ticket: float
    since: tuple[int, int]

    @property
    def symbol(self) -> str:
        return self.base if self.equity else self.base + self.quote

    @property
    def equity(self) -> bool:
        return self.quote == "USD"

    @property
    def world(self) -> Literal["crypto", "equities"]:
        """The market whose common factor moves it."""
        return "equities" if self.equity else "crypto"


_L1, _L2, _DEFI, _PAY, _MEME = "Layer 1", "Layer 2", "DeFi", "Payments", "Meme"
_INFRA, _AI, _GAME, _EXCH, _STORE = "Infrastructure", "AI", "Gaming", "Exchange", "Store of value"
_TECH, _CHIP, _CONS, _BANK, _AUTO = "Technology", "Semiconductors", "Consumer", "Financials", "Automobiles"

ASSETS: Final[tuple[Asset, ...]] = (
    Asset("BTC", "USDT", _STORE, 64000, "0.01", "0.00001", "0.1", "0.001", 1.00, 0.10, 5.5, 1400, (2017, 8)),
    Asset("ETH", "USDT", _L1, 3100, "0.01", "0.0001", "0.01", "0.001", 1.15, 0.24, 4.2, 1200, (2017, 8)),
    Asset("SOL", "USDT", _L1, 148, "0.01", "0.001", "0.01", "0.01", 1.40, 0.45, 2.6, 620, (2020, 8)),
    Asset("XRP", "USDT", _PAY, 0.92, "0.0001", "0.1", "0.0001", "0.1", 1.10, 0.50, 2.0, 480, (2018, 5)),
    Asset("BNB", "USDT", _EXCH, 570, "0.01", "0.001", "0.01", "0.01", 0.85, 0.26, 1.5, 560, (2017, 11)),
    Asset("DOGE", "USDT", _MEME, 0.168, "0.00001", "1", "0.00001", "1", 1.35, 0.62, 1.6, 420, (2019, 7)),
    Asset("ADA", "USDT", _L1, 0.52, "0.0001", "0.1", "0.0001", "1", 1.25, 0.45, 0.9, 310, (2018, 4)),
    Asset("AVAX", "USDT", _L1, 31, "0.01", "0.01", "0.001", "1", 1.40, 0.48, 0.7, 300, (2020, 9)),
    Asset("LINK", "USDT", _INFRA, 15.4, "0.01", "0.01", "0.001", "0.01", 1.25, 0.44, 0.7, 290, (2019, 1)),
    Asset("TRX", "USDT", _PAY, 0.142, "0.0001", "0.1", "0.00001", "1", 0.60, 0.32, 0.5, 260, (2018, 6)),
    Asset("DOT", "USDT", _L1, 6.4, "0.001", "0.01", "0.001", "0.1", 1.25, 0.42, 0.5, 240, (2020, 8)),
    Asset("MATIC", "USDT", _L2, 0.66, "0.0001", "0.1", "0.0001", "1", 1.35, 0.48, 0.5, 230, (2019, 4)),
    Asset("LTC", "USDT", _PAY, 82, "0.01", "0.001", "0.01", "0.001", 0.95, 0.34, 0.5, 270, (2017, 12)),
    Asset("BCH", "USDT", _PAY, 390, "0.1", "0.001", "0.01", "0.001", 1.05, 0.42, 0.4, 270, (2019, 11)),
    Asset("UNI", "USDT", _DEFI, 8.1, "0.001", "0.01", "0.001", "1", 1.30, 0.50, 0.4, 220, (2020, 9)),
    Asset("ATOM", "USDT", _L1, 7.9, "0.001", "0.01", "0.001", "0.01", 1.15, 0.42, 0.35, 210, (2019, 4)),
    Asset("ETC", "USDT", _L1, 23.5, "0.01", "0.01", "0.001", "0.01", 1.15, 0.42, 0.3, 220, (2018, 6)),
    Asset("XLM", "USDT", _PAY, 0.118, "0.0001", "1", "0.00001", "1", 1.05, 0.44, 0.3, 190, (2018, 5)),
    Asset("NEAR", "USDT", _L1, 4.9, "0.001", "0.1", "0.001", "1", 1.45, 0.52, 0.4, 220, (2020, 10)),
    Asset("APT", "USDT", _L1, 8.6, "0.001", "0.01", "0.001", "0.1", 1.40, 0.55, 0.35, 210, (2022, 10)),
    Asset("ARB", "USDT", _L2, 0.83, "0.0001", "0.1", "0.0001", "0.1", 1.45, 0.50, 0.4, 210, (2023, 3)),
    Asset("OP", "USDT", _L2, 1.85, "0.001", "0.01", "0.0001", "0.1", 1.50, 0.54, 0.35, 210, (2022, 6)),
    Asset("FIL", "USDT", _INFRA, 4.6, "0.001", "0.01", "0.001", "0.1", 1.30, 0.50, 0.3, 190, (2020, 10)),
    Asset("INJ", "USDT", _DEFI, 22, "0.01", "0.01", "0.001", "0.1", 1.50, 0.62, 0.35, 220, (2020, 10)),
    Asset("SUI", "USDT", _L1, 1.75, "0.0001", "0.1", "0.0001", "0.1", 1.50, 0.62, 0.8, 280, (2023, 5)),
    Asset("SEI", "USDT", _L1, 0.41, "0.0001", "0.1", "0.0001", "1", 1.50, 0.62, 0.3, 180, (2023, 8)),
    Asset("TIA", "USDT", _INFRA, 6.2, "0.001", "0.01", "0.001", "1", 1.55, 0.68, 0.35, 200, (2023, 10)),
    Asset("AAVE", "USDT", _DEFI, 118, "0.01", "0.001", "0.01", "0.1", 1.30, 0.48, 0.35, 260, (2020, 10)),
    Asset("MKR", "USDT", _DEFI, 1900, "1", "0.0001", "0.1", "0.001", 1.10, 0.46, 0.25, 260, (2020, 7)),
    Asset("CRV", "USDT", _DEFI, 0.38, "0.0001", "0.1", "0.0001", "0.1", 1.40, 0.60, 0.25, 170, (2020, 8)),
    Asset("RUNE", "USDT", _DEFI, 4.9, "0.001", "0.1", "0.001", "1", 1.50, 0.60, 0.25, 180, (2020, 9)),
    Asset("SAND", "USDT", _GAME, 0.39, "0.0001", "1", "0.0001", "1", 1.40, 0.52, 0.25, 160, (2020, 8)),
    Asset("MANA", "USDT", _GAME, 0.41, "0.0001", "1", "0.0001", "1", 1.40, 0.52, 0.2, 150, (2020, 8)),
    Asset("GALA", "USDT", _GAME, 0.029, "0.00001", "1", "0.00001", "1", 1.50, 0.60, 0.25, 150, (2021, 9)),
    Asset("FET", "USDT", _AI, 1.45, "0.001", "0.1", "0.0001", "1", 1.45, 0.70, 0.4, 210, (2019, 3)),
    Asset("RENDER", "USDT", _AI, 6.6, "0.001", "0.01", "0.001", "0.1", 1.45, 0.66, 0.35, 210, (2021, 11)),
    Asset("WLD", "USDT", _AI, 2.4, "0.001", "0.1", "0.0001", "1", 1.45, 0.72, 0.4, 200, (2023, 7)),
    Asset(
        "SHIB",
        "USDT",
        _MEME,
        0.0000215,
        "0.00000001",
        "1",
        "0.00000001",
        "1",
        1.40,
        0.64,
        0.8,
        260,
        (2021, 5),
    ),
    Asset(
        "PEPE",
        "USDT",
        _MEME,
        0.0000118,
        "0.00000001",
        "1",
        "0.00000001",
        "1",
        1.55,
        0.85,
        1.0,
        260,
        (2023, 5),
    ),
    Asset("WIF", "USDT", _MEME, 2.1, "0.001", "0.01", "0.0001", "0.1", 1.60, 0.90, 0.5, 210, (2024, 3)),
    Asset("AAPL", "USD", _TECH, 205, "0.01", "0.01", "", "", 1.10, 0.15, 0.5, 2100, (2019, 1)),
    Asset("MSFT", "USD", _TECH, 410, "0.01", "0.01", "", "", 1.05, 0.13, 0.45, 2300, (2019, 1)),
    Asset("NVDA", "USD", _CHIP, 118, "0.01", "0.01", "", "", 1.75, 0.30, 0.8, 1900, (2019, 1)),
    Asset("GOOGL", "USD", _TECH, 170, "0.01", "0.01", "", "", 1.10, 0.17, 0.4, 1900, (2019, 1)),
    Asset("AMZN", "USD", _CONS, 188, "0.01", "0.01", "", "", 1.20, 0.20, 0.4, 1900, (2019, 1)),
    Asset("TSLA", "USD", _AUTO, 245, "0.01", "0.01", "", "", 1.70, 0.42, 0.7, 1700, (2019, 1)),
    Asset("JPM", "USD", _BANK, 205, "0.01", "0.01", "", "", 0.95, 0.14, 0.25, 1800, (2019, 1)),
)
BY_SYMBOL: Final[dict[str, Asset]] = {asset.symbol: asset for asset in ASSETS}

_PERPS_SINCE = (2019, 9)


def listings_of(asset: Asset) -> list[Listing]:
    """The spot listing of `asset` and, where there is one, its perpetual."""
    spot = _listing(asset, perp=False)
    return [spot, _listing(asset, perp=True)] if asset.perp_tick else [spot]


def _listing(asset: Asset, *, perp: bool) -> Listing:
    year, month = max(asset.since, _PERPS_SINCE) if perp else asset.since
    return Listing(
        symbol=asset.symbol,
        market="perp" if perp else "spot",
        base=asset.base,
        quote=asset.quote,
        tick=Decimal(asset.perp_tick if perp else asset.spot_tick),
        lot=Decimal(asset.perp_lot if perp else asset.spot_lot),
        min_notional=Decimal(1 if asset.equity else 5),
        sector=asset.sector,
        equity=asset.equity,
        listed_ms=int(datetime(year, month, 1, tzinfo=UTC).timestamp() * 1000),
    )
