"""What a person may set: `candlewick.toml` in the data folder < `CANDLEWICK_…` variables < flags."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path
from typing import Any, Literal, Self

from platformdirs import user_data_path
from pydantic import BaseModel, Field, SecretStr, TypeAdapter, ValidationError, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from candlewick.core.errors import ConfigError
from candlewick.store.databases import LEDGER_FILE, ROWS_FILE

CONFIG_FILE = "candlewick.toml"
PREFIX = "CANDLEWICK_"
Port = int


class _Section(BaseModel):
    model_config = {"extra": "forbid", "frozen": True}


class WebLimits(_Section):
    """How often somebody may ask, each minute."""

    orders_per_minute: int = Field(60, ge=1)
    """Orders and amendments of one account that come over REST, by pages or by webhooks."""
    requests_per_minute: int = Field(1200, ge=1)
    """Requests of one person, or of one of their tokens, to REST."""
    sign_ins_per_minute: int = Field(60, ge=1)
    """Attempts to sign in from one address; a name is locked after five failures whatever this says."""


class WebSettings(_Section):
    """Where the terminal is served, and to whom."""

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=1, le=65535)
    allowed_hosts: list[str] = Field(default_factory=list)
    """Host names, besides the one bound to, under which people reach the terminal."""
    allowed_origins: list[str] = Field(default_factory=list)
    """Origins of pages elsewhere, as `https://desk.example.com`: they may use REST and open live
    connections with a person's cookie."""
    behind_proxy: bool = False
    """Trust `X-Forwarded-For` and `X-Forwarded-Proto` of a reverse proxy on this machine."""
    limits: WebLimits = Field(default_factory=WebLimits)


class SimSettings(_Section):
    """The simulated exchange."""

    host: str = "127.0.0.1"
    port: int = Field(8100, ge=1, le=65535)
    seed: int = 7
    venues: list[str] = Field(default_factory=lambda: ["sim", "sim-east", "sim-west"], min_length=1)
    pace: float = Field(1.0, gt=0, le=1000)
    misbehave: str = ""


class MarketSettings(_Section):
    """What is watched."""

    symbols: list[str] = Field(default_factory=list)
    """Always followed, besides what people look at; empty: everything a simulated venue lists, the
    majors of a real one."""
    record_trades: bool = True
    keep_trades_days: int = Field(7, ge=1)
    clock_skew_warning_ms: float = Field(1_000.0, gt=0)
    folder: Path | None = None
    """Where market history is kept; the data folder unless set. A replay has one of its own."""


class JobsSettings(_Section):
    """Studies: how many run at once, and where their work is done."""

    workers: int = Field(1, ge=0, le=64)
    """Studies that run at once under `candlewick up`; 0 where other machines run them."""
    executor: Literal["processes", "threads"] = "processes"
    """What a study spreads its work over. Threads take less memory and do for compiled strategies alone."""
    processes: int | None = Field(None, ge=1, le=1024)
    """How many of them one study may use; as many as there are processors unless set."""
    scheduler: str | None = None
    """Address of a Dask scheduler, whose workers do the work instead: `tcp://host:8786`."""

    @model_validator(mode="after")
    def _names_a_scheduler(self) -> Self:
        if self.scheduler is not None and not self.scheduler.startswith(("tcp://", "tls://")):
            raise PydanticCustomError("no_scheduler", "A scheduler's address reads tcp://host:port.")
        return self


class AccountSwitch(_Section):
    """An account that may trade with real money: `[accounts.<name>]`, in the file alone."""

    live: bool = False
    venue: str = "binance"
    key: str = ""
    """Label of the venue's key that signs for it (`candlewick key add`)."""

    @model_validator(mode="after")
    def _names_its_key(self) -> Self:
        if self.live and not self.key:
            raise PydanticCustomError("no_key", "A live account needs the label of a venue's key.")
        return self


class Settings(BaseSettings):
    """All settings in force. An unknown key or a wrong type is refused by name."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    data_dir: Path = Field(default_factory=lambda: default_data_dir())
    venues: list[str] = Field(default_factory=lambda: ["sim"], min_length=1)
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    web: WebSettings = Field(default_factory=WebSettings)
    sim: SimSettings = Field(default_factory=SimSettings)
    market: MarketSettings = Field(default_factory=MarketSettings)
    jobs: JobsSettings = Field(default_factory=JobsSettings)
    accounts: dict[str, AccountSwitch] = Field(default_factory=dict)
    """Which accounts trade live. One that is not named here trades on paper."""
    database_url: SecretStr | None = Field(None, validation_alias="DATABASE_URL")
    redis_url: SecretStr | None = Field(None, validation_alias="REDIS_URL")
    master_key: SecretStr | None = None
    """Protects venues' keys and seals the audit; `master.key` in the data folder unless set."""

    @property
    def market_dir(self) -> Path:
        """Folder of the lake and of the account lanes' log."""
        return self.market.folder or self.data_dir

    @property
    def primary(self) -> str:
        """Id of the venue whose symbols are written bare."""
        return self.sim.venues[0] if self.venues[0] == "sim" else self.venues[0]

    @property
    def rows(self) -> Path | str:
        """Where people, their accounts and settings are kept: a file, or the database of `DATABASE_URL`."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return self.data_dir / ROWS_FILE

    @property
    def master_key_text(self) -> str | None:
        """The master key that is set, as `store.keys.load` takes it."""
        return None if self.master_key is None else self.master_key.get_secret_value()

    @property
    def ledger(self) -> Path | str:
        """Where the ledger is kept: a file, or the database of `DATABASE_URL`; a replay has its own."""
        if self.database_url is not None and self.market.folder is None:
            return self.database_url.get_secret_value()
        return self.market_dir / LEDGER_FILE

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        folder = init_settings.init_kwargs.get("data_dir")  # type: ignore[attr-defined]
        toml = Path(folder or default_data_dir()) / CONFIG_FILE
        return init_settings, env_settings, _File(settings_cls, toml_file=toml)


class _File(TomlConfigSettingsSource):
    """`candlewick.toml`. It has types of its own: there a text is no number, and true is not 1."""

    def __call__(self) -> dict[str, Any]:
        found = super().__call__()
        for key, value in found.items():
            field = self.settings_cls.model_fields.get(key)
            if field is None:
                continue  # refused with whatever else is unknown
            try:
                kind: Any = field.annotation
                TypeAdapter(kind).validate_json(json.dumps(value, default=str), strict=True)
            except ValidationError as error:
                raise ConfigError(f"{CONFIG_FILE}: {_complaints(error, key)}") from None
        return found


def default_data_dir() -> Path:
    """`CANDLEWICK_DATA_DIR`, or the place this system keeps a person's data."""
    named = os.environ.get(f"{PREFIX}DATA_DIR")
    return Path(named) if named else user_data_path("candlewick", appauthor=False)


def names(text: str | None) -> list[str] | None:
    """The names in a flag, commas between them; None if it was not given."""
    return [each.strip() for each in text.split(",")] if text else None


def load(**flags: Any) -> Settings:
    """The settings in force; `flags` given as None are not set. Keys may be nested: `web={"port": 1}`.

    Raises:
        ConfigError: names each key that is unknown or wrong, and says why.
    """
    try:
        _refuse_unknown_variables()
        return Settings(**_given(flags))
    except ValidationError as error:
        raise ConfigError(_complaints(error)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"{CONFIG_FILE} cannot be read: {error}") from None


def _complaints(error: ValidationError, *where: str) -> str:
    found = []
    for each in error.errors():
        unknown = each["type"] == "extra_forbidden"
        reason = "There is no such setting. Remove it, or correct its name." if unknown else each["msg"]
        found.append(f"{'.'.join(map(str, (*where, *each['loc'])))}: {reason}")
    return "; ".join(found)


def _refuse_unknown_variables() -> None:
    # pydantic-settings ignores variables it does not know; a misspelt one must not pass silently
    for name in os.environ:
        if not name.startswith(PREFIX):
            continue
        fields = Settings.model_fields
        for part in name.removeprefix(PREFIX).lower().split("__"):
            if part not in fields:
                raise ConfigError(f"The variable {name} names no setting. Remove it, or correct its name.")
            kind = fields[part].annotation
            fields = kind.model_fields if isinstance(kind, type) and issubclass(kind, BaseModel) else {}


def _given(flags: dict[str, Any]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for key, value in flags.items():
        if isinstance(value, dict):
            value = _given(value) or None
        if value is not None:
            given[key] = value
    return given
