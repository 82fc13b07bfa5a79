"""Several replicas on one PostgreSQL: nobody is answered twice, out of order or by two workers at once, and nothing is lost."""

import asyncio
import json
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from bot.settings import ROOT
from bot.store import TO_SEND, Job, Store
from bot.store.database import engine_for, migrate
from bot.store.people import lock_order
from bot.types import Address, Conversation, Message
from tests.conftest import Clock
from tests.postgres import Postgres
from tests.store.worker import answer, fast

PEOPLE, MESSAGES, WORKERS = 200, 5, 4
SAID = [str(number) for number in range(MESSAGES)]


@pytest.fixture
async def replicas(postgres_url: str, clock: Clock) -> AsyncIterator[list[Store]]:
    stores = [Store(engine_for(postgres_url), clock) for _ in range(4)]
    yield stores
    for store in stores:
        await store.close()


async def say(stores: list[Store], person: Address, chance: random.Random) -> None:
    """One message after another, each to another replica, and some of them twice."""
    for words in SAID:
        message = Message(f"{person.person}-{words}", person, words)
        for _ in range(chance.choice((1, 1, 2))):
            await chance.choice(stores).receive(message)


async def remembered(store: Store) -> dict[str, list[str]]:
    async with store.engine.connect() as connection:
        rows = await connection.execute(text("SELECT person, slots FROM conversations"))
        return {person: slots["language"] for person, slots in rows}


async def replies(store: Store) -> dict[str, list[str]]:
    async with store.engine.connect() as connection:
        rows = (await connection.execute(text("SELECT person, body FROM outbox ORDER BY id"))).all()
    return {person: [body["text"] for whose, body in rows if whose == person] for person in {row[0] for row in rows}}


class Hammer:
    """Workers of all replicas. Each twentieth claim ends in the death of its worker."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.finished: Counter[str] = Counter()
        self.at_work: set[Address] = set()
        self.died = 0

    async def work(self, store: Store, said: asyncio.Event) -> None:
        """Until everything is said and there is nothing left to claim."""
        while True:
            last = said.is_set()
            if claimed := await store.next_message():
                await self.handle(store, *claimed)
            elif last:
                return

    async def handle(self, store: Store, job: Job, message: Message, conversation: Conversation) -> None:
        assert message.sender not in self.at_work, "two workers had one person at the same time"
        assert SAID[: int(message.text)] == conversation.slots.get("language", []), "the conversation was read too early"
        self.at_work.add(message.sender)
        await asyncio.sleep(0)
        if self.chance.random() < 0.05:
            self.died += 1
            return
        self.at_work.remove(message.sender)  # before: whoever comes next may learn of the commit sooner than we
        assert await answer(store, job, message, conversation)
        self.finished[message.id] += 1


async def test_four_replicas_answer_everybody_once_and_in_order_while_workers_die(replicas: list[Store], clock: Clock) -> None:
    chance, said, free = random.Random(7), asyncio.Event(), asyncio.Semaphore(16)
    hammer = Hammer(chance)
    people = [Address("telegram", str(number)) for number in range(PEOPLE)]

    async def speak(person: Address) -> None:
        async with free:
            await say(replicas, person, chance)

    async def everybody_speaks() -> None:
        await asyncio.gather(*map(speak, people))
        said.set()

    async with asyncio.timeout(300):
        speaking = asyncio.create_task(everybody_speaks())
        while len(hammer.finished) < PEOPLE * MESSAGES:
            async with asyncio.TaskGroup() as tasks:
                for store in replicas * WORKERS:
                    tasks.create_task(hammer.work(store, said))
            clock.pass_(TO_SEND + 1)  # of those who died
            hammer.at_work.clear()
        await speaking
    assert hammer.died > 0
    assert set(hammer.finished.values()) == {1}
    everybody = {person.person: SAID for person in people}
    assert everybody == await remembered(replicas[0])
    assert everybody == await replies(replicas[0])
    assert await replicas[0].open_rows() == (0, PEOPLE * MESSAGES)


async def test_no_two_workers_get_one_person_whose_messages_come_at_the_same_moment(replicas: list[Store]) -> None:
    """What is received by two replicas at once must not appear behind what was claimed already."""
    person = Address("web", "olena")
    at_work: list[str] = []
    left = 120

    async def speak(store: Store, name: int) -> None:
        for number in range(10):
            await store.receive(Message(f"{name}-{number}", person, "hello"))

    async def work(store: Store) -> None:
        nonlocal left
        while left:
            if claimed := await store.next_message():
                job, message, conversation = claimed
                at_work.append(message.id)
                assert at_work == [message.id]
                await asyncio.sleep(0)
                at_work.remove(message.id)
                assert await answer(store, job, message, conversation)
                left -= 1
            else:
                await asyncio.sleep(0)

    async with asyncio.timeout(120), asyncio.TaskGroup() as tasks:
        for name in range(12):
            tasks.create_task(speak(replicas[name % 4], name))
        for store in replicas * 2:
            tasks.create_task(work(store))
    assert len((await remembered(replicas[0]))["olena"]) == 120


async def test_a_message_is_not_to_be_claimed_before_an_earlier_one_of_its_person_is_kept(replicas: list[Store], clock: Clock) -> None:
    """Numbers are given out before a transaction ends. The earlier one must not appear while another worker has the later one."""
    person, other = Address("telegram", "1"), Address("telegram", "2")
    late = (
        "INSERT INTO inbox (channel, message_id, person, body, received_at, due_at, attempt) VALUES ('telegram', '1', '1', :body, 0, 0, 0)"
    )
    body = json.dumps({"text": "first", "payload": None, "hint": None})
    async with replicas[0].engine.begin() as connection:  # a replica that is slow to commit
        await lock_order(connection, person)
        await connection.execute(text(late), {"body": body})
        receiving = asyncio.create_task(replicas[1].receive(Message("2", person, "second")))
        await replicas[1].receive(Message("3", other, "of somebody else"))
        while not (await connection.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'"))).scalar():
            assert not receiving.done()
        claimed = await replicas[2].next_message()
        assert claimed
        assert claimed[1].sender == other
        assert await replicas[2].next_message() is None
    assert await receiving
    claimed = await replicas[2].next_message()
    assert claimed
    assert claimed[1].text == "first"
    assert await replicas[3].next_message() is None


async def test_a_row_is_claimed_by_one_of_many_who_want_it(replicas: list[Store]) -> None:
    for number in range(20):
        await replicas[0].receive(Message(str(number), Address("telegram", str(number)), "hello"))
    won: list[str] = []
    while len(won) < 20:
        claims = await asyncio.gather(*(store.next_message() for store in replicas * 10))
        won += [claimed[1].id for claimed in claims if claimed]
    assert len(set(won)) == 20
    assert await replicas[0].next_message() is None


async def test_replies_of_a_person_are_claimed_one_after_another_by_any_replica(replicas: list[Store], clock: Clock) -> None:
    people = [Address("telegram", str(number)) for number in range(30)]
    for person in people:
        for words in SAID:
            await replicas[0].receive(Message(f"{person.person}-{words}", person, words))
            claimed = await replicas[0].next_message()
            assert claimed
            assert await answer(replicas[0], *claimed)
    sent: dict[str, list[str]] = {person.person: [] for person in people}
    at_work: set[Address] = set()

    async def deliver(store: Store) -> None:
        while sum(map(len, sent.values())) < len(people) * MESSAGES:
            if claimed := await store.next_reply():
                job, address, reply = claimed
                assert address not in at_work
                at_work.add(address)
                await asyncio.sleep(0)
                sent[address.person].append(reply.text)
                at_work.remove(address)
                await store.delivered(job)
            else:
                await asyncio.sleep(0)

    async with asyncio.timeout(120), asyncio.TaskGroup() as tasks:
        for store in replicas * 3:
            tasks.create_task(deliver(store))
    assert {person.person: SAID for person in people} == sent


async def test_replicas_that_start_together_migrate_once(postgres_server: Postgres) -> None:
    async with postgres_server.new() as url:
        stores = [Store(engine_for(url)) for _ in range(4)]
        await asyncio.gather(*(migrate(store.engine) for store in stores))
        assert await stores[3].receive(Message("1", Address("telegram", "1"), "hello"))
        for store in stores:
            await store.close()


async def test_what_a_killed_process_had_claimed_is_answered_by_the_others_once_and_in_order(postgres_url: str) -> None:
    store = Store(engine_for(postgres_url), fast)
    people = [Address("telegram", str(number)) for number in range(40)]
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.store.worker", postgres_url, cwd=ROOT, stdout=asyncio.subprocess.PIPE
        )
        for _ in range(4)
    ]
    try:
        async with asyncio.timeout(120):
            for process in processes:
                assert process.stdout
                assert await process.stdout.readline() == b"working\n"
            speaking = [asyncio.create_task(say([store], person, random.Random(7))) for person in people]
            while not await remembered(store):
                pass
            processes[0].kill()
            await asyncio.gather(*speaking)
            processes[1].kill()
            while (await store.open_rows())[0]:
                pass
    finally:
        for process in processes:
            if process.returncode is None:
                process.kill()
            await process.communicate()
    everybody = {person.person: SAID for person in people}
    assert everybody == await remembered(store)
    assert everybody == await replies(store)
    await store.close()
