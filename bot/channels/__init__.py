"""The channels. To add one, write a module beside these and name its class here."""

from typing import Any, Protocol

from bot.channels.base import Channel, HasProfile
from bot.channels.messenger import Messenger
from bot.channels.telegram import Telegram
from bot.channels.viber import Viber
from bot.channels.webchat import WebChat
from bot.settings import ChannelSettings, Program, Settings
from bot.variables import Variables, variable


class Kind(Protocol):
    """The class of a channel: what it must be told, and how to make it of that."""

    @property
    def settings(self) -> type[ChannelSettings]: ...

    def from_settings(self, settings: Any, /) -> Channel: ...


CHANNELS: dict[str, Kind] = {
    "web": WebChat,
    "telegram": Telegram,
    "messenger": Messenger,
    "viber": Viber,
}


def all_settings() -> dict[str, type[Variables]]:
    """What can be set, by whose it is: the program's has no name."""
    return {"": Program, **{name: kind.settings for name, kind in CHANNELS.items()}}


def channels_from(settings: Settings) -> dict[str, Channel]:
    """The channels that the settings switch on."""
    return {name: kind.from_settings(own) for name, kind in CHANNELS.items() if (own := settings.channels[name]).on}


def switches_with_profile() -> list[str]:
    """The variables that switch on a channel whose platform shows a profile. A class has the methods of its objects too."""
    return [variable(name, kind.settings.switch()) for name, kind in CHANNELS.items() if isinstance(kind, HasProfile)]
