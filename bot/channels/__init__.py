"""The channels. To add one, write a module beside these and name it here."""

from collections.abc import Callable

from bot.channels.base import Channel
from bot.channels.telegram import Telegram
from bot.channels.webchat import WebChat
from bot.settings import Settings


def _telegram(settings: Settings) -> Channel | None:
    token = settings.telegram_token.get_secret_value()
    url = str(settings.telegram_webhook_url) if settings.telegram_webhook_url else None
    return Telegram(token, str(settings.telegram_api_url), url, settings.telegram_secret.get_secret_value()) if token else None


def _web(settings: Settings) -> Channel | None:
    return WebChat() if settings.web_chat else None


CHANNELS: dict[str, Callable[[Settings], Channel | None]] = {"telegram": _telegram, "web": _web}


def channels_from(settings: Settings) -> dict[str, Channel]:
    """The channels that the settings switch on."""
    made = {name: make(settings) for name, make in CHANNELS.items()}
    return {name: channel for name, channel in made.items() if channel}
