"""The channels. To add one, write a module beside these and name it here; its variables stand in `bot.settings` with all others."""

from collections.abc import Callable

from bot.channels import messenger, telegram, viber, webchat
from bot.channels.base import Channel
from bot.settings import Settings

CHANNELS: dict[str, Callable[[Settings], Channel | None]] = {
    "messenger": messenger.from_settings,
    "telegram": telegram.from_settings,
    "viber": viber.from_settings,
    "web": webchat.from_settings,
}


def channels_from(settings: Settings) -> dict[str, Channel]:
    """The channels that the settings switch on."""
    made = {name: make(settings) for name, make in CHANNELS.items()}
    return {name: channel for name, channel in made.items() if channel}
