"""From what was asked for to a study: every name looked up, every value judged, before anything is queued."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from candlewick.core.clock import NS_PER_S
from candlewick.core.errors import UsageError
from candlewick.core.instrument import Instrument, public_symbol
from candlewick.research.comparing import require_figure
from candlewick.research.naming import NoSuchStrategy
from candlewick.research.objectives import judge_of
from candlewick.research.sets import refuse_outcomes
from candlewick.research.space import between, space_among
from candlewick.research.windows import windows_between
from candlewick.runtime.jobs import desk, paper
from candlewick.runtime.jobs.kinds.request import Request, market_in, span_of
from candlewick.store.lake.reading import instrument_in
from candlewick.store.models import Account, Job
from candlewick.web.research import markets
from candlewick.web.research.kinds import (
    NEWEST,
    NO_RUN,
    OTHERS,
    PAPER,
    AskedComparison,
    AskedCrossValidation,
    AskedRanges,
    AskedReadiness,
    AskedSearch,
    AskedStudy,
    AskedWalkForward,
    Contender,
    Kind,
)
from candlewick.web.services import Services
from candlewick.web.strategies.shelf import Book, WrongParameters, shelf


class Refused(UsageError):
    """What was asked for cannot be studied; `errors` tells why, by field."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = dict(errors)


def ask(services: Services, owner: int, kind: Kind, asked: AskedStudy) -> Job:
    """Keep a study as a draft, or queue it.

    Raises:
        Refused: something in it is unknown or cannot be.
        Conflict: too many of the person's studies wait already.
    """
    strategy, spec = read(services, owner, asked)
    return desk.submit(
        owner,
        kind.kind,
        spec,
        name=asked.name.strip() or name_of(asked),
        notes=asked.notes,
        source=strategy.source,
        draft=asked.draft,
    )


def read(services: Services, owner: int, asked: AskedStudy) -> tuple[Book, dict[str, Any]]:
    """The strategy, and the request as the study's process reads it.

    Raises:
        Refused: something in it is unknown or cannot be.
    """
    errors: dict[str, str] = {}
    strategy, parameters = None, {}
    try:
        strategy = shelf().find(asked.strategy)
        parameters = strategy.read(asked.parameters)
    except WrongParameters as error:
        errors |= {f"parameters.{name}": text for name, text in error.errors.items()}
    except NoSuchStrategy as error:
        errors["strategy"] = str(error)
    if strategy is not None and strategy.told.timeframe and strategy.told.timeframe != asked.timeframe:
        errors["timeframe"] = f"{strategy.told.name} wants bars of {strategy.told.timeframe}."
    ids: list[str] = []
    try:
        ids = [instrument_in(services.lake, each, services.primary) for each in asked.symbols]
        errors |= _faults_of_markets(services, asked, ids)
    except UsageError as error:
        errors["symbols"] = str(error)
    if strategy is not None and not errors and isinstance(asked, AskedRanges):
        errors |= _faults_of_search(asked, strategy, parameters)
    others: dict[str, Any] = {}
    if isinstance(asked, AskedComparison):
        try:
            require_figure(asked.by)
        except UsageError as error:
            errors["by"] = str(error)
    if strategy is not None and not errors and isinstance(asked, AskedComparison):
        others = {OTHERS: [_contender(strategy, each) for each in asked.others]}
    if errors or strategy is None:
        raise Refused(errors)
    known = services.hub.directory.instruments
    spec = {
        "strategy": strategy.told.reference,
        "parameters": _told(strategy, parameters) if isinstance(asked, AskedReadiness) else parameters,
        "symbols": ids,
        "timeframe": asked.timeframe,
        "timerange": asked.timerange,
        "cash": asked.cash,
        "fee_taker": asked.fee_taker,
        "fee_maker": asked.fee_maker,
        "slippage_bps": asked.slippage_bps,
        "leverage": asked.leverage,
        "days_a_year": asked.days_a_year,
        **({} if asked.finer is None else {"finer": asked.finer}),
        "instruments": {id: _instrument(known[id]) for id in ids if id in known},
        **asked.settings,
        **others,
    }
    if isinstance(asked, AskedReadiness):
        spec[PAPER] = _on_paper(services, owner, asked, strategy, spec)
    return strategy, spec


def name_of(asked: AskedStudy) -> str:
    """What a study is called whose author gives it no name."""
    more = f" and {len(asked.symbols) - 1} more" if len(asked.symbols) > 1 else ""
    return f"{asked.strategy} · {asked.symbols[0]}{more} {asked.timeframe}"[:120]


def _faults_of_markets(services: Services, asked: AskedStudy, ids: list[str]) -> dict[str, str]:
    """What is wrong with the bars that were asked for, by field."""
    try:
        start, end = span_of(asked.timerange)
    except UsageError as error:
        return {"timerange": str(error)}
    twice = next((id for id in ids if ids.count(id) > 1), None)
    if twice is not None:
        return {"symbols": f"{public_symbol(twice, primary=services.primary)} stands there twice."}
    begins, ends = [], []
    for id in ids:
        try:
            found = markets.find(services.lake, id, asked.timeframe, primary=services.primary)
        except UsageError as error:
            return {"symbols": str(error)}
        if (start is not None and start >= found.last_s) or (end is not None and end <= found.first_s):
            return {
                "timerange": f"The bars of {found.symbol} reach from {found.first_day} to {found.last_day}: "
                "choose days among them."
            }
        begins.append(found.first_s if start is None else max(start, found.first_s))
        ends.append(found.last_s if end is None else min(end, found.last_s))
        if asked.finer is not None:
            try:
                markets.require_finer(
                    services.lake, found, asked.finer, begins[-1], ends[-1], primary=services.primary
                )
            except UsageError as error:
                return {"finer": str(error)}
    if isinstance(asked, AskedWalkForward | AskedReadiness):
        try:
            windows_between(min(begins), max(ends), asked.timeframe, asked.train, asked.test, asked.anchored)
        except UsageError as error:
            return {"train": str(error)}
    return {}


def _told(strategy: Book, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that are not the strategy's own: with none, the class is judged and not one set."""
    return {name: value for name, value in values.items() if value != strategy.params[name].default}


def _faults_of_search(asked: AskedRanges, strategy: Book, values: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with what is looked for, by field."""
    if errors := _faults_of_space(asked, strategy):
        return errors
    objective = asked.objective if isinstance(asked, AskedSearch) else "sharpe"
    try:
        judge_of(objective, (), values)
    except UsageError as error:
        return {"objective": str(error)}
    try:
        judge_of(objective, asked.constraints, values)
        if isinstance(asked, AskedCrossValidation):
            refuse_outcomes(asked.constraints, values)
    except UsageError as error:
        return {"constraints": str(error)}
    return {}


def _faults_of_space(asked: AskedRanges, strategy: Book) -> dict[str, str]:
    """What is wrong with the values that are to be tried, by field."""
    of, params = strategy.told.name, strategy.params
    errors: dict[str, str] = {}
    ranges: dict[str, Any] = {}
    for name, given in (asked.space or {}).items():
        try:
            if isinstance(given, list):
                ranges[name] = given
            else:
                ranges[name] = between(name, params.get(name), **given.model_dump())
            space_among(of, params, {name: ranges[name]})
        except UsageError as error:
            errors[f"space.{name}"] = str(error)
    if errors or isinstance(asked, AskedReadiness):
        return errors
    try:
        searched = space_among(of, params, None if asked.space is None else ranges)
        if isinstance(asked, AskedSearch) and asked.method == "grid":
            searched.grid()
    except UsageError as error:
        return {"space": str(error)}
    return {}


def _on_paper(
    services: Services, owner: int, asked: AskedReadiness, strategy: Book, spec: Mapping[str, Any]
) -> dict[str, Any] | None:
    """What the strategy made on paper; None: it has not run there, or that is not to be looked at.

    Raises:
        Refused: a run is named that there is not, or of which nothing can be told yet.
    """
    if asked.paper == NO_RUN:
        return None
    accounts = Account.objects.filter(user_id=owner).values_list("pk", flat=True)
    runs = paper.runs(accounts, strategy.told.name, spec["symbols"], asked.timeframe)
    if asked.paper != NEWEST:
        runs = [each for each in runs if each.pk == asked.paper]
        if not runs:
            raise Refused(
                {PAPER: f"No run {asked.paper} of {strategy.told.name} on paper has these markets and bars."}
            )
    else:  # of another text its run says nothing, unless a person says that it does
        code = hashlib.sha256(strategy.told.source.encode()).hexdigest()
        runs = [each for each in runs if each.code_hash == code]
    if not runs:
        return None
    try:
        since = (runs[0].begun_ns or 0) // NS_PER_S
        known = Request(
            strategy=spec["strategy"],
            symbols=spec["symbols"],
            timeframe=asked.timeframe,
            instruments=msgspec.convert(spec["instruments"], dict[str, Instrument]),
        )
        there = [market_in(services.lake, known, id, since, None) for id in known.symbols]
        return paper.run_of(runs[0], services.records, there)
    except UsageError as error:
        if asked.paper == NEWEST:
            return None
        raise Refused({PAPER: str(error)}) from None


def _contender(strategy: Book, asked: Contender) -> dict[str, Any]:
    """A strategy to compare with, as the study's process reads it.

    Raises:
        Refused: there is none, it takes no such values, or it stands in another file.
    """
    try:
        found = shelf().find(asked.strategy)
        values = found.read(asked.parameters)
    except UsageError as error:
        raise Refused({OTHERS: str(error)}) from None
    if found.told.source != strategy.told.source and not (found.told.bundled and strategy.told.bundled):
        raise Refused(
            {
                OTHERS: f"{found.key} stands in another file than {strategy.key}: a study takes one "
                "file along. Put both into one."
            }
        )
    return {"strategy": found.told.reference, "parameters": values}


def _instrument(known: Mapping[str, Any]) -> dict[str, Any]:
    """What the engine tells of an instrument, as a study keeps it."""
    made = Instrument(
        id=known["instrument"],
        venue=known["venue"],
        symbol=known["instrument"].partition(":")[2],
        native=known["symbol"],
        kind=known["kind"],
        base=known["base"],
        quote=known["quote"],
        settle=known["settle"],
        tick=_exact(known["tick"]),
        lot=_exact(known["lot"]),
        min_notional=_exact(known["min_notional"]),
        inverse=known["kind"] in ("perp", "future") and known["settle"] == known["base"],
        sector=known["sector"],
    )
    return {
        name: str(value) if isinstance(value, Decimal) else value
        for name, value in ((field, getattr(made, field)) for field in made.__struct_fields__)
    }


def _exact(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))
