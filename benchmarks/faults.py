"""The promise of docs/delivery.md, fault by fault: the bot as a process, killed and hindered, over strict fakes of the platforms.

    python -m benchmarks.faults                      everything; about half an hour
    python -m benchmarks.faults --short              each fault once, by one way; under five minutes
    python -m benchmarks.faults --only "disk full"   by name, several times if need be
    python -m benchmarks.faults --database postgresql

Prints a table of what was lost, doubled and disordered, and how long it took to recover; ends with 1 where the promise is broken. Reads the
model that training left. Two trials run at a time, so the seconds are those of a busy machine.
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from benchmarks import kills, machine_troubles, platform_troubles
from benchmarks.crashing import PLATFORM
from benchmarks.databases import OWN_POSTGRESQL, POSTGRESQL, SQLITE, open_database
from benchmarks.kills import Run
from benchmarks.trial import Outcome, trial_in
from benchmarks.ways import MESSENGER, POLLING, WAYS, WEBHOOK, open_way
from bot.channels import all_settings
from bot.dialogue import Dialogue
from bot.editions import edition_from
from bot.settings import load
from tests import postgres
from tests.postgres import Postgres

AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Fault:
    """`first`: the way by which the short run tries it. `host`: a name of the platform, where its address will not do. `database`: the one
    with which alone it can be tried."""

    name: str
    run: Run
    first: str
    host: str = ""
    database: str = ""


FAULTS = (
    Fault("kill -9 before insert", kills.killed("before insert"), POLLING),
    Fault("kill -9 after insert, before 200", kills.killed("after insert, before 200"), WEBHOOK),
    Fault("kill -9 during the answer", kills.killed("during the answer"), MESSENGER),
    Fault("kill -9 in the transaction", kills.killed("in the transaction"), POLLING),
    Fault("kill -9 after the outbox commit", kills.killed("after the outbox commit"), WEBHOOK),
    Fault("kill -9 in mid-send", kills.killed("in mid-send"), MESSENGER),
    Fault("kill -9 after the reply, before our record", kills.killed("after the reply, before our record"), POLLING),
    Fault("kill -9 during shutdown", kills.killed_during_shutdown, WEBHOOK),
    Fault("kill -9 during the start, again and again", kills.killed_at_start, MESSENGER),
    Fault("kill -9 during a reload of content", kills.killed_during_reload, MESSENGER),
    Fault("SIGTERM in the middle", kills.told_to_stop, POLLING),
    Fault("each message delivered 101 times", platform_troubles.duplicates, WEBHOOK),
    Fault("a batch of 50", platform_troubles.batch, MESSENGER),
    Fault("people in any order, answers late", platform_troubles.shuffled, WEBHOOK),
    Fault("the clock jumps an hour, both ways", machine_troubles.clock_jumps, POLLING),
    Fault("disk full", machine_troubles.disk_full, WEBHOOK, database=SQLITE),
    Fault("database locked for 30 s", machine_troubles.database_locked, MESSENGER),
    Fault("database read-only, and back", machine_troubles.read_only, POLLING),
    Fault("PostgreSQL gone, and back", machine_troubles.database_gone, WEBHOOK, database=OWN_POSTGRESQL),
    Fault("the platform's name does not resolve", machine_troubles.no_names, POLLING, PLATFORM),
    Fault("429 for 1 s", platform_troubles.too_many(1), WEBHOOK),
    Fault("429 for 35 s", platform_troubles.too_many(35), MESSENGER),
    Fault("429 for 3600 s", platform_troubles.too_many(3600), POLLING),
    Fault("ten minutes of 500", platform_troubles.ten_minutes_of_500, MESSENGER),
    Fault("a confirmation of the platform is lost", platform_troubles.answer_lost, WEBHOOK),
    Fault("403: a person has blocked us", platform_troubles.blocked, POLLING),
    Fault("a day's outage, then a flood", machine_troubles.flood, WEBHOOK),
    Fault("malformed bodies", platform_troubles.malformed, MESSENGER),
    Fault("slow bodies", platform_troubles.slow_bodies, WEBHOOK),
    Fault("an answer that fails each time", machine_troubles.head_of_line, POLLING),
    Fault("an answer that never ends", machine_troubles.never_ending, WEBHOOK),
    Fault("a call for help behind an answer that never ends", machine_troubles.overtaking, MESSENGER),
)


@dataclass(frozen=True, slots=True)
class Cell:
    fault: Fault
    way: str
    outcome: Outcome | None
    broken: Sequence[str]
    log: Path

    @property
    def line(self) -> str:
        head = f"| {self.fault.name} | {self.way} |"
        if self.outcome is None:
            return f"{head} ? | ? | ? | ? | {'; '.join(self.broken)} |"
        found = self.outcome
        doubled = f"{found.doubled} (gap)" if found.doubled and found.repeats <= found.gaps else str(found.doubled)
        words = "; ".join([*(f"**{reason.removeprefix('!')}**" for reason in self.broken), *self._harmless()])
        return f"{head} {found.lost} | {doubled} | {found.disordered} | {found.seconds:.1f} | {words} |"

    def _harmless(self) -> list[str]:
        return [remark for remark in (self.outcome.remarks if self.outcome else ()) if not remark.startswith("!")]


HEAD = ("| fault | way | lost | doubled | disordered | seconds | |", "|---|---|---|---|---|---|---|")


@dataclass(frozen=True, slots=True)
class Bench:
    """What all trials share. `server`: for those on PostgreSQL, None for SQLite."""

    dialogue: Dialogue
    models: Path
    short: bool
    server: Postgres | None = None


async def tried(fault: Fault, name: str, bench: Bench, folder: Path) -> Cell:
    """One cell. Its log is kept if the promise is broken there."""
    log = folder / "log"
    try:
        async with (
            open_database(fault.database or (POSTGRESQL if bench.server else SQLITE), folder, bench.server) as database,
            open_way(name, fault.host) as way,
            trial_in(folder, way, database, bench.dialogue, bench.models) as trial,
        ):
            found = await fault.run(trial, bench.short)
            outcome = replace(found, remarks=tuple(trial.remarks))
        return Cell(fault, name, outcome, outcome.breaks, log)
    except (Exception, pytest.skip.Exception) as error:  # whatever it was, a PostgreSQL that is not there too, the other trials go on
        return Cell(fault, name, None, [f"**no result: {type(error).__name__} {error}**"], log)


async def matrix(chosen: Sequence[tuple[Fault, str]], bench: Bench, *, at_once: int = AT_ONCE) -> list[Cell]:
    room = Path(tempfile.mkdtemp(prefix="faults-"))
    free = asyncio.Semaphore(at_once)

    async def one(number: int, fault: Fault, way: str) -> Cell:
        async with free:
            folder = room / f"{number:03}"
            cell = await tried(fault, way, bench, folder)
            print(cell.line, file=sys.stderr, flush=True)
            if not cell.broken:
                shutil.rmtree(folder)
            return cell

    cells = await asyncio.gather(*(one(number, fault, way) for number, (fault, way) in enumerate(chosen)))
    if not any(cell.broken for cell in cells):
        room.rmdir()
    return cells


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--only", action="append", default=[], metavar="FAULT", help="faults whose name holds these words")
    parser.add_argument("--way", action="append", default=[], choices=WAYS)
    parser.add_argument("--database", default="sqlite", choices=("sqlite", "postgresql"))
    parser.add_argument("--at-once", type=int, default=AT_ONCE, metavar="N")
    asked = parser.parse_args()
    faults = [
        fault
        for fault in FAULTS
        if (not asked.only or any(words in fault.name for words in asked.only))
        and not (asked.database == "postgresql" and fault.database == SQLITE)
    ]
    chosen = [(fault, way) for fault in faults for way in asked.way or ([fault.first] if asked.short else WAYS)]
    settings = load(all_settings())
    started = time.monotonic()
    with postgres.server(durable=True) if asked.database == "postgresql" else nullcontext() as server:
        bench = Bench(edition_from(settings).dialogue, settings.data_dir, asked.short, server)
        cells = asyncio.run(matrix(chosen, bench, at_once=asked.at_once))
    print("\n".join((*HEAD, *(cell.line for cell in cells))))
    broken = [cell for cell in cells if cell.broken]
    print(f"\n{len(cells)} trials in {(time.monotonic() - started) / 60:.0f} minutes; {len(broken)} break the promise.")
    for cell in broken:
        print(f"{cell.fault.name}, {cell.way}: {cell.log}")
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
