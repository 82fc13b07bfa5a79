"""Whoever gets hold of the database finds nobody in it; whoever has the key loses nothing, not even while it is changed."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.store import KeyMissing, Store
from bot.store.database import engine_for, migrate
from bot.store.retention import HOUR
from bot.store.sealing import Sealing
from bot.types import Address, Conversation, Language, Message, Reply
from tests.conftest import Clock
from tests.store.test_store import REPLY, answer, claim, everything, message, turn

NEW, OLD, OTHER = "n" * 32, "o" * 32, "x" * 32
PERSON = Address("telegram", "person-4711")
WEB = Address("web", "person-4712")


@asynccontextmanager
async def opened(url: str, clock: Clock, *keys: str) -> AsyncIterator[Store]:
    """As a start of the bot opens it."""
    store = Store(engine_for(url), clock, keys)
    try:
        await migrate(store.engine)
        await store.reseal()
        yield store
    finally:
        await store.close()


async def fill(store: Store) -> None:
    """Answered, waiting for their person, open and paused."""
    await store.receive(message(1, PERSON, "canary-4713"))
    await answer(store, turn(PERSON, language="uk", topic="fair_work/contract"))
    await store.receive(message(2, WEB))
    job, _message, _conversation = await claim(store)
    await store.finish(job, turn(WEB, language="pl"), [REPLY], when_here=True)
    await store.pause(Address("messenger", "person-4714"), HOUR)
    await store.receive(message(3, PERSON, "canary-4715"))


async def all_goes_on(store: Store, clock: Clock) -> None:
    assert not await store.receive(message(3, PERSON))
    _job, waiting, conversation = await claim(store)
    assert message(3, PERSON, "canary-4715") == waiting
    assert Conversation(PERSON, {"language": "uk", "topic": "fair_work/contract"}) == conversation
    reply = await store.next_reply()
    assert reply
    assert reply[1:] == (PERSON, REPLY)
    held = await store.next_reply([WEB])
    assert held
    assert held[1:] == (WEB, REPLY)
    await store.receive(message(4, Address("messenger", "person-4714")))
    assert (await claim(store))[2].paused_until == clock.now + HOUR


async def test_a_stolen_database_names_nobody_and_tells_nothing(tmp_path: Path, clock: Clock) -> None:
    async with opened(f"sqlite+aiosqlite:///{tmp_path}/bot.sqlite3", clock, NEW) as store:
        await fill(store)
        stolen = await everything(store)
        files = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    for secret in ("person-47", "canary-47", "fair_work", "Dzie", NEW):
        assert secret not in stolen
        assert secret.encode() not in files


async def test_what_came_before_there_was_a_key_is_sealed_at_the_first_start_with_one(url: str, clock: Clock) -> None:
    async with opened(url, clock) as store:
        await fill(store)
        assert "person-4711" in await everything(store)
    async with opened(url, clock, NEW) as store:
        kept = await everything(store)
        assert [word for word in ("person-47", "canary-47", "fair_work") if word in kept] == []
        await all_goes_on(store, clock)


async def test_after_a_key_was_changed_the_old_one_is_not_needed_any_more(url: str, clock: Clock) -> None:
    async with opened(url, clock, OLD) as store:
        await fill(store)
    async with opened(url, clock, NEW, OLD):
        pass
    async with opened(url, clock, NEW) as store:
        assert await store.reseal() == 0
        _job, waiting, conversation = await claim(store)
        assert message(3, PERSON, "canary-4715") == waiting
        assert Conversation(PERSON, {"language": "uk", "topic": "fair_work/contract"}) == conversation


async def test_nothing_is_answered_twice_while_a_key_is_being_changed(url: str, clock: Clock) -> None:
    async with opened(url, clock, OLD) as store:
        await fill(store)
    async with opened(url, clock, NEW, OLD) as store:
        assert not await store.receive(message(1, PERSON))
        await all_goes_on(store, clock)


async def test_however_much_there_is_to_seal_all_of_it_is_sealed(url: str, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.store.resealing.AT_ONCE", 2)
    async with opened(url, clock) as store:
        for number in range(5):
            await store.receive(message(number, Address("telegram", f"person-471{number}")))
    async with opened(url, clock, NEW) as store:
        assert "person-471" not in await everything(store)
        assert {(await claim(store))[1].sender.person for _ in range(5)} == {f"person-471{number}" for number in range(5)}


@pytest.mark.parametrize("keys", [(), (OTHER,)], ids=["without a key", "with another key"])
async def test_a_lost_key_is_told_at_the_start(url: str, clock: Clock, keys: Sequence[str]) -> None:
    async with opened(url, clock, OLD) as store:
        await fill(store)
    with pytest.raises(KeyMissing):
        async with opened(url, clock, *keys):
            pass


@pytest.mark.parametrize("before", [(), (OLD,)], ids=["plain", "sealed with an older key"])
async def test_a_person_is_erased_even_before_all_is_sealed_with_the_new_key(url: str, clock: Clock, before: Sequence[str]) -> None:
    async with opened(url, clock, *before) as store:
        await fill(store)
    store = Store(engine_for(url), clock, (NEW, OLD))
    await store.forget(PERSON)
    assert await store.reseal() > 0
    assert await store.next_message() is None
    assert await store.next_reply() is None
    await store.close()


async def test_a_conversation_that_was_begun_again_meanwhile_wins_over_the_older_one(url: str, clock: Clock) -> None:
    async with opened(url, clock, OLD) as store:
        await store.receive(message(1, PERSON))
        await answer(store, turn(PERSON, language="uk"))
    store = Store(engine_for(url), clock, (NEW, OLD))
    await store.receive(message(2, PERSON))
    await answer(store, turn(PERSON, language="pl"))
    await store.reseal()
    await store.receive(message(3, PERSON))
    assert (await claim(store))[2].slots == {"language": "pl"}
    await store.close()


async def test_an_open_message_of_a_version_that_kept_its_number_apart_is_read(tmp_path: Path, clock: Clock) -> None:
    async with opened(f"sqlite+aiosqlite:///{tmp_path}/bot.sqlite3", clock) as store:
        await store.receive(Message("1", PERSON, "hello"))
        async with store.engine.begin() as connection:
            await connection.exec_driver_sql("UPDATE inbox SET body = json_remove(body, '$.id')")
        assert (await claim(store))[1] == Message("1", PERSON, "hello")


def test_the_same_text_is_never_sealed_the_same_way() -> None:
    sealing = Sealing([NEW])
    assert sealing.seal(PERSON, "hello") != sealing.seal(PERSON, "hello")


def test_the_same_number_on_two_channels_has_two_aliases() -> None:
    sealing = Sealing([NEW])
    assert sealing.hide(Address("telegram", "1")).person != sealing.hide(Address("messenger", "1")).person
    assert sealing.hide(Address("telegram", "1")) == sealing.hide(Address("telegram", "1"))


@pytest.mark.parametrize("before", [(), (OLD,)], ids=["plain", "sealed with an older key"])
async def test_what_stands_in_a_chat_is_still_known_after_a_new_key(url: str, clock: Clock, before: Sequence[str]) -> None:
    async with opened(url, clock, *before) as store:
        await store.receive(message(1, PERSON))
        job, _message, _conversation = await claim(store)
        await store.finish(job, turn(PERSON, language="uk"), (), number="77")
    async with opened(url, clock, NEW, OLD) as store:
        await store.receive(message(2, PERSON))
        job, _message, _conversation = await claim(store)
        cleared = Reply("cleared", Language.PL, clears=())
        await store.finish(job, turn(PERSON, forget=True), [cleared])
        delivery = await store.next_reply()
        assert delivery
        assert delivery[2].clears == ("77",)
