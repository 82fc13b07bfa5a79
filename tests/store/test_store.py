import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.store import TO_ANSWER, TO_SEND, Job, Store, StoreDown
from bot.store.database import engine_for, migrate, transaction
from bot.store.retention import DAY, HOUR
from bot.types import Address, Button, ContactCard, Conversation, Language, Message, Reply, Turn
from tests.conftest import Clock

OLENA, AHMED = Address("telegram", "1"), Address("telegram", "2")
CARD = ContactCard("Office", "IOM", "+48530595013", "office@example.org", "https://example.org")
KEY = "0123456789abcdef0123456789abcdef"
REPLY = Reply("Dzień dobry", Language.PL, (Button("Menu", "/help"),), CARD)


@pytest.fixture(params=[(), (KEY,)], ids=["plain", "sealed"])
async def store(request: pytest.FixtureRequest, url: str, clock: Clock) -> AsyncIterator[Store]:
    store = Store(engine_for(url), clock, request.param)
    await migrate(store.engine)
    yield store
    await store.close()


def message(number: int, sender: Address = OLENA, words: str = "dzień dobry") -> Message:
    return Message(str(number), sender, words, None, Language.UK)


def turn(sender: Address = OLENA, *, forget: bool = False, **slots: object) -> Turn:
    return Turn(Conversation(sender, slots), (REPLY,), "utter_greet", forget=forget)


async def claim(store: Store) -> tuple[Job, Message, Conversation]:
    claimed = await store.next_message()
    assert claimed
    return claimed


async def answer(store: Store, what: Turn) -> None:
    job, _message, _conversation = await claim(store)
    assert await store.finish(job, what, what.replies)


async def rows_of(store: Store, table: str) -> list[object]:
    async with store.engine.connect() as connection:
        return list((await connection.execute(text(f"SELECT * FROM {table}"))).all())


async def everything(store: Store) -> str:
    return repr([await rows_of(store, table) for table in ("inbox", "outbox", "conversations")])


async def test_a_message_comes_back_as_it_was_received(store: Store) -> None:
    assert await store.receive(message(1))
    _job, received, conversation = await claim(store)
    assert message(1) == received
    assert Conversation(OLENA) == conversation


async def test_the_same_message_is_kept_once(store: Store) -> None:
    assert await store.receive(message(1))
    assert not await store.receive(message(1))
    await claim(store)
    assert await store.next_message() is None


async def test_the_same_message_is_not_kept_again_after_it_was_answered(store: Store) -> None:
    await store.receive(message(1))
    await answer(store, turn())
    assert not await store.receive(message(1))


async def test_the_same_id_on_another_channel_is_another_message(store: Store) -> None:
    assert await store.receive(message(1))
    assert await store.receive(message(1, Address("web", "1")))


async def test_a_claimed_message_is_nobody_elses(store: Store) -> None:
    await store.receive(message(1))
    await claim(store)
    assert await store.next_message() is None


async def test_a_second_message_of_a_person_waits_for_the_first(store: Store) -> None:
    await store.receive(message(1))
    await store.receive(message(2))
    await store.receive(message(3, AHMED))
    first, other = await claim(store), await claim(store)
    assert (first[1].id, other[1].id) == ("1", "3")
    assert await store.next_message() is None
    assert await store.finish(first[0], turn(), ())
    assert (await claim(store))[1].id == "2"


async def test_a_claim_that_was_kept_and_never_confirmed_is_given_back_by_the_next_one(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    @asynccontextmanager
    async def unconfirmed(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        async with transaction(engine) as connection:
            yield connection
        raise StoreDown

    await store.receive(message(1, AHMED))
    await store.finish((await claim(store))[0], turn(AHMED), (REPLY,))
    await store.receive(message(2))
    with monkeypatch.context() as gone:
        gone.setattr("bot.store.claims.transaction", unconfirmed)
        for claiming in (store.next_message, store.next_reply, store.next_message):
            with pytest.raises(StoreDown):
                await claiming()
    clock.pass_(1.0)
    job, received, _conversation = await claim(store)
    assert message(2) == received
    assert (await store.next_reply() or ())[1:] == (AHMED, REPLY)
    clock.pass_(1.0)
    assert await store.next_message() is None  # what is known to be claimed stays so
    assert await store.finish(job, turn(), ())


async def test_a_message_of_a_dead_worker_falls_due_again(store: Store, clock: Clock) -> None:
    await store.receive(message(1))
    await claim(store)
    clock.pass_(TO_ANSWER + 1)
    job, again, _conversation = await claim(store)
    assert again.id == "1"
    assert job.attempt == 2


async def test_a_late_worker_commits_nothing(store: Store, clock: Clock) -> None:
    await store.receive(message(1))
    late, _message, _conversation = await claim(store)
    clock.pass_(TO_ANSWER + 1)
    prompt, _message, _conversation = await claim(store)
    assert not await store.finish(late, turn(language="uk"), [REPLY])
    assert await store.next_reply() is None
    assert await store.finish(prompt, turn(), [REPLY])


async def test_a_start_takes_over_what_a_killed_process_had_claimed(store: Store) -> None:
    await store.receive(message(1))
    await claim(store)
    await store.release_leases()
    assert (await claim(store))[1].id == "1"


async def test_finishing_remembers_the_conversation_and_hands_over_the_replies(store: Store) -> None:
    await store.receive(message(1))
    await answer(store, turn(language="uk", topic="fair_work/contract"))
    await store.receive(message(2))
    _job, _message, conversation = await claim(store)
    assert conversation.slots == {"language": "uk", "topic": "fair_work/contract"}
    delivery = await store.next_reply()
    assert delivery
    assert delivery[1:] == (OLENA, REPLY)


async def test_an_answered_message_keeps_neither_text_nor_person(store: Store) -> None:
    await store.receive(message(1, Address("telegram", "person-4711"), "canary-4712"))
    job, _message, _conversation = await claim(store)
    await store.finish(job, Turn(Conversation(Address("telegram", "person-4711")), (), "utter_greet"), ())
    kept = await everything(store)
    assert "canary-4712" not in kept
    assert "person-4711" not in kept


async def test_erased_text_is_in_no_file_after_a_sweep(tmp_path: Path) -> None:
    store = Store(engine_for(f"sqlite+aiosqlite:///{tmp_path}/bot.sqlite3"))
    await migrate(store.engine)
    await store.receive(message(1, words="canary-4712"))
    await answer(store, turn())
    await store.sweep()
    assert (tmp_path / "bot.sqlite3").stat().st_size > 0
    assert all(b"canary-4712" not in file.read_bytes() for file in tmp_path.iterdir())
    await store.close()


async def test_a_log_that_cannot_be_emptied_is_a_store_that_is_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(engine_for(f"sqlite+aiosqlite:///{tmp_path}/bot.sqlite3"))
    await migrate(store.engine)

    async def full(_connection: AsyncConnection) -> None:
        raise sqlite3.OperationalError("database or disk is full")  # as the driver says it, not SQLAlchemy

    monkeypatch.setattr(AsyncConnection, "get_raw_connection", full)
    with pytest.raises(StoreDown, match=r"^OperationalError$"):
        await store.sweep()
    await store.close()


async def test_replies_of_a_person_are_delivered_in_order(store: Store) -> None:
    await store.receive(message(1))
    job, _message, _conversation = await claim(store)
    first, second = Reply("1", Language.PL), Reply("2", Language.PL)
    await store.finish(job, turn(), [first, second])
    delivery = await store.next_reply()
    assert delivery
    assert first == delivery[2]
    assert await store.next_reply() is None
    await store.delivered(delivery[0])
    following = await store.next_reply()
    assert following
    assert second == following[2]


async def test_a_postponed_reply_holds_back_the_next_of_the_same_person_alone(store: Store, clock: Clock) -> None:
    for number, sender in ((1, OLENA), (2, OLENA), (3, AHMED)):
        await store.receive(message(number, sender))
        await answer(store, turn(sender))
    delivery = await store.next_reply()
    assert delivery
    await store.postpone_reply(delivery[0], 30)
    other = await store.next_reply()
    assert other
    assert other[1] == AHMED
    assert await store.next_reply() is None
    due = await store.reply_due_in()
    assert due == pytest.approx(30)
    clock.pass_(31)
    assert await store.next_reply()


async def wait_for(store: Store, sender: Address, *words: str) -> None:
    """Replies that wait until their person is here."""
    await store.receive(message(1, sender))
    job, _message, _conversation = await claim(store)
    assert await store.finish(job, turn(sender), [Reply(word, Language.PL) for word in words], when_here=True)


async def test_a_reply_that_waits_for_its_person_is_given_only_to_whoever_reaches_them(store: Store, clock: Clock) -> None:
    web = Address("web", "olena")
    await wait_for(store, web, "first", "second")
    clock.pass_(HOUR)
    assert await store.next_reply() is None
    assert await store.reply_due_in() is None
    assert await store.next_reply([AHMED, Address("telegram", "olena")]) is None
    first = await store.next_reply([AHMED, web])
    assert first
    assert first[1:] == (web, Reply("first", Language.PL))
    assert await store.next_reply([web]) is None
    await store.delivered(first[0])
    second = await store.next_reply([web])
    assert second
    assert second[2].text == "second"


async def test_a_reply_whose_person_left_in_the_middle_waits_for_them_again(store: Store) -> None:
    web = Address("web", "olena")
    await wait_for(store, web, "first")
    first = await store.next_reply([web])
    assert first
    await store.postpone_reply(first[0], None)
    assert await store.next_reply() is None
    assert await store.next_reply([web])


async def test_a_reply_of_a_worker_that_died_while_its_person_was_here_falls_due_for_everybody(store: Store, clock: Clock) -> None:
    web = Address("web", "olena")
    await wait_for(store, web, "first")
    assert await store.next_reply([web])
    clock.pass_(TO_SEND + 1)
    assert await store.next_reply()


async def test_a_reply_that_waited_too_long_for_its_person_is_given_up(store: Store, clock: Clock) -> None:
    await wait_for(store, Address("web", "olena"), "first", "second")
    await store.receive(message(2, AHMED))
    await answer(store, turn(AHMED))
    assert await store.give_up(DAY) == []
    clock.pass_(DAY + 1)
    assert [Address("web", "olena")] * 2 == await store.give_up(DAY)
    assert await store.open_rows() == (0, 1)


async def test_what_a_person_writes_after_the_wish_to_be_forgotten_is_answered(store: Store) -> None:
    await store.receive(message(1))
    await store.receive(message(2))
    await answer(store, turn(forget=True))
    assert (await claim(store))[1].id == "2"


async def test_the_operator_can_erase_a_person(store: Store) -> None:
    await store.receive(message(1))
    await store.forget(OLENA)
    assert await store.open_rows() == (0, 0)


async def test_a_second_migration_changes_nothing(store: Store) -> None:
    await store.receive(message(1))
    await migrate(store.engine)
    await claim(store)


async def test_a_database_that_does_not_answer_is_named_for_what_to_do(tmp_path: Path) -> None:
    store = Store(engine_for(f"sqlite+aiosqlite:///{tmp_path}/without_tables.sqlite3"))
    with pytest.raises(StoreDown, match=r"^OperationalError$"):
        await store.receive(message(1))
    await store.close()


async def test_a_message_taken_back_before_its_answer_is_erased_and_not_answered(store: Store) -> None:
    await store.receive(message(1, words="canary-4713"))
    await store.withdraw(OLENA, "1")
    assert await store.next_message() is None
    assert "canary-4713" not in await everything(store)
    assert not await store.receive(message(1))


async def test_a_message_is_taken_back_with_its_edits(store: Store) -> None:
    for id, original in (("m_1", "m_1"), ("m_1:1", "m_1"), ("m_10", "m_10")):
        await store.receive(Message(id, OLENA, "dzień dobry", original=original))
    await store.withdraw(OLENA, "m_1")
    assert (await claim(store))[1].id == "m_10"


async def test_nobody_takes_back_a_message_of_somebody_else(store: Store) -> None:
    await store.receive(message(1))
    await store.withdraw(AHMED, "1")
    assert (await claim(store))[1] == message(1)


async def test_a_conversation_is_paused_for_a_consultant_until_it_is_given_back(store: Store, clock: Clock) -> None:
    await store.pause(OLENA, HOUR)
    await store.receive(message(1))
    job, _message, conversation = await claim(store)
    assert conversation == Conversation(OLENA, {}, clock.now + HOUR)
    await store.finish(job, turn(), ())
    await store.resume(OLENA)
    await store.receive(message(2))
    assert (await claim(store))[2] == Conversation(OLENA)


async def test_a_pause_that_begins_while_a_message_is_being_answered_is_not_lost(store: Store, clock: Clock) -> None:
    await store.receive(message(1))
    job, _message, _conversation = await claim(store)
    await store.pause(OLENA, HOUR)
    await store.finish(job, turn(language="uk"), ())
    await store.receive(message(2))
    assert (await claim(store))[2] == Conversation(OLENA, {"language": "uk"}, clock.now + HOUR)


async def test_a_pause_keeps_what_was_remembered(store: Store, clock: Clock) -> None:
    await store.receive(message(1))
    await answer(store, turn(language="uk", topic="fair_work/contract"))
    await store.pause(OLENA, HOUR)
    await store.receive(message(2))
    assert (await claim(store))[2].slots == {"language": "uk", "topic": "fair_work/contract"}


async def test_a_topic_of_somebody_a_consultant_wrote_to_is_erased_too(store: Store, clock: Clock) -> None:
    await store.receive(message(1))
    await answer(store, turn(language="uk", topic="fair_work/contract"))
    await store.pause(OLENA, HOUR)
    clock.pass_(25 * HOUR)
    await store.sweep()
    assert "fair_work/contract" not in await everything(store)
    await store.receive(message(2))
    assert (await claim(store))[2].slots == {"language": "uk"}


async def test_a_sweep_erases_however_much_there_is(store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.store.retention.AT_ONCE", 2)
    for number in range(5):
        sender = Address("telegram", f"1{number}")
        await store.receive(message(number, sender))
        await answer(store, turn(sender, topic="fair_work/contract"))
    clock.pass_(25 * HOUR)
    await store.sweep()
    assert "fair_work/contract" not in await everything(store)


async def test_a_message_with_an_id_longer_than_its_column_is_kept_once_all_the_same(store: Store) -> None:
    long, longer = Message("m" * 300, OLENA, "one"), Message("m" * 301, OLENA, "two")
    assert await store.receive(long)
    assert not await store.receive(long)
    assert await store.receive(longer)
    await store.withdraw(OLENA, long.id)
    assert (await claim(store))[1].text == "two"


async def test_who_has_waited_longest_comes_first(store: Store, clock: Clock) -> None:
    await store.receive(message(1))
    job, _message, _conversation = await claim(store)
    await store.postpone_message(job, 5)
    clock.pass_(1)
    await store.receive(message(2, AHMED))
    clock.pass_(9)
    assert (await claim(store))[1].sender == AHMED
    assert (await claim(store))[1].sender == OLENA


async def test_after_a_consultant_it_must_be_said_again_that_this_is_a_program(store: Store) -> None:
    await store.receive(message(1))
    await answer(store, turn(language="uk", introduced=True))
    await store.pause(OLENA, HOUR)
    await store.resume(OLENA)
    await store.receive(message(2))
    assert (await claim(store))[2] == Conversation(OLENA, {"language": "uk"})
