"""Every `BOT_...` variable: its default and its meaning on one line each. A secret may also stand in a file that `BOT_..._FILE` names.

Mistakes are reported all at once, by name and without the value, because a value may be a secret.
"""

import difflib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import AnyHttpUrl, BaseModel, ConfigDict, Field, SecretStr, ValidationError, ValidationInfo, field_validator

from bot.i18n import N_
from bot.i18n import gettext as _

ROOT = Path(__file__).resolve().parent.parent
KEY_LENGTH = 32


class SettingsError(Exception):
    """All mistakes in the settings, one a line."""


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=True)

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
    web_chat: bool = Field(True, description=N_("serve the web chat at /"))
    telegram_token: SecretStr = Field(SecretStr(""), description=N_("token from @BotFather; empty: no Telegram"))
    telegram_api_url: AnyHttpUrl = Field(
        AnyHttpUrl("https://api.telegram.org"), description=N_("root of the Bot API (a self-hosted server, or a test server)")
    )
    telegram_webhook_url: AnyHttpUrl | None = Field(None, description=N_("public https address of this bot; empty: long polling"))
    telegram_secret: SecretStr = Field(SecretStr(""), description=N_("secret_token of the webhook, 1-256 of A-Z a-z 0-9 _ -"))

    messenger_page_token: SecretStr = Field(SecretStr(""), description=N_("access token of the Facebook page; empty: no Messenger"))
    messenger_app_secret: SecretStr = Field(SecretStr(""), description=N_("secret of the Meta app; while it is changed: new,old"))
    messenger_verify_token: SecretStr = Field(SecretStr(""), description=N_("the word you type beside the webhook address at Meta"))
    messenger_page_id: str = Field("", pattern=r"^\d*$", description=N_("number of the Facebook page; empty: the page of the token"))
    messenger_graph_url: AnyHttpUrl = Field(
        AnyHttpUrl("https://graph.facebook.com"), description=N_("root of the Graph API, without a version (a test server)")
    )
    viber_token: SecretStr = Field(SecretStr(""), description=N_("token of the Viber bot; empty: no Viber"))
    viber_webhook_url: AnyHttpUrl | None = Field(None, description=N_("public https address of this bot; Viber has no long polling"))
    viber_api_url: AnyHttpUrl = Field(AnyHttpUrl("https://chatapi.viber.com"), description=N_("root of the Viber API (a test server)"))

    @field_validator("messenger_app_secret", "messenger_verify_token")
    @classmethod
    def _messenger_is_complete(cls, secret: SecretStr, info: ValidationInfo) -> SecretStr:
        token = info.data.get("messenger_page_token")
        if token and token.get_secret_value() and not secret.get_secret_value().strip(", "):
            raise ValueError(_("BOT_MESSENGER_PAGE_TOKEN needs it: anybody could write to the webhook otherwise"))
        return secret

    @field_validator("viber_webhook_url")
    @classmethod
    def _viber_has_a_webhook(cls, url: AnyHttpUrl | None, info: ValidationInfo) -> AnyHttpUrl | None:
        token = info.data.get("viber_token")
        if token and token.get_secret_value() and url is None:
            raise ValueError(_("BOT_VIBER_TOKEN needs it: Viber sends messages to a public https address only"))
        return url

    @field_validator("telegram_secret")
    @classmethod
    def _secret_is_allowed(cls, secret: SecretStr, info: ValidationInfo) -> SecretStr:
        value = secret.get_secret_value()
        if not value and info.data.get("telegram_webhook_url"):
            raise ValueError(_("BOT_TELEGRAM_WEBHOOK_URL needs it: anybody could write to the webhook otherwise"))
        if value and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", value):
            raise ValueError(_("use 1-256 characters of A-Z a-z 0-9 _ -"))
        return secret

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


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings from the environment, or SettingsError that lists every mistake."""
    environ = os.environ if environ is None else environ
    known = {*map(variable, Settings.model_fields), *map(file_variable, secrets())}
    mistakes = []
    for name in sorted({n for n in environ if n.startswith("BOT_")} - known):
        close = difflib.get_close_matches(name, known, n=1)
        hint = _(" Did you mean {name}?").format(name=close[0]) if close else ""
        mistakes.append(_("{name}: there is no such setting.").format(name=name) + hint)
    values = {name: environ[variable(name)] for name in Settings.model_fields if environ.get(variable(name))}
    unread = set()
    for name in secrets():
        if path := environ.get(file_variable(name)):
            try:
                values[name] = _secret_in(path, name in values)
            except ValueError as mistake:
                mistakes.append(f"{file_variable(name)}: {mistake}")
                unread.add(name)
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        for detail in error.errors(include_input=False, include_url=False, include_context=False):
            name = str(detail["loc"][0])
            if name not in unread:
                named = file_variable(name) if name in secrets() and environ.get(file_variable(name)) else variable(name)
                mistakes.append(f"{named}: " + detail["msg"].removeprefix("Value error, "))
    if mistakes:
        raise SettingsError("\n".join(mistakes))
    return settings


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


def secrets() -> list[str]:
    return [name for name, field in Settings.model_fields.items() if field.annotation is SecretStr]


def file_variable(name: str) -> str:
    """As Docker and systemd hand over secrets: a process list and an inspected container show no content of a file."""
    return f"{variable(name)}_FILE"


def variable(name: str) -> str:
    return f"BOT_{name.upper()}"


def table() -> list[str]:
    """One line a variable: name, default, whether it is set, meaning."""
    lines = []
    for name, field in Settings.model_fields.items():
        default = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
        lines.append(_line(variable(name), "-" if default in ("", None) else str(default), _(str(field.description))))
        if name in secrets():
            lines.append(_line(file_variable(name), "-", _("file that holds {name} instead").format(name=variable(name))))
    return lines


def _line(name: str, default: str, meaning: str) -> str:
    state = _("set") if os.environ.get(name) else _("default")
    return f"{name:<31} {state:<8} {default:<28} {meaning}"
