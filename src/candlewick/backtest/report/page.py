"""A report as one HTML file that needs nothing else: no network, no script."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from typing import Final

from candlewick.backtest.record import Record
from candlewick.backtest.report.figures import Written
from candlewick.backtest.report.sheet import Cell, Sheet, sections

MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
COLUMNS: Final = (
    "#", "Symbol", "Side", "Entry", "Exit", "Entry price", "Exit price", "Size", "P&L", "Return", "Why",
    "Tag",
)  # fmt: skip

STYLE: Final = files(__package__).joinpath("sheet.css").read_text(encoding="utf-8")


def tear_sheet(run: Record) -> str:
    """The report of a run as a page of its own."""
    sheet = sections(run)
    body = "".join(
        (
            f"<header><h1>{escape(sheet.title)}</h1><p class=dim>{escape(sheet.subtitle)}</p></header>",
            f"<div class=tiles>{''.join(_tile(each) for each in sheet.headline)}</div>",
            _warnings(sheet),
            *(
                f"<section><h2>{escape(each.title)}</h2><figure>{each.svg}"
                f"<figcaption>{escape(each.note)}</figcaption></figure></section>"
                for each in sheet.drawings
            ),
            _months(sheet),
            _figures(sheet),
            _falls(sheet),
            _facts(sheet),
            _trades(sheet),
            _code(sheet),
            "<p class=dim>Made by Candlewick. A backtest is what would have happened to somebody whose "
            "orders moved no price; what comes is something else.</p>",
        )
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(sheet.title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body><main>{body}</main></body></html>\n"
    )


def _tile(each: Written) -> str:
    return (
        f'<div class=tile title="{escape(each.formula)}"><span class=dim>{escape(each.label)}</span>'
        f'<b class="num {each.tone}">{escape(each.text)}</b></div>'
    )


def _warnings(sheet: Sheet) -> str:
    if not sheet.warnings:
        return ""
    return f"<ul class=warnings>{''.join(f'<li>{escape(each)}</li>' for each in sheet.warnings)}</ul>"


def _figures(sheet: Sheet) -> str:
    groups = "".join(_group(*each) for each in sheet.groups)
    return f"<section><h2>Figures</h2><div class=groups>{groups}</div></section>"


def _group(title: str, rows: tuple[Written, ...]) -> str:
    lines = "".join(
        f'<dt title="{escape(each.formula)}">{escape(each.label)}</dt>'
        f'<dd class="{each.tone}">{escape(each.text)}</dd>'
        for each in rows
    )
    return f"<div><p><strong>{escape(title)}</strong></p><dl>{lines}</dl></div>"


def _months(sheet: Sheet) -> str:
    if not sheet.years:
        return ""
    head = "".join(f'<th scope="col">{name}</th>' for name in (*MONTHS, "Year"))
    rows = "".join(
        f'<tr><th scope="row">{row.year}</th>{"".join(_cell(each) for each in (*row.months, row.total))}</tr>'
        for row in sheet.years
    )
    return (
        "<section><h2>Months, %</h2><div class=scroll><table class=months><thead><tr><td></td>"
        f"{head}</tr></thead><tbody>{rows}</tbody></table></div></section>"
    )


def _cell(cell: Cell | None) -> str:
    if cell is None:
        return "<td></td>"
    kind = f"up{cell.level}" if cell.level > 0 else f"down{-cell.level}" if cell.level < 0 else ""
    return f'<td class="num {kind}">{cell.text}</td>'


def _falls(sheet: Sheet) -> str:
    if not sheet.falls:
        return ""
    rows = "".join(
        f"<tr><td class=num>{each.depth}</td><td>{each.begun}</td><td>{each.lowest}</td>"
        f"<td>{each.recovered}</td></tr>"
        for each in sheet.falls
    )
    head = "".join(f'<th scope="col">{name}</th>' for name in ("Depth", "From", "Lowest", "Recovered"))
    return (
        f"<section><h2>Deepest drawdowns</h2><div class=scroll><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div></section>"
    )


def _facts(sheet: Sheet) -> str:
    lines = "".join(f"<dt>{escape(each.label)}</dt><dd>{escape(each.text)}</dd>" for each in sheet.facts)
    return f"<section class=facts><h2>What was run</h2><dl>{lines}</dl></section>"


def _trades(sheet: Sheet) -> str:
    if not sheet.trades:
        return ""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in COLUMNS)
    rows = "".join(
        f"<tr><td class=num>{row.number}</td><td>{escape(row.symbol)}</td><td>{row.side}</td>"
        f"<td>{row.entry}</td><td>{row.exit}</td><td class=num>{row.entry_price}</td>"
        f"<td class=num>{row.exit_price}</td>"
        f'<td class=num>{row.size}</td><td class="num {row.tone}">{row.pnl}</td>'
        f'<td class="num {row.tone}">{row.returned}</td><td>{row.reason}</td><td>{escape(row.tag)}</td></tr>'
        for row in sheet.trades
    )
    shown = len(sheet.trades)
    part = f"The last {shown:,} of {sheet.trades_in_all:,} trades"
    which = part if shown < sheet.trades_in_all else f"{shown:,} trades"
    return (
        f"<section><h2>Trades</h2><details><summary>{which}</summary><div class=scroll><table>"
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></details></section>"
    )


def _code(sheet: Sheet) -> str:
    if sheet.code is None:
        return ""
    return (
        "<section><h2>Strategy</h2><details><summary>Its source</summary><div class=scroll>"
        f"<pre>{escape(sheet.code)}</pre></div></details></section>"
    )
