"""Two bots as real processes on one PostgreSQL, and one of them is killed."""

import asyncio
import json
import signal
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from benchmarks.crashing import COMMAND, Plan
from tests.fakes.telegram import FakeTelegram
from tests.fakes.webchat import Events
from tests.running import SCRIPT, answers, free_port, running


@pytest.fixture
def environments(environment: dict[str, str], postgres_url: str) -> list[dict[str, str]]:
    shared = environment | {"BOT_DATABASE_URL": postgres_url}
    return [shared | {"BOT_PORT": str(free_port())} for _ in range(2)]


class Balancer(httpx.AsyncBaseTransport):
    """What stands before the replicas: each request goes to the next one that answers."""

    def __init__(self, *environments: Mapping[str, str]) -> None:
        self._ports = [int(environment["BOT_PORT"]) for environment in environments]
        self._sending = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._ports.append(self._ports.pop(0))
        for port in self._ports:
            request.url = request.url.copy_with(scheme="http", host="127.0.0.1", port=port)
            try:
                return await self._sending.handle_async_request(request)
            except httpx.TransportError:
                continue
        return httpx.Response(502)

    async def aclose(self) -> None:
        await self._sending.aclose()


def with_telegram(fake: FakeTelegram, environment: dict[str, str]) -> dict[str, str]:
    return environment | {"BOT_TELEGRAM_TOKEN": fake.token, "BOT_TELEGRAM_API_URL": fake.url}


async def test_a_replica_answers_what_another_that_was_killed_left_once_and_in_order(
    tmp_path: Path, environments: list[dict[str, str]]
) -> None:
    """As soon as the leases of the killed one have run out; here after three seconds instead of twenty and sixty."""
    log = tmp_path / "log"
    webhook = {"BOT_TELEGRAM_WEBHOOK_URL": "https://bot.example.org", "BOT_TELEGRAM_SECRET": "s3cret"}
    async with FakeTelegram(webhook_transport=Balancer(*environments)) as fake:
        people = [fake.person(number, language_code="pl") for number in (1, 2, 3)]
        short = Plan(str(tmp_path), lease=3.0).variable()
        one, two = (with_telegram(fake, environment) | webhook | short for environment in environments)
        fake.faults.too_many_requests("sendMessage", retry_after=1, times=10_000)
        async with running(one, log, COMMAND) as killed, running(two, log, COMMAND):
            for words in SCRIPT:
                for person in people:
                    fake.say(person, words)
            await fake.until(lambda: not fake.pending and any(call.method == "sendMessage" for call in fake.calls), timeout=60)
            killed.send_signal(signal.SIGKILL)
            await killed.wait()
            assert all(not fake.sent(person) for person in people)
            fake.faults.clear()
            await fake.until(lambda: all(len(answers(fake, person)) >= len(SCRIPT) for person in people), timeout=60)
        for person in people:
            assert list(SCRIPT.values()) == answers(fake, person)
        assert [refusal for refusal in fake.refusals if "setWebhook" not in refusal] == []
    assert all(words not in log.read_text() for words in SCRIPT if not words.startswith("/"))


async def test_one_replica_polls_and_another_goes_on_when_it_is_killed(tmp_path: Path, environments: list[dict[str, str]]) -> None:
    log = tmp_path / "log"
    async with FakeTelegram() as fake:
        person = fake.person(1, language_code="pl")
        one, two = (with_telegram(fake, environment) for environment in environments)
        async with running(one, log) as polling:
            await fake.until(lambda: any(call.method == "getUpdates" for call in fake.calls), timeout=60)
            async with running(two, log):
                polling.send_signal(signal.SIGKILL)
                await polling.wait()
                for words in SCRIPT:
                    fake.say(person, words)
                await fake.until(lambda: len(answers(fake, person)) >= len(SCRIPT), timeout=60)
        assert list(SCRIPT.values()) == answers(fake, person)
        assert fake.refusals == []


async def test_a_browser_connected_to_one_replica_reads_what_another_answered(tmp_path: Path, environments: list[dict[str, str]]) -> None:
    here, there = (f"http://127.0.0.1:{environment['BOT_PORT']}" for environment in environments)
    cookies = {"chat": "0123456789abcdef" * 2}
    async with AsyncExitStack() as both, httpx.AsyncClient(cookies=cookies, trust_env=False, timeout=20) as browser:
        for environment in environments:
            await both.enter_async_context(running(environment, tmp_path / "log"))
        async with asyncio.timeout(60), browser.stream("GET", f"{there}/replies") as response:
            events = Events(response)
            assert (await events.next()).name == "connected"
            for number, words in enumerate(SCRIPT):
                what = {"payload": words} if words.startswith("/") else {"text": words}
                body = {"id": f"00000000-0000-4000-8000-{number:012}", "language": "pl", **what}
                assert (await browser.post(f"{here}/messages", json=body)).status_code == 202
            found: list[str] = []
            while len(found) < len(SCRIPT):
                event = await events.next()
                text = json.loads(event.data)["text"] if event.data else ""
                found += [beginning for beginning in SCRIPT.values() if text.startswith(beginning)]
            assert list(SCRIPT.values()) == found
