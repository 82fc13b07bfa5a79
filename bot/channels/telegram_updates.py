"""What Telegram sends us, as messages. It reads updates and calls nothing."""

from typing import Any

from telegram import Update
from telegram.constants import ChatType
from telegram.request import HTTPXRequest

from bot.i18n import hint_from_tag
from bot.telemetry import log, where
from bot.types import Address, Message

NAME = "telegram"
_log = log("telegram")


class UpdatesRequest(HTTPXRequest):
    """Long polling that gets past an update which the library cannot read: of such a one the number stays, so that the offset moves on."""

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        answer: dict[str, Any] = HTTPXRequest.parse_json_payload(payload)
        if isinstance(answer.get("result"), list):
            answer["result"] = [raw if update_from(raw) else _number_of(raw) for raw in answer["result"]]
        return answer


def _number_of(raw: Any) -> dict[str, int]:
    """What is left of an unreadable update. One without a number is none, and 0 confirms nothing."""
    number = raw.get("update_id") if isinstance(raw, dict) else None
    return {"update_id": number if isinstance(number, int) else 0}


def update_from(raw: Any) -> Update | None:
    """None, and a line in the log, for what is no update."""
    try:
        update = Update.de_json(raw, None)
        return update if isinstance(update.update_id, int) else None
    except Exception as error:  # whatever the library meets in a shape it does not know
        _log.warning("update.unreadable", error=where(error), do="nothing; if it repeats, update python-telegram-bot")
        return None


def message_from(update: Update, bot_id: str) -> Message | None:
    """What a person wrote or pressed in a private chat; None for everything that is not for us. Pure."""
    if update.callback_query:
        sender, payload = update.callback_query.from_user, update.callback_query.data
        return _message(update, bot_id, str(sender.id), "", payload, sender.language_code) if payload else None
    message = update.message
    if message is None or message.chat.type != ChatType.PRIVATE:
        return None
    tag = message.from_user.language_code if message.from_user else None
    return _message(update, bot_id, str(message.chat.id), message.text or message.caption or "", None, tag)


def _message(update: Update, bot_id: str, person: str, text: str, payload: str | None, tag: str | None) -> Message:
    return Message(f"{bot_id}:{update.update_id}", Address(NAME, person), text, payload, hint_from_tag(tag))
