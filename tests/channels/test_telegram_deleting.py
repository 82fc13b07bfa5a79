"""Taking back what stands in a chat on Telegram."""

import pytest
from starlette.responses import JSONResponse

from bot.channels.base import Gone, Refused, TryLater
from bot.channels.telegram import Telegram
from bot.types import ContactCard, Language, Reply
from tests.conftest import Clock
from tests.fakes.telegram import FakeTelegram

DAY = 24 * 3600.0
CARD = ContactCard("Anna Nowak", "IOM Kraków", "+48530595013", "office@example.org", "https://example.org")


async def test_our_words_and_the_persons_are_taken_back_and_those_of_nobody_else(clock: Clock) -> None:
    async with FakeTelegram(clock=clock) as fake:
        channel, person, other = Telegram(fake.token, fake.url, None, ""), fake.person(7), fake.person(8)
        numbers = [str(fake.say(person, "help")["message"]["message_id"])]
        for reply in (Reply("112", Language.PL), Reply("", Language.PL, contact=CARD)):
            number = await channel.send("7", reply)
            assert number
            numbers.append(number)
        await channel.send("7", Reply("later", Language.PL))
        await channel.send("8", Reply("to somebody else", Language.PL))
        await channel.take_back("7", numbers)
        assert [message["text"] for message in fake.stands(person)] == ["later"]
        assert len(fake.stands(other)) == 1
        await channel.take_back("7", numbers)  # as after a crash
        assert fake.refusals == []
        await channel.close()


async def test_hundreds_of_messages_are_taken_back_and_only_what_is_too_old_stays(clock: Clock) -> None:
    async with FakeTelegram(clock=clock) as fake:
        channel, person = Telegram(fake.token, fake.url, None, ""), fake.person(7)
        old = [fake.say(person, "old")["message"]["message_id"] for _ in range(3)]
        clock.pass_(2 * DAY)
        new = [fake.say(person, "new")["message"]["message_id"] for _ in range(240)]
        await channel.take_back("7", [str(number) for number in (*old, *new)])
        assert [message["message_id"] for message in fake.stands(person)] == old
        assert len([call for call in fake.calls if call.method == "deleteMessages"]) < 20
        await channel.close()


async def test_a_trouble_while_taking_back_is_named_for_what_to_do() -> None:
    async with FakeTelegram() as fake:
        channel = Telegram(fake.token, fake.url, None, "")
        number = str(fake.say(fake.person(7), "help")["message"]["message_id"])
        fake.faults.too_many_requests("deleteMessages", retry_after=35)
        with pytest.raises(TryLater) as later:
            await channel.take_back("7", [number])
        assert later.value.seconds == 35
        with pytest.raises(Gone):
            await channel.take_back("8", [number])
        fake.faults.answer("deleteMessages", lambda: JSONResponse({"ok": False, "error_code": 400, "description": "Bad Request: odd"}, 400))
        with pytest.raises(Refused):
            await channel.take_back("7", [number])
        await channel.close()
