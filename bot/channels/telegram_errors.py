"""What to do after an error of the Bot API. Pure."""

from datetime import timedelta

from telegram.error import BadRequest, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError

from bot.channels.base import Gone, Refused, TryLater

ASK_BOTFATHER = "check BOT_TELEGRAM_TOKEN with @BotFather"
_GONE = ("chat not found", "user is deactivated", "peer_id_invalid")
_DONE = "message is not modified"
_STAYS = ("message can't be deleted", "message to delete not found")


def failure(error: TelegramError) -> TryLater | Refused | Gone | None:
    """None: it is as we wanted it already. BadRequest derives from NetworkError, so it is asked first.

    A rate limit names a chat and no more: it postpones the replies of that person alone.
    """
    if isinstance(error, RetryAfter):
        return TryLater("rate limit", seconds_of(error))
    if isinstance(error, Forbidden):
        return Gone("blocked or deleted")
    if isinstance(error, BadRequest):
        message = error.message.lower()
        if _DONE in message:
            return None
        return Gone("no such chat") if any(gone in message for gone in _GONE) else Refused("bad request")
    if isinstance(error, InvalidToken):
        return TryLater("token refused", 60, ASK_BOTFATHER)
    if isinstance(error, NetworkError):
        return TryLater("network")
    return TryLater("telegram")


def stays(error: TelegramError) -> bool:
    """Whether Telegram will never delete this message: it is too old, or gone already."""
    return isinstance(error, BadRequest) and error.message.lower().startswith(_STAYS)


def seconds_of(error: RetryAfter) -> float:
    after = error.retry_after
    return after.total_seconds() if isinstance(after, timedelta) else float(after)
