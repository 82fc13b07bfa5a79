"""`bot profile` and the start: what an operator reads, and what happens when a platform says no, or not now."""

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import ClassVar

import pytest
from click.testing import CliRunner, Result
from starlette.routing import BaseRoute

from bot import app, publishing
from bot.channels import all_settings, channels_from
from bot.channels.base import Channel, Limits, Mailbox, Refused, Shown, TryLater
from bot.cli import main
from bot.content import Content
from bot.publishing import NotSet, lines, platforms, publish, surely_show
from bot.settings import Settings, load
from bot.types import Profiles, Reply
from tests.channels.profiles import PROFILES
from tests.conftest import Records
from tests.fakes.telegram import FakeTelegram
from tests.test_dialogue import Bot


class Platform:
    """A channel whose platform fails as it is told, and then takes what it is given."""

    name: ClassVar[str] = "platform"
    limits: ClassVar[Limits] = Limits(text=1, buttons=1, title=1)

    def __init__(self, *failures: Exception, before: str = "") -> None:
        self.failures = list(failures)
        self.text = before
        self.closed = False

    async def profile(self, wanted: Profiles, *, dry_run: bool) -> list[Shown]:
        if self.failures:
            raise self.failures.pop(0)
        before, after = self.text, "new"
        if not dry_run:
            self.text = after
        return [Shown("uk", "greeting", before, after), Shown("ru", "greeting", before, after)]

    def routes(self, mailbox: Mailbox) -> Sequence[BaseRoute]:
        return []

    async def run(self, mailbox: Mailbox) -> None: ...

    async def send(self, person: str, reply: Reply) -> None: ...

    async def typing(self, person: str) -> None: ...

    async def close(self) -> None:
        self.closed = True


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "en")
    monkeypatch.setattr("bot.telemetry.configure", lambda *_: None)  # the log of the tests stays as it is


@pytest.fixture
def records(monkeypatch: pytest.MonkeyPatch) -> Records:
    found = Records()
    monkeypatch.setattr(publishing, "_log", found)
    return found


async def told(*channels: Platform, dry_run: bool = False) -> list[str]:
    named: dict[str, Channel] = {f"platform{number or ''}": channel for number, channel in enumerate(channels)}
    return [line async for line in publish(named, PROFILES, dry_run=dry_run)]


async def test_an_operator_reads_what_differs_and_what_people_will_see() -> None:
    assert await told(Platform(before='the "old"\none')) == [
        'platform uk greeting: "the \\"old\\"\\none" -> "new"',
        'platform ru greeting: "the \\"old\\"\\none" -> "new"',
        "platform: 2 differences, all set.",
        "platform shows, for each language of a client:",
        '  greeting [uk, ru]: "new"',
    ]


async def test_a_second_time_there_is_nothing_to_change() -> None:
    assert (await told(Platform(before="new")))[0] == "platform: nothing to change."


async def test_a_dry_run_says_that_nothing_was_changed() -> None:
    platform = Platform(before="old")
    assert "platform: 2 differences, nothing was changed." in await told(platform, dry_run=True)
    assert platform.text == "old"


def test_what_is_taken_away_is_no_longer_shown() -> None:
    assert list(lines("platform", [Shown("default", "commands", "old", ""), Shown("uk", "greeting", "a", "a")], dry_run=False)) == [
        'platform default commands: "old" -> ""',
        "platform: 1 differences, all set.",
        "platform shows, for each language of a client:",
        '  greeting [uk]: "a"',
    ]


async def test_a_platform_that_fails_does_not_keep_the_others_from_being_set() -> None:
    failing, refusing, good = Platform(TryLater("network")), Platform(Refused("bad request", do="run `bot check`")), Platform()
    with pytest.raises(NotSet, match="platform: network\nplatform1: bad request: run `bot check`"):
        await told(failing, refusing, good)
    assert (failing.text, refusing.text, good.text) == ("", "", "new")


async def test_without_a_platform_the_missing_variables_are_named() -> None:
    with pytest.raises(NotSet, match="Set BOT_TELEGRAM_TOKEN or BOT_MESSENGER_PAGE_TOKEN"):
        await told()


async def test_the_web_chat_has_no_profile() -> None:
    channels = channels_from(load(all_settings(), {"BOT_TELEGRAM_TOKEN": "1:a"}))
    assert list(platforms(channels)) == ["telegram"]
    for channel in channels.values():
        await channel.close()


async def test_the_start_is_quiet_when_nothing_differs(records: Records) -> None:
    await surely_show("platform", Platform(before="new"), PROFILES)
    assert records.events == []
    await surely_show("platform", Platform(before="old"), PROFILES)
    assert records.fields == {"profile.set": {"channel": "platform", "differences": 2}}


async def test_the_start_tries_again_until_the_platform_can_be_reached(records: Records) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    platform = Platform(TryLater("network"), TryLater("network"), TryLater("rate limit", 35), *[TryLater("network")] * 10)
    await surely_show("platform", platform, PROFILES, sleep)
    assert waited[:4] == [2.0, 4.0, 35, 16.0]
    assert max(waited) == 600.0
    assert platform.text == "new"
    assert records.events == ["profile.postponed"] * 13 + ["profile.set"]
    assert records.fields["profile.postponed"]["do"]


@pytest.mark.parametrize(("error", "event"), [(Refused("bad request"), "profile.refused"), (KeyError("data"), "profile.failed")])
async def test_a_refusal_or_a_mistake_of_ours_does_not_end_the_bot(error: Exception, event: str, records: Records) -> None:
    await surely_show("platform", Platform(error), PROFILES)
    assert records.events == [event]
    assert records.fields[event]["do"]


# The command, against Telegram


async def run(fake: FakeTelegram, *arguments: str, **environment: str) -> Result:
    settings = {"BOT_TELEGRAM_TOKEN": fake.token, "BOT_TELEGRAM_API_URL": fake.url, "LANGUAGE": "en", **environment}
    return await asyncio.to_thread(CliRunner().invoke, main, ["profile", *arguments], env=settings)


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as started:
        yield started


async def test_the_command_sets_telegram_once(fake: FakeTelegram) -> None:
    first = await run(fake)
    assert first.exit_code == 0
    assert 'telegram uk short_description: "" -> "Програма офісу МОМ у Кракові.' in first.output
    assert "telegram: 19 differences, all set." in first.output
    assert "  short_description [pl, be]: " in first.output
    assert fake.profile["description", "ru"].startswith("Я програма")
    calls = len(fake.calls)
    second = await run(fake)
    assert second.output.splitlines()[0] == "telegram: nothing to change."
    assert [call.method for call in fake.calls[calls:] if not call.method.startswith("get")] == []
    assert fake.refusals == []


async def test_the_command_with_dry_run_changes_nothing(fake: FakeTelegram) -> None:
    result = await run(fake, "--dry-run")
    assert result.exit_code == 0
    assert 'telegram default menu_button: "default" -> "commands"' in result.output
    assert "telegram: 19 differences, nothing was changed." in result.output
    assert fake.profile == {}
    assert [call.method for call in fake.calls if not call.method.startswith("get")] == []


async def test_the_command_says_which_variables_are_missing(fake: FakeTelegram) -> None:
    result = await run(fake, BOT_TELEGRAM_TOKEN="")
    assert result.exit_code == 2
    assert "Set BOT_TELEGRAM_TOKEN or BOT_MESSENGER_PAGE_TOKEN." in result.output


async def test_the_command_ends_with_2_when_telegram_is_down_and_shows_no_token(fake: FakeTelegram) -> None:
    fake.faults.server_error("getMyCommands")
    result = await run(fake)
    assert (result.exit_code, result.output) == (2, "telegram: network\n")
    result = await run(fake, BOT_TELEGRAM_TOKEN="1:wrong-4711")
    assert (result.exit_code, result.output) == (2, "telegram: token refused: check BOT_TELEGRAM_TOKEN with @BotFather\n")


# The start


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[str]:
    """The whole bot in this process at the address that it announces, until it is told to stop."""
    announced: asyncio.Queue[str] = asyncio.Queue()
    bot = asyncio.create_task(app.serve(settings, announced.put_nowait))
    listening = asyncio.create_task(announced.get())
    await asyncio.wait({bot, listening}, return_when=asyncio.FIRST_COMPLETED)
    address = listening.result()
    try:
        yield address
    finally:
        signal.raise_signal(signal.SIGTERM)
        await bot


async def test_a_start_sets_the_profile_of_telegram(
    fake: FakeTelegram, own_content: Content, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "edition_from", lambda *_, **__: Bot(own_content).edition)
    environment = {"BOT_TELEGRAM_TOKEN": fake.token, "BOT_TELEGRAM_API_URL": fake.url, "BOT_DATA_DIR": str(tmp_path), "BOT_PORT": "0"}
    async with running(load(all_settings(), environment)):
        await fake.until(lambda: ("menu_button",) in fake.profile)
    assert fake.profile["description", "pl"].startswith("Jestem programem")
