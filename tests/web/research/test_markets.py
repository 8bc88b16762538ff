"""Which bars there are to study, and of which markets some can be brought in."""

from __future__ import annotations

from candlewick.web.research import markets


def test_markets_are_listed_by_how_well_a_study_is_begun_with_them() -> None:
    ids = ["other:BTCUSDT", "sim:AAVEUSDT", "sim:ETHUSDT", "sim:BTCUSDT-PERP"]

    assert markets.listed(ids, primary="sim") == ["BTCUSDT-PERP", "ETHUSDT", "AAVEUSDT", "other:BTCUSDT"]
