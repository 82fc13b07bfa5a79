"""What Telegram shows before the first message and in its menu, in each language: compared first, set where it differs."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial

from telegram import Bot, BotCommand, MenuButton, MenuButtonCommands

from bot.channels.base import Shown
from bot.types import Language, Profile, Profiles

# The client's language -> the language we show there; "" is everybody else.
PROFILES = {"": Language.EN, "en": Language.EN, "pl": Language.PL, "be": Language.PL, "uk": Language.UK, "ru": Language.UK}
DEFAULT = "default"
_Entry = tuple[Shown, Callable[[], Awaitable[bool]]]


async def set_profile(bot: Bot, profiles: Profiles, *, dry_run: bool) -> list[Shown]:
    """Everything is read before anything is set: a language without a text of its own may be shown the default one."""
    entries = [entry for code, language in PROFILES.items() for entry in await _entries(bot, code, profiles[language])]
    button = await bot.get_chat_menu_button()
    entries.append(
        (
            Shown(DEFAULT, "menu_button", button.type, MenuButton.COMMANDS),
            partial(bot.set_chat_menu_button, menu_button=MenuButtonCommands()),
        )
    )
    if not dry_run:
        for shown, change in entries:
            if shown.changes:
                await change()
    return [shown for shown, _change in entries]


async def _entries(bot: Bot, code: str, profile: Profile) -> list[_Entry]:
    client, language_code = code or DEFAULT, code or None
    commands = list(commands_from(profile))
    set_now = await bot.get_my_commands(language_code=language_code)
    description = await bot.get_my_description(language_code=language_code)
    short = await bot.get_my_short_description(language_code=language_code)
    return [
        (
            Shown(client, "commands", _readable(set_now), _readable(commands)),
            partial(bot.set_my_commands, commands, language_code=language_code),
        ),
        (
            Shown(client, "description", description.description, profile.description),
            partial(bot.set_my_description, profile.description, language_code=language_code),
        ),
        (
            Shown(client, "short_description", short.short_description, profile.short),
            partial(bot.set_my_short_description, profile.short, language_code=language_code),
        ),
    ]


def commands_from(profile: Profile) -> Iterator[BotCommand]:
    for button in profile.commands:
        yield BotCommand(button.payload.removeprefix("/"), button.title)


def _readable(commands: Sequence[BotCommand]) -> str:
    return " · ".join(f"/{command.command} {command.description}" for command in commands)
