"""Deleting messages in a private chat: ours and the person's, of the last 48 hours. It never learns what stood in them."""

from collections.abc import Sequence

from telegram import Bot
from telegram.error import TelegramError

from bot.channels.telegram_errors import failure, stays

AT_ONCE = 100


async def delete(bot: Bot, chat: int, numbers: Sequence[int]) -> None:
    """All that Telegram deletes at all, or TryLater, Refused or Gone.

    It passes over a message that is gone, but for one that it will not delete it refuses all: so each half is tried by itself.
    """
    for start in range(0, len(numbers), AT_ONCE):
        some = numbers[start : start + AT_ONCE]
        if not await _deleted(bot, chat, some) and len(some) > 1:
            half = len(some) // 2
            await delete(bot, chat, some[:half])
            await delete(bot, chat, some[half:])


async def _deleted(bot: Bot, chat: int, numbers: Sequence[int]) -> bool:
    try:
        return await bot.delete_messages(chat, numbers)
    except TelegramError as error:
        if stays(error):
            return False
        raise failure(error) or error from None
