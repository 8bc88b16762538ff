"""The risk component: how near the limits are, and the kill switch."""

from __future__ import annotations

import re
from decimal import Decimal

from candlewick.web.components.risk_metrics import RiskMetrics, gauge
from candlewick.web.components.testing import ComponentTestCase as Case
from tests.web.components import shapes


class TestRisk(Case):
    component = RiskMetrics

    def setUp(self) -> None:
        super().setUp()
        from dataclasses import replace

        from tests.web.ground import unique

        self.person = replace(self.person, id=int(unique("8")))
        self.engine.answers = {
            "account.risk": shapes.risk(),
            "risk.kill": shapes.risk(state="HALTED"),
            "risk.state": shapes.risk(),
        }

    def test_it_shows_the_use_of_margin_with_its_marks_at_80_and_95(self) -> None:
        html = self.show().html

        (meter,) = re.findall(r'<meter aria-labelledby="gauge-margin"[^>]*>', html)
        assert 'value="41.00"' in meter
        assert 'low="80" high="95"' in meter
        assert re.search(r'class="at-80">80<.*class="at-95">95<', html)

    def test_it_shows_every_limit_with_its_use(self) -> None:
        html = self.show().html

        assert "Daily loss" in html
        assert '<span data-cell="value" data-format="amount">6.80</span> / 10 ' in html
        assert '<span data-cell="value" data-format="amount">3</span> / 200 ' in html

    def test_it_shows_exposure_by_sector_day_and_drawdown(self) -> None:
        html = self.show().html

        assert 'data-sector="Layer 1"' in html
        assert re.search(r'class="dir down" data-cell="day_pnl"[^>]*>−680\.00<', html)
        assert ">7.1%<" in html

    def test_it_has_a_feed_of_alerts_unless_the_page_has_one(self) -> None:
        assert 'data-feed="alerts"' in self.show().html
        assert 'data-feed="alerts"' not in self.show(feed="false").html

    def test_the_kill_switch_asks_twice(self) -> None:
        assert self.dispatch_event("kill").status == 422
        assert self.dispatch_event("kill", confirmed="false").status == 422
        assert self.engine.commands("risk.kill") == []

        answer = self.dispatch_event("kill", confirmed="true")

        assert "Trading is halted." in answer.html
        (asked,) = self.engine.commands("risk.kill")
        assert (asked["flatten"], asked["actor"]) == (False, "trader")

    def test_the_kill_switch_closes_positions_only_if_asked_to(self) -> None:
        self.dispatch_event("kill", confirmed="true", flatten="true")

        (asked,) = self.engine.commands("risk.kill")
        assert asked["flatten"] is True

    def test_it_tells_what_remains_until_nothing_does(self) -> None:
        kill = {"active": True, "flatten": True, "remaining_orders": 2, "remaining_positions": 1}
        self.engine.answers["account.risk"] = shapes.risk(state="HALTED", kill=kill)

        html = self.show().html

        assert "2 orders and 1 position remain." in html
        assert "Resume trading" in html

    def test_it_says_what_was_done_once_nothing_remains(self) -> None:
        halted = {"state": "HALTED", "reason": "by hand", "open_orders": 0}
        self.engine.answers["account.risk"] = shapes.risk(**halted, open_positions=0)
        assert ">Halted: by hand. No order is working, no position is open.<" in self.show().html

        self.engine.answers["account.risk"] = shapes.risk(**halted, open_positions=2)
        assert "No order is working, 2 positions open." in self.show().html

    def test_a_sector_that_nobody_knows_has_the_name_under_which_its_figures_come(self) -> None:
        unknown = [{"name": "Unknown", "notional": Decimal(100), "pct": Decimal(1)}]
        self.engine.answers["account.risk"] = shapes.risk(sectors=unknown)
        assert 'data-sector="Unknown"' in self.show().html

    def test_an_account_that_trades_has_nothing_to_resume(self) -> None:
        assert "Resume trading" not in self.show().html

    def test_it_lets_the_account_trade_again(self) -> None:
        self.dispatch_event("set_state", state="ACTIVE")

        (asked,) = self.engine.commands("risk.state")
        assert asked["state"] == "ACTIVE"

    def test_a_viewer_sees_the_gauges_and_no_switch(self) -> None:
        self.as_viewer()

        html = self.show().html

        assert "gauge-margin" in html
        assert "Kill switch" not in html
        self.assert_permission_denied("kill", confirmed="true")
        self.assert_permission_denied("set_state", state="ACTIVE")

    def test_a_stranger_sees_nothing(self) -> None:
        self.as_stranger()

        self.assert_permission_denied()


def test_a_gauge_is_calm_then_warns_then_is_critical() -> None:
    levels = [gauge(Decimal(pct))["level"] for pct in ("79.9", "80", "94.9", "95", "140")]

    assert levels == ["calm", "warn", "warn", "crit", "crit"]
    assert gauge(Decimal(140))["value"] == "100.00"
    assert gauge(Decimal(140))["text"] == "140.0%"
    assert gauge(None)["level"] == "unknown"
