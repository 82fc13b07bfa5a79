"""The `BOT_...` variables: those of the whole program, and how all are read. Those of a channel stand beside its class.

Default and meaning stand on one line each; a secret may also stand in a file that `BOT_..._FILE` names. Mistakes are reported all at
once, by name and without the value, because a value may be a secret. It knows no channel.
"""

import difflib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo

from bot.i18n import N_
from bot.i18n import gettext as _

ROOT = Path(__file__).resolve().parent.parent
KEY_LENGTH = 32


class SettingsError(Exception):
    """All mistakes in the settings, one a line."""


class Variables(BaseModel):
    """Each field is a variable, and its description the meaning."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=True)


class ChannelSettings(Variables):
    """What one channel is told: `token` of the channel telegram is BOT_TELEGRAM_TOKEN. The first field switches the channel on."""

    @classmethod
    def switch(cls) -> str:
        return next(iter(cls.model_fields))

    @property
    def on(self) -> bool:
        return bool(getattr(self, self.switch()))


Channels = Mapping[str, type[ChannelSettings]]


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


@dataclass(frozen=True, slots=True)
class Variable:
    """A field, and the channel whose it is; without one it is the program's."""

    channel: str
    field: str
    info: FieldInfo

    @property
    def name(self) -> str:
        return variable(self.channel, self.field)

    @property
    def file(self) -> str:
        """Empty for what is no secret. Docker and systemd hand over secrets so: a process list and an inspected container show none."""
        return f"{self.name}_FILE" if self.info.annotation is SecretStr else ""


def variable(*words: str) -> str:
    return "_".join(filter(None, ("BOT", *words))).upper()


def variables(channels: Channels) -> list[Variable]:
    return [Variable(channel, field, info) for channel, model in _models(channels) for field, info in model.model_fields.items()]


def load(channels: Channels, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of the program and of these channels from the environment, or SettingsError that lists every mistake."""
    environ = os.environ if environ is None else environ
    known = variables(channels)
    mistakes = list(_unknown(environ, known))
    made: dict[str, Any] = {}
    for channel, model in _models(channels):
        try:
            made[channel] = _read(model, [variable for variable in known if variable.channel == channel], environ)
        except SettingsError as error:
            mistakes.append(str(error))
    if mistakes:
        raise SettingsError("\n".join(mistakes))
    return Settings.model_construct(**dict(made.pop("")), channels=made)  # all of it has been validated


def _models(channels: Channels) -> list[tuple[str, type[Variables]]]:
    return [("", Program), *channels.items()]


def _unknown(environ: Mapping[str, str], known: Sequence[Variable]) -> Iterator[str]:
    names = {name for variable in known for name in (variable.name, variable.file) if name}
    for name in sorted({n for n in environ if n.startswith("BOT_")} - names):
        close = difflib.get_close_matches(name, names, n=1)
        hint = _(" Did you mean {name}?").format(name=close[0]) if close else ""
        yield _("{name}: there is no such setting.").format(name=name) + hint


def _read(model: type[Variables], own: Sequence[Variable], environ: Mapping[str, str]) -> Variables:
    values, named, mistakes = {}, {}, {}
    for variable in own:
        value, path = environ.get(variable.name), environ.get(variable.file)
        named[variable.field] = variable.file if path else variable.name
        if value:
            values[variable.field] = value
        if path:
            try:
                values[variable.field] = _secret_in(path, bool(value))
            except ValueError as mistake:
                mistakes[variable.field] = str(mistake)
    try:
        read = model.model_validate(values)
    except ValidationError as error:
        for detail in error.errors(include_input=False, include_url=False, include_context=False):
            mistakes.setdefault(str(detail["loc"][0]), detail["msg"].removeprefix("Value error, "))
    if mistakes:
        raise SettingsError("\n".join(f"{named[field]}: {mistake}" for field, mistake in mistakes.items()))
    return read


def _secret_in(path: str, set_beside: bool) -> str:
    """What stands in the file, or ValueError that tells neither the path nor what was read."""
    if set_beside:
        raise ValueError(_("the variable without _FILE is set too; keep one of the two"))
    try:
        secret = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        raise ValueError(_("the file that it names cannot be read")) from None
    if not secret:
        raise ValueError(_("the file that it names is empty"))
    return secret


def table(channels: Channels) -> list[str]:
    """One line a variable: name, default, whether it is set, meaning."""
    lines = []
    for variable in variables(channels):
        default = variable.info.default
        default = default.get_secret_value() if isinstance(default, SecretStr) else default
        lines.append(_line(variable.name, "-" if default in ("", None) else str(default), _(str(variable.info.description))))
        if variable.file:
            lines.append(_line(variable.file, "-", _("file that holds {name} instead").format(name=variable.name)))
    return lines


def _line(name: str, default: str, meaning: str) -> str:
    state = _("set") if os.environ.get(name) else _("default")
    return f"{name:<31} {state:<8} {default:<28} {meaning}"
