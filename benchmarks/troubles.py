"""Faults that the process survives: what the platform, the network, the disk and the clock do to it."""

import asyncio
import contextlib
import json
import random
import resource
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
from starlette.responses import PlainTextResponse, Response

from benchmarks.crashing import NO_DNS, PASSED, READ_ONLY, WALL
from benchmarks.trial import SCRIPTS, NotAsPlanned, Outcome, Talk, Trial
from benchmarks.ways import POLLING, Slow
from bot.types import Language

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
STEP = 20.0  # seconds by which the clock is moved at once; less than a lease, so that no row is taken from a worker
POISON = "zatruta wiadomość, której nikt nie umie przeczytać"
PAYLOADS = (  # questions whose answers need no classifier
    *("/border/frontex", "/border/rights", "/career/counselling", "/career/job_search", "/fair_work/contract", "/fair_work/unpaid_wages"),
    *("/integration/polish_course", "/integration/schooling", "/iom/about", "/iom/partners"),
)


def many_people(number: int, messages: int = 10) -> list[tuple[str, ...]]:
    return [tuple(PAYLOADS[(first + place) % len(PAYLOADS)] for place in range(messages)) for first in range(number)]


# What the platform does


async def duplicates(trial: Trial, short: bool) -> Outcome:
    trial.way.repeat = 100
    await trial.people()
    async with trial.bot():
        await trial.up()
        trial.all_say()
        return await trial.outcome()


async def batch(trial: Trial, short: bool) -> Outcome:
    await trial.people(*many_people(5))
    async with trial.bot():
        await trial.up()
        trial.all_say_together()
        return await trial.outcome()


async def shuffled(trial: Trial, short: bool) -> Outcome:
    """Any order between people; of one person, theirs. And the platform confirms parts late, by chance."""
    await trial.people(*many_people(12, 6))
    chance = random.Random(0)
    for name in trial.way.sends:
        for _ in range(200):
            trial.way.faults.inject(name, Slow(chance.random() / 5))
    async with trial.bot():
        await trial.up()
        turns = [talk for talk in trial.talks for _ in talk.script]
        chance.shuffle(turns)
        trial.fault_ends()
        for talk in turns:
            trial.says(talk)
        return await trial.outcome()


def too_many(seconds: int) -> Callable[[Trial, bool], Awaitable[Outcome]]:
    """The first call of each chat, or of the page, is refused for so long; the clock is moved, but for one second."""

    async def run(trial: Trial, short: bool) -> Outcome:
        await trial.people()
        trial.way.too_many(seconds)
        async with trial.bot(trial.plan(impatient=seconds > 1)):
            await trial.up()
            trial.all_say(2)
            await trial.nothing_under_way(2.0)
            if not trial.way.calls() or (seconds > 1 and all(trial.way.received(talk.who) for talk in trial.talks)):
                raise NotAsPlanned("nobody waited")
            trial.fault_ends()
            (trial.control / PASSED).write_text(str(seconds if seconds > 1 else 0))
            trial.all_say()
            return await trial.outcome()

    return run


async def ten_minutes_of_500(trial: Trial, short: bool) -> Outcome:
    """The clock of what waits is moved by steps; people write on meanwhile."""
    await trial.people()
    faults = trial.way.faults
    for name in trial.way.sends:
        faults.answer(name, lambda: PlainTextResponse("Internal Server Error", 500), 100_000)
    async with trial.bot(trial.plan(impatient=True)):
        await trial.up()
        for step in range(int(10 * MINUTE / STEP)):
            if step % 5 == 0:
                trial.all_say(1)
            (trial.control / PASSED).write_text(str((step + 1) * STEP))
            await trial.nothing_under_way(0.5)
        if any(trial.way.received(talk.who) for talk in trial.talks):
            raise NotAsPlanned("something was delivered")
        faults.clear()
        trial.fault_ends()
        (trial.control / PASSED).write_text(str(11 * MINUTE))
        trial.all_say()
        return await trial.outcome()


async def answer_lost(trial: Trial, short: bool) -> Outcome:
    """The platform delivers a part, and the connection breaks before it says so."""
    await trial.people()
    async with trial.bot():
        await trial.up()
        trial.all_say(2)
        await trial.quiet()
        trial.way.faults.drop_reply(trial.way.sends[0])
        trial.all_say()
        trial.lost_answers = 1
        return await trial.outcome()


async def blocked(trial: Trial, short: bool) -> Outcome:
    """One of three blocks the bot, and comes back later; the others notice nothing."""
    await trial.people()
    gone, *others = trial.talks
    async with trial.bot():
        await trial.up()
        trial.all_say(1)
        await trial.quiet()
        trial.way.block(gone.who)
        trial.says(gone)  # as written just before
        for other in others:
            trial.says(other, len(other.script) - 1)
        await trial.quiet()
        trial.way.unblock(gone.who)
        del gone.answers[1]  # nobody can be reached who shut us out
        gone.script = [*gone.script[:1], *gone.script[2:]]
        gone.said -= 1
        trial.way.refusals.clear()
        trial.fault_ends()
        trial.says(gone, 1)
        return await trial.outcome()


async def malformed(trial: Trial, short: bool) -> Outcome:
    """Bodies of all kinds, rightly signed, between the real ones; for polling, answers that are none."""
    await trial.people()
    chance = random.Random(0)
    async with trial.bot():
        await trial.up()
        if trial.way.name == POLLING:
            for make in _odd_answers():
                trial.way.faults.answer("getUpdates", make)
                trial.all_say(1)
            trial.all_say()
            return await trial.outcome()
        statuses: dict[int, int] = {}
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            for number in range(200 if short else 5000):
                body = _odd_body(chance)
                url, headers = trial.way.webhook(body)
                status = (await client.post(url, content=body, headers=headers)).status_code
                statuses[status] = statuses.get(status, 0) + 1
                if number % 30 == 0:
                    trial.all_say(1)
        if bad := [status for status in statuses if status >= 500]:
            trial.remarks.append(f"!answered {bad}")
        await trial.quiet()
        trial.way.refusals.clear()  # replies to people who do not exist
        trial.all_say()
        return await trial.outcome()


def _odd_answers() -> list[Callable[[], Response]]:
    bodies = ("", "null", "[]", "<html>", '{"ok": true}', '{"ok": true, "result": {}}', '{"ok": true, "result": [null, 1, {}]}')
    return [lambda body=body: PlainTextResponse(body) for body in bodies]  # type: ignore[misc]


def _odd_body(chance: random.Random) -> bytes:
    """Of the shape of a delivery, with something else at one place or several; or no JSON at all."""
    if chance.random() < 0.2:
        return chance.randbytes(chance.randrange(200))
    body = json.dumps(_odd_value(chance, 0)).encode()
    return body[: chance.randrange(len(body) + 1)] if chance.random() < 0.1 else body


NAMES = (
    *("update_id", "message", "edited_message", "callback_query", "my_chat_member", "chat", "from", "id", "text", "data", "type", "date"),
    *("message_id", "object", "entry", "messaging", "standby", "sender", "recipient", "timestamp", "mid", "postback", "payload"),
    *("quick_reply", "is_echo"),
)


def _odd_value(chance: random.Random, depth: int) -> object:
    leaves = (None, True, 0, -1, 2**63, 1e400, "", "page", "private", "\ud800", "x" * 5000, "/start")
    kind = chance.random() if depth < 6 else 1.0
    if kind < 0.55:
        return {name: _odd_value(chance, depth + 1) for name in chance.sample(NAMES, chance.randrange(1, 6))}
    if kind < 0.65:
        return [_odd_value(chance, depth + 1) for _ in range(chance.randrange(3))]
    return chance.choice(leaves)


async def slow_bodies(trial: Trial, short: bool) -> Outcome:
    """Thirty connections that send one byte a second, until the bot hangs up; for polling, an answer that never comes."""
    await trial.people()
    async with trial.bot():
        await trial.up()
        if trial.way.name == POLLING:
            trial.way.faults.hang("getUpdates")
            trial.all_say()
            await asyncio.sleep(5)  # the platform ends its silence; the bot itself would wait a minute
            trial.way.faults.clear()
            return await trial.outcome()
        async with asyncio.TaskGroup() as group:
            dripping = [group.create_task(_drip(trial)) for _ in range(30)]
            await asyncio.sleep(1)
            trial.all_say()
            found = await trial.outcome()
            hung_up = [await drip for drip in dripping]
        trial.remarks.append(f"each slow one is hung up on after {max(hung_up):.0f} s at the latest")
        return found


async def _drip(trial: Trial) -> float:
    started = asyncio.get_running_loop().time()
    url, headers = trial.way.webhook(b"{}")
    parts = httpx.URL(url)
    reader, writer = await asyncio.open_connection(parts.host, parts.port)
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"POST {parts.path} HTTP/1.1\r\nHost: {parts.host}\r\n{head}Content-Length: 1000\r\n\r\n".encode())
    with contextlib.suppress(ConnectionError):
        while True:
            writer.write(b" ")
            await writer.drain()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    if not await reader.read(1000):
                        break
    writer.close()
    return asyncio.get_running_loop().time() - started


# What the machine does


async def clock_jumps(trial: Trial, short: bool) -> Outcome:
    """An hour ahead and an hour back, each while replies are on their way and messages wait."""
    await trial.people()
    async with trial.bot(trial.plan()):
        await trial.up()
        for seconds in (HOUR, 0.0):
            held = [trial.way.faults.hang(name) for name in trial.way.sends for _ in range(3)]
            trial.all_say(2)
            await trial.nothing_under_way(1.0)
            (trial.control / WALL).write_text(str(seconds))
            trial.fault_ends()
            trial.all_say(1)
            await trial.nothing_under_way(1.0)
            for release in held:
                release.set()
            trial.way.faults.clear()
            await trial.quiet(60)
        return await trial.outcome()


async def disk_full(trial: Trial, short: bool) -> Outcome:
    """No file of the process can grow, while it receives, answers and sends."""
    slow = Slow(0.3)
    await trial.people()
    for name in trial.way.sends:
        trial.way.faults.inject(name, slow, 1000)
    async with trial.bot():
        await trial.up()
        trial.all_say(3)
        await slow.met()
        process = trial.process
        assert process
        before = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (1, before[1]))
        trial.all_say()
        await asyncio.sleep(5)
        trial.way.faults.clear()
        trial.fault_ends()
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, before)
        return await trial.outcome()


async def database_locked(trial: Trial, short: bool) -> Outcome:
    """Another process holds it for longer than the bot waits for a lock."""
    slow = Slow(0.3)
    await trial.people()
    for name in trial.way.sends:
        trial.way.faults.inject(name, slow, 1000)
    async with trial.bot():
        await trial.up()
        trial.all_say(3)
        await slow.met()
        async with _locked(trial):
            trial.all_say()
            await asyncio.sleep(13 if short else 30)
            trial.fault_ends()
        trial.way.faults.clear()
        return await trial.outcome()


@asynccontextmanager
async def _locked(trial: Trial) -> AsyncIterator[None]:
    connection = sqlite3.connect(trial.folder / "bot.sqlite3", timeout=10, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")  # in WAL mode as exclusive as BEGIN EXCLUSIVE for whoever writes
        yield
        connection.execute("ROLLBACK")
    finally:
        connection.close()


async def read_only(trial: Trial, short: bool) -> Outcome:
    slow = Slow(0.3)
    await trial.people()
    for name in trial.way.sends:
        trial.way.faults.inject(name, slow, 1000)
    async with trial.bot(trial.plan(read_only=True)):
        await trial.up()
        trial.all_say(3)
        await slow.met()
        (trial.control / READ_ONLY).touch()
        trial.all_say()
        await asyncio.sleep(5)
        (trial.control / READ_ONLY).unlink()
        trial.fault_ends()
        trial.way.faults.clear()
        return await trial.outcome()


async def no_names(trial: Trial, short: bool) -> Outcome:
    """The platform's name cannot be resolved at the start; then it can; then it cannot again, and the connections are gone."""
    await trial.people()
    (trial.control / NO_DNS).touch()
    async with trial.bot(trial.plan()):
        await trial.up()
        trial.all_say(2)
        await asyncio.sleep(3)
        (trial.control / NO_DNS).unlink()
        await trial.quiet(60)
        (trial.control / NO_DNS).touch()
        for name in trial.way.sends:
            trial.way.faults.reset(name, 4)
        trial.all_say()
        await asyncio.sleep(3)
        (trial.control / NO_DNS).unlink()
        trial.fault_ends()
        return await trial.outcome()


async def flood(trial: Trial, short: bool) -> Outcome:
    """The bot comes back after a day to what everybody wrote meanwhile."""
    await trial.people(*many_people(50 if short else 1000))
    number = sum(len(talk.script) for talk in trial.talks)
    trial.all_say()
    (trial.control / WALL).write_text(str(DAY))
    async with trial.bot():
        trial.fault_ends()
        found = await trial.outcome(1800)
    trial.remarks.append(f"{number} messages, {number / found.seconds:.0f} a second")
    return found


# What one message does to the others


async def head_of_line(trial: Trial, short: bool) -> Outcome:
    """One message whose answer always fails: how long the next of that person waits, and those of others."""
    return await _behind(trial, poison=POISON)


async def never_ending(trial: Trial, short: bool) -> Outcome:
    """One message whose answer never ends."""
    return await _behind(trial, hangs=POISON)


async def _behind(trial: Trial, **plan: str) -> Outcome:
    await trial.people(("/iom/about", POISON, "/iom/partners"), SCRIPTS[Language.UK], SCRIPTS[Language.EN], poison=POISON)
    sick, *others = trial.talks
    async with trial.bot(trial.plan(**plan)):
        await trial.up()
        trial.says(sick)
        before = await _time_of(trial, others)
        trial.says(sick, 2)
        trial.fault_ends()
        next_one = asyncio.create_task(trial.answered(sick))
        after = await _time_of(trial, others)
        waited = await next_one
        found = await trial.outcome()
    trial.remarks.append(f"the next of the same person waits {waited:.1f} s; others {after:.1f} s, and {before:.1f} s without it")
    if waited > 10 and not plan.get("hangs"):
        trial.remarks.append(f"!the same person waits {waited:.1f} s")
    if after > before + 2:
        trial.remarks.append(f"!others wait {after - before:.1f} s longer")
    return found


async def _time_of(trial: Trial, talks: list[Talk]) -> float:
    for talk in talks:
        trial.says(talk, 3)
    return await trial.answered(*talks)
