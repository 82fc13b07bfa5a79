"""What Telegram sends us, as messages. It reads updates and calls nothing."""

from typing import Any

from telegram import ChatMember, Update, User
from telegram.constants import ChatType
from telegram.error import TelegramError
from telegram.request import HTTPXRequest

from bot.channels.webhooks import key_from, person_from, storable
from bot.i18n import hint_from_tag
from bot.telemetry import log, where
from bot.types import Address, Language, Message

NAME = "telegram"
# What Telegram tells as a message although nobody said it. Of these alone a private chat can have some; all else deserves an answer.
_HAPPENED = (
    "pinned_message",
    "message_auto_delete_timer_changed",
    "chat_background_set",
    "write_access_allowed",
    "connected_website",
    "proximity_alert_triggered",
    "checklist_tasks_done",
    "checklist_tasks_added",
    "poll_option_added",
    "poll_option_deleted",
    "forum_topic_created",
    "forum_topic_edited",
    "forum_topic_closed",
    "forum_topic_reopened",
)
_log = log("telegram")


class _Answer(dict[str, Any]):
    """An answer in which the library looks for a `result` that may be missing."""

    def __missing__(self, key: str) -> Any:
        raise TelegramError(f"an answer without {key}")


class AnswersRequest(HTTPXRequest):
    """JSON that is no answer of Telegram, such as a proxy's, is a TelegramError as any other trouble, and not whatever Python raises."""

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        answer: Any = HTTPXRequest.parse_json_payload(payload)
        if not isinstance(answer, dict):
            raise TelegramError("an answer that is no object")
        return _Answer(answer)


class UpdatesRequest(AnswersRequest):
    """Long polling that gets past an update which the library cannot read: of such a one the number stays, so that the offset moves on."""

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        answer = AnswersRequest.parse_json_payload(payload)
        if "result" in answer:
            if not isinstance(answer["result"], list):
                raise TelegramError("updates that are no list")
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


def heard(update: Update, bot_id: str) -> tuple[Message | None, Address | None]:
    """Who said what, and who left. Neither, and a line in the log, for an update that the library let pass and nobody can read."""
    try:
        return message_from(update, bot_id), who_left(update)
    except Exception as error:  # it checks no types, and one such update must not block a chat or end the polling
        _log.warning("update.unreadable", error=where(error), do="nothing; if it repeats, update python-telegram-bot")
        return None, None


def message_from(update: Update, bot_id: str) -> Message | None:
    """What a person wrote, changed or pressed in a private chat; None for everything that is not for us. Pure.

    The library does not check what stands where: in another shape it raises what Python raises.
    """
    id = key_from(f"{bot_id}:{update.update_id}")
    if query := update.callback_query:
        here = query.message is None or query.message.chat.type == ChatType.PRIVATE
        payload = storable(query.data or "")  # a client can press what no button of ours says
        return Message(id, _address(query.from_user.id), "", payload, _hint(query.from_user)) if payload and here else None
    message = update.message or update.edited_message
    if message is None or message.chat.type != ChatType.PRIVATE:
        return None
    text = storable(message.text or message.caption or "")
    if not text and any(getattr(message, name, None) for name in _HAPPENED):
        return None
    return Message(
        id,
        _address(message.chat.id),
        text,
        None,
        _hint(message.from_user),
        original=key_from(message.message_id),
        edited=update.edited_message is not None,
    )


def who_left(update: Update) -> Address | None:
    """Whoever blocked us or deleted the chat. Pure."""
    change = update.my_chat_member
    left = change and change.chat.type == ChatType.PRIVATE and change.new_chat_member.status in (ChatMember.BANNED, ChatMember.LEFT)
    return _address(change.chat.id) if change and left else None


def _address(id: int) -> Address:
    return Address(NAME, person_from(id))


def _hint(person: User | None) -> Language | None:
    return hint_from_tag(person.language_code if person else None)
