"""What an operator can set, default and meaning on one line each: here for the whole program, for a channel beside its class.

`bot.variables` reads it from the environment. It knows no channel.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from bot.i18n import N_
from bot.i18n import gettext as _
from bot.variables import Models, Variables, read

ROOT = Path(__file__).resolve().parent.parent
KEY_LENGTH = 32


class ChannelSettings(Variables):
    """What one channel is told: `token` of the channel telegram is BOT_TELEGRAM_TOKEN. The first field switches the channel on."""

    @classmethod
    def switch(cls) -> str:
        return next(iter(cls.model_fields))

    @property
    def on(self) -> bool:
        return bool(getattr(self, self.switch()))


class Program(Variables):
    """What belongs to no channel."""

    host: str = Field("127.0.0.1", description=N_("address the web server listens on"))
    port: int = Field(8080, ge=0, le=65535, description=N_("port of the web server; 0 takes a free one"))
    data_dir: Path = Field(Path(".bot"), description=N_("folder for the database and the trained model"))
    content_dir: Path = Field(ROOT, description=N_("folder that holds intents/ and responses/"))
    database_url: SecretStr = Field(
        SecretStr(""), description=N_("postgresql+asyncpg://user:password@host/name for several replicas; empty: SQLite in BOT_DATA_DIR")
    )
    store_key: SecretStr = Field(
        SecretStr(""),
        description=N_("key that seals chat ids and what waits in the database, 32 characters or more; while you change it: new,old"),
    )
    log: Literal["auto", "json", "text"] = Field("auto", description=N_("log format; auto: text on a terminal, else JSON"))
    log_key: SecretStr = Field(SecretStr(""), description=N_("key that hides ids in the logs; empty: a new one each start"))
    workers: int = Field(4, ge=1, le=64, description=N_("how many people are answered at the same time"))

    @field_validator("content_dir")
    @classmethod
    def _content_is_there(cls, directory: Path) -> Path:
        try:
            found = (directory / "intents").is_dir() and (directory / "responses").is_dir()
        except OSError:  # its text would quote the value
            found = False
        if not found:
            raise ValueError(_("this folder holds no intents/ and responses/"))
        return directory

    @field_validator("database_url")
    @classmethod
    def _database_is_supported(cls, url: SecretStr) -> SecretStr:
        if url.get_secret_value() and not is_database(url.get_secret_value()):
            raise ValueError(_("use postgresql+asyncpg://user:password@host/name or sqlite+aiosqlite:///path"))
        return url

    @field_validator("store_key")
    @classmethod
    def _key_is_long(cls, key: SecretStr) -> SecretStr:
        if any(len(one) < KEY_LENGTH for one in keys_in(key)):
            raise ValueError(_("use 32 characters or more, as `openssl rand -hex 32` prints them"))
        return key

    @property
    def store_keys(self) -> list[str]:
        """The first seals, the others only open."""
        return keys_in(self.store_key)

    @property
    def database(self) -> str:
        return self.database_url.get_secret_value() or self.own_database

    @property
    def own_database(self) -> str:
        return f"sqlite+aiosqlite:///{(self.data_dir / 'bot.sqlite3').absolute()}"


class Settings(Program):
    """All that is set."""

    channels: Mapping[str, ChannelSettings]


def keys_in(secret: SecretStr) -> list[str]:
    """Several, while one is being changed, have a comma between them."""
    return [key.strip() for key in secret.get_secret_value().split(",") if key.strip()]


def is_database(url: str) -> bool:
    """Whether it reads like the URL of a database that we know. What is asked of it shows at the start."""
    try:
        parts = urlsplit(url)
        known = parts.scheme == "sqlite+aiosqlite" or (parts.scheme == "postgresql+asyncpg" and len(parts.path) > 1)
        return known and parts.port != 0
    except ValueError:  # a port that is no number; its text would quote the URL
        return False


def load(models: Models, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of the program, which is the one without a name, and of the channels; or SettingsError that lists every mistake."""
    made = read(models, os.environ if environ is None else environ)
    return Settings.model_construct(**dict(made.pop("")), channels=made)  # all of it has been validated
