"""What the page of charts is told when it is made: enough to draw, before the first live message."""

from __future__ import annotations

from typing import Any

from candlewick.core.instrument import public_symbol
from candlewick.core.interval import SECONDS
from candlewick.web.link import Link
from candlewick.web.people import charted
from candlewick.web.people.panes import MOST_INDICATORS, Panes


def start(link: Link, panes: Panes, *, account: int | None) -> dict[str, Any]:
    """What the page's scripts begin with.

    Args:
        panes: as many as there may be; the symbols are internal ids that the link lists.
        account: whose trades are drawn; None: nobody's.
    """
    shown = [
        each.model_dump(mode="json") | {"symbol": public_symbol(each.symbol, primary=link.primary)}
        for each in panes.panes
    ]
    return {
        "shown": panes.shown,
        "panes": shown,
        "most": MOST_INDICATORS,
        "kinds": charted.kinds(each for pane in panes.panes for each in pane.indicators),
        "intervals": SECONDS,
        "instruments": [link.instruments[id] for id in dict.fromkeys(each.symbol for each in panes.panes)],
        "account": account,
    }
