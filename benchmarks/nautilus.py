"""The same crossings in nautilus_trader, as its users write them: its averages, orders and reports."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

from candlewick.cli.measuring.strategies import FAST, SLOW
from candlewick.market.bars import COLUMNS, Bars

CASH: Final = 1e9  # so that fees end nobody's trading
VOLUME: Final = 1_000.0  # of each bar: its quantities end at twelve digits


def nautilus_of(of: Bars) -> Callable[[], int]:
    """Run it over bars, from arrays to reports of positions and account; how often it went in."""
    engine, data, model = (
        import_module(f"nautilus_trader.{each}")
        for each in ("backtest.engine", "persistence.wranglers", "model")
    )
    config, enums = import_module("nautilus_trader.config"), import_module("nautilus_trader.model.enums")
    pandas, numpy = import_module("pandas"), import_module("numpy")
    average = import_module("nautilus_trader.indicators").SimpleMovingAverage
    theirs = import_module("nautilus_trader.trading.strategy").Strategy
    market = import_module("nautilus_trader.test_kit.providers").TestInstrumentProvider.btcusdt_binance()
    kind = model.BarType.from_str(f"{market.id}-1-MINUTE-LAST-EXTERNAL")
    one = model.Quantity(1, market.size_precision)

    class Theirs(theirs):  # type: ignore[misc, valid-type]
        def on_start(self) -> None:
            self.fast, self.slow, self.up = average(FAST), average(SLOW), False
            for each in (self.fast, self.slow):
                self.register_indicator_for_bars(kind, each)
            self.subscribe_bars(kind)

        def on_bar(self, bar: Any) -> None:
            if not self.indicators_initialized():
                return
            up = self.fast.value > self.slow.value
            if up is not self.up:
                self.up = up
                side = enums.OrderSide.BUY if up else enums.OrderSide.SELL
                self.submit_order(self.order_factory.market(market.id, side, one))

    def run() -> int:
        columns = {name: getattr(of, name) for name in COLUMNS}
        columns["volume"] = numpy.full(len(of), VOLUME)
        frame = pandas.DataFrame(columns, index=pandas.to_datetime(of.time, unit="s", utc=True))
        quiet = config.LoggingConfig(bypass_logging=True)
        made = engine.BacktestEngine(config.BacktestEngineConfig(logging=quiet))
        made.add_venue(
            market.id.venue, enums.OmsType.NETTING, enums.AccountType.CASH,
            [model.Money(CASH, market.quote_currency), model.Money(CASH, market.base_currency)],
        )  # fmt: skip
        made.add_instrument(market)
        made.add_data(data.BarDataWrangler(kind, market).process(frame))
        made.add_strategy(Theirs())
        made.run()
        trades = len(made.trader.generate_positions_report())
        made.trader.generate_account_report(market.id.venue)
        made.dispose()
        return trades

    return run
