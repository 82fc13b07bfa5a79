import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import ClassVar

import pytest
from starlette.routing import BaseRoute

from bot.channels.base import Gone, Limits, Mailbox, Refused, TryLater, Unavailable
from bot.loops import Outage, Work, claiming
from bot.service import Service
from bot.store import Job, Store, StoreDown
from bot.store.database import engine_for, migrate
from bot.store.notices import Notices
from bot.types import Address, Conversation, Language, Message, Reply, Turn
from tests.conftest import Clock, Records
from tests.postgres import Postgres

OLENA, AHMED = Address("fake", "olena"), Address("fake", "ahmed")


class FakeChannel:
    """Keeps what it is given; raises what it is told to, once each."""

    name: ClassVar[str] = "fake"
    limits: ClassVar[Limits] = Limits(text=20, buttons=3, title=20)

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []
        self.typed: list[str] = []
        self.troubles: list[Exception] = []
        self.hanging: dict[str, asyncio.Event] = {}
        self.changed = asyncio.Event()

    def routes(self, mailbox: Mailbox) -> Sequence[BaseRoute]:
        return ()

    async def run(self, mailbox: Mailbox) -> None: ...

    async def send(self, person: str, reply: Reply) -> str | None:
        if self.troubles:
            raise self.troubles.pop(0)
        if person in self.hanging:
            await self.hanging[person].wait()
        self.sent.append((person, reply.text))
        self.changed.set()
        return None

    async def typing(self, person: str) -> None:
        self.typed.append(person)
        self.changed.set()

    async def close(self) -> None: ...

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                self.changed.clear()
                await self.changed.wait()


async def echo(message: Message, conversation: Conversation) -> Turn:
    return Turn(conversation, (Reply(message.text, Language.PL),), "utter_echo")


def apologise(conversation: Conversation) -> Turn:
    return Turn(conversation, (Reply("sorry", Language.PL),), "utter_apology")


def reassure(message: Message, conversation: Conversation) -> Reply:
    return Reply("it is coming", Language.PL)


class Running:
    def __init__(self, store: Store, service: Service, channel: FakeChannel) -> None:
        self.store, self.service, self.channel = store, service, channel

    async def say(self, *messages: tuple[str, Address, str]) -> None:
        for number, sender, words in messages:
            await self.service.mailbox.receive(Message(number, sender, words))


Answering = Callable[[Message, Conversation], Awaitable[Turn]]


class FakeConnections(FakeChannel):
    """One that reaches only who is connected; somebody may be lost at the moment of sending."""

    def __init__(self, *people: str) -> None:
        super().__init__()
        self.connected = set(people)
        self.tried = 0

    def reaches(self, person: str) -> bool:
        return person in self.connected

    def people(self) -> Iterable[str]:
        return self.connected

    async def send(self, person: str, reply: Reply) -> str | None:
        self.tried += 1
        self.changed.set()
        if self.troubles:
            self.connected.discard(person)
        elif person not in self.connected:
            raise TryLater("not connected")
        return await super().send(person, reply)


@asynccontextmanager
async def running(tmp_path: Path, answer: Answering = echo, channel: FakeChannel | None = None, url: str = "") -> AsyncIterator[Running]:
    """With `url`: a replica on that PostgreSQL, which listens to the others."""
    store = Store(engine_for(url or f"sqlite+aiosqlite:///{tmp_path}/bot.sqlite3"))
    await migrate(store.engine)
    channel = channel or FakeChannel()
    notices = Notices(store.engine) if url else None
    service = Service(store, answer, apologise, reassure, {"fake": channel}, workers=4, notices=notices)
    task = asyncio.create_task(service.run())
    if notices:
        await notices.connected.wait()
    try:
        yield Running(store, service, channel)
    finally:
        service.stop()
        await task
        await store.close()


async def test_a_message_is_answered_and_delivered(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        await bot.say(("1", OLENA, "hello"))
        await bot.channel.until(lambda: bot.channel.sent == [("olena", "hello")])


async def test_messages_of_one_person_are_answered_in_order_and_people_side_by_side(tmp_path: Path) -> None:
    first_is_read, go_on = asyncio.Event(), asyncio.Event()

    async def slow_for_olena(message: Message, conversation: Conversation) -> Turn:
        if message.id == "1":
            first_is_read.set()
            await go_on.wait()
        return await echo(message, conversation)

    async with running(tmp_path, slow_for_olena) as bot:
        await bot.say(("1", OLENA, "first"), ("2", OLENA, "second"), ("3", AHMED, "other"))
        await first_is_read.wait()
        await bot.channel.until(lambda: bot.channel.sent == [("ahmed", "other")])
        go_on.set()
        await bot.channel.until(lambda: len(bot.channel.sent) == 3)
        assert bot.channel.sent[1:] == [("olena", "first"), ("olena", "second")]


async def test_a_message_that_could_not_be_kept_shows_in_the_health_until_one_can(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        async with bot.store.engine.begin() as connection:
            await connection.exec_driver_sql("ALTER TABLE inbox RENAME TO away")
        with pytest.raises(Unavailable):
            await bot.say(("1", OLENA, "hello"))
        assert bot.service.mailbox.stores is False
        async with bot.store.engine.begin() as connection:
            await connection.exec_driver_sql("ALTER TABLE away RENAME TO inbox")
        await bot.say(("1", OLENA, "hello"))
        assert bot.service.mailbox.stores is True


async def test_people_are_answered_even_if_nothing_can_be_erased(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    swept = asyncio.Event()

    async def sweep(_store: Store) -> None:
        swept.set()
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(Store, "sweep", sweep)
    async with running(tmp_path) as bot:
        await swept.wait()
        await bot.say(("1", OLENA, "hello"))
        await bot.channel.until(lambda: bot.channel.sent == [("olena", "hello")])


async def test_a_long_reply_is_split_for_its_channel(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        await bot.say(("1", OLENA, "one two three four five six"))
        await bot.channel.until(lambda: len(bot.channel.sent) == 2)
        assert " ".join(text for _person, text in bot.channel.sent) == "one two three four five six"


async def test_a_reply_the_platform_postpones_is_sent_later(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        bot.channel.troubles = [TryLater("busy", 0.0)]
        await bot.say(("1", OLENA, "hello"))
        await bot.channel.until(lambda: bot.channel.sent == [("olena", "hello")])


async def test_a_reply_whose_channel_is_closed_under_it_waits_for_the_next_start(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        closed = asyncio.Event()

        async def send(person: str, reply: Reply) -> None:
            bot.service.stop()
            closed.set()
            raise RuntimeError("closed")

        bot.channel.send = send  # type: ignore[method-assign]  # as a client that was closed meanwhile
        await bot.say(("1", OLENA, "hello"))
        await asyncio.wait_for(closed.wait(), 20)
    store = Store(engine_for(f"sqlite+aiosqlite:///{tmp_path}/bot.sqlite3"))
    claimed = await store.next_reply()
    await store.close()
    assert claimed
    assert (claimed[1], claimed[2].text) == (OLENA, "hello")


async def test_a_reply_the_platform_refuses_does_not_hold_back_the_next(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        bot.channel.troubles = [Refused("too odd")]
        await bot.say(("1", OLENA, "odd"), ("2", OLENA, "even"))
        await bot.channel.until(lambda: bot.channel.sent == [("olena", "even")])


async def test_a_delivery_that_hangs_holds_back_nobody_else(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        released = bot.channel.hanging["olena"] = asyncio.Event()
        await bot.say(("1", OLENA, "one"), ("2", AHMED, "two"))
        try:
            await bot.channel.until(lambda: bot.channel.sent == [("ahmed", "two")])
        finally:
            released.set()
        await bot.channel.until(lambda: bot.channel.sent == [("ahmed", "two"), ("olena", "one")])


async def test_nobody_is_shown_typing_on_a_channel_that_is_being_closed(tmp_path: Path) -> None:
    noticed, waited = asyncio.Event(), asyncio.Event()

    async def slow(message: Message, conversation: Conversation) -> Turn:
        noticed.set()
        await waited.wait()
        return await echo(message, conversation)

    async with running(tmp_path, slow) as bot:
        await bot.say(("1", OLENA, "slow"))
        await noticed.wait()
        bot.service.stop()
        bot.service._show_typing(OLENA)
        waited.set()
    assert bot.channel.typed == []


async def test_a_person_who_blocked_us_is_forgotten(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        bot.channel.troubles = [Gone("blocked")]
        await bot.say(("1", OLENA, "hello"), ("2", AHMED, "other"))
        await bot.channel.until(lambda: len(bot.channel.sent) == 1)
        forgotten = bot.channel.sent[0][0]
        assert forgotten in ("olena", "ahmed")


async def test_an_answer_that_keeps_failing_ends_in_an_apology(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(_message: Message, _conversation: Conversation) -> Turn:
        raise ZeroDivisionError("canary")

    monkeypatch.setattr("bot.service.BACKOFF", 0.0)
    monkeypatch.setattr("bot.delivery.BACKOFF", 0.0)
    async with running(tmp_path, fail) as bot:
        await bot.say(("1", OLENA, "hello"))
        await bot.channel.until(lambda: bot.channel.sent == [("olena", "sorry")])


async def test_an_answer_that_never_ends_ends_in_an_apology_and_keeps_nobody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.service.BACKOFF", 0.0)
    monkeypatch.setattr("bot.delivery.BACKOFF", 0.0)
    monkeypatch.setattr("bot.service.ANSWER_WITHIN", 0.01)

    async def hang_for_olena(message: Message, conversation: Conversation) -> Turn:
        if message.sender == OLENA:
            begun.append(message.id)
            await asyncio.Event().wait()
        return await echo(message, conversation)

    begun: list[str] = []
    async with running(tmp_path, hang_for_olena) as bot:
        await bot.say(*((str(number), OLENA, "first") for number in range(5)), ("6", AHMED, "other"))
        await bot.channel.until(lambda: len(bot.channel.sent) == 6)
        assert sorted(bot.channel.sent) == [("ahmed", "other"), *[("olena", "sorry")] * 5]
        assert begun == ["0", "1", "2", "3", "4"]  # none a second time: it would take its time again


async def test_a_reply_that_went_out_while_the_store_was_down_is_not_sent_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.loops.STORE_AGAIN", 0.01)
    monkeypatch.setattr("bot.store.TO_SEND", 0.05)
    async with running(tmp_path) as bot:
        tried, whole, back = asyncio.Queue[int](), bot.store.delivered, asyncio.Event()

        async def delivered(job: Job, number: str | None) -> bool:
            tried.put_nowait(job.attempt)
            if not back.is_set():
                raise StoreDown
            return await whole(job, number)

        monkeypatch.setattr(bot.store, "delivered", delivered)
        await bot.say(("1", OLENA, "hello"))
        async with asyncio.timeout(20):
            while await tried.get() < 2:  # its lease runs out, and it is claimed again
                pass
            back.set()
            await bot.say(("2", OLENA, "again"))
            await bot.channel.until(lambda: ("olena", "again") in bot.channel.sent)
        assert bot.channel.sent == [("olena", "hello"), ("olena", "again")]


async def test_an_answer_that_the_store_could_not_take_waits_for_the_store_and_not_for_its_lease(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.loops.STORE_AGAIN", 0.01)
    async with running(tmp_path) as bot:
        troubles, whole = [StoreDown(), StoreDown()], bot.store.finish

        async def finish(job: Job, turn: Turn, replies: Sequence[Reply], *, when_here: bool, number: str) -> bool:
            if troubles:
                raise troubles.pop()
            return await whole(job, turn, replies, when_here=when_here, number=number)

        monkeypatch.setattr(bot.store, "finish", finish)
        await bot.say(("1", OLENA, "hello"))
        await bot.channel.until(lambda: bot.channel.sent == [("olena", "hello")])  # within twenty seconds; a lease is a minute


async def test_a_person_sees_that_an_answer_is_coming_only_when_it_takes_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.service.NOTICEABLE", 0.0)
    typed = asyncio.Event()

    async def slow_for_olena(message: Message, conversation: Conversation) -> Turn:
        if message.sender == OLENA:
            await typed.wait()
        return await echo(message, conversation)

    async with running(tmp_path, slow_for_olena) as bot:
        await bot.say(("1", OLENA, "slow"))
        await bot.channel.until(lambda: bot.channel.typed == ["olena"])
        monkeypatch.setattr("bot.service.NOTICEABLE", 3600.0)
        typed.set()
        await bot.say(("2", AHMED, "quick"))
        await bot.channel.until(lambda: len(bot.channel.sent) == 2)
        assert bot.channel.typed == ["olena"]


@pytest.mark.parametrize("what", ["withdraw", "forget", "pause", "resume"])
async def test_nothing_a_channel_asks_for_is_confirmed_while_the_store_is_down(tmp_path: Path, what: str) -> None:
    store = Store(engine_for(f"sqlite+aiosqlite:///{tmp_path}/without_tables.sqlite3"))
    mailbox = Service(store, echo, apologise, reassure, {}, workers=1).mailbox
    asked: dict[str, Callable[[], Awaitable[None]]] = {
        "withdraw": lambda: mailbox.withdraw(OLENA, "1"),
        "forget": lambda: mailbox.forget(OLENA),
        "pause": lambda: mailbox.pause(OLENA, 60),
        "resume": lambda: mailbox.resume(OLENA),
    }
    with pytest.raises(Unavailable):
        await asked[what]()
    await store.close()


def test_a_store_that_is_down_is_told_at_once_and_then_once_a_minute(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    records = Records()
    monkeypatch.setattr("bot.loops._log", records)
    outage = Outage(clock)
    for _ in range(121):  # two minutes and the second after them
        outage(StoreDown("OperationalError"))
        clock.pass_(1.0)
    assert records.events == ["store.down"] * 3


async def test_nothing_is_confirmed_while_the_store_is_down(tmp_path: Path) -> None:
    store = Store(engine_for(f"sqlite+aiosqlite:///{tmp_path}/without_tables.sqlite3"))
    service = Service(store, echo, apologise, reassure, {}, workers=1)
    with pytest.raises(Unavailable):
        await service.mailbox.receive(Message("1", OLENA, "hello"))
    await store.close()


async def test_no_log_line_holds_what_a_person_wrote_or_who_it_was(
    tmp_path: Path, heard: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.service.BACKOFF", 0.0)
    monkeypatch.setattr("bot.delivery.BACKOFF", 0.0)

    async def fail_once(message: Message, conversation: Conversation) -> Turn:
        raise ValueError(f"cannot read {message.text} of {message.sender.person}")

    async with running(tmp_path, fail_once) as bot:
        await bot.say(("1", Address("fake", "person-4711"), "canary-4712"))
        bot.channel.troubles = [RuntimeError("person-4711 canary-4712")]
        await bot.channel.until(lambda: bool(bot.channel.sent))
    output = heard()
    assert "answer.failed" in output
    assert "canary-4712" not in output
    assert "person-4711" not in output


async def test_a_reply_waits_untried_until_its_person_connects(tmp_path: Path) -> None:
    channel = FakeConnections("ahmed")
    async with running(tmp_path, channel=channel) as bot:
        await bot.say(("1", OLENA, "hello"), ("2", AHMED, "other"))
        await channel.until(lambda: channel.sent == [("ahmed", "other")])
        while (await bot.store.open_rows())[0]:
            pass
        channel.connected.add("olena")
        await bot.service.mailbox.wake(OLENA)
        await channel.until(lambda: channel.sent[1:] == [("olena", "hello")])
        assert channel.tried == 2


async def test_a_reply_whose_person_is_lost_while_it_is_sent_comes_when_they_are_back(tmp_path: Path) -> None:
    channel = FakeConnections("olena")
    channel.troubles = [TryLater("lost")]
    async with running(tmp_path, channel=channel) as bot:
        await bot.say(("1", OLENA, "hello"), ("2", OLENA, "again"))
        await channel.until(lambda: channel.tried == 1)
        while (await bot.store.open_rows())[0] or await bot.store.reply_due_in() is not None:
            pass  # put back
        channel.connected.add("olena")
        await bot.service.mailbox.wake(OLENA)
        await channel.until(lambda: channel.sent == [("olena", "hello"), ("olena", "again")])


async def test_somebody_nobody_told_us_of_is_found_by_looking_around(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.service.LONGEST_WAIT", 0.01)
    channel = FakeConnections()
    async with running(tmp_path, channel=channel) as bot:
        await bot.say(("1", OLENA, "hello"))
        while (await bot.store.open_rows())[0]:
            pass
        channel.connected.add("olena")
        await channel.until(lambda: channel.sent == [("olena", "hello")])


async def test_a_reply_nobody_came_for_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.service.SWEEP", 0.01)
    monkeypatch.setattr("bot.service.GIVE_UP", 0.0)
    async with running(tmp_path, channel=FakeConnections()) as bot:
        await bot.say(("1", OLENA, "hello"))
        while await bot.store.open_rows() != (0, 0):
            pass


@pytest.mark.parametrize("answering", [0, 1])
async def test_whichever_replica_answers_the_one_with_the_connection_delivers_at_once(
    answering: int, tmp_path: Path, postgres_url: str
) -> None:
    """Nobody looks around for thirty seconds: it is the notice that brings the reply."""
    channels = [FakeConnections("olena"), FakeConnections("ahmed")]
    async with asyncio.timeout(20), AsyncExitStack() as replicas:
        bots = [await replicas.enter_async_context(running(tmp_path, channel=channel, url=postgres_url)) for channel in channels]
        await bots[answering].say(("1", OLENA, "hello"), ("2", AHMED, "other"), ("3", OLENA, "again"))
        await channels[0].until(lambda: channels[0].sent == [("olena", "hello"), ("olena", "again")])
        await channels[1].until(lambda: channels[1].sent == [("ahmed", "other")])
        assert [channel.tried for channel in channels] == [2, 1]


async def test_a_person_who_connects_to_another_replica_gets_there_what_waits(tmp_path: Path, postgres_url: str) -> None:
    channels = [FakeConnections("olena"), FakeConnections()]
    channels[0].troubles = [TryLater("lost")]
    async with asyncio.timeout(20), AsyncExitStack() as replicas:
        bots = [await replicas.enter_async_context(running(tmp_path, channel=channel, url=postgres_url)) for channel in channels]
        channels[1].connected.add("olena")
        await bots[0].say(("1", OLENA, "hello"))
        await channels[1].until(lambda: channels[1].sent == [("olena", "hello")])


async def test_what_came_while_a_replica_could_not_hear_is_delivered_when_it_listens_again(
    tmp_path: Path, postgres_url: str, postgres_server: Postgres
) -> None:
    """Nobody looks around for thirty seconds."""
    channel = FakeConnections()
    async with asyncio.timeout(20), running(tmp_path, channel=channel, url=postgres_url) as bot:
        channel.connected.add("olena")
        await bot.store.say(OLENA, [Reply("unheard", Language.PL)], when_here=True)  # and nobody is told
        await postgres_server.cut(postgres_url)
        await channel.until(lambda: channel.sent == [("olena", "unheard")])


async def test_a_message_is_answered_by_a_replica_that_is_free(tmp_path: Path, postgres_url: str) -> None:
    """The replica that received it is busy: four messages that take their time, and it has four workers."""
    at_work, all_at_work, go_on = iter(range(1, 5)), asyncio.Event(), asyncio.Event()

    async def slow(message: Message, conversation: Conversation) -> Turn:
        if next(at_work) == 4:
            all_at_work.set()
        await go_on.wait()
        return await echo(message, conversation)

    channel = FakeChannel()  # either replica may deliver
    async with asyncio.timeout(20), running(tmp_path, slow, channel, postgres_url) as busy:
        for number in range(4):
            await busy.say((str(number), Address("fake", f"{number}"), "slow"))
        await all_at_work.wait()
        async with running(tmp_path, echo, channel, postgres_url):
            await busy.say(("5", OLENA, "hello"))
            try:
                await channel.until(lambda: ("olena", "hello") in channel.sent)
            finally:
                go_on.set()


async def test_a_call_for_help_is_answered_before_everything_else_of_its_person(tmp_path: Path) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()
    answered: list[str] = []

    async def slow(message: Message, conversation: Conversation) -> Turn:
        if message.id == "1" and not begun.is_set():
            begun.set()
            await go_on.wait()
        answered.append(message.id)
        return await echo(message, conversation)

    async with running(tmp_path, slow) as bot:
        await bot.say(("1", OLENA, "first"))
        await begun.wait()
        await bot.say(("2", OLENA, "second"), ("3", OLENA, "112"))
        await bot.channel.until(lambda: len(bot.channel.sent) == 3)
        go_on.set()  # too late: what was under way was given back
        assert answered == ["3", "1", "2"]
        assert bot.channel.sent == [("olena", "112"), ("olena", "first"), ("olena", "second")]


async def test_who_writes_in_a_flood_is_answered_more_slowly_and_others_are_not(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        flood = [(str(number), OLENA, f"m{number}") for number in range(25)]
        await bot.say(*flood, ("other", AHMED, "hello"))
        await bot.channel.until(lambda: len(bot.channel.sent) == 21)
        assert sorted(bot.channel.sent) == sorted([("ahmed", "hello"), *(("olena", f"m{number}") for number in range(20))])
        due = await bot.store.message_due_in()
        assert due
        await bot.say(("help", OLENA, "112"))
        await bot.channel.until(lambda: ("olena", "112") in bot.channel.sent)
        assert (await bot.store.open_rows())[0] == 5


async def test_a_message_that_comes_again_and_again_slows_nobody_down(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        await bot.say(*[("1", OLENA, "hello")] * 100, ("2", OLENA, "next"))
        await bot.channel.until(lambda: bot.channel.sent == [("olena", "hello"), ("olena", "next")])


async def test_who_waits_long_is_told_once_that_the_answer_is_coming(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.service.WAITED", 0.0)
    monkeypatch.setattr("bot.service.LOOK_FOR_WAITING", 0.01)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(message: Message, conversation: Conversation) -> Turn:
        begun.set()
        await go_on.wait()
        return await echo(message, conversation)

    async with running(tmp_path, slow) as bot:
        await bot.say(("1", OLENA, "first"))
        await bot.channel.until(lambda: bot.channel.sent == [("olena", "it is coming")])
        go_on.set()
        await bot.channel.until(lambda: len(bot.channel.sent) == 2)
        assert bot.channel.sent == [("olena", "it is coming"), ("olena", "first")]


async def test_a_mistake_ends_the_loop_at_once_even_if_something_comes_at_the_same_time() -> None:
    claims = iter([True])

    async def fail() -> None:
        raise RuntimeError("a mistake")

    async def claim() -> Work | None:
        return fail if next(claims, False) else None

    async def due_in() -> float | None:
        return None

    with pytest.raises(ExceptionGroup):
        async with asyncio.timeout(10) as limit:
            await claiming(claim, due_in, asyncio.Semaphore(2), asyncio.Event(), asyncio.Event())
    assert not limit.expired()
