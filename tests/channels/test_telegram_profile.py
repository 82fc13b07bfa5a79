"""Telegram's profile against the strict fake: set in every language, once, and read before it is set."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from telegram import BotCommand, MenuButtonCommands

from bot.channels.base import HasProfile, Refused, Shown, TryLater
from bot.channels.telegram import Telegram
from bot.channels.telegram_profile import PROFILES as LANGUAGES
from bot.channels.telegram_profile import commands_from
from bot.types import Button, Language
from tests.channels.profiles import PROFILES, profile_in
from tests.fakes.telegram import FakeTelegram

DEFAULT_SCOPE = '{"type": "default"}'
ENTRIES = 3 * len(LANGUAGES) + 1  # commands and two descriptions in each language, and the menu button


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as started:
        yield started


@pytest.fixture
async def channel(fake: FakeTelegram) -> AsyncIterator[Telegram]:
    made = Telegram(fake.token, fake.url, None, "")
    yield made
    await made.close()


def setting(fake: FakeTelegram) -> list[str]:
    return [call.method for call in fake.calls if call.method.startswith(("set", "delete"))]


def test_telegram_has_a_profile() -> None:
    assert issubclass(Telegram, HasProfile)


async def test_everything_is_set_in_the_language_of_each_client(fake: FakeTelegram, channel: Telegram) -> None:
    shown = await channel.profile(PROFILES, dry_run=False)
    assert [entry.changes for entry in shown] == [True] * ENTRIES
    for code, language in {"": "en", "en": "en", "pl": "pl", "be": "pl", "uk": "uk", "ru": "uk"}.items():
        commands = [{"command": name, "description": f"{name} {language}"} for name in ("help", "forget")]
        assert commands == fake.profile["commands", code, DEFAULT_SCOPE]
        assert f"description {language}" == fake.profile["description", code]
        assert f"short {language}" == fake.profile["short_description", code]
    assert fake.profile["menu_button",] == {"type": "commands"}
    assert fake.refusals == []


async def test_a_second_time_nothing_is_set(fake: FakeTelegram, channel: Telegram) -> None:
    await channel.profile(PROFILES, dry_run=False)
    before = setting(fake)
    shown = await channel.profile(PROFILES, dry_run=False)
    assert [entry.changes for entry in shown] == [False] * ENTRIES
    assert before == setting(fake)


async def test_a_dry_run_tells_everything_and_sets_nothing(fake: FakeTelegram, channel: Telegram) -> None:
    shown = await channel.profile(PROFILES, dry_run=True)
    assert Shown("uk", "commands", "", "/help help uk · /forget forget uk") in shown
    assert Shown("default", "menu_button", "default", "commands") in shown
    assert (setting(fake), fake.profile) == ([], {})


async def test_only_what_differs_is_set(fake: FakeTelegram, channel: Telegram) -> None:
    await channel.profile(PROFILES, dry_run=False)
    before = len(setting(fake))
    changed = replace(profile_in(Language.UK), short="нове", commands=(Button("допомога", "/help"),))
    shown = await channel.profile({**PROFILES, Language.UK: changed}, dry_run=False)
    assert [entry for entry in shown if entry.changes] == [
        Shown("uk", "commands", "/help help uk · /forget forget uk", "/help допомога"),
        Shown("uk", "short_description", "short uk", "нове"),
        Shown("ru", "commands", "/help help uk · /forget forget uk", "/help допомога"),
        Shown("ru", "short_description", "short uk", "нове"),
    ]
    assert setting(fake)[before:] == ["setMyCommands", "setMyShortDescription"] * 2
    assert fake.profile["short_description", "ru"] == "нове"


async def test_what_somebody_set_by_hand_is_named_before_it_is_replaced(fake: FakeTelegram, channel: Telegram) -> None:
    fake.profile["description", "pl"] = "Napisane w @BotFather"
    shown = await channel.profile(PROFILES, dry_run=False)
    assert Shown("pl", "description", "Napisane w @BotFather", "description pl") in shown
    assert fake.profile["description", "pl"] == "description pl"


async def test_a_profile_that_telegram_refuses_is_refused(fake: FakeTelegram, channel: Telegram) -> None:
    too_long = replace(profile_in(Language.EN), short="a" * 121)
    with pytest.raises(Refused):
        await channel.profile({**PROFILES, Language.EN: too_long}, dry_run=False)
    assert fake.refusals == ["Bad Request: short_description length must not exceed 120"]


async def test_a_rate_limit_is_something_for_later(fake: FakeTelegram, channel: Telegram) -> None:
    fake.faults.too_many_requests("setMyDescription", retry_after=9)
    with pytest.raises(TryLater) as later:
        await channel.profile(PROFILES, dry_run=False)
    assert later.value.seconds == 9
    assert all(entry.changes is False for entry in (await _again(channel)))


async def _again(channel: Telegram) -> list[Shown]:
    """What was left is set by the next try, and the one after that finds nothing."""
    await channel.profile(PROFILES, dry_run=False)
    return await channel.profile(PROFILES, dry_run=False)


async def test_a_wrong_token_says_which_variable_to_check(fake: FakeTelegram) -> None:
    stranger = Telegram("1:wrong", fake.url, None, "")
    with pytest.raises(TryLater, match="token refused") as later:
        await stranger.profile(PROFILES, dry_run=True)
    assert "BOT_TELEGRAM_TOKEN" in later.value.do
    await stranger.close()


async def test_telegram_is_sent_commands_without_their_slash() -> None:
    assert [BotCommand("help", "help pl"), BotCommand("forget", "forget pl")] == list(commands_from(PROFILES[Language.PL]))
    assert MenuButtonCommands().type == "commands"
