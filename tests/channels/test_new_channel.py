"""A new channel is one module and one line in `CHANNELS`: one that exists here alone, which no other file knows, works like the others."""

import asyncio
import inspect
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path
from typing import Any, ClassVar, Self

import httpx
import pytest
from click.testing import CliRunner
from pydantic import AnyHttpUrl, Field, SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot import app
from bot.channels import CHANNELS, all_settings, channels_from
from bot.channels.base import Gone, Limits, Mailbox, Refused, Shown, TryLater, Unavailable
from bot.channels.webhooks import body_of, is_one_of, key_from, parsed, person_from, signature, storable, unavailable
from bot.cli import main
from bot.content import Content
from bot.publishing import NotSet, publish
from bot.settings import ChannelSettings, load
from bot.types import Address, Message, Profiles, Reply
from bot.variables import SettingsError
from tests.channels import recorded
from tests.channels import test_contract as contract
from tests.channels.kits import Kit, within
from tests.channels.profiles import PROFILES
from tests.fakes.changes import Changes
from tests.fakes.faults import Faults
from tests.fakes.mailbox import Mailbox as MailboxInMemory
from tests.fakes.server import serve
from tests.test_dialogue import Bot
from tests.test_publishing import running

TOKEN = "canary-token"

# The module of the channel


class PigeonSettings(ChannelSettings):
    token: SecretStr = Field(SecretStr(""), description="token of the loft; empty: no pigeons")
    api_url: AnyHttpUrl = Field(AnyHttpUrl("https://loft.example"), description="root of the API of the loft")


class Pigeon:
    name: ClassVar[str] = "pigeon"
    limits: ClassVar[Limits] = Limits(text=500, buttons=20, title=40)
    settings: ClassVar = PigeonSettings

    def __init__(self, token: str, api_url: str) -> None:
        self._token = token
        self._client = httpx.AsyncClient(base_url=api_url, trust_env=False)

    @classmethod
    def from_settings(cls, own: PigeonSettings) -> Self:
        return cls(own.token.get_secret_value(), str(own.api_url))

    def routes(self, mailbox: Mailbox) -> Sequence[BaseRoute]:
        async def webhook(request: Request) -> Response:
            body = await body_of(request)
            if not is_one_of(request.headers.get("X-Seal", ""), [signature(body, self._token)]):
                return Response(status_code=403)
            try:
                if message := message_from(parsed(body)):
                    await mailbox.receive(message)
            except Unavailable:
                return unavailable()
            return Response()

        return [Route("/pigeon", webhook, methods=["POST"])]

    async def run(self, mailbox: Mailbox) -> None: ...

    async def send(self, person: str, reply: Reply) -> None:
        buttons = [[button.title, button.payload] for button in reply.buttons]
        text = reply.contact.phone if reply.contact else reply.text
        try:
            response = await self._client.post("/letters", json={"to": person, "text": text, "buttons": buttons})
        except httpx.HTTPError:
            raise TryLater("network") from None
        if response.status_code == 410:
            raise Gone("moved away")
        if response.status_code == 400:
            raise Refused("no letter")
        if not response.is_success:
            raise TryLater(f"HTTP {response.status_code}")

    async def profile(self, wanted: Profiles, *, dry_run: bool) -> list[Shown]:
        return []

    async def typing(self, person: str) -> None: ...

    async def close(self) -> None:
        await self._client.aclose()


def message_from(data: Any) -> Message | None:
    match data:
        case {"id": id, "from": person, **content}:
            try:
                address = Address(Pigeon.name, person_from(person))
                text, payload = content.get("text"), content.get("payload")
                payload = storable(payload) if isinstance(payload, str) else None
                return Message(key_from(id), address, storable(text) if isinstance(text, str) else "", payload)
            except ValueError:
                return None
        case _:
            return None


# Its platform


class Loft:
    def __init__(self) -> None:
        self.url = ""
        self.letters: list[Any] = []
        self.refusals: list[str] = []
        self.faults, self.changes = Faults(), Changes()
        self._running = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self.url = await self._running.enter_async_context(serve(Starlette(routes=[Route("/letters", self._answer, methods=["POST"])])))
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._running.aclose()

    async def _answer(self, request: Request) -> Response:
        letter = await request.json()

        async def take() -> Response:
            if len(letter["text"]) > 500 or len(letter["buttons"]) > 20 or not letter["text"].strip():
                self.refusals.append(str(letter))
                return JSONResponse({}, 400)
            self.letters.append(letter)
            self.changes.happened()
            return JSONResponse({})

        fault = self.faults.take("letters")
        return await fault(request, take) if fault else await take()

    def fails(self, status: int) -> None:
        self.faults.answer("letters", lambda: Response(status_code=status))


def sealed(body: bytes) -> dict[str, str]:
    return {"X-Seal": signature(body, TOKEN)}


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "en")
    monkeypatch.setitem(CHANNELS, "pigeon", Pigeon)


@pytest.fixture
async def loft() -> AsyncIterator[Loft]:
    async with Loft() as made:
        yield made


@pytest.fixture
async def kit(loft: Loft, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Kit]:
    number = count(1)

    def letter(**content: str) -> dict[str, Any]:
        return {"id": next(number), "from": "7", **content}

    (tmp_path / "pigeon").mkdir()
    (tmp_path / "pigeon" / "text.json").write_text(json.dumps(letter(text="hello")), encoding="utf-8")
    monkeypatch.setattr(recorded, "PAYLOADS", tmp_path)
    mailbox, channel = MailboxInMemory(), Pigeon(TOKEN, loft.url)
    async with within(channel, mailbox) as client:
        yield Kit(
            channel,
            mailbox,
            "7",
            client,
            "/pigeon",
            lambda text: letter(text=text),
            lambda payload: letter(payload=payload),
            lambda: letter(photo="7.jpg"),
            sealed,
            [{}, {"X-Seal": ""}, sealed(b"another body")],
            lambda: len(loft.letters),
            lambda: loft.refusals,
            {
                "rate limit": lambda: loft.fails(429),
                "500": lambda: loft.fails(500),
                "HTML 502": lambda: loft.faults.bad_gateway("letters"),
                "reset": lambda: loft.faults.reset("letters"),
                "lost reply": lambda: loft.faults.drop_reply("letters"),
            },
            lambda: loft.fails(410),
        )
    await channel.close()


# It passes the contract: pytest finds those tests here once more and gives them the kit above.
CONTRACT = {name: test for name, test in vars(contract).items() if name.startswith("test_") and "kit" in inspect.signature(test).parameters}
globals().update(CONTRACT)


def test_the_whole_contract_is_kept() -> None:
    assert len(CONTRACT) > 15


async def test_it_is_off_until_its_first_variable_is_set() -> None:
    assert "pigeon" not in channels_from(load(all_settings(), {"BOT_PIGEON_API_URL": "http://127.0.0.1:1"}))
    channel = channels_from(load(all_settings(), {"BOT_PIGEON_TOKEN": TOKEN}))["pigeon"]
    assert isinstance(channel, Pigeon)
    await channel.close()


async def test_told_by_the_environment_alone_it_takes_a_message_and_sends_the_answer(
    loft: Loft, own_content: Content, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "edition_from", lambda *_, **__: Bot(own_content).edition)
    (tmp_path / "token").write_text(f"{TOKEN}\n", encoding="utf-8")
    environ = {"BOT_PIGEON_TOKEN_FILE": str(tmp_path / "token"), "BOT_PIGEON_API_URL": loft.url}
    environ |= {"BOT_DATA_DIR": str(tmp_path), "BOT_PORT": "0"}
    body = json.dumps({"id": 1, "from": "7", "payload": "/contact"}).encode()
    async with running(load(all_settings(), environ)) as address, httpx.AsyncClient(base_url=address, trust_env=False) as client:
        responses = [await client.post("/pigeon", content=body, headers=headers) for headers in ({}, sealed(body))]
        async with asyncio.timeout(30):
            await loft.changes.until(lambda: loft.letters)
    assert [response.status_code for response in responses] == [403, 200]
    assert (loft.letters[0]["to"], "IOM" in loft.letters[0]["text"]) == ("7", True)


def test_its_mistakes_are_told_with_those_of_the_program_by_name(tmp_path: Path) -> None:
    environ = {"BOT_PIGEON_TOKN": TOKEN, "BOT_PORT": "-1", "BOT_PIGEON_TOKEN_FILE": str(tmp_path), "BOT_PIGEON_API_URL": TOKEN}
    with pytest.raises(SettingsError) as error:
        load(all_settings(), environ)
    unknown, port, file, url = str(error.value).splitlines()
    assert unknown == "BOT_PIGEON_TOKN: there is no such setting. Did you mean BOT_PIGEON_TOKEN?"
    assert port.startswith("BOT_PORT: ")
    assert file == "BOT_PIGEON_TOKEN_FILE: the file that it names cannot be read"
    assert url.startswith("BOT_PIGEON_API_URL: ")
    assert TOKEN not in str(error.value)


def test_operators_find_it_in_the_table_of_settings_and_may_erase_its_people(tmp_path: Path) -> None:
    table = CliRunner().invoke(main, ["settings"], env={"BOT_PIGEON_TOKEN": TOKEN}).output
    rows = [line.split(maxsplit=3) for line in table.splitlines() if line.startswith("BOT_PIGEON")]
    assert rows == [
        ["BOT_PIGEON_TOKEN", "set", "-", "token of the loft; empty: no pigeons"],
        ["BOT_PIGEON_TOKEN_FILE", "default", "-", "file that holds BOT_PIGEON_TOKEN instead"],
        ["BOT_PIGEON_API_URL", "default", "https://loft.example/", "root of the API of the loft"],
    ]
    assert CliRunner().invoke(main, ["forget", "pigeon", "7"], env={"BOT_DATA_DIR": str(tmp_path)}).exit_code == 0


async def test_its_variable_is_named_where_a_platform_with_a_profile_is_missing() -> None:
    with pytest.raises(NotSet, match="or BOT_PIGEON_TOKEN"):
        _ = [line async for line in publish({}, PROFILES, dry_run=True)]
