"""Which bars there are to study, and of which markets some can be brought in."""

from __future__ import annotations

from candlewick.web.research import markets
from candlewick.web.research.markets import Series
from candlewick.web.services import Services
from tests.web.research import ground


def test_markets_are_listed_by_how_well_a_study_is_begun_with_them() -> None:
    ids = ["other:BTCUSDT", "sim:AAVEUSDT", "sim:ETHUSDT", "sim:BTCUSDT-PERP"]

    assert markets.listed(ids, primary="sim") == ["BTCUSDT-PERP", "ETHUSDT", "AAVEUSDT", "other:BTCUSDT"]


def test_bars_that_can_be_made_of_shorter_ones_are_told_of_too(services: Services) -> None:
    found = of_perp(markets.series(services.lake, primary="sim"))
    assert {each.timeframe: each.bars for each in found} == {"1h": 1_440, "4h": 360}, "60 days are too few"
    assert len({(each.first_day, each.last_day) for each in found}) == 1
    wanted = of_perp(markets.series(services.lake, primary="sim", offered=["2h", "30m"]))
    assert [each.timeframe for each in wanted] == ["1h", "2h"]


def test_a_made_bar_lies_within_those_that_it_is_made_of(services: Services) -> None:
    ground.put_bars(services.lake, "sim:SOLUSDT", first=22, hours=80)
    found = markets.find(services.lake, "sim:SOLUSDT", "1d", primary="sim")
    assert (found.bars, found.first_day, found.last_day) == (2, "2024-01-02", "2024-01-04")


def of_perp(found: list[Series]) -> list[Series]:
    return [each for each in found if each.id == ground.PERP]
