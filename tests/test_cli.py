"""The command line as staff and operators use it."""

import asyncio
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli import main
from bot.settings import ROOT
from bot.store import Store
from bot.store.database import engine_for, migrate
from bot.types import Address, Message


@pytest.fixture
def environment(tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch, read: object) -> dict[str, str]:
    """A data folder of its own; `read` has seen to it that its model is trained."""
    monkeypatch.setattr("bot.telemetry.configure", lambda *_: None)  # the log of the tests stays as it is
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "models").symlink_to(data_dir / "models")
    return {"BOT_DATA_DIR": str(tmp_path / "data"), "LANGUAGE": "en"}


def run(environment: dict[str, str], *arguments: str, given: str = "") -> Result:
    return CliRunner().invoke(main, arguments, input=given, env=environment)


def content_copy(tmp_path: Path) -> Path:
    for name in ("intents", "responses"):
        shutil.copytree(ROOT / name, tmp_path / "content" / name)
    return tmp_path / "content"


@pytest.mark.parametrize("command", ["", *main.commands])
@pytest.mark.parametrize("language", ["pl", "uk", "en"])
def test_every_command_explains_itself(command: str, language: str) -> None:
    result = CliRunner().invoke(main, [*filter(None, [command]), "--help"], env={"LANGUAGE": language})
    assert result.exit_code == 0
    assert len(result.output.splitlines()) > 3


def test_the_content_of_this_repository_has_no_errors(environment: dict[str, str]) -> None:
    result = run(environment, "check")
    assert "0 errors" in result.output
    assert result.exit_code == 0


def test_a_mistake_is_named_with_file_line_and_cure(environment: dict[str, str], tmp_path: Path) -> None:
    directory = content_copy(tmp_path)
    file = directory / "responses" / "border.yml"
    file.write_text(file.read_text(encoding="utf-8").replace("/border/rights", "/border/nowhere"), encoding="utf-8")
    line = 1 + file.read_text(encoding="utf-8").splitlines().index("          payload: /border/nowhere")
    result = run(environment | {"BOT_CONTENT_DIR": str(directory)}, "check")
    assert result.exit_code == 1
    assert f"responses/border.yml:{line - 1}: error: nothing answers /border/nowhere. Write" in result.output
    machine = json.loads(run(environment | {"BOT_CONTENT_DIR": str(directory)}, "check", "--json").output)
    assert "responses/border.yml" in {problem["file"] for problem in machine}


def test_a_stamp_makes_an_adapted_translation_current(environment: dict[str, str], tmp_path: Path) -> None:
    directory = content_copy(tmp_path)
    file = directory / "responses" / "small_talk.yml"
    file.write_text(file.read_text(encoding="utf-8").replace("Wszystkiego dobrego.", "Do usłyszenia."), encoding="utf-8")
    environment |= {"BOT_CONTENT_DIR": str(directory)}
    assert "the Polish text changed" in run(environment, "check").output
    assert "stamped: utter_goodbye" in run(environment, "check", "--stamp").output
    assert run(environment, "check").exit_code == 0


def test_content_that_cannot_be_read_stops_the_bot_with_a_list(environment: dict[str, str], tmp_path: Path) -> None:
    directory = content_copy(tmp_path)
    (directory / "responses" / "border.yml").write_text("version: [", encoding="utf-8")
    result = run(environment | {"BOT_CONTENT_DIR": str(directory)}, "parse", given="hi\n")
    assert result.exit_code == 2
    assert "responses/border.yml:" in result.output


def test_all_mistakes_in_the_settings_are_listed_at_once(environment: dict[str, str]) -> None:
    wrong = {"BOT_PORT": "99999", "BOT_LOG": "loud", "BOT_TELGRAM_TOKEN": "1:secret-4711"}
    result = run(environment | wrong, "run")
    assert result.exit_code == 2
    assert all(name in result.output for name in ("BOT_PORT", "BOT_LOG", "BOT_TELGRAM_TOKEN", "BOT_TELEGRAM_TOKEN"))
    assert "secret-4711" not in result.output


def test_the_table_of_settings_shows_no_secret(environment: dict[str, str]) -> None:
    result = run(environment | {"BOT_TELEGRAM_TOKEN": "1:secret-4711"}, "settings")
    assert "BOT_TELEGRAM_TOKEN" in result.output
    assert "secret-4711" not in result.output


def test_parsing_prints_one_object_a_line_and_keeps_nothing(environment: dict[str, str]) -> None:
    result = run(environment, "parse", given="szef mi nie płaci\nдякую\n")
    first, second = map(json.loads, result.stdout.splitlines())
    assert (first["intent"]["name"], first["reply_language"]) == ("fair_work/unpaid_wages", "pl")
    assert (second["intent"]["name"], second["reply_language"]) == ("thanks", "uk")
    assert [file.name for file in Path(environment["BOT_DATA_DIR"]).iterdir()] == ["models"]


def test_parsing_remembers_who_said_what(environment: dict[str, str], tmp_path: Path) -> None:
    lines = [
        {"text": "вітаю, де шукати роботу?", "person": "a"},
        {"text": "hello there", "person": "b"},
        {"payload": "/help", "person": "a"},
    ]
    (tmp_path / "lines.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    result = run(environment, "parse", "--jsonl", str(tmp_path / "lines.jsonl"))
    assert [json.loads(line)["reply_language"] for line in result.stdout.splitlines()] == ["uk", "en", "uk"]


def test_a_line_that_is_no_object_is_named(environment: dict[str, str]) -> None:
    result = run(environment, "parse", "--jsonl", given='{"text": "hi"}\nnonsense\n')
    assert result.exit_code == 2
    assert "line 2:" in result.output


def test_figures_come_for_people_and_for_machines(environment: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "questions.yml"
    question = "  - intent: thanks\n    metadata: {language: pl, style: short}\n    examples: |\n      - serdecznie dziękuję\n"
    file.write_text(f'version: "3.1"\nnlu:\n{question}', encoding="utf-8")
    assert json.loads(run(environment, "evaluate", "--json", str(file)).stdout)["all"]["questions"] == 1
    assert "100.0 %" in run(environment, "evaluate", str(file)).output


def test_a_chat_in_the_terminal_answers_and_ends(environment: dict[str, str]) -> None:
    result = run(environment, "chat", given="how can I learn polish\n1\n\n")
    assert result.exit_code == 0
    assert "I am a program" in result.output
    assert "Next step:" in result.output


async def store_at(file: Path) -> Store:
    store = Store(engine_for(f"sqlite+aiosqlite:///{file}"))
    await migrate(store.engine)
    return store


async def test_an_operator_can_erase_a_person(environment: dict[str, str]) -> None:
    file = Path(environment["BOT_DATA_DIR"]) / "bot.sqlite3"
    store = await store_at(file)
    await store.receive(Message("1", Address("telegram", "4711"), "hello"))
    await store.close()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "forget", "telegram", "4711", env=environment, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert b"nothing is kept" in output
    store = await store_at(file)
    assert await store.open_rows() == (0, 0)
    await store.close()


def test_a_person_of_a_channel_that_does_not_exist_is_not_called_erased(environment: dict[str, str]) -> None:
    result = run(environment, "forget", "signal", "7")
    assert result.exit_code == 2
    assert "There is no channel signal. The channels are: messenger, telegram, viber, web." in result.output


def test_staff_see_why_a_message_is_understood_as_it_is(environment: dict[str, str]) -> None:
    lines = run(environment, "explain", "szef nie zaplacil mi za maj").output.splitlines()
    assert lines[:2] == ["Read as: szef nie zaplacil mi za maj", "Language: pl, 100.0 % certain"]
    assert lines[2].startswith("Crisis: no")
    assert lines[3].startswith("Intent: fair_work/unpaid_wages, answered. It answers from ")
    assert "fair_work/unpaid_wages" in lines[4]
    nearest = lines[lines.index("Nearest examples") + 1 :]
    assert len(nearest) == 5
    assert "intents/fair_work.yml:" in nearest[0]


def keep_one_message(file: Path) -> None:
    async def receive() -> None:
        store = await store_at(file)
        await store.receive(Message("1", Address("telegram", "4711"), "hello"))
        await store.close()

    asyncio.run(receive())


def test_an_operator_moves_to_postgresql_by_one_command_and_not_twice(environment: dict[str, str], postgres_url: str) -> None:
    keep_one_message(Path(environment["BOT_DATA_DIR"]) / "bot.sqlite3")
    environment |= {"BOT_DATABASE_URL": postgres_url}
    result = run(environment, "migrate")
    assert result.output == "Copied: 1 messages with their keys, 0 waiting replies, 0 conversations.\n"
    assert result.exit_code == 0
    again = run(environment, "migrate")
    assert "is not empty. Nothing was copied." in again.output
    assert again.exit_code == 2


def test_an_operator_moves_back_from_postgresql(environment: dict[str, str], postgres_url: str, tmp_path: Path) -> None:
    keep_one_message(tmp_path / "other.sqlite3")
    run(environment | {"BOT_DATABASE_URL": postgres_url}, "migrate", "--from", f"sqlite+aiosqlite:///{tmp_path}/other.sqlite3")
    assert run(environment, "migrate", "--from", postgres_url).output.startswith("Copied: 1 messages")
    assert (Path(environment["BOT_DATA_DIR"]) / "bot.sqlite3").exists()


@pytest.mark.parametrize("source", ["", "sqlite+aiosqlite:///nowhere/bot.sqlite3", "mysql://db/bot"])
def test_a_database_that_is_not_there_is_not_copied(source: str, environment: dict[str, str], tmp_path: Path) -> None:
    environment |= {"BOT_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/target.sqlite3"}
    result = run(environment, "migrate", *(["--from", source] if source else []))
    assert "There is no such database to copy from." in result.output
    assert result.exit_code == 2
    assert not (tmp_path / "target.sqlite3").exists()


def test_a_database_is_not_copied_into_itself(environment: dict[str, str]) -> None:
    keep_one_message(Path(environment["BOT_DATA_DIR"]) / "bot.sqlite3")
    result = run(environment, "migrate")
    assert "Set BOT_DATABASE_URL" in result.output
    assert result.exit_code == 2


def test_a_database_that_does_not_answer_ends_a_command_without_its_password(environment: dict[str, str]) -> None:
    result = run(environment | {"BOT_DATABASE_URL": "postgresql+asyncpg://bot:secret-4711@127.0.0.1:1/bot"}, "forget", "telegram", "7")
    assert result.output.startswith("The database does not answer (ConnectionRefusedError).")
    assert "secret-4711" not in result.output
    assert result.exit_code == 1


def test_a_start_with_a_lost_key_of_the_store_ends_with_what_to_do(environment: dict[str, str]) -> None:
    async def receive() -> None:
        store = Store(engine_for(f"sqlite+aiosqlite:///{environment['BOT_DATA_DIR']}/bot.sqlite3"), keys=["o" * 32])
        await migrate(store.engine)
        await store.receive(Message("1", Address("telegram", "4711"), "hello"))
        await store.close()

    asyncio.run(receive())
    lost = environment | {"BOT_STORE_KEY": "n" * 32, "BOT_PORT": "0"}  # a bot may be running on the usual port
    result = subprocess.run([sys.executable, "-m", "bot", "run"], env=lost, cwd=ROOT, capture_output=True, check=False, timeout=120)
    assert b"What is stored was sealed with another key." in result.stderr
    assert result.returncode == 2


def test_a_reader_who_has_enough_ends_a_command_quietly() -> None:
    command = [sys.executable, "-m", "bot", "settings"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0
