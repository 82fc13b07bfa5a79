"""The bot as a real process against a strict Telegram, killed without warning."""

import signal
import sqlite3
from pathlib import Path

import httpx
import pytest
from starlette.responses import Response

from tests.fakes.graph import FakeGraph
from tests.fakes.graph_meta import Meta
from tests.fakes.telegram import FakeTelegram
from tests.running import SCRIPT, Ended, answers, messenger_settings, running, telegram_settings, web_address


@pytest.mark.parametrize("way", ["polling", "webhook"])
async def test_a_bot_killed_in_the_middle_answers_every_message_once_and_in_order(
    way: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    log = tmp_path / "log"
    async with FakeTelegram(allow_http_webhook=True) as fake:
        people = [fake.person(number, language_code="pl") for number in (1, 2, 3)]
        environment = telegram_settings(fake, way, environment)
        fake.faults.too_many_requests("sendMessage", retry_after=1, times=10_000)
        async with running(environment, log) as process:
            await fake.until(lambda: any(call.method in ("getUpdates", "setWebhook") for call in fake.calls), timeout=60)
            for words in SCRIPT:
                for person in people:
                    fake.say(person, words)
            await fake.until(lambda: not fake.pending and any(call.method == "sendMessage" for call in fake.calls), timeout=60)
            process.send_signal(signal.SIGKILL)
            await process.wait()
        assert all(not fake.sent(person) for person in people)
        fake.faults.clear()
        async with running(environment, log):
            await fake.until(lambda: all(len(answers(fake, person)) >= len(SCRIPT) for person in people), timeout=60)
        for person in people:
            assert list(SCRIPT.values()) == answers(fake, person)
        assert fake.refusals == []
    written = log.read_text()
    assert all(words not in written for words in SCRIPT if not words.startswith("/"))
    assert fake.token not in written


async def test_on_messenger_too_a_killed_bot_answers_every_message_once_and_in_order(tmp_path: Path, environment: dict[str, str]) -> None:
    log, url = tmp_path / "log", f"{web_address(environment)}/messenger"
    async with FakeGraph() as graph, Meta(graph, url, attempts=50) as meta:
        people = [graph.person() for _ in range(3)]
        environment = messenger_settings(graph, environment)
        graph.faults.answer("messages", lambda: Response(status_code=503), times=10_000)
        async with running(environment, log) as process:
            assert (await meta.verifies("word")).text == "1158201444"
            for words in SCRIPT:
                events = [meta.says(person, words) for person in people]
                assert (await meta.posts(events)).status_code == 200
                assert (await meta.resends()).status_code == 200
            await graph.until(lambda: any(call.name == "messages" for call in graph.calls), timeout=60)
            process.send_signal(signal.SIGKILL)
            await process.wait()
        assert all(not graph.sent(person) for person in people)
        graph.faults.clear()
        beginnings = tuple(SCRIPT.values())

        def answered(person: str) -> list[str]:
            return [b for sent in graph.sent(person) if sent.text for b in beginnings if sent.text.startswith(b)]

        async with running(environment, log):
            await graph.until(lambda: all(len(answered(person)) >= len(SCRIPT) for person in people), timeout=60)
        for person in people:
            assert list(SCRIPT.values()) == answered(person)
        assert graph.refusals == []
    written = log.read_text()
    assert all(words not in written for words in SCRIPT if not words.startswith("/"))
    assert all(secret not in written for secret in (graph.access_token, graph.app_secret, *people))


async def test_a_chat_is_cleared_although_the_bot_is_killed_before_it_could(tmp_path: Path, environment: dict[str, str]) -> None:
    log = tmp_path / "log"
    async with FakeTelegram() as fake:
        person = fake.person(7, language_code="pl")
        environment = telegram_settings(fake, "polling", environment)
        async with running(environment, log) as process:
            fake.say(person, "mąż mnie bije, ma nóż")
            fake.say(person, "/contact")
            await fake.until(lambda: any(sent.contact for sent in fake.sent(person)), timeout=60)
            await nothing_waits(environment)  # what is on its way meanwhile is taken back by one try alone
            fake.faults.server_error("deleteMessages", times=10_000)
            fake.press(person, "Wyczyść czat")
            await fake.until(lambda: any(call.method == "deleteMessages" for call in fake.calls), timeout=60)
            process.send_signal(signal.SIGKILL)
            await process.wait()
        assert len(fake.stands(person)) == 5  # two of the person, 112, the contact and its card
        fake.faults.clear()
        async with running(environment, log) as process:
            await fake.until(lambda: len(fake.stands(person)) == 1, timeout=60)
            await fake.until(lambda: fake.sent(person)[-1].text.startswith("Gotowe"), timeout=60)
            process.terminate()
            await process.wait()
        (left,) = fake.stands(person)
        assert left["text"].startswith("Gotowe: usunięte jest to, co mogę tu usunąć")
        assert fake.refusals == []
    with sqlite3.connect(tmp_path / "bot.sqlite3") as database:
        assert [database.execute(f"SELECT count(*) FROM {table}").fetchone() for table in ("sent", "outbox", "conversations")] == [(0,)] * 3
    database.close()


async def nothing_waits(environment: dict[str, str]) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        while (await client.get(f"{web_address(environment)}/health")).json()["waiting_replies"]:
            pass


async def test_a_bot_that_is_told_to_stop_ends_by_itself(tmp_path: Path, environment: dict[str, str]) -> None:
    async with running(environment, tmp_path / "log") as process, httpx.AsyncClient() as client:
        response = await client.get(f"{web_address(environment)}/health")
        assert response.json()["status"] == "ok"
        process.terminate()
        assert await process.wait() == 0


async def test_a_second_bot_at_the_same_port_ends_with_one_line_that_says_what_to_do(tmp_path: Path, environment: dict[str, str]) -> None:
    async with running(environment, tmp_path / "first"):
        with pytest.raises(Ended, match="Stop what listens there, or set BOT_HOST and BOT_PORT") as second:
            async with running(environment, tmp_path / "second"):
                pass
    assert second.value.status == 1
    assert len((tmp_path / "second").read_text().splitlines()) == 1
