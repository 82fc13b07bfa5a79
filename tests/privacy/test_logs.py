"""A hundred thousand lines of the log, and in none of them who somebody is: neither id nor name, number, cookie or message."""

import copy
import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from typing import Any, ClassVar

import pytest

from bot.channels.base import Gone, Limits, Refused, TryLater
from bot.types import Address, Conversation, Language, Message, Reply, Turn
from tests.channels.kits import KITS, Kit
from tests.channels.recorded import recorded
from tests.privacy.passing import Passing
from tests.test_service import FakeChannel

LINES = 100_000
MARK = "98765432"  # stands in everything by which a person could be known, and as part of a hash once in a million runs
NAMED = ("id", "first_name", "last_name", "username", "name", "phone_number", "mid", "message_id", "user_id", "file_id", "text", "title")
TROUBLES: list[Callable[[], Exception]] = [
    lambda: TryLater("busy", 1.0),
    lambda: TryLater("token refused", 60, "look"),
    lambda: Refused("bad request"),
    lambda: Gone("blocked or deleted"),
    lambda: ValueError(MARK),
]


class Roomy(FakeChannel):
    limits: ClassVar[Limits] = Limits(text=4000, buttons=3, title=20)


def marked(delivery: Any, number: int) -> Any:
    """A recorded delivery, from somebody else."""
    if isinstance(delivery, list):
        return [marked(item, number) for item in delivery]
    if isinstance(delivery, dict):
        return {key: _mark(value, number) if key in NAMED else marked(value, number) for key, value in delivery.items()}
    return delivery


def _mark(value: Any, number: int) -> Any:
    whole = f"{MARK}{number:06}"
    return (
        int(whole) if isinstance(value, int) and not isinstance(value, bool) else whole if isinstance(value, str) else marked(value, number)
    )


def people(channels: list[str]) -> Iterator[Message]:
    for number, channel in enumerate(cycle(channels)):
        key = f"{MARK}{number:06}"
        yield Message(f"m_{key}", Address(channel, key), f"to ja, Olena {key}, +48{key}", None, Language.UK, original=key)


async def answer(message: Message, conversation: Conversation) -> Turn:
    if message.id.endswith("77"):
        raise RuntimeError(f"{message} {conversation}")
    return Turn(conversation, (Reply(message.text, Language.PL),), "utter_greet")


def apologise(conversation: Conversation) -> Turn:
    return Turn(conversation, (Reply("sorry", Language.PL),), "utter_apology")


async def deliveries(kit: Kit, passing: Passing) -> None:
    """All that a platform tells, of many people, whole and broken, signed and not."""
    raw = [json.loads(body) if isinstance(body, bytes) else body for body in recorded(kit.channel.name).values()]
    for number in range(5):
        for delivery in [kit.says("x"), *raw]:
            body = marked(json.loads(delivery) if isinstance(delivery, bytes) else copy.deepcopy(delivery), number)
            for sent in (body, {**body, "message": [MARK], "entry": [MARK, {"messaging": [{"message": MARK}]}], "sender": MARK}):
                assert (await kit.post(sent)).status_code < 500
    said = kit.mailbox
    for message in said.messages:
        await passing.take(message)
    for address in [*said.forgotten, *said.paused]:
        await passing.mailbox.forget(address)
        await passing.mailbox.pause(address, 1.0)
        await passing.mailbox.resume(address)


async def test_a_hundred_thousand_lines_of_the_log_name_nobody(heard: Callable[[], str]) -> None:
    root = logging.getLogger()
    root.handlers[:] = [handler for handler in root.handlers if type(handler) is logging.StreamHandler]  # pytest keeps each line too
    for name in KITS:
        async with KITS[name]() as kit:
            await deliveries(kit, Passing(answer, apologise, {name: kit.channel}))
    channel = Roomy()
    passing = Passing(answer, apologise, dict.fromkeys(KITS, channel))
    for number, message in enumerate(islice(people(list(KITS)), LINES // 3)):
        if number % 10 == 0:
            channel.troubles = [TROUBLES[number // 10 % len(TROUBLES)]()]
        passing.store.late = number % 100 == 0
        await passing.take(message, attempt=1 + number % 3)
        if number % 10 == 1:
            await passing.mailbox.forget(message.sender)
    lines = heard().splitlines()
    events = Counter(json.loads(line)["event"] for line in lines)
    assert len(lines) >= LINES
    assert [line for line in lines if MARK in line or "Olena" in line] == []
    expected = "message.received answer.done answer.failed answer.late reply.done reply.postponed reply.refused reply.gone reply.failed"
    assert {*expected.split(), "person.left", "consultant.took_over", "event.unreadable", "update.unreadable"} <= set(events)


@pytest.mark.parametrize("name", KITS)
async def test_what_is_looked_for_is_what_the_channels_are_told(name: str) -> None:
    async with KITS[name]() as kit:
        body = kit.says("x")
        marked_body = marked(json.loads(body) if isinstance(body, bytes) else body, 1)
        assert MARK in json.dumps(marked_body)
