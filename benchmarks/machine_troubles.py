"""What the machine does to a process that goes on: its clock, its disk, its names; and what one message does to the others."""

import asyncio
import resource
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from benchmarks.crashing import NO_DNS, WALL, Plan
from benchmarks.trial import HELP, SCRIPTS, Outcome, Talk, Trial, many_people
from benchmarks.ways import Slow
from bot.types import Language

HOUR, DAY = 3600.0, 86400.0
POISON = "zatruta wiadomość, której nikt nie umie przeczytać"


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


@asynccontextmanager
async def _sending(trial: Trial, *plans: Plan) -> AsyncIterator[None]:
    """A bot whose platform takes its time, so that replies are under way all the while."""
    slow = Slow(0.3)
    await trial.people()
    for name in trial.way.sends:
        trial.way.faults.inject(name, slow, 1000)
    async with trial.bot(*plans):
        await trial.up()
        trial.all_say(3)
        await slow.met()
        yield


async def disk_full(trial: Trial, short: bool) -> Outcome:
    """No file of the process can grow, while it receives, answers and sends."""
    async with _sending(trial):
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
    async with _sending(trial):
        return await _through(trial, trial.database.locked(), 13 if short else 30)


async def read_only(trial: Trial, short: bool) -> Outcome:
    async with _sending(trial, trial.plan(read_only=True)):
        return await _through(trial, trial.database.read_only(), 5)


async def database_gone(trial: Trial, short: bool) -> Outcome:
    """Its server crashes, is away for a while and comes back."""
    async with _sending(trial):
        return await _through(trial, trial.database.gone(), 5 if short else 30)


async def _through(trial: Trial, trouble: AbstractAsyncContextManager[None], seconds: float) -> Outcome:
    async with trouble:
        trial.all_say()
        await asyncio.sleep(seconds)
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
    await trial.people(*many_people(20 if short else 1000))
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


async def overtaking(trial: Trial, short: bool) -> Outcome:
    """A call for help behind a message whose answer never ends, and behind one that waits for it. The script is in the order of reading."""
    await trial.people(("/iom/about", HELP[Language.PL], POISON, "/iom/partners"), SCRIPTS[Language.UK], poison=POISON)
    afraid, other = trial.talks
    async with trial.bot(trial.plan(hangs=POISON)):
        await trial.up()
        trial.says(other, len(other.script))
        trial.says(afraid)
        await trial.answered(afraid, other)
        for text in (POISON, "/iom/partners"):
            trial.way.say(afraid.who, text)
        await trial.nothing_under_way(1.0)
        trial.fault_ends()
        trial.says(afraid)
        waited = await trial.answered(afraid)
        afraid.said = len(afraid.script)
        found = await trial.outcome()
    trial.remarks.append(f"help comes after {waited:.1f} s, all the rest after {found.seconds:.1f} s")
    return found


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
    if waited > 10:
        trial.remarks.append(f"!the same person waits {waited:.1f} s")
    if after > before + 2:
        trial.remarks.append(f"!others wait {after - before:.1f} s longer")
    return found


async def _time_of(trial: Trial, talks: list[Talk]) -> float:
    for talk in talks:
        trial.says(talk, 3)
    return await trial.answered(*talks)
