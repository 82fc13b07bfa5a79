"""The settings: every mistake at once, by name, and never a secret."""

import traceback
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bot import settings
from bot.channels import all_settings
from bot.settings import ROOT, Settings
from bot.variables import SettingsError, table, variables

VARIABLES = {variable.name: variable for variable in variables(all_settings())}
SECRETS = [variable for variable in VARIABLES.values() if variable.file]
CANARY = "canary-7f3a-as-long-as-a-key-must-be"
WEBHOOK = {"BOT_TELEGRAM_WEBHOOK_URL": "https://bot.example.org"}


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "en")


def load(environ: dict[str, str] | None = None) -> Settings:
    return settings.load(all_settings(), environ)


def value_of(found: Settings, name: str) -> Any:
    variable = VARIABLES[name]
    return getattr(found.channels[variable.owner] if variable.owner else found, variable.field)


def mistakes(environ: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as error:
        load(environ)
    return str(error.value).splitlines()


def test_without_any_variable_the_defaults_hold() -> None:
    found = load({})
    assert (found.host, found.port, found.workers, found.content_dir) == ("127.0.0.1", 8080, 4, ROOT)
    assert [name for name, own in found.channels.items() if own.on] == ["web"]


def test_every_variable_is_read(tmp_path: Path) -> None:
    (tmp_path / "intents").mkdir()
    (tmp_path / "responses").mkdir()
    environ = {
        "BOT_HOST": "0.0.0.0",
        "BOT_PORT": "0",
        "BOT_DATA_DIR": "/var/lib/bot",
        "BOT_CONTENT_DIR": str(tmp_path),
        "BOT_DATABASE_URL": "sqlite+aiosqlite:///other.sqlite3",
        "BOT_STORE_KEY": "k" * 32,
        "BOT_LOG": "json",
        "BOT_LOG_KEY": "key",
        "BOT_WORKERS": "8",
        "BOT_WEB_CHAT": "false",
        "BOT_TELEGRAM_TOKEN": "1:token",
        "BOT_TELEGRAM_API_URL": "http://127.0.0.1:8081",
        "BOT_TELEGRAM_SECRET": "secret",
        "BOT_MESSENGER_PAGE_TOKEN": "token",
        "BOT_MESSENGER_APP_SECRET": "new,old",
        "BOT_MESSENGER_VERIFY_TOKEN": "word",
        "BOT_MESSENGER_PAGE_ID": "123",
        "BOT_MESSENGER_GRAPH_URL": "http://127.0.0.1:8082",
        "BOT_VIBER_TOKEN": "token",
        "BOT_VIBER_WEBHOOK_URL": "https://bot.example.org",
        "BOT_VIBER_API_URL": "http://127.0.0.1:8083",
        **WEBHOOK,
    }
    assert set(environ) == set(VARIABLES)
    assert [name for name in VARIABLES if value_of(load(environ), name) == value_of(load({}), name)] == []


def test_a_key_of_the_store_that_can_be_guessed_is_refused() -> None:
    assert mistakes({"BOT_STORE_KEY": f"{'n' * 32},{CANARY[:31]}"}) == [
        "BOT_STORE_KEY: use 32 characters or more, as `openssl rand -hex 32` prints them"
    ]


def test_while_a_key_is_changed_there_are_two() -> None:
    new, old = "n" * 32, "o" * 32
    assert load({"BOT_STORE_KEY": f"{new}, {old}"}).store_keys == [new, old]
    assert load({}).store_keys == []


def test_only_the_mapping_that_is_given_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_PORT", "not a number")
    monkeypatch.setenv("BOT_WORKERS", "7")
    monkeypatch.setenv("BOT_NONSENSE", "1")
    assert load({"BOT_PORT": "9000"}).port == 9000
    assert load({"BOT_PORT": "9000"}).workers == 4


def test_without_a_mapping_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_PORT", "9000")
    assert load().port == 9000


def test_an_empty_variable_is_not_set() -> None:
    assert load({"BOT_PORT": "", "BOT_TELEGRAM_WEBHOOK_URL": "", "BOT_LOG": ""}) == load({})


def test_variables_of_others_are_none_of_our_business() -> None:
    assert load({"PATH": "/bin", "ROBOT_PORT": "1", "bot_port": "1"}) == load({})


def test_all_mistakes_are_told_at_once_by_name() -> None:
    found = mistakes(
        {
            "BOT_PORT": "eighty",
            "BOT_WORKERS": "0",
            "BOT_LOG": "xml",
            "BOT_WEB_CHAT": "perhaps",
            "BOT_CONTENT_DIR": "/nowhere",
            "BOT_DATABASE_URL": "mysql://db",
            "BOT_TELEGRAM_API_URL": "telegram",
            "BOT_TELEGRAM_TOKN": "1:token",
            **WEBHOOK,
        }
    )
    assert [mistake.partition(":")[0] for mistake in found] == [
        "BOT_TELEGRAM_TOKN",
        "BOT_PORT",
        "BOT_CONTENT_DIR",
        "BOT_DATABASE_URL",
        "BOT_LOG",
        "BOT_WORKERS",
        "BOT_WEB_CHAT",
        "BOT_TELEGRAM_API_URL",
        "BOT_TELEGRAM_SECRET",
    ]


@pytest.mark.parametrize(
    ("name", "mistake"),
    [
        ("BOT_TELEGRAM_TOKN", "BOT_TELEGRAM_TOKN: there is no such setting. Did you mean BOT_TELEGRAM_TOKEN?"),
        ("BOT_WORKER", "BOT_WORKER: there is no such setting. Did you mean BOT_WORKERS?"),
        ("BOT_XYZZY_QUUX_FROBNICATE", "BOT_XYZZY_QUUX_FROBNICATE: there is no such setting."),
    ],
)
def test_an_unknown_variable_is_named_with_the_one_that_was_meant(name: str, mistake: str) -> None:
    assert mistakes({name: CANARY}) == [mistake]


@pytest.mark.parametrize("name", [*VARIABLES, "BOT_UNKNOWN"])
def test_no_value_is_ever_told_because_it_may_be_a_secret(name: str) -> None:
    environ = {name: f"{CANARY} {CANARY * 40}", "BOT_PORT": "70000" if name != "BOT_PORT" else CANARY}
    with pytest.raises(SettingsError) as error:
        load(environ)
    assert CANARY not in "".join(traceback.format_exception(error.value))


def test_secrets_are_hidden_when_the_settings_are_printed() -> None:
    database = f"postgresql+asyncpg://bot:{CANARY}@db/bot"
    environ = {variable.name: CANARY for variable in SECRETS} | {
        "BOT_VIBER_WEBHOOK_URL": "https://bot.example.org",
        "BOT_DATABASE_URL": database,
    }
    found = load(environ)
    assert len(SECRETS) == 9
    assert CANARY not in f"{found!r} {found}"
    assert {value_of(found, variable.name).get_secret_value() for variable in SECRETS} == {CANARY, database}


def test_a_webhook_without_a_secret_is_refused() -> None:
    assert mistakes(WEBHOOK) == [
        "BOT_TELEGRAM_SECRET: BOT_TELEGRAM_WEBHOOK_URL needs it: anybody could write to the webhook otherwise",
    ]


@pytest.mark.parametrize("secret", ["a", "-_", "A" * 256])
def test_a_webhook_with_a_secret_is_accepted(secret: str) -> None:
    assert value_of(load(WEBHOOK | {"BOT_TELEGRAM_SECRET": secret}), "BOT_TELEGRAM_SECRET").get_secret_value() == secret


@pytest.mark.parametrize("secret", ["two words", "zażółć", "A" * 257, "a\n"])
def test_a_secret_that_telegram_would_refuse_is_refused(secret: str) -> None:
    assert mistakes({"BOT_TELEGRAM_SECRET": secret}) == ["BOT_TELEGRAM_SECRET: use 1-256 characters of A-Z a-z 0-9 _ -"]


def test_a_folder_without_content_is_refused(tmp_path: Path) -> None:
    (tmp_path / "intents").mkdir()
    assert mistakes({"BOT_CONTENT_DIR": str(tmp_path)}) == ["BOT_CONTENT_DIR: this folder holds no intents/ and responses/"]


def test_the_database_is_a_file_in_the_data_folder_unless_another_is_named(tmp_path: Path) -> None:
    assert load({"BOT_DATA_DIR": str(tmp_path)}).database == f"sqlite+aiosqlite:///{tmp_path}/bot.sqlite3"
    assert load({"BOT_DATABASE_URL": "sqlite+aiosqlite:///other"}).database == "sqlite+aiosqlite:///other"


@pytest.mark.parametrize("url", ["postgresql+asyncpg://bot:secret@db:5432/bot", "postgresql+asyncpg://bot@/bot?host=/run/postgresql"])
def test_a_postgresql_for_several_replicas_is_accepted(url: str) -> None:
    assert load({"BOT_DATABASE_URL": url}).database == url


@pytest.mark.parametrize(
    "url",
    ["mysql://db", "postgresql://db/bot", "postgresql+asyncpg://db", "postgresql+asyncpg://db/", "postgresql+asyncpg://db:x/bot", "bot"],
)
def test_a_database_that_we_do_not_know_is_refused_with_what_is_right(url: str) -> None:
    assert mistakes({"BOT_DATABASE_URL": url}) == [
        "BOT_DATABASE_URL: use postgresql+asyncpg://user:password@host/name or sqlite+aiosqlite:///path"
    ]


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        load({}).port = 1  # type: ignore[misc]  # what must fail


def test_the_table_has_a_line_for_every_variable_and_says_which_are_set(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [name for variable in VARIABLES.values() for name in (variable.name, variable.file) if name]
    for name in names:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("BOT_PORT", "9000")
    monkeypatch.setenv("BOT_VIBER_TOKEN_FILE", "/run/secrets/viber")
    rows = {line.split()[0]: line.split(maxsplit=3) for line in table(all_settings())}
    assert list(rows) == names
    assert {name for name, row in rows.items() if row[1] == "set"} == {"BOT_PORT", "BOT_VIBER_TOKEN_FILE"}
    assert rows["BOT_VIBER_TOKEN_FILE"][2:] == ["-", "file that holds BOT_VIBER_TOKEN instead"]
    assert rows["BOT_PORT"][2:] == ["8080", "port of the web server; 0 takes a free one"]
    assert rows["BOT_LOG_KEY"][2:] == ["-", "key that hides ids in the logs; empty: a new one each start"]


def test_the_table_shows_no_value_that_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in VARIABLES.values():
        monkeypatch.setenv(variable.name, CANARY)
        monkeypatch.setenv(variable.file or variable.name, CANARY)
    assert CANARY not in "\n".join(table(all_settings()))


@pytest.mark.parametrize("secret", ["", " , "])
def test_messenger_without_a_way_to_check_who_writes_is_refused(secret: str) -> None:
    environ = {"BOT_MESSENGER_PAGE_TOKEN": "token", "BOT_MESSENGER_APP_SECRET": secret}
    assert [mistake.partition(":")[0] for mistake in mistakes(environ)] == [
        "BOT_MESSENGER_APP_SECRET",
        "BOT_MESSENGER_VERIFY_TOKEN",
    ]


def test_viber_without_an_address_to_send_to_is_refused() -> None:
    assert mistakes({"BOT_VIBER_TOKEN": "token"}) == [
        "BOT_VIBER_WEBHOOK_URL: BOT_VIBER_TOKEN needs it: Viber sends messages to a public https address only"
    ]


# --- secrets in files


def test_every_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    environ = {"BOT_VIBER_WEBHOOK_URL": "https://bot.example.org"}
    expected = {variable.name: f"{CANARY}-{variable.owner}" for variable in SECRETS}
    expected["BOT_DATABASE_URL"] = "postgresql+asyncpg://bot:pass@host/name"
    for variable in SECRETS:
        (tmp_path / variable.name).write_text(f"  {expected[variable.name]}\n\n", encoding="utf-8")
        environ[variable.file] = str(tmp_path / variable.name)
    found = load(environ)
    assert {"BOT_DATABASE_URL", "BOT_LOG_KEY", "BOT_TELEGRAM_TOKEN", "BOT_TELEGRAM_SECRET", "BOT_VIBER_TOKEN"} < set(expected)
    assert expected == {name: value_of(found, name).get_secret_value() for name in expected}


def test_what_is_no_secret_is_not_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "port").write_text("9000", encoding="utf-8")
    assert mistakes({"BOT_PORT_FILE": str(tmp_path / "port")})[0].startswith("BOT_PORT_FILE: there is no such setting.")


def test_an_empty_name_of_a_file_is_not_set() -> None:
    assert load({"BOT_VIBER_TOKEN_FILE": "", "BOT_LOG_KEY_FILE": ""}) == load({})


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff\xfe" + CANARY.encode()], ids=["missing", "empty", "blank", "no text"])
def test_a_file_without_a_secret_is_one_mistake_that_names_the_variable_alone(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / CANARY
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError) as error:
        load({"BOT_TELEGRAM_SECRET_FILE": str(file), **WEBHOOK})
    why = "the file that it names is empty" if content in (b"", b" \n") else "the file that it names cannot be read"
    assert str(error.value) == f"BOT_TELEGRAM_SECRET_FILE: {why}"
    assert CANARY not in "".join(traceback.format_exception(error.value))


@pytest.mark.parametrize("name", ["\0", "x" * 5000, "."])
def test_what_names_no_file_is_a_mistake_and_no_crash(name: str) -> None:
    assert mistakes({"BOT_LOG_KEY_FILE": name}) == ["BOT_LOG_KEY_FILE: the file that it names cannot be read"]


def test_a_secret_in_both_places_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(CANARY, encoding="utf-8")
    found = mistakes({"BOT_TELEGRAM_TOKEN": CANARY, "BOT_TELEGRAM_TOKEN_FILE": str(tmp_path / "token")})
    assert found == ["BOT_TELEGRAM_TOKEN_FILE: the variable without _FILE is set too; keep one of the two"]


def test_a_secret_of_a_file_is_checked_as_any_other_and_its_mistake_names_the_file_variable(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{CANARY} two words", encoding="utf-8")
    with pytest.raises(SettingsError) as error:
        load({"BOT_TELEGRAM_SECRET_FILE": str(tmp_path / "secret")})
    assert str(error.value) == "BOT_TELEGRAM_SECRET_FILE: use 1-256 characters of A-Z a-z 0-9 _ -"
    assert CANARY not in "".join(traceback.format_exception(error.value))
