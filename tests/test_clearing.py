"""A chat is cleared before the sentence that says so, whatever goes wrong on the way."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot import delivery
from bot.channels.base import Gone, Refused, TryLater
from bot.types import Conversation, Language, Message, Reply, Turn
from tests.conftest import Records
from tests.test_service import AHMED, OLENA, FakeChannel, Running, running

CLEARED = Reply("cleared", Language.PL, clears=())


class Deleting(FakeChannel):
    """Numbers what it sends; a chat is what it was sent and is not taken back. What is heard has the number of its id."""

    def __init__(self) -> None:
        super().__init__()
        self.chat: dict[str, str] = {}
        self.refusals: list[Exception] = []
        self.begun: list[str] = []
        self.asked = 0

    async def send(self, person: str, reply: Reply) -> str | None:
        self.begun.append(reply.text)
        self.changed.set()
        await super().send(person, reply)
        number = str(100 + len(self.sent))
        self.chat[number] = reply.text
        return number

    async def take_back(self, person: str, numbers: Sequence[str]) -> None:
        self.asked += 1
        self.changed.set()
        if self.refusals:
            raise self.refusals.pop(0)
        for number in numbers:
            self.chat.pop(number, None)
        self.changed.set()


async def answer(message: Message, conversation: Conversation) -> Turn:
    if message.text == "clear":
        return Turn(Conversation(message.sender), (CLEARED,), "action_clear", forget=True)
    slots = {"language": "pl"}
    return Turn(Conversation(message.sender, slots), (Reply(f"{message.text}?", Language.PL), Reply("card", Language.PL)), "utter_echo")


async def say(bot: Running, channel: FakeChannel, number: str, words: str) -> None:
    if isinstance(channel, Deleting):
        channel.chat[number] = words
    await bot.service.mailbox.receive(Message(number, OLENA, words, original=number))


async def told(channel: FakeChannel, *texts: str) -> None:
    await channel.until(lambda: [text for _person, text in channel.sent] == [*texts])


async def ask_and_clear(bot: Running, channel: FakeChannel) -> None:
    await say(bot, channel, "1", "help")
    await told(channel, "help?", "card")
    while (await bot.store.open_rows())[1]:
        pass  # on its way, the card would be taken back only after the sentence
    await say(bot, channel, "2", "clear")
    await told(channel, "help?", "card", "cleared")


async def test_all_that_was_said_is_gone_and_one_sentence_stands_there(tmp_path: Path) -> None:
    channel = Deleting()
    async with running(tmp_path, answer, channel) as bot:
        await ask_and_clear(bot, channel)
        assert [*channel.chat.values()] == ["cleared"]


async def test_the_sentence_waits_until_the_platform_has_deleted_everything(tmp_path: Path) -> None:
    channel = Deleting()
    channel.refusals = [TryLater("rate limit", 0.0), TryLater("rate limit", 0.0)]
    async with running(tmp_path, answer, channel) as bot:
        await ask_and_clear(bot, channel)
        assert (list(channel.chat.values()), channel.asked) == (["cleared"], 3)


async def test_what_a_platform_will_never_delete_is_told_to_the_operator_and_the_sentence_says_how_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records, channel = Records(), Deleting()
    monkeypatch.setattr(delivery, "_log", records)
    channel.refusals = [Refused("bad request")]
    async with running(tmp_path, answer, channel) as bot:
        await say(bot, channel, "1", "clear")
        await told(channel, "cleared")
        assert records.fields["chat.not_cleared"]["reason"] == "bad request"


async def test_a_channel_that_cannot_delete_says_the_sentence_all_the_same(tmp_path: Path) -> None:
    channel = FakeChannel()
    async with running(tmp_path, answer, channel) as bot:
        await ask_and_clear(bot, channel)


@asynccontextmanager
async def overtaken(tmp_path: Path) -> AsyncIterator[tuple[Running, Deleting]]:
    """The answer is on its way, and arrives at the end of this, while the chat was cleared already."""
    channel = Deleting()
    async with running(tmp_path, answer, channel) as bot:
        arriving = channel.hanging["olena"] = asyncio.Event()
        await say(bot, channel, "1", "help")
        await channel.until(lambda: channel.begun == ["help?"])
        await say(bot, channel, "2", "clear")
        await channel.until(lambda: channel.asked == 1 and channel.begun == ["help?", "cleared"])
        arriving.set()
        yield bot, channel


async def test_what_is_on_its_way_while_the_chat_is_cleared_is_taken_back_once_it_arrived(tmp_path: Path) -> None:
    async with overtaken(tmp_path) as (_bot, channel):
        await channel.until(lambda: len(channel.sent) == 2 and list(channel.chat.values()) == ["cleared"])


@pytest.mark.parametrize("refusal", [Gone("blocked"), TryLater("rate limit"), OSError()])
async def test_if_that_fails_everybody_else_is_still_answered(refusal: Exception, tmp_path: Path) -> None:
    async with overtaken(tmp_path) as (bot, channel):
        channel.refusals = [refusal]
        await channel.until(lambda: channel.asked == 2)
        await bot.service.mailbox.receive(Message("3", AHMED, "hello"))
        await channel.until(lambda: ("ahmed", "card") in channel.sent)
