"""Bots as processes under load: started, given messages, watched in memory and CPU, and compared with what they should have said."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

import httpx

from benchmarks import figures
from benchmarks.arrivals import Route, send
from benchmarks.figures import Cost, Step
from benchmarks.platforms import Platforms, Report
from benchmarks.slow import megabytes
from benchmarks.writers import Said, Writers
from tests.running import environment_in, running, web_address

PEOPLE = 10_000
LOOK_EVERY = 0.5  # seconds
LOST_AFTER = 90.0  # seconds in which nothing comes; what a dead worker had claimed is answered after sixty
_TICKS = os.sysconf("SC_CLK_TCK")


class Bot(NamedTuple):
    address: str
    pid: int


@dataclass
class Watch:
    """`points`: when, and the megabytes of the largest process."""

    bots: Sequence[Bot]
    points: list[tuple[float, float]] = field(default_factory=list)
    cpu: float = 0.0

    async def __aenter__(self) -> "Watch":
        self.cpu = -self._cpu()
        self._look()
        self._looking = asyncio.create_task(self._look_again())
        return self

    async def __aexit__(self, *error: object) -> None:
        self._looking.cancel()
        await asyncio.gather(self._looking, return_exceptions=True)
        self._look()
        self.cpu += self._cpu()

    @property
    def cost(self) -> Cost:
        sizes = [size for _, size in self.points]
        return Cost(self.cpu, sizes[0], max(sizes), sizes[-1])

    async def _look_again(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            self._look()

    def _look(self) -> None:
        self.points.append((time.monotonic(), max(megabytes(bot.pid) for bot in self.bots)))

    def _cpu(self) -> float:
        """Seconds of all of them since their start."""
        times = [Path(f"/proc/{bot.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split() for bot in self.bots]
        return sum(int(user) + int(system) for user, system in ((values[11], values[12]) for values in times)) / _TICKS


@dataclass
class Load:
    """`steps`: all that was measured, the warming up included."""

    folder: Path
    models: Path
    platforms: Platforms
    writers: Writers
    people: int = PEOPLE
    steps: list[Step] = field(default_factory=list)
    _started: int = 0

    @asynccontextmanager
    async def bots(self, databases: Sequence[str]) -> AsyncIterator[list[Bot]]:
        """One process a database; several are replicas if it is the same one."""
        async with AsyncExitStack() as stack:
            yield [await self._bot(stack, database) for database in databases]

    async def _bot(self, stack: AsyncExitStack, database: str) -> Bot:
        self._started += 1
        folder = self.folder / str(self._started)
        folder.mkdir()
        environment = {**environment_in(folder, self.models), **self.platforms.settings, "BOT_DATABASE_URL": database}
        process = await stack.enter_async_context(running(environment, folder / "log"))
        return Bot(web_address(environment), process.pid)

    async def step(self, name: str, bots: Sequence[Bot], rate: float, seconds: float) -> Step:
        """The messages go to the replicas in turn."""
        said, report, watch = await self._offered(bots, rate, seconds, _in_turn(len(bots)))
        return self._done(figures.step(name, rate, said, report, watch.cost))

    async def side_by_side(self, names: Sequence[str], bots: Sequence[Bot], rate: float, seconds: float) -> list[Step]:
        """The same for bots that do not know each other, each with its own people, so that all meet the same moments of the machine."""
        watches = [Watch([bot]) for bot in bots]
        async with AsyncExitStack() as stack:
            for watch in watches:
                await stack.enter_async_context(watch)
            said, report, _ = await self._offered(bots, rate, seconds, lambda one: int(one.person) // 4 % len(bots))
        found = []
        for number, (name, watch) in enumerate(zip(names, watches, strict=True)):
            mine = [one for one in said if one.bot == number]
            theirs = {one.person for one in mine}
            part = Report([part for part in report.got if part.person in theirs], report.refusals)
            found.append(self._done(figures.step(name, rate / len(bots), mine, part, watch.cost)))
        return found

    async def memory(self, name: str, bots: Sequence[Bot], rate: float, messages: int, warm: float) -> tuple[Step, float]:
        """And by how many megabytes the process grows for each thousand messages."""
        said, report, watch = await self._offered(bots, rate, messages / rate, _in_turn(len(bots)))
        began = said[0].due
        points = [((moment - began) * rate, size) for moment, size in watch.points if began <= moment <= said[-1].due]
        return self._done(figures.step(name, rate, said, report, watch.cost)), figures.slope(points, warm)

    async def _offered(self, bots: Sequence[Bot], rate: float, seconds: float, route: Route) -> tuple[list[Said], Report, Watch]:
        said = await self.writers.say(self.platforms, max(1, round(rate * seconds)), rate, self.people)
        async with Watch(bots) as watch:
            await send(said, [bot.address for bot in bots], self.platforms.settings, route)
            await self._all_answered(sum(len(one.answer) for one in said), bots)
        return said, await self.platforms.report(), watch

    async def _all_answered(self, parts: int, bots: Sequence[Bot]) -> None:
        """Until every part came and nothing waits, or nothing has come for long."""
        came, since = 0, time.monotonic()
        async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
            while time.monotonic() < since + LOST_AFTER:
                number = await self.platforms.number()
                if number >= parts and not [bot for bot in bots if await _waits(client, bot)]:
                    return
                if number != came:
                    came, since = number, time.monotonic()
                await asyncio.sleep(LOOK_EVERY)

    def _done(self, step: Step) -> Step:
        self.steps.append(step)
        return step


def _in_turn(number: int) -> Route:
    turns = cycle(range(number))
    return lambda _one: next(turns)


async def _waits(client: httpx.AsyncClient, bot: Bot) -> bool:
    found: Mapping[str, int] = (await client.get(f"{bot.address}/health")).json()
    return found["waiting_messages"] + found["waiting_replies"] > 0
