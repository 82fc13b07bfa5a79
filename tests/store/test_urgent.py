"""A call for help passes everything else of its person, and whoever waits long is named once."""

import asyncio
import random
from typing import Any

import pytest
from sqlalchemy import Update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import Store
from bot.store.database import engine_for
from bot.types import Address, Conversation, Language, Message, Reply, Turn
from tests.conftest import Clock
from tests.store.test_replicas import remembered
from tests.store.test_store import AHMED, OLENA, REPLY, answer, claim, message, turn
from tests.store.worker import answered

HELP = Reply("112", Language.PL)
ROUNDS, REPLICAS = 12, 4


async def ids(store: Store) -> list[str]:
    found = []
    while claimed := await store.next_message():
        found.append(claimed[1].id)
        assert await store.finish(claimed[0], turn(claimed[1].sender), ())
    return found


async def test_an_urgent_message_passes_earlier_ones_of_its_person_and_of_others(store: Store) -> None:
    for number, sender in ((1, AHMED), (2, OLENA), (3, OLENA)):
        await store.receive(message(number, sender))
    await store.receive(message(4), urgent=True)
    assert await ids(store) == ["4", "1", "2", "3"]


async def test_urgent_messages_of_a_person_keep_their_order(store: Store) -> None:
    await store.receive(message(1))
    for number in (2, 3):
        await store.receive(message(number), urgent=True)
    assert (await claim(store))[1].id == "2"
    assert await store.next_message() is None


async def test_what_was_under_way_is_done_again_after_the_urgent_one_with_what_that_one_left_behind(store: Store) -> None:
    await store.receive(message(1))
    overtaken, _message, _conversation = await claim(store)
    await store.receive(message(2), urgent=True)
    urgent, _message, _conversation = await claim(store)
    assert await store.next_message() is None
    assert not await store.finish(overtaken, turn(language="pl", topic="fair_work/contract"), [REPLY])
    assert await store.finish(urgent, turn(language="uk"), ())
    _job, again, conversation = await claim(store)
    assert (again.id, conversation.slots) == ("1", {"language": "uk"})


async def test_an_urgent_message_does_not_wait_for_one_that_is_put_off(store: Store) -> None:
    await store.receive(message(1))
    job, _message, _conversation = await claim(store)
    await store.postpone_message(job, 600)
    await store.receive(message(2), urgent=True)
    assert (await claim(store))[1].id == "2"


async def test_a_message_that_has_to_wait_is_due_after_that(store: Store, clock: Clock) -> None:
    await store.receive(message(1), wait=4)
    assert await store.next_message() is None
    assert await store.message_due_in() == pytest.approx(4)
    clock.pass_(4)
    assert (await claim(store))[1].id == "1"


async def test_help_passes_replies_that_wait_for_its_person(store: Store, clock: Clock) -> None:
    await store.receive(message(1))
    await answer(store, turn())
    await store.receive(message(2))
    await answer(store, turn())
    delivery = await store.next_reply()
    assert delivery
    await store.postpone_reply(delivery[0], 3600)
    await store.receive(message(3), urgent=True)
    job, _message, _conversation = await claim(store)
    await store.finish(job, Turn(Conversation(OLENA), (HELP, HELP), "utter_crisis/danger"), [HELP, HELP])
    for _ in range(2):
        delivery = await store.next_reply()
        assert delivery
        assert delivery[2] == HELP
        assert await store.next_reply() is None
        await store.delivered(delivery[0])
    clock.pass_(3600)
    delivery = await store.next_reply()
    assert delivery
    assert delivery[2] == REPLY


async def test_help_that_waits_for_its_person_to_be_here_comes_first_too(store: Store) -> None:
    web = Address("web", "olena")
    for action, reply in (("utter_greet", REPLY), ("utter_crisis/danger", HELP)):
        await store.receive(message(len(action), web))
        job, _message, _conversation = await claim(store)
        await store.finish(job, Turn(Conversation(web), (reply,), action), [reply], when_here=True)
    delivery = await store.next_reply([web])
    assert delivery
    assert delivery[2] == HELP


async def test_who_has_waited_long_is_named_once_for_all_that_waits(store: Store, clock: Clock) -> None:
    await store.receive(message(1))
    await answer(store, turn(language="uk"))
    for number in (2, 3):
        await store.receive(message(number))
    clock.pass_(30)
    await store.receive(message(4, AHMED))
    clock.pass_(31)
    assert await store.long_waiting(60) == [(message(2), Conversation(OLENA, {"language": "uk"}))]
    clock.pass_(31)
    assert await store.long_waiting(60) == [(message(4, AHMED), Conversation(AHMED))]
    assert await store.long_waiting(60) == []


async def test_nobody_is_told_to_wait_while_a_consultant_writes_to_them(store: Store, clock: Clock) -> None:
    await store.pause(OLENA, 3600)
    await store.receive(message(1))
    clock.pass_(61)
    assert await store.long_waiting(60) == []


async def test_what_is_said_besides_changes_nothing_that_waits(store: Store) -> None:
    await store.receive(message(1))
    await store.say(OLENA, [REPLY])
    delivery = await store.next_reply()
    assert delivery
    assert delivery[1:] == (OLENA, REPLY)
    assert (await claim(store))[1].id == "1"


async def test_an_urgent_message_that_comes_while_another_is_being_claimed_is_not_answered_beside_it(
    postgres_url: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The claim could not see it: its statement had begun before."""
    store, other = [Store(engine_for(postgres_url), clock) for _ in range(2)]
    await store.receive(message(1))
    execute, arrived = AsyncConnection.execute, asyncio.Event()

    async def and_then_it_comes(connection: AsyncConnection, statement: Any, *values: Any) -> Any:
        result = await execute(connection, statement, *values)
        if isinstance(statement, Update) and not arrived.is_set():
            arrived.set()
            await other.receive(message(2), urgent=True)
        return result

    monkeypatch.setattr(AsyncConnection, "execute", and_then_it_comes)
    assert await store.next_message() is None
    assert arrived.is_set()
    assert await ids(other) == ["2", "1"]
    await store.close()
    await other.close()


async def test_no_two_replicas_change_one_conversation_while_urgent_messages_pass_others(postgres_url: str) -> None:
    """Every message that was answered stands in the conversation: none was answered beside another one and written over."""
    stores = [Store(engine_for(postgres_url)) for _ in range(REPLICAS)]
    chance, done, person = random.Random(7), 0, Address("telegram", "olena")

    async def speak(store: Store, name: int) -> None:
        for number in range(ROUNDS):
            await store.receive(Message(f"{name}-{number}", person, f"{name}-{number}"), urgent=chance.random() < 0.3)

    async def work(store: Store) -> None:
        nonlocal done
        while done < ROUNDS * REPLICAS:
            if claimed := await store.next_message():
                job, what, conversation = claimed
                await asyncio.sleep(0)
                turn = answered(what, conversation)
                finished = await store.finish(job, turn, turn.replies)
                done += finished  # not in one line: `done` would be read before the others went on
            else:
                await asyncio.sleep(0)

    async with asyncio.timeout(240), asyncio.TaskGroup() as tasks:
        for name, store in enumerate(stores):
            tasks.create_task(speak(store, name))
            for _ in range(3):
                tasks.create_task(work(store))
    everything = [f"{name}-{number}" for name in range(REPLICAS) for number in range(ROUNDS)]
    assert sorted(everything) == sorted((await remembered(stores[0]))["olena"])
    for store in stores:
        await store.close()
