"""The golden backtests: which strategy on which recorded market, and what is pinned of what came out.

Of every fill is pinned four digits of a digest that goes on from fill to fill: enough to say which one is the
first that changed, and nothing of the recorded prices.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import candlewick as cw
from candlewick.backtest.result import Result
from candlewick.core.instrument import Instrument
from candlewick.fills.state import REASONS
from candlewick.research.loading import bundled_of

FOLDER: Final = Path(__file__).parent
DIGITS: Final = 4
HEADLINE: Final = ("total_return", "sharpe", "max_drawdown", "trades", "win_rate", "fees", "funding")
# tick, lot and least order, as Binance states them
RULES: Final = {
    "BTCUSDT": ("0.01", "0.00001", "5"),
    "BTCUSDT-PERP": ("0.1", "0.001", "100"),
    "ETHUSDT-PERP": ("0.01", "0.001", "20"),
    "LAYERUSDT-PERP": ("0.0001", "0.1", "5"),
}
HOURS, MINUTES, SPOT = "binance_perp_1h", "binance_perp_1m", "binance_spot_1h"


@dataclass(frozen=True, slots=True)
class Case:
    """A strategy with parameters on markets (`folder/symbol`), at costs."""

    name: str
    strategy: str
    markets: tuple[str, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    terms: Mapping[str, Any] = field(default_factory=dict)


CASES: Final = (
    Case("perpetual", "EmaCross", (f"{HOURS}/BTCUSDT-PERP",), {}, {"slippage_bps": 1}),
    Case("spot", "EmaCross", (f"{SPOT}/BTCUSDT",), {"fast": 20, "slow": 100}, {"cash": 1_000}),
    Case("both ways", "EmaCross", (f"{MINUTES}/ETHUSDT-PERP",), {"shorts": True}, {"leverage": 3}),
    Case("perpetual", "RsiReversion", (f"{HOURS}/ETHUSDT-PERP",), {}, {"slippage_bps": 1}),
    Case("crash", "RsiReversion", (f"{MINUTES}/LAYERUSDT-PERP",), {"stop": 0.02}, {}),
    Case("perpetual", "BollingerBreakout", (f"{HOURS}/BTCUSDT-PERP",), {"shorts": True}, {}),
    Case("crash", "BollingerBreakout", (f"{MINUTES}/LAYERUSDT-PERP",), {"shorts": True}, {"leverage": 5}),
    Case("portfolio", "DonchianTrend", (f"{HOURS}/BTCUSDT-PERP", f"{HOURS}/ETHUSDT-PERP"), {"shorts": True}),
    Case("carry", "FundingCarry", (f"{SPOT}/BTCUSDT", f"{HOURS}/BTCUSDT-PERP"), {}, {"slippage_bps": 1}),
    Case("perpetual", "Grid", (f"{HOURS}/ETHUSDT-PERP",), {}, {"slippage_bps": 1}),
    Case("minutes", "Grid", (f"{MINUTES}/BTCUSDT-PERP",), {"step": 0.002, "length": 360}, {}),
)


def pinned(case: Case, recordings: Path) -> dict[str, Any]:
    """What is pinned of a case's run."""
    result = run(case, recordings)
    return {
        "fills": len(result.fills),
        "chain": "".join(digest[:DIGITS] for digest in _digests(result)),
        "digest": (_digests(result) or [""])[-1],
        "last_equity": round(float(result.equity[-1]), 6),
        "metrics": {name: _rounded(result.metrics[name]) for name in HEADLINE},
    }


def run(case: Case, recordings: Path) -> Result:
    """The backtest of a case."""
    strategy = bundled_of(case.strategy).strategy(**case.parameters)
    return cw.backtest(strategy, [market(recordings, name) for name in case.markets], **case.terms)


def market(recordings: Path, name: str) -> cw.Market:
    """A recorded market, `folder/symbol`, with its rules and, of a perpetual, its funding."""
    folder, _, symbol = name.partition("/")
    base = symbol.removesuffix("-PERP").removesuffix("USDT")
    home = recordings / "ohlcv" / folder
    tick, lot, least = map(Decimal, RULES[symbol])
    perpetual = symbol.endswith("-PERP")
    instrument = Instrument(
        id=f"binance:{symbol}", venue="binance", symbol=symbol, native=f"{base}USDT",
        kind="perp" if perpetual else "spot", base=base, quote="USDT", settle="USDT",
        tick=tick, lot=lot, min_notional=least,
    )  # fmt: skip
    interval = folder.rpartition("_")[2]
    if not perpetual:
        return cw.Market(cw.read(home / f"{base}_USDT-{interval}.feather"), instrument)
    (rates,) = home.glob(f"{base}_USDT_USDT-*-funding_rate.feather")
    bars = cw.read(home / f"{base}_USDT_USDT-{interval}-futures.feather")
    return cw.Market(bars, instrument, cw.read_funding(rates))


def fills(result: Result) -> list[str]:
    """Every fill in ticks and lots, its money in millionths."""
    rows = []
    for fill in result.fills:
        own = result.markets[fill["market"]]
        assert own.instrument is not None
        tick, lot = float(own.instrument.tick or 1), float(own.instrument.lot or 1)
        rows.append(
            f"{result.columns.when(int(fill['bar'])):%Y-%m-%d %H:%M} {own.symbol} "
            f"{'buy' if fill['side'] > 0 else 'sell'} {round(fill['size'] / lot)} lots at "
            f"{round(fill['price'] / tick)} ticks, fee {fill['fee']:.6f}, {REASONS[fill['why']]}"
        )
    return rows


def difference(old: Mapping[str, Any], new: Mapping[str, Any], result: Result) -> str | None:
    """What changed, as lines that begin with the first fill that is another one; None: nothing did."""
    if old == new:
        return None
    lines = []
    was, now = _links(old["chain"]), _links(new["chain"])
    apart = next((n for n, (a, b) in enumerate(zip(was, now, strict=False)) if a != b), None)
    if apart is None and len(was) != len(now):
        apart = min(len(was), len(now))
    if apart is not None:
        told = fills(result)
        lines.append(f"Fill {apart} of {len(was)} is another one. The fills from the one before it on are:")
        lines += [f"  {n}: {told[n]}" for n in range(max(apart - 1, 0), min(apart + 3, len(told)))]
        if apart >= len(told):
            lines.append(f"  {len(was) - len(told)} fills at the end are gone.")
    for name in ("fills", "last_equity"):
        if old[name] != new[name]:
            lines.append(f"{name}: {old[name]} is {new[name]} now")
    for name, value in new["metrics"].items():
        if old["metrics"].get(name) != value:
            lines.append(f"{name}: {old['metrics'].get(name)} is {value} now")
    return "\n".join(lines)


def kept(strategy: str) -> dict[str, Any]:
    """What is pinned of a strategy's cases, by name."""
    path = path_of(strategy)
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def path_of(strategy: str) -> Path:
    """Where it is pinned."""
    return FOLDER / f"{strategy}.json"


def _digests(result: Result) -> list[str]:
    digest, out = hashlib.sha256(), []
    for row in fills(result):
        digest.update(row.encode())
        out.append(digest.hexdigest())
    return out


def _links(chain: str) -> list[str]:
    return [chain[at : at + DIGITS] for at in range(0, len(chain), DIGITS)]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 6)
