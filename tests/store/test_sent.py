"""The numbers of what stands in a chat: kept for two days beside a conversation, handed on when the chat is cleared, and gone then."""

import asyncio
from dataclasses import replace

import pytest

from bot.store import Job, Store
from bot.store.retention import HOUR
from bot.types import Address, Conversation, Language, Message, Reply, Turn
from tests.conftest import Clock
from tests.store.test_store import AHMED, OLENA, claim, everything, message, rows_of

ANSWER, CLEARED = Reply("answer", Language.PL), Reply("cleared", Language.PL, clears=())


async def ask(store: Store, number: int, sender: Address = OLENA, *replies: Reply, forget: bool = False) -> None:
    """The message has this number in the chat, too."""
    await store.receive(message(number, sender))
    job, _message, _conversation = await claim(store)
    turn = Turn(Conversation(sender, {} if forget else {"language": "pl"}), replies or (ANSWER,), "utter", forget=forget)
    assert await store.finish(job, turn, turn.replies, number=str(number))


async def claim_reply(store: Store) -> tuple[Job, Reply]:
    claimed = await store.next_reply()
    assert claimed
    return claimed[0], claimed[2]


async def deliver(store: Store, number: int) -> Reply:
    job, reply = await claim_reply(store)
    assert await store.delivered(job, str(number))
    return reply


async def cleared(store: Store, number: int, sender: Address = OLENA) -> tuple[str, ...] | None:
    """What the reply to the wish is told to take back."""
    await ask(store, number, sender, CLEARED, forget=True)
    job, reply = await claim_reply(store)
    await store.delivered(job, "999")
    return reply.clears


async def test_whoever_clears_the_chat_has_all_of_it_taken_back_and_nobody_else(store: Store) -> None:
    await ask(store, 1)
    await deliver(store, 2)
    await ask(store, 3, AHMED)
    await deliver(store, 4)
    await ask(store, 5, OLENA, ANSWER, ANSWER)
    await deliver(store, 6)
    await deliver(store, 7)
    assert sorted(await cleared(store, 8) or ()) == ["1", "2", "5", "6", "7", "8"]
    assert sorted(await cleared(store, 9, AHMED) or ()) == ["3", "4", "9"]


async def test_any_other_reply_takes_nothing_back(store: Store) -> None:
    await ask(store, 1)
    assert (await deliver(store, 2)).clears is None


async def test_of_a_cleared_chat_nothing_is_left_not_even_the_number_of_the_last_words(store: Store) -> None:
    await ask(store, 1)
    await deliver(store, 2)
    await cleared(store, 3)
    assert [await rows_of(store, table) for table in ("sent", "outbox", "conversations")] == [[], [], []]
    assert await cleared(store, 4) == ("4",)


@pytest.mark.parametrize("way", ["/forget", "bot forget"])
async def test_whoever_is_forgotten_leaves_no_number(store: Store, way: str) -> None:
    await ask(store, 1)
    await deliver(store, 2)
    if way == "/forget":
        await ask(store, 3, OLENA, ANSWER, forget=True)
        await deliver(store, 4)
    else:
        await store.forget(OLENA)
    assert await rows_of(store, "sent") == []


async def test_a_reply_that_is_on_its_way_while_all_is_forgotten_is_known_to_be_in_vain(store: Store) -> None:
    await ask(store, 1)
    job, _reply = await claim_reply(store)
    await ask(store, 2, OLENA, CLEARED, forget=True)
    assert not await store.delivered(job, "3")
    assert "'3'" not in await everything(store) + repr(await rows_of(store, "sent"))


async def test_of_what_arrives_while_the_chat_is_cleared_either_the_number_is_told_or_that_it_was_in_vain(store: Store) -> None:
    for number in range(1, 40, 3):
        await ask(store, number)
        job, _reply = await claim_reply(store)
        arrived = str(number + 1)
        kept, _none = await asyncio.gather(store.delivered(job, arrived), ask(store, number + 2, OLENA, CLEARED, forget=True))
        clearing, reply = await claim_reply(store)
        assert (arrived in (reply.clears or ())) is kept
        assert await rows_of(store, "sent") == []
        await store.delivered(clearing)


async def test_what_waits_to_be_taken_back_survives_a_worker_that_dies(store: Store, clock: Clock) -> None:
    await ask(store, 1)
    await deliver(store, 2)
    await ask(store, 3, OLENA, CLEARED, forget=True)
    _job, first = await claim_reply(store)
    clock.pass_(61)
    assert (await claim_reply(store))[1] == first == replace(CLEARED, clears=("1", "2", "3"))


async def test_a_number_is_kept_for_two_days_and_what_is_older_is_not_taken_back(store: Store, clock: Clock) -> None:
    await ask(store, 1)
    clock.pass_(24 * HOUR)
    await ask(store, 2)
    clock.pass_(24 * HOUR - 1)
    await store.sweep()
    assert len(await rows_of(store, "sent")) == 2
    clock.pass_(1)
    await deliver(store, 3)
    await deliver(store, 4)
    await store.sweep()
    assert len(await rows_of(store, "sent")) == 3
    clock.pass_(24 * HOUR)
    assert sorted(await cleared(store, 5) or ()) == ["3", "4", "5"]


async def test_a_message_that_cannot_be_taken_back_leaves_no_number(store: Store) -> None:
    await store.receive(Message("1", OLENA, "hello", original="7"))
    job, _message, conversation = await claim(store)
    assert await store.finish(job, Turn(replace(conversation, slots={"language": "pl"}), (ANSWER,), "utter"), [ANSWER])
    reply_job, _reply = await claim_reply(store)
    assert await store.delivered(reply_job)
    assert await rows_of(store, "sent") == []


async def test_an_edited_message_has_one_number(store: Store) -> None:
    for id in ("1", "2"):
        await store.receive(Message(id, OLENA, "hello", original="7"))
        job, _message, _conversation = await claim(store)
        assert await store.finish(job, Turn(Conversation(OLENA, {"language": "pl"}), (), "action_listen"), (), number="7")
    assert await cleared(store, 8) == ("7", "8")
