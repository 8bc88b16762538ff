"""The road of an event: known, permitted, declared, not too often, valid."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from candlewick.core.errors import Conflict, EngineAway, OrderRefused, RateLimited, UnknownAccount, VenueError
from candlewick.web.components import Component, Event, FormComponent, Params, Schema
from candlewick.web.components.component import Notice
from candlewick.web.components.permissions import MayTrade, SeesAccount
from candlewick.web.components.testing import ACCOUNT, ComponentTestCase


class Size(Schema):
    size: Decimal


class Which(Params):
    symbol: str = "BTCUSDT"


class Till(FormComponent):
    """Remembers what reached its handlers."""

    template_name = "components/_notice.html"
    permission_classes = (SeesAccount,)
    params_schema = Which
    schema = Size
    events: ClassVar = {
        "put": Event(Size, (MayTrade,)),
        "take": Event(Size, (MayTrade,), rate_limit=2),
        "look": Event(Size),
    }
    fails: ClassVar[Exception | None] = None

    def mount(self) -> None:
        self.state |= {"money": self.visit.ask("money"), "symbol": self.params.symbol}

    def on_put(self, data: Size) -> None:
        if self.fails is not None:
            raise self.fails
        self.visit.command("put", size=str(data.size))
        self.notice = Notice("ok", f"{data.size} put in")
        self.triggers = {"put": {"text": "−1 €"}}

    def on_take(self, data: Size) -> None:
        self.visit.command("put", size=str(-data.size))

    def on_look(self, data: Size) -> None:
        self.errors = {"size": ["Look closer."]}


class Shop(Component):
    """Shows one figure, and keeps the sight of it for a while."""

    template_name = "components/_notice.html"
    permission_classes = (SeesAccount,)
    cache_ttl = 30
    events: ClassVar = {"buy": Event()}

    def mount(self) -> None:
        self.notice = Notice("ok", str(self.visit.ask("money")))

    def on_buy(self, data: Schema) -> None:
        self.visit.command("put", size="1")


class TestTill(ComponentTestCase):
    component = Till

    def setUp(self) -> None:
        super().setUp()
        self.engine.answers = {"money": Decimal("0.10000000000000000001"), "put": True}
        self.person = self.fresh(self.person)
        Till.fails = None

    def fresh(self, person: Any) -> Any:
        from dataclasses import replace

        from tests.web.ground import unique

        return replace(person, id=int(unique("9")))

    def test_it_shows_what_mounting_found_with_every_digit(self) -> None:
        answer = self.show(symbol="ETHUSDT")

        assert answer.status == 200
        self.assert_state(answer, money=Decimal("0.10000000000000000001"), symbol="ETHUSDT")

    def test_it_hands_validated_data_to_the_handler_and_tells_the_engine_who_acts(self) -> None:
        answer = self.dispatch_event("put", size="0.10")

        assert answer.status == 200
        assert "0.10 put in" in answer.html
        (command,) = self.engine.commands("put")
        assert command == {"account": ACCOUNT.id, "actor": "trader", "source": "", "size": "0.10"}

    def test_it_tells_the_page_what_came_of_an_event_in_plain_ascii(self) -> None:
        headers = self.dispatch_event("put", size="1").headers

        assert headers["HX-Trigger"] == '{"put": {"text": "\\u22121 \\u20ac"}}'

    def test_it_refuses_an_event_that_is_not_declared(self) -> None:
        self.assert_permission_denied("mount")
        self.assert_permission_denied("")
        self.assert_permission_denied("on_put")

    def test_it_refuses_whoever_may_not_trade_before_reading_what_they_sent(self) -> None:
        self.as_viewer()

        self.assert_permission_denied("put", size="not even a number")

    def test_it_shows_a_stranger_nothing_and_no_sign_that_there_is_anything(self) -> None:
        self.as_stranger()

        self.assert_permission_denied()
        self.assert_permission_denied("put", size="1")

    def test_it_says_beside_the_field_what_is_wrong_and_keeps_what_was_typed(self) -> None:
        answer = self.dispatch_event("put", size="a lot")

        assert answer.status == 422
        assert answer.component is not None
        assert answer.component.errors == {"size": ["Write a number, such as 0.15."]}
        assert answer.component.values == {"size": "a lot"}
        assert self.engine.commands("put") == []

    def test_it_refuses_fields_that_nobody_asked_for(self) -> None:
        answer = self.dispatch_event("put", size="1", money="1000000")

        assert answer.status == 422
        assert answer.component is not None
        assert answer.component.errors == {"money": ["There is no such field."]}
        assert self.engine.commands("put") == []

    def test_it_refuses_parameters_that_the_component_does_not_know(self) -> None:
        assert self.show(state="anything").status == 422

    def test_it_takes_an_empty_field_for_none(self) -> None:
        answer = self.dispatch_event("put", size="")

        assert answer.component is not None
        assert answer.component.errors == {"size": ["Fill this in."]}

    def test_it_reads_json_strictly(self) -> None:
        assert self.dispatch_event("put", is_text=False, size="0.5").status == 200
        assert self.dispatch_event("put", is_text=False, size=["0.5"]).status == 422

    def test_it_refuses_numbers_that_are_none(self) -> None:
        for size in ("NaN", "Infinity", "-Infinity"):
            assert self.dispatch_event("put", size=size).status == 422

    def test_it_answers_the_errors_that_a_handler_notes_with_422(self) -> None:
        answer = self.dispatch_event("look", size="1")

        assert answer.status == 422

    def test_it_answers_errors_of_the_engine_with_their_status(self) -> None:
        for error, status in (
            (OrderRefused("margin", "Too little margin."), 422),
            (Conflict("It is filled already."), 409),
            (UnknownAccount(1), 404),
            (EngineAway("Away."), 503),
            (VenueError("The venue is down."), 503),
            (RateLimited("Slowly.", 7.4), 429),
        ):
            Till.fails = error
            answer = self.dispatch_event("put", size="1")

            assert answer.status == status
            assert str(error) in answer.html
        assert answer.headers["Retry-After"] == "7"

    def test_it_puts_a_refusal_beside_the_field_that_it_names(self) -> None:
        Till.fails = OrderRefused("lot", "Quantity must be whole lots.", field="size")

        answer = self.dispatch_event("put", size="1")

        assert answer.component is not None
        assert answer.component.errors == {"size": ["Quantity must be whole lots."]}

    def test_it_says_so_when_what_it_shows_cannot_be_had(self) -> None:
        self.engine.answers["money"] = EngineAway("The engine is being restarted.")

        answer = self.show()

        assert answer.status == 503
        assert "The engine is being restarted." in answer.html

    def test_what_was_done_stays_done_where_only_the_showing_fails(self) -> None:
        self.engine.answers["money"] = EngineAway("Away.")

        answer = self.dispatch_event("put", size="1")

        assert len(self.engine.commands("put")) == 1
        assert "1 put in" in answer.html

    def test_it_opens_an_account_that_the_engine_has_not_heard_of(self) -> None:
        opened: list[str] = []
        self.engine.answers["money"] = lambda account: (_ for _ in ()).throw(UnknownAccount(account))

        visit = self.visit()

        def open_account(access: Any) -> None:
            opened.append(access.name)
            self.engine.answers["money"] = 5

        visit.open_account = open_account
        assert visit.ask("money") == 5
        assert opened == ["Paper"]

    def test_it_slows_down_whoever_sends_too_many_and_nobody_else(self) -> None:
        for _ in range(2):
            assert self.dispatch_event("take", size="1").status == 200
        answer = self.dispatch_event("take", size="1")

        assert answer.status == 429
        assert 1 <= int(answer.headers["Retry-After"]) <= 60
        assert len(self.engine.commands("put")) == 2
        self.person = self.fresh(self.person)
        assert self.dispatch_event("take", size="1").status == 200


class TestShop(ComponentTestCase):
    component = Shop

    def setUp(self) -> None:
        super().setUp()
        self.engine.answers = {"money": 1, "put": True}

    def test_it_shows_the_same_again_within_its_time_and_the_new_after_an_event(self) -> None:
        assert ">1<" in self.show().html
        self.engine.answers["money"] = 2
        assert ">1<" in self.show().html

        self.dispatch_event("buy")

        assert ">2<" in self.show().html

    def test_it_never_shows_one_persons_sight_to_another(self) -> None:
        self.show()
        self.engine.answers["money"] = 2
        self.person = TestTill.fresh(self, self.person)  # type: ignore[arg-type]

        assert ">2<" in self.show().html

    def test_a_fault_is_not_kept(self) -> None:
        self.engine.answers["money"] = EngineAway("Away.")
        assert self.show().status == 503
        self.engine.answers["money"] = 3

        assert ">3<" in self.show().html


del ComponentTestCase  # it holds no tests of its own
