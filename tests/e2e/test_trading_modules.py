"""The scripts that trading stands on, each by itself: figures, patches, the account, its lanes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import pytest
from playwright.sync_api import Page

from tests.web import ground

ground.stand_up()  # the components' models cannot be imported before Django is set up

from candlewick.web.components import figures  # noqa: E402

VALUES: Final = (
    "0", "0.004", "-0.004", "0.005", "-0.005", "223.654", "-258.3", "1234567.891", "-0.01", "99.995", "1e-9",
)  # fmt: skip


def _call(page: Page, module: str, function: str, *arguments: Any) -> Any:
    script = f"async (given) => (await import('/js/{module}')).{function}(...given)"
    return page.evaluate(script, list(arguments))


@pytest.mark.parametrize("value", VALUES)
def test_figures_are_written_the_same_by_server_and_page(modules: Page, value: str) -> None:
    exact, number = Decimal(value), float(value)

    assert _call(modules, "format.js", "signed", number) == figures.signed(exact).text
    assert _call(modules, "format.js", "share", number) == figures.share(exact)
    assert _call(modules, "format.js", "amount", abs(number)) == figures.amount(abs(exact))
    assert _call(modules, "format.js", "fixed", abs(number), 2) == figures.fixed(abs(exact))
    assert _call(modules, "format.js", "fixed", abs(number), None) == figures.fixed(abs(exact), None)


def test_what_is_not_known_is_a_dash_on_both_sides(modules: Page) -> None:
    assert _call(modules, "format.js", "signed", None) == figures.signed(None).text
    assert _call(modules, "format.js", "share", None) == figures.share(None)
    assert _call(modules, "format.js", "amount", None) == figures.amount(None)


ROW: Final = """<div id="row" data-places="1">
  <span class="dir up" data-cell="pnl" data-format="signed">+1.00</span>
  <span data-cell="price" data-format="price">1.0</span><span data-cell="name">kept</span>
  <p class="gauge"><meter min="0" max="100" low="80" high="95" data-meter="pct" value="1"></meter></p>
</div>"""


def _patched(page: Page, data: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(
        """async ([html, data]) => {
          const { patch } = await import('/js/components/patch.js');
          document.body.innerHTML = html;
          patch(document.getElementById('row'), data);
          const [pnl, price, name] = [...document.querySelectorAll('#row span')];
          return {
            pnl: pnl.textContent, way: pnl.className, price: price.textContent, name: name.textContent,
            meter: document.querySelector('meter').value,
            level: document.querySelector('.gauge').dataset.level,
          };
        }""",
        [ROW, data],
    )
    return found


def test_a_patch_writes_what_it_is_given_and_leaves_the_rest(modules: Page) -> None:
    found = _patched(modules, {"pnl": -2.5, "name": "another"})

    assert (found["pnl"], found["way"]) == ("−2.50", "dir down")
    assert (found["price"], found["name"]) == ("1.0", "kept")


def test_a_patch_says_that_a_figure_is_not_known(modules: Page) -> None:
    found = _patched(modules, {"pnl": None, "price": None})

    assert (found["pnl"], found["way"], found["price"]) == ("—", "dir", "—")


@pytest.mark.parametrize(("pct", "level"), [(79.9, "calm"), (80, "warn"), (95, "crit"), (None, "unknown")])
def test_a_gauge_changes_its_level_with_its_length(modules: Page, pct: float | None, level: str) -> None:
    found = _patched(modules, {"pct": pct})

    assert found["level"] == level
    assert found["meter"] == (pct or 0)


PREPARE_ACCOUNT: Final = """async () => {
  const { Account } = await import('/js/terminal/account.js');
  window.live = { subscribe: (channels, handler) => { window.channels = channels; window.say = handler; } };
  window.account = new Account({ id: 7 }, window.live);
  window.heard = [];
  for (const name of ['orders', 'positions', 'portfolio', 'risk'])
    account.addEventListener(name, ({ detail }) => heard.push([name, detail ? detail.type : null]));
  window.order = (id, status, more) => ({ id, symbol: 'BTCUSDT', side: 'BUY', status, ...more });
}"""


def _account(page: Page, script: str) -> Any:
    page.evaluate(PREPARE_ACCOUNT)
    return page.evaluate(f"() => {{ {script} }}")


def test_the_account_follows_its_own_lanes(modules: Page) -> None:
    assert _account(modules, "return channels") == ["portfolio:7", "positions:7", "orders:7", "risk:7"]


def test_an_order_stays_while_it_works_and_goes_when_it_is_done(modules: Page) -> None:
    found = _account(
        modules,
        """
        say({ channel: 'orders', type: 'orders_snapshot', data: [order('b', 'OPEN'), order('a', 'OPEN')] });
        say({ channel: 'orders', type: 'order_placed', data: order('c', 'IN_FLIGHT') });
        say({ channel: 'orders', type: 'order_partly_filled', data: order('a', 'PARTLY_FILLED') });
        for (const [id, status] of [['b', 'CANCELLED'], ['c', 'REJECTED']])
          say({ channel: 'orders', type: 'order_gone', data: order(id, status) });
        return [...account.orders.values()].map(({ id, side, status }) => [id, side, status]);
        """,
    )

    assert found == [["a", "buy", "PARTLY_FILLED"]]


def test_a_position_of_nothing_is_gone(modules: Page) -> None:
    found = _account(
        modules,
        """
        say({ channel: 'positions', type: 'positions_snapshot', data: [{ symbol: 'A', quantity: 1 }] });
        say({ channel: 'positions', type: 'position_changed', data: { symbol: 'B', quantity: -2 } });
        say({ channel: 'positions', type: 'position_update', data: { symbol: 'B', quantity: -2, mark: 5 } });
        say({ channel: 'positions', type: 'position_changed', data: { symbol: 'A', quantity: 0 } });
        return [...account.positions.entries()];
        """,
    )

    assert found == [["B", {"symbol": "B", "quantity": -2, "mark": 5}]]


def test_a_breach_is_news_and_no_state_of_the_risk(modules: Page) -> None:
    found = _account(
        modules,
        """
        say({ channel: 'risk', type: 'risk_snapshot', data: { state: 'ACTIVE' } });
        say({ channel: 'risk', type: 'risk_breach', data: { level: 'warn' } });
        return [account.risk, heard.filter(([name]) => name === 'risk').length];
        """,
    )

    assert found == [{"state": "ACTIVE"}, 1]


PREPARE_LIVE: Final = """async () => {
  window.sent = [];
  window.WebSocket = class extends EventTarget {
    static OPEN = 1;
    readyState = 1;
    constructor() { super(); window.socket = this; }
    send(text) { sent.push(JSON.parse(text)); }
    close() {}
  };
  const { Live } = await import('/js/live.js');
  window.live = new Live('/ws/');
  window.heard = [];
  live.subscribe(['orders:7'], ({ seq }) => heard.push(['mine', seq]));
  live.subscribe(['orders:8'], ({ seq }) => heard.push(['other', seq]));
  live.open();
  socket.dispatchEvent(new Event('open'));
  window.come = (account, seq, type = 'order_placed') => {
    const data = JSON.stringify({ type, channel: 'orders', account, seq, data: {} });
    socket.dispatchEvent(new MessageEvent('message', { data }));
  };
}"""


def test_each_accounts_lane_is_numbered_and_heard_by_itself(modules: Page) -> None:
    modules.evaluate(PREPARE_LIVE)

    modules.evaluate(
        """() => {
          come(7, 4, 'orders_snapshot'); come(8, 90, 'orders_snapshot');
          come(7, 5); come(8, 91); come(7, 5); come(7, 6);
        }"""
    )

    heard = modules.evaluate("heard")
    assert heard == [["mine", 4], ["other", 90], ["mine", 5], ["other", 91], ["mine", 6]]


def test_a_gap_in_one_lane_has_that_lane_sent_again(modules: Page) -> None:
    modules.evaluate(PREPARE_LIVE)

    modules.evaluate(
        "() => { come(7, 4, 'orders_snapshot'); come(8, 9, 'orders_snapshot'); come(7, 6); come(8, 10); }"
    )

    assert modules.evaluate("heard") == [["mine", 4], ["other", 9], ["other", 10]]
    assert modules.evaluate("sent.filter(({ action }) => action === 'resync')") == [
        {"action": "resync", "channel": "orders:7"}
    ]
