"""The portfolio component: positions, their profit, and what can be done with them."""

from __future__ import annotations

import re

from candlewick.core.errors import EngineAway, OrderRefused
from candlewick.web.components.portfolio import Portfolio
from candlewick.web.components.testing import ComponentTestCase as Case
from tests.web.components import shapes


class TestPortfolio(Case):
    component = Portfolio
    instruments = shapes.INSTRUMENTS

    def setUp(self) -> None:
        super().setUp()
        self.long = shapes.position()
        self.short = shapes.position("ETHUSDT", "-3.1", "-58.30")
        self.engine.answers = {
            "account.snapshot": shapes.snapshot(self.long, self.short, unrealized_pnl=165.354),
            "account.positions": [self.long, self.short],
            "position.close": [shapes.order(side="sell", reduce_only=True)],
            "order.place": shapes.order(),
        }

    def test_it_shows_each_position_with_its_profit_signed_and_coloured(self) -> None:
        html = self.show().html

        long, short = re.findall(r'<tr id="position-.*?</tr>', html, re.DOTALL)
        assert 'data-row="BTCUSDT-PERP"' in long
        assert re.search(r'class="dir up" data-cell="unrealized_pnl"[^>]*>\+223\.65<', long)
        assert re.search(r'class="dir down" data-cell="unrealized_pnl"[^>]*>−58\.30<', short)
        assert ">Long<" in long
        assert ">Short<" in short
        assert ">0.420<" in long  # in whole lots, without its sign
        assert ">3.100<" in short
        assert ">66,880.1<" in long  # at the instrument's own tick

    def test_it_adds_nothing_up_itself_and_shows_the_engines_total_at_the_foot(self) -> None:
        foot = self.show().html.partition("<tfoot>")[2]

        assert ">+165.35<" in foot

    def test_it_says_so_when_there_is_no_position(self) -> None:
        self.engine.answers["account.snapshot"] = shapes.snapshot()

        html = self.show().html

        assert "No open positions." in html
        assert "<table" not in html

    def test_what_is_not_known_is_a_dash_and_no_zero(self) -> None:
        unknown = shapes.position(current_price=None, liquidation_price=None) | {
            "unrealized_pnl": None,
            "unrealized_pct": None,
        }
        self.engine.answers["account.snapshot"] = shapes.snapshot(unknown, unrealized_pnl=None)

        html = self.show().html

        assert re.search(r'data-cell="unrealized_pnl"[^>]*>—<', html)
        assert re.search(r'data-cell="current_price"[^>]*>—<', html)

    def test_it_closes_one_position_at_the_market(self) -> None:
        answer = self.dispatch_event("close", symbol="BTCUSDT-PERP")

        assert answer.status == 200
        assert "Order to close BTCUSDT-PERP sent." in answer.html
        (asked,) = self.engine.commands("position.close")
        assert asked["symbol"] == "sim:BTCUSDT-PERP"
        assert asked["reverse"] is False
        assert asked["actor"] == "trader"

    def test_it_turns_a_position_round(self) -> None:
        self.dispatch_event("reverse", symbol="BTCUSDT-PERP")

        (asked,) = self.engine.commands("position.close")
        assert asked["reverse"] is True

    def test_it_offers_to_turn_round_only_what_can_be_sold_short(self) -> None:
        self.engine.answers["account.snapshot"] = shapes.snapshot(
            shapes.position("BTCUSDT-PERP"), shapes.position("ETHUSDT")
        )

        html = self.show().html

        assert 'data-yes="Reverse BTCUSDT-PERP"' in html
        assert 'data-yes="Close ETHUSDT"' in html
        assert 'data-yes="Reverse ETHUSDT"' not in html

    def test_it_closes_every_position(self) -> None:
        answer = self.dispatch_event("close_all")

        (asked,) = self.engine.commands("position.close")
        assert "symbol" not in asked
        assert "1 closing order sent." in answer.html

    def test_a_stop_sells_a_whole_long_position_and_never_more_than_it(self) -> None:
        answer = self.dispatch_event("add_stop", symbol="BTCUSDT-PERP", price="66000.5", key="k" * 12)

        assert answer.status == 200
        (asked,) = self.engine.commands("order.place")
        assert asked["order_type"] == "stop"
        assert (asked["side"], asked["quantity"], asked["stop_price"]) == ("sell", "0.420", "66000.5")
        assert asked["reduce_only"] is True
        assert asked["key"] == "k" * 12

    def test_a_target_buys_a_whole_short_position_back(self) -> None:
        self.dispatch_event("add_target", symbol="ETHUSDT", price="3000", key="k" * 12)

        (asked,) = self.engine.commands("order.place")
        assert asked["order_type"] == "take_profit"
        assert (asked["side"], asked["quantity"]) == ("buy", "3.1")

    def test_stop_and_target_of_one_position_cancel_each_other(self) -> None:
        self.dispatch_event("add_stop", symbol="BTCUSDT-PERP", price="66000", key="k" * 12)
        self.dispatch_event("add_target", symbol="BTCUSDT-PERP", price="69000", key="l" * 12)

        stop, target = self.engine.commands("order.place")
        assert stop["oco"] == target["oco"]

    def test_it_protects_nothing_where_nothing_is_held(self) -> None:
        answer = self.dispatch_event("add_stop", symbol="SOLUSDT", price="100", key="k" * 12)

        assert "There is no position in SOLUSDT." in answer.html
        assert self.engine.commands("order.place") == []

    def test_it_says_what_the_door_says(self) -> None:
        self.engine.answers["position.close"] = OrderRefused("stale", "BTCUSDT-PERP has no fresh price.")

        answer = self.dispatch_event("close", symbol="BTCUSDT-PERP")

        assert answer.status == 422
        assert "BTCUSDT-PERP has no fresh price." in answer.html

    def test_it_says_so_while_the_engine_is_away(self) -> None:
        self.engine.answers["account.snapshot"] = EngineAway("The engine is being restarted.")

        answer = self.show()

        assert answer.status == 503
        assert "The engine is being restarted." in answer.html
        assert "No open positions" not in answer.html

    def test_a_viewer_sees_the_positions_and_no_button(self) -> None:
        self.as_viewer()

        html = self.show().html

        assert "BTCUSDT-PERP" in html
        assert "<button" not in html

    def test_a_viewer_can_change_nothing(self) -> None:
        self.as_viewer()

        for event in ("close", "reverse", "add_stop", "add_target"):
            self.assert_permission_denied(event, symbol="BTCUSDT-PERP")
        self.assert_permission_denied("close_all")

    def test_a_stranger_sees_nothing(self) -> None:
        self.as_stranger()

        self.assert_permission_denied()
