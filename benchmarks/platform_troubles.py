"""What the platform and the network do to a process that goes on: repeats, refusals, silence, nonsense."""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable

import httpx
from starlette.responses import PlainTextResponse

from benchmarks.crashing import PASSED
from benchmarks.odd_bodies import odd_answers, odd_body
from benchmarks.trial import NotAsPlanned, Outcome, Trial, many_people
from benchmarks.ways import POLLING, Slow

MINUTE = 60.0
STEP = 15.0  # seconds by which the clock is moved at once; less than a lease, so that no row is taken from a worker


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
            await trial.tried()
            await trial.nothing_under_way(2.0)
            if seconds > 1 and all(trial.way.received(talk.who) for talk in trial.talks):
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
        await trial.begins_anew(gone)  # nobody can be reached who shut us out
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
            for make in odd_answers():
                trial.way.faults.answer("getUpdates", make)
                trial.all_say(1)
            trial.all_say()
            return await trial.outcome()
        statuses: dict[int, int] = {}
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            for number in range(200 if short else 5000):
                body = odd_body(chance)
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
