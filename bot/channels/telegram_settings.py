"""What an operator tells the bot about Telegram."""

import re

from pydantic import AnyHttpUrl, Field, SecretStr, ValidationInfo, field_validator

from bot.i18n import N_
from bot.i18n import gettext as _
from bot.settings import ChannelSettings


class TelegramSettings(ChannelSettings):
    token: SecretStr = Field(SecretStr(""), description=N_("token from @BotFather; empty: no Telegram"))
    api_url: AnyHttpUrl = Field(
        AnyHttpUrl("https://api.telegram.org"), description=N_("root of the Bot API (a self-hosted server, or a test server)")
    )
    webhook_url: AnyHttpUrl | None = Field(None, description=N_("public https address of this bot; empty: long polling"))
    secret: SecretStr = Field(SecretStr(""), description=N_("secret_token of the webhook, 1-256 of A-Z a-z 0-9 _ -"))

    @field_validator("secret")
    @classmethod
    def _secret_is_allowed(cls, secret: SecretStr, info: ValidationInfo) -> SecretStr:
        value = secret.get_secret_value()
        if not value and info.data.get("webhook_url"):
            raise ValueError(_("BOT_TELEGRAM_WEBHOOK_URL needs it: anybody could write to the webhook otherwise"))
        if value and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", value):
            raise ValueError(_("use 1-256 characters of A-Z a-z 0-9 _ -"))
        return secret
