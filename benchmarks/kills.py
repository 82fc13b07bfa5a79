"""Faults that kill the process with SIGKILL at one exact point, and the orderly end beside them."""

import signal
from collections.abc import Awaitable, Callable

from benchmarks.crashing import Plan
from benchmarks.trial import NotAsPlanned, Outcome, Trial
from benchmarks.ways import Slow

Run = Callable[[Trial, bool], Awaitable[Outcome]]
# A point, and at which time that the process comes there it dies: the first process, and its successor.
POINTS = {
    "before insert": (4, 2),
    "after insert, before 200": (4, 2),
    "during the answer": (5, 2),
    "in the transaction": (5, 2),
    "after the outbox commit": (5, 2),
    "in mid-send": (6, 3),
    "after the reply, before our record": (6, 3),
}
AT_RELOAD = {"reload: content is read": 2, "reload: before it is used": 1}  # the first is passed at the start too
AT_START = ("start: content is read", "start: before the migration", "start: after the migration", "start: before it listens")


def killed(point: str) -> Run:
    async def run(trial: Trial, short: bool) -> Outcome:
        times = POINTS[point][: 1 if short else 2]
        await trial.people()
        async with trial.bot(*(trial.plan(point=point, nth=nth) for nth in times)):
            trial.all_say()
            await trial.ended(*[-signal.SIGKILL] * len(times))
            return await trial.outcome()

    return run


async def killed_at_start(trial: Trial, short: bool) -> Outcome:
    """After a first death that leaves answers undelivered and messages unread, it dies at each step of its next starts."""
    points = ("after the outbox commit", *AT_START[:: 2 if short else 1])
    await trial.people()
    async with trial.bot(*(trial.plan(point=point, nth=3 if number == 0 else 1) for number, point in enumerate(points))):
        trial.all_say()
        await trial.ended(*[-signal.SIGKILL] * len(points))
        return await trial.outcome()


async def killed_during_reload(trial: Trial, short: bool) -> Outcome:
    """Whoever writes while the content is read again, three times: the first two end in its middle."""
    await trial.people()
    slow = Slow(0.3)
    for name in trial.way.sends:
        trial.way.faults.inject(name, slow, 1000)
    async with trial.bot(*(trial.plan(point=point, nth=nth) for point, nth in AT_RELOAD.items()), trial.plan()):
        for deaths in range(1, len(AT_RELOAD) + 2):
            await trial.up()
            trial.all_say(2)
            await slow.met(deaths)
            trial.reload()
            await trial.ended(*[-signal.SIGKILL] * min(deaths, len(AT_RELOAD)))
        await trial.logged("content.renewed")
        trial.way.faults.clear()
        return await trial.outcome()


async def killed_during_shutdown(trial: Trial, short: bool) -> Outcome:
    return await _told_to_stop(trial, trial.plan(point="during shutdown"), -signal.SIGKILL)


async def told_to_stop(trial: Trial, short: bool) -> Outcome:
    return await _told_to_stop(trial, trial.plan(), 0)


async def _told_to_stop(trial: Trial, plan: Plan, status: int) -> Outcome:
    """While the platform takes half a second to confirm each part."""
    await trial.people()
    slow = Slow(0.5)
    for name in trial.way.sends:
        trial.way.faults.inject(name, slow, 1000)
    async with trial.bot(plan, trial.plan()):
        trial.all_say()
        await slow.met(4)
        if trial.process is None:
            raise NotAsPlanned("it ended by itself")
        trial.process.terminate()
        await trial.ended(status)
        trial.way.faults.clear()
        return await trial.outcome()
