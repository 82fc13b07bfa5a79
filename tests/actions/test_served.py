"""The same action files, served to any Rasa server by `python -m rasa_sdk`."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from bot import content
from bot.domain import domain_of
from bot.executor import executor
from bot.settings import ROOT


@pytest.fixture
async def server() -> AsyncIterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "rasa_sdk", "--actions", "bot.actions", "--port", str(port)]
    environment = {**os.environ, "SANIC_HOST": "127.0.0.1"}
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, start_new_session=True
    )
    assert process.stdout
    seen = b""
    try:
        async with asyncio.timeout(60):
            while b"Action endpoint is up" not in seen:
                line = await process.stdout.readline()
                assert line, seen.decode()
                seen += line
        reading = asyncio.create_task(process.stdout.read())
        yield f"http://127.0.0.1:{port}"
        reading.cancel()
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # with the worker it has started
        await process.wait()


def call(action: str, domain: dict[str, Any], **message: Any) -> dict[str, Any]:
    return {
        "next_action": action,
        "sender_id": "1",
        "version": "3.6.21",
        "tracker": {"sender_id": "1", "slots": {"language": "uk"}, "latest_message": message, "events": [], "paused": False},
        "domain": domain,
    }


async def test_a_rasa_server_gets_the_same_answers_from_the_same_files(server: str, own_content: content.Content) -> None:
    domain = domain_of(own_content, executor()[1])
    ranking = [{"name": "fair_work/contract", "confidence": 0.4}, {"name": "border/rights", "confidence": 0.3}]
    persistent = httpx.AsyncHTTPTransport(retries=8)  # it says that it is up a moment before it listens
    async with httpx.AsyncClient(base_url=server, transport=persistent) as client:
        listed = (await client.get("/actions")).json()
        fallback = (await client.post("/webhook", json=call("action_default_fallback", domain, intent_ranking=ranking))).json()
        forget = (await client.post("/webhook", json=call("action_forget", domain))).json()
    assert executor()[1] == {action["name"] for action in listed}
    assert fallback["responses"][0]["response"] == "utter_default_fallback"
    assert [button["payload"] for button in fallback["responses"][0]["buttons"]] == ["/fair_work/contract", "/border/rights"]
    assert [event["event"] for event in forget["events"]] == ["restart"]
