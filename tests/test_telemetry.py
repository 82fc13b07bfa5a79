"""Logs and metrics: nothing that a person wrote, no token, and a hash instead of an address."""

import asyncio
import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from typing import Literal, TypeAlias

import pytest
import structlog
from prometheus_client import generate_latest
from telegram.error import TelegramError
from telegram.request import HTTPXRequest

from bot import telemetry
from bot.telemetry import configure, log, where, who
from bot.types import Address

CANARY = "canary-7f3a"
Style: TypeAlias = Literal["json", "text"]
STYLES: list[Style] = ["json", "text"]


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, raising, key, config = root.handlers[:], root.level, logging.raiseExceptions, telemetry._key[:], structlog.get_config()
    quiet = {name: logging.getLogger(name).level for name in telemetry._QUIET}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.raiseExceptions = raising
    telemetry._key[:] = key
    structlog.configure(**config)
    for name, before in quiet.items():
        logging.getLogger(name).setLevel(before)


def fail() -> None:
    raise ValueError(CANARY)


def own_logger() -> None:
    try:
        fail()
    except ValueError:
        log("own").exception("answer.failed")


def own_logger_with_an_error() -> None:
    try:
        fail()
    except ValueError as error:
        log("own").error("answer.failed", exc_info=error)


def foreign_logger() -> None:
    try:
        fail()
    except ValueError:
        logging.getLogger("library").exception("it broke")


def foreign_logger_and_a_cause() -> None:
    try:
        try:
            fail()
        except ValueError as error:
            raise KeyError(CANARY) from error
    except KeyError:
        logging.getLogger("library").warning("it broke", exc_info=True)


def foreign_logger_with_an_error_in_its_message() -> None:
    try:
        fail()
    except ValueError as error:
        logging.getLogger("library").error("it broke: %s, %r", error, error)


def asyncio_with_a_task_that_nobody_awaited() -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        future.set_exception(ValueError(CANARY))
        loop.call_exception_handler({"message": "Future exception was never retrieved", "exception": future.exception(), "future": future})

    asyncio.run(run())


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    "happens",
    [
        own_logger,
        own_logger_with_an_error,
        foreign_logger,
        foreign_logger_and_a_cause,
        foreign_logger_with_an_error_in_its_message,
        asyncio_with_a_task_that_nobody_awaited,
    ],
    ids=lambda happens: happens.__name__,
)
def test_of_an_error_only_its_type_and_place_are_logged(
    happens: Callable[[], None], style: Style, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(style)
    happens()
    out, logged = capsys.readouterr()
    assert CANARY not in out + logged
    assert "Error" in logged
    assert out == ""


@pytest.mark.parametrize("style", STYLES)
def test_what_foreign_loggers_add_to_a_record_is_left_out(style: Style, capsys: pytest.CaptureFixture[str]) -> None:
    configure(style)
    logging.getLogger("library").warning("update", extra={"text": CANARY, "update": {"text": CANARY}})
    logged = capsys.readouterr().err
    assert "update" in logged
    assert CANARY not in logged


@pytest.mark.parametrize("style", STYLES)
def test_a_record_that_cannot_be_written_is_not_printed_with_its_arguments(style: Style, capsys: pytest.CaptureFixture[str]) -> None:
    configure(style)
    logging.getLogger("library").warning("%d messages", CANARY)
    assert CANARY not in capsys.readouterr().err


@pytest.mark.parametrize("name", ["httpx", "httpcore.http11", "telegram.ext.Updater", "rasa_sdk.executor"])
def test_libraries_that_log_tokens_and_bodies_are_silent_about_what_is_usual(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure("json")
    logging.getLogger(name).info("POST https://api.telegram.org/bot%s/sendMessage", CANARY)
    logging.getLogger(name).warning("slow")
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == ["slow"]


def test_an_answer_of_telegram_that_cannot_be_read_is_not_logged(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json")
    with pytest.raises(TelegramError):
        HTTPXRequest.parse_json_payload(f'{{"ok": true, "result": [{{"text": "{CANARY}"'.encode())
    assert capsys.readouterr() == ("", "")


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json")
    log("service").info("answer.done", action="utter_greet", seconds=0.25)
    logging.getLogger("library").warning("one %s", "thing\nand another")
    own, foreign = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert own.pop("timestamp").endswith("Z")
    assert own == {"event": "answer.done", "level": "info", "logger": "service", "action": "utter_greet", "seconds": 0.25}
    assert (foreign["event"], foreign["level"], foreign["logger"]) == ("one thing", "warning", "library")


def test_text_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    configure("text")
    log("service").info("answer.done", action="utter_greet")
    (line,) = capsys.readouterr().err.splitlines()
    assert not line.startswith("{")
    assert "answer.done" in line
    assert "action=utter_greet" in line


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "is_json"), [(Terminal(), False), (io.StringIO(), True)], ids=["terminal", "file"])
def test_auto_is_text_on_a_terminal_and_json_elsewhere(stream: io.StringIO, is_json: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    configure("auto")
    log("service").info("answer.done")
    assert stream.getvalue().startswith("{") == is_json


def test_what_is_below_the_level_is_not_logged(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json", level="WARNING")
    log("service").info("answer.done")
    log("service").warning("answer.failed")
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == ["answer.failed"]


def test_configuring_twice_logs_once(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json")
    configure("json")
    log("service").info("answer.done")
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_person_has_the_same_hash_while_the_key_is_the_same_and_another_with_another_key() -> None:
    olena = Address("telegram", "123456789")
    configure("json", "key")
    first = who(olena)
    configure("json", "other key")
    assert who(olena) != first
    configure("json", "key")
    assert who(olena) == first


def test_without_a_key_hashes_stay_as_they_are_until_the_next_start() -> None:
    olena = Address("telegram", "123456789")
    before = who(olena)
    configure("json", "")
    assert who(olena) == before


def test_a_hash_tells_people_and_channels_apart_and_shows_neither() -> None:
    configure("json", "key")
    people = [Address(channel, person) for channel in ("telegram", "webchat") for person in ("1", "2", "12")]
    hashes = [who(person) for person in people]
    assert len(set(hashes)) == len(people)
    assert all(len(hash_) == 12 and set(hash_) <= set("0123456789abcdef") for hash_ in hashes)


def test_an_error_is_told_by_its_type_and_the_place_where_it_began() -> None:
    with pytest.raises(ValueError, match=CANARY) as error:
        fail()
    assert where(error.value) == f"ValueError at tests/test_telemetry.py:{fail.__code__.co_firstlineno + 1}"
    assert where(KeyError(CANARY)) == "KeyError"


def test_the_metrics_have_no_label_for_a_person() -> None:
    telemetry.messages_total.labels("telegram", "utter_greet", "pl")
    labels = {name for metric in telemetry.registry.collect() for sample in metric.samples for name in sample.labels}
    assert labels <= {"channel", "action", "language", "outcome", "kind", "le"}
    assert b"bot_messages_total" in generate_latest(telemetry.registry)
