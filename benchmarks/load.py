"""How much the bot carries: real processes, messages that arrive whether or not earlier ones are answered, people who count what they read.

    python -m benchmarks.load            everything: SQLite, PostgreSQL with 1, 2 and 4 replicas, a million conversations; about 20 minutes
    python -m benchmarks.load --short    SQLite and PostgreSQL with 1 and 2 replicas, a thousand conversations: three to five minutes
    python -m benchmarks.load --plan     only what the databases say they do with a million conversations

Prints a table. Ends with 1 when something is lost, doubled or disordered, when it takes longer with a million conversations than with a
thousand, when memory grows, or when a database reads a whole table; with 2 when the sender itself was late, so that the run proves nothing.
Reads the model that training left; Linux only. The platforms are strict fakes that answer at once, on the same machine.
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.figures import HEAD, Step, at, growth
from benchmarks.filled import SIZES, WAITING, fill
from benchmarks.loaded import Bot, Load
from benchmarks.plans import plans
from benchmarks.platforms import platforms
from benchmarks.writers import writers_with
from bot.channels import all_settings
from bot.settings import load as settings_from
from bot.store import Store
from bot.store.database import engine_for, migrate
from tests import postgres
from tests.postgres import Postgres

ANSWERED_WITHIN = 1.0  # seconds, 99 times of 100: up to there a bot is not saturated
TOO_MUCH = 3  # times the saturation
HOUR = 3600  # messages: one a second, as in a busy hour of thirty thousand a day
STEADY = 0.7  # of the saturation
WARM = 1 / 2  # of them, before memory is looked at
LEAK = 1.0  # megabytes for each thousand messages
NOT_FLAT = 1.5  # times as long as with few
GROWTH_RATE, GROWTH_SECONDS = 9.0, 60.0  # three bots share the machine


@dataclass(frozen=True, slots=True)
class Length:
    """Seconds of each part; `first` and `factor`: the rates at which saturation is looked for."""

    ramp: float
    steady: float
    overload: float
    first: float
    factor: float


WHOLE, SHORT = Length(6, 30, 20, 16, 1.25), Length(3, 8, 6, 20, 1.6)


@dataclass
class Findings:
    """`broken`: what the run has disproved; `said`: what the table cannot show."""

    rows: list[Step] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def add(self, *steps: Step) -> None:
        self.rows += steps
        for step in steps:
            print(step.line, file=sys.stderr, flush=True)


@asynccontextmanager
async def filled(url: str, people: int, waiting: int = 0) -> AsyncIterator[Store]:
    """Nothing waits in the store of a bot: it would answer that first."""
    store = Store(engine_for(url))
    await migrate(store.engine)
    await fill(store, people, waiting)
    try:
        yield store
    finally:
        await store.close()


async def carried(name: str, load: Load, databases: Sequence[str], length: Length, found: Findings, *, hour: bool = False) -> None:
    """Saturation first; then half of it, then three times as much."""
    async with filled(databases[0], SIZES[0]):
        pass
    async with load.bots(databases) as bots:
        await load.step("warming up", bots, 5, 3)
        top = await saturation(name, load, bots, length)
        found.add(top)
        found.add(await load.step(f"{name}: half of that", bots, top.rate / 2, length.steady))
        found.add(
            await load.step(f"{name}: {TOO_MUCH} times that, for {length.overload:.0f} s", bots, TOO_MUCH * top.rate, length.overload)
        )
        if hour:  # by the same process: it takes some thousand messages until the sentence model has all the room it needs
            step, slope = await load.memory(f"{name}: an hour, {HOUR:,} messages", bots, top.rate * STEADY, HOUR, WARM)
            found.add(step)
            found.said.append(f"{step.name}: memory grows by {slope:+.2f} MB for each 1,000 messages, after the first {WARM:.0%}.")
            if slope > LEAK:
                found.broken.append(f"memory grows by {slope:.2f} MB for each 1,000 messages")


async def saturation(name: str, load: Load, bots: Sequence[Bot], length: Length) -> Step:
    """The highest rate at which people are answered within a second. A rate that is too high gets a second try."""
    rate, failures = length.first, 0
    best: Step | None = None
    while failures < 2 or (best is None and rate > 1):
        step = await load.step(f"{name}: as much as is answered within {ANSWERED_WITHIN:.0f} s", bots, rate, length.ramp)
        print(f"  {step.line}", file=sys.stderr, flush=True)
        if at(step.answered, 99) < ANSWERED_WITHIN and step.reached > 0.8 * rate and not (step.breaks or step.is_void):
            best, rate, failures = step, rate * length.factor, 0
        else:
            failures += 1
            if best is None:
                best, rate = (step, rate) if rate <= 1 else (None, rate / 2)
    assert best
    return best


async def grown(kind: str, load: Load, urls: Sequence[str], found: Findings) -> None:
    """Three stores, a bot each, at the same time: what differs is how many conversations lie there."""
    for url, size in zip(urls, SIZES, strict=True):
        async with filled(url, size):
            pass
    async with load.bots(urls) as bots:
        await load.step("warming up", bots, 5, 6)
        steps = await load.side_by_side([f"{kind}, {size:,} conversations" for size in SIZES], bots, GROWTH_RATE, GROWTH_SECONDS)
    found.add(*steps)
    ratios = growth(steps[0], steps[-1])
    words = ", ".join(f"{what} in {ratio:.2f} times the time" for what, ratio in ratios.items())
    found.said.append(f"{kind}, with {SIZES[-1]:,} conversations instead of {SIZES[0]:,}: {words} (medians).")
    found.broken += [f"{kind}: {what} in {ratio:.2f} times the time" for what, ratio in ratios.items() if ratio > NOT_FLAT]


async def planned(folder: Path, server: Postgres, found: Findings, *, aloud: bool = False) -> None:
    async with server.new() as there:
        for kind, url in (("SQLite", _sqlite(folder, "plans")), ("PostgreSQL", there)):
            async with filled(url, SIZES[-1], WAITING) as store:
                explained = await plans(store)
            if aloud:
                print(f"\n## {kind}", *explained, sep="\n\n")
            whole = [(plan, line) for plan in explained for line in plan.scans]
            found.broken += [f"{kind}: {plan.name} reads a whole table: {line}" for plan, line in whole]
            found.said.append(f"{kind}, {SIZES[-1]:,} conversations: {len(explained)} statements, {len(whole)} read a whole table.")


async def everything(folder: Path, server: Postgres, found: Findings, *, short: bool) -> None:
    settings, length = settings_from(all_settings()), SHORT if short else WHOLE
    async with platforms() as fakes:
        load = Load(folder, settings.data_dir, fakes, writers_with(settings))
        await carried("SQLite, one process", load, [_sqlite(folder, "one")], length, found, hour=not short)
        for replicas in (1, 2) if short else (1, 2, 4):
            async with server.new() as url:
                await carried(f"PostgreSQL, {replicas} replica{'s'[: replicas - 1]}", load, [url] * replicas, length, found)
        if not short:
            await grown("SQLite", load, [_sqlite(folder, str(size)) for size in SIZES], found)
            async with AsyncExitStack() as stack:
                await grown("PostgreSQL", load, [await stack.enter_async_context(server.new()) for _ in SIZES], found)
            await planned(folder, server, found)
    found.broken += [broken for step in load.steps for broken in step.breaks]


def _sqlite(folder: Path, name: str) -> str:
    return f"sqlite+aiosqlite:///{folder}/{name}.sqlite3"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--plan", action="store_true")
    asked = parser.parse_args()
    folder, found = Path(tempfile.mkdtemp(prefix="load-")), Findings()
    with postgres.server(durable=True) as server:
        work = planned(folder, server, found, aloud=True) if asked.plan else everything(folder, server, found, short=asked.short)
        asyncio.run(work)
    print(*(HEAD if found.rows else ()), *(step.line for step in found.rows), "", *found.said, sep="\n")
    void = [step.name for step in found.rows if step.is_void]
    print(*(f"BROKEN {broken}" for broken in found.broken), *(f"VOID {name}: the sender was late" for name in void), sep="\n")
    if found.broken:
        print(f"The logs are in {folder}")
    else:
        shutil.rmtree(folder)
    sys.exit(1 if found.broken else 2 if void else 0)


if __name__ == "__main__":
    main()
