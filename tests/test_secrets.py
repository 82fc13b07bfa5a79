"""No secret in an address, a log, the text of an error or a process list: each channel against a server that repeats all it is sent."""

import ast
import asyncio
import json
import re
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import click
import pytest
from click.testing import CliRunner
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot import telemetry
from bot.channels import all_settings, channels_from
from bot.channels.base import Channel, Gone, HasProfile, Refused, TryLater
from bot.cli import main
from bot.settings import ROOT, load
from bot.types import Language, Reply
from bot.variables import variables
from tests.channels.profiles import PROFILES
from tests.fakes.mailbox import Mailbox
from tests.fakes.server import serve

CANARY = "canary7f3a"
SECRETS = [variable.name for variable in variables(all_settings()) if variable.file]
TOKENS = {name: f"{number}:{CANARY}-{name}".replace("_", "-") for number, name in enumerate(SECRETS, 1)}
TOKENS |= {
    "BOT_TELEGRAM_SECRET": CANARY,
    "BOT_STORE_KEY": CANARY * 4,
    "BOT_DATABASE_URL": f"postgresql+asyncpg://bot:{CANARY}@127.0.0.1:1/bot",
}
PLATFORMS = ["telegram", "messenger", "viber"]
STATUSES = [200, 400, 401, 403, 404, 409, 429, 500, 502]
SECRET = re.compile(r"secret|token|signature|passw", re.IGNORECASE)


class Echo:
    """Answers everything with `status` and all that came: its address, headers and body. In JSON or as a page."""

    def __init__(self, status: int, as_page: bool) -> None:
        self.status, self.as_page = status, as_page
        self.asked: list[str] = []
        self.came = asyncio.Event()

    async def answer(self, request: Request) -> Response:
        self.asked.append(str(request.url))
        self.came.set()
        said = f"{request.url} {dict(request.headers)} {(await request.body()).decode()}"
        if self.as_page:
            return PlainTextResponse(f"<html>{said}", self.status)
        error = {"message": said, "type": said, "code": 190, "error_subcode": 1, "fbtrace_id": said}
        whole = {"ok": False, "error_code": self.status, "description": said, "error": error, "status": 2, "status_message": said}
        return JSONResponse(whole, self.status)


@asynccontextmanager
async def platform(echo: Echo, token: str = "") -> AsyncIterator[dict[str, Channel]]:
    methods = ["GET", "POST", "DELETE"]
    async with serve(Starlette(routes=[Route("/{path:path}", echo.answer, methods=methods)])) as url:
        environ = {name: token if token and name.endswith("_TOKEN") else secret for name, secret in TOKENS.items()}
        environ |= {f"BOT_{name}_URL": url for name in ("TELEGRAM_API", "MESSENGER_GRAPH", "VIBER_API")}
        environ |= {"BOT_VIBER_WEBHOOK_URL": "https://bot.example.org", "BOT_WEB_CHAT": "false"}
        channels = dict(channels_from(load(all_settings(), environ)))
        yield channels
        for channel in channels.values():
            await channel.close()


async def everything(channel: Channel, echo: Echo) -> list[str]:
    """All that the channel asks of its platform; the texts of what it raised."""
    raised: list[str] = []
    running = asyncio.create_task(channel.run(Mailbox()))
    came = asyncio.create_task(echo.came.wait())
    await asyncio.wait([running, came], return_when=asyncio.FIRST_COMPLETED)
    for _ in range(300):  # until the answer was read and spoken of
        await asyncio.sleep(0)
    running.cancel()
    came.cancel()
    done = await asyncio.gather(running, came, return_exceptions=True)
    raised += [telemetry.where(error) for error in done if isinstance(error, Exception)]
    calls: list[Any] = [channel.send("7", Reply("hello", Language.PL)), channel.typing("7")]
    if isinstance(channel, HasProfile):
        calls.append(channel.profile(PROFILES, dry_run=False))
    for call in calls:
        try:
            await call
        except (TryLater, Refused, Gone) as error:
            raised.append("".join(traceback.format_exception(error)) + getattr(error, "do", ""))
        except Exception as error:  # a mistake, of which the service says where it was and nothing more
            raised.append(telemetry.where(error))
    return raised


@pytest.mark.parametrize("as_page", [False, True], ids=["json", "page"])
@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("name", PLATFORMS)
async def test_no_answer_of_a_platform_brings_a_secret_into_a_log_or_an_error(
    name: str, status: int, as_page: bool, heard: Callable[[], str]
) -> None:
    echo = Echo(status, as_page)
    async with platform(echo) as channels:
        raised = await everything(channels[name], echo)
    written = heard()
    assert [line for line in [*written.splitlines(), *raised] if CANARY in line] == []
    assert echo.asked
    if status >= 400:
        assert raised
        assert any(json.loads(line).get("do") for line in written.splitlines())


@pytest.mark.parametrize("token", [f"1:{CANARY} ż", f"1:{CANARY}\nx", f"1:{CANARY}\0", f"{CANARY}/../x?y#z", "1:" + CANARY * 2000])
@pytest.mark.parametrize("name", PLATFORMS)
async def test_a_token_that_nobody_can_send_is_not_quoted(name: str, token: str, heard: Callable[[], str]) -> None:
    echo, raised = Echo(401, False), ""
    try:
        async with platform(echo, token) as channels, asyncio.timeout(0):
            await channels[name].send("7", Reply("hello", Language.PL))
    except Exception as error:  # whatever it is: its text must not matter
        raised = f"{error} {telemetry.where(error)}" if isinstance(error, TryLater | Refused | Gone) else telemetry.where(error)
    assert CANARY not in heard() + raised


@pytest.mark.parametrize("name", PLATFORMS)
async def test_no_secret_stands_in_an_address_but_the_one_that_telegram_wants_there(name: str) -> None:
    echo = Echo(200, False)
    async with platform(echo) as channels:
        await everything(channels[name], echo)
    allowed = f"/bot{TOKENS['BOT_TELEGRAM_TOKEN']}/" if name == "telegram" else "/"
    assert echo.asked
    assert [address for address in echo.asked if CANARY in address.replace(allowed, "/", 1)] == []


@pytest.mark.parametrize("name", sorted(main.commands))
def test_no_command_takes_a_secret_where_a_process_list_shows_it(name: str) -> None:
    options = [option for option in main.commands[name].params if isinstance(option, click.Option)]
    assert [option.name for option in options if SECRET.search(option.name or "") or option.name == "key"] == []


def test_no_secret_is_compared_but_in_constant_time() -> None:
    compared = [
        f"{file.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node)}"
        for file in sorted((ROOT / "bot").rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Compare) and is_a_hasty_comparison(node)
    ]
    assert compared == []


def is_a_hasty_comparison(node: ast.Compare) -> bool:
    """`==`, `!=`, or `in` something that is not a collection of names, with a secret on either side."""
    hasty = any(isinstance(operator, ast.Eq | ast.NotEq) for operator in node.ops)
    return hasty and any(SECRET.search(ast.unparse(side)) for side in (node.left, *node.comparators) if not isinstance(side, ast.Constant))


@pytest.mark.parametrize(
    ("code", "hasty"),
    [
        ("given == self._secret", True),
        ("request.headers['X-Hub-Signature-256'] != expected", True),
        ("token != ''", True),
        ("mode == 'subscribe'", False),
        ("hmac.compare_digest(given, secret)", False),
    ],
)
def test_a_hasty_comparison_is_noticed(code: str, hasty: bool) -> None:
    assert any(is_a_hasty_comparison(node) for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Compare)) == hasty


@pytest.mark.parametrize("grouped", [False, True])
def test_a_mistake_of_ours_ends_a_command_with_its_places_and_without_its_text(
    monkeypatch: pytest.MonkeyPatch, heard: Callable[[], str], grouped: bool
) -> None:
    async def serve_badly(*_: object) -> None:
        try:
            int(CANARY)
        except ValueError as error:
            mistake = RuntimeError(CANARY)
            raise (ExceptionGroup(CANARY, [mistake, OSError(CANARY)]) if grouped else mistake) from error

    monkeypatch.setattr("bot.app.serve", serve_badly)
    result = CliRunner().invoke(main, ["run"])
    assert result.exit_code == 1
    assert CANARY not in result.output
    assert [word for word in ("ValueError at", "serve_badly", "test_secrets.py") if word not in result.output] == []
    assert ("OSError" in result.output.splitlines()) == grouped
    assert CANARY not in heard()
