"""The ticket: what it asks, shows and sends."""

from __future__ import annotations

import re
from typing import Any

import pytest

from candlewick.core.errors import EngineAway, OrderRefused
from candlewick.web.components.dispatch import Answer
from candlewick.web.components.order import FIELDS, OrderTicket
from candlewick.web.components.testing import ComponentTestCase as Case
from tests.web.components import shapes
from tests.web.ground import unique

KEY = "a-key-of-a-ticket"
PERP = {"symbol": "BTCUSDT-PERP"}


class TestTicket(Case):
    component = OrderTicket
    instruments = shapes.INSTRUMENTS

    def setUp(self) -> None:
        super().setUp()
        from dataclasses import replace

        self.person = replace(self.person, id=int(unique("7")))  # rates are counted by person
        self.engine.answers = {"order.place": shapes.order(), "order.preview": shapes.preview()}

    def submit(self, **fields: Any) -> Answer:
        given = {"side": "buy", "order_type": "market", "size": "0.15", "key": KEY} | fields
        return self.dispatch_event("submit", params=PERP, **given)

    def preview(self, **fields: Any) -> Answer:
        given = {"side": "buy", "order_type": "market", "size": "0.15", "key": KEY} | fields
        return self.dispatch_event("preview", params=PERP, **given)

    def sent(self) -> dict[str, Any]:
        (order,) = self.engine.commands("order.place")
        return order

    def test_it_asks_in_the_instruments_own_words(self) -> None:
        html = self.show(symbol="BTCUSDT-PERP").html

        assert '<option value="quantity">BTC</option>' in html
        assert "Buy / Long" in html
        assert "Buy / Long" not in self.show(symbol="BTCUSDT").html

    def test_it_says_so_where_there_is_no_such_instrument(self) -> None:
        answer = self.show(symbol="NOPE")

        assert answer.status == 404
        assert "Unknown symbol" in answer.html

    def test_each_ticket_has_a_key_of_its_own(self) -> None:
        keys = {_key(self.show(**PERP)) for _ in range(3)}

        assert len(keys) == 3

    def test_it_sends_a_market_order_once_with_its_key(self) -> None:
        answer = self.submit()

        assert answer.status == 200
        order = self.sent()
        assert order["symbol"] == "sim:BTCUSDT-PERP"
        assert (order["side"], order["order_type"], order["quantity"]) == ("buy", "market", "0.15")
        assert (order["key"], order["origin"], order["actor"]) == (KEY, "manual", "trader")
        assert "limit_price" not in order
        assert "Buy 0.150 BTCUSDT-PERP: filled at 67,412.5." in answer.html

    def test_the_ticket_after_an_order_is_another_one_with_the_same_words_in_it(self) -> None:
        answer = self.submit(order_type="limit", limit_price="67000")

        assert _key(answer) != KEY
        assert 'name="limit_price" inputmode="decimal" value="67000"' in answer.html

    def test_the_ticket_after_a_refusal_is_the_same_one(self) -> None:
        self.engine.answers["order.place"] = OrderRefused("margin", "Too little margin.")

        answer = self.submit()

        assert answer.status == 422
        assert _key(answer) == KEY
        assert "Too little margin." in answer.html

    def test_the_ticket_after_silence_is_the_same_one(self) -> None:
        self.engine.answers["order.place"] = EngineAway("The engine does not answer.")

        answer = self.submit()

        assert answer.status == 503
        assert _key(answer) == KEY

    def test_a_refusal_stands_beside_the_field_that_it_names(self) -> None:
        self.engine.answers["order.place"] = OrderRefused("max_order", "At most 50,000.", field="quantity")

        answer = self.submit()

        assert answer.component is not None
        assert answer.component.errors == {"size": ["At most 50,000."]}
        assert re.search(
            r'name="size"[^>]*aria-invalid="true" aria-describedby="ticket-size-error"', answer.html
        )
        assert 'id="ticket-size-error"' in answer.html

    def test_a_refusal_of_what_the_ticket_does_not_ask_stands_at_its_foot(self) -> None:
        self.engine.answers["order.place"] = OrderRefused("symbols", "Not allowed here.", field="symbol")

        answer = self.submit()

        assert answer.component is not None
        assert answer.component.errors == {}
        assert "Not allowed here." in answer.html

    def test_it_tells_that_the_venue_did_not_take_an_order(self) -> None:
        self.engine.answers["order.place"] = shapes.order(
            status="REJECTED", reason="No such market.", price=None
        )

        answer = self.submit()

        assert "Buy 0.150 BTCUSDT-PERP: rejected. No such market." in answer.html

    def test_it_never_calls_filled_what_is_open(self) -> None:
        self.engine.answers["order.place"] = shapes.order(status="OPEN", price=None, filled_quantity=0)

        assert "filled" not in self.submit().html.lower().partition("data-slot")[2]

    def test_it_sizes_by_notional_and_by_percent_of_equity(self) -> None:
        self.submit(size="5000", size_in="notional")
        self.submit(size="25", size_in="equity_pct", key="another-key")

        by_notional, by_percent = self.engine.commands("order.place")
        assert by_notional["notional"] == "5000"
        assert by_percent["equity_pct"] == "25"
        assert "quantity" not in by_notional
        assert "quantity" not in by_percent

    def test_it_trails_by_a_distance_or_by_percent(self) -> None:
        self.submit(order_type="trailing_stop", trail="150")
        self.submit(order_type="trailing_stop", trail="1.5", trail_in="percent", key="another-key")

        by_price, by_percent = self.engine.commands("order.place")
        assert by_price["trail"] == "150"
        assert by_percent["trail"] == "1.5%"

    def test_it_sends_stop_and_target_with_the_entry(self) -> None:
        self.submit(stop_loss="66400", take_profit="69200", reduce_only="true")

        order = self.sent()
        assert (order["stop_loss"], order["take_profit"], order["reduce_only"]) == ("66400", "69200", True)

    def test_a_browsers_time_is_utc(self) -> None:
        self.submit(
            order_type="limit", limit_price="67000", time_in_force="GTD", good_till="2026-12-01T10:30"
        )

        assert self.sent()["good_till"] == "2026-12-01T10:30:00Z"

    def test_it_asks_for_what_the_type_cannot_do_without(self) -> None:
        for order_type, missing in (
            ("limit", {"limit_price"}),
            ("stop", {"stop_price"}),
            ("stop_limit", {"stop_price", "limit_price"}),
            ("take_profit", {"stop_price"}),
            ("trailing_stop", {"trail"}),
        ):
            answer = self.submit(order_type=order_type)

            assert answer.status == 422
            assert answer.component is not None
            assert set(answer.component.errors) == missing
        assert self.engine.commands("order.place") == []

    def test_it_asks_until_when(self) -> None:
        answer = self.submit(order_type="limit", limit_price="67000", time_in_force="GTD")

        assert answer.component is not None
        assert answer.component.errors == {"good_till": ["Fill this in."]}

    def test_what_does_not_belong_to_the_type_is_not_sent(self) -> None:
        self.submit(limit_price="67000", stop_price="66000", post_only="true", time_in_force="FOK")

        assert self.sent().keys().isdisjoint({"limit_price", "stop_price", "post_only", "time_in_force"})

    def test_no_price_or_size_may_be_zero_or_less(self) -> None:
        for field in ("size", "limit_price"):
            given = {"order_type": "limit", "limit_price": "67000"} | {field: "-1"}
            answer = self.submit(**given)

            assert answer.component is not None
            assert set(answer.component.errors) == {field}

    def test_a_ticket_without_its_key_is_none(self) -> None:
        answer = self.submit(key="")

        assert answer.status == 422
        assert self.engine.commands("order.place") == []

    def test_every_field_that_the_type_has_no_use_for_is_off(self) -> None:
        for order_type, shown in FIELDS.items():
            html = self.submit(order_type=order_type, size="").html
            for field in ("limit_price", "stop_price", "trail", "time_in_force", "post_only"):
                box = re.search(rf'name="{field}"[^>]*', html)
                assert box is not None
                assert (" disabled" in box[0]) is (field not in shown), (order_type, field)

    def test_the_preview_shows_what_the_order_would_cost_and_risk(self) -> None:
        answer = self.preview(stop_loss="66400", take_profit="69200")

        assert answer.status == 200
        shown = re.sub(r"<[^>]+>|\s+", " ", answer.html)
        for text in ("10,111.88", "Margin (5×)", "2,022.38", "5.06", "−151.88 (0.29%)", "1.77", "0.150 BTC"):
            assert text in shown, text
        assert self.engine.commands("order.place") == []

    def test_a_spot_order_has_a_cost_and_no_margin(self) -> None:
        self.engine.answers["order.preview"] = shapes.preview(leverage=None)
        fields: dict[str, Any] = {"side": "buy", "order_type": "market", "size": "1"}

        html = self.dispatch_event("preview", params={"symbol": "BTCUSDT"}, **fields).html

        assert "<dt>Cost</dt>" in html
        assert "Margin" not in html

    def test_the_preview_says_what_the_door_would_say(self) -> None:
        refusal = {"code": "margin", "reason": "Too little margin.", "limit": 1, "value": 2, "field": None}
        self.engine.answers["order.preview"] = shapes.preview(ok=False, refusal=refusal)

        html = self.preview().html

        assert 'data-refusal="margin"' in html
        assert "Too little margin." in html

    def test_the_preview_of_half_a_ticket_is_empty(self) -> None:
        answer = self.preview(size="")

        assert answer.status == 200
        assert self.engine.asked == []

    def test_a_viewer_may_reckon_and_not_send(self) -> None:
        self.as_viewer()

        assert self.preview().status == 200
        assert re.search(r'id="ticket-go" type="submit" disabled', self.show(**PERP).html)
        self.assert_permission_denied("submit", side="buy", order_type="market", size="1", key=KEY)

    def test_a_stranger_sees_no_ticket(self) -> None:
        self.as_stranger()

        self.assert_permission_denied()


def _key(answer: Answer) -> str:
    found = re.search(r'name="key" value="([^"]+)"', answer.html)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("field", ["limit_price", "stop_price", "trail", "good_till", "post_only"])
def test_each_field_belongs_to_some_type(field: str) -> None:
    assert any(field in fields for fields in FIELDS.values())
