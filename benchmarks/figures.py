"""What came of messages under load: times, throughput, cost, what was lost, as lines of a table. It measures nothing itself."""

import math
import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.platforms import Got, Report
from benchmarks.trial import compare
from benchmarks.writers import Said, talks

LATEST = 0.1  # seconds that the sender itself may be late, 99 times of 100; a run in which it was later proves nothing
HEAD = (
    "| | offered/s | answered/s | acknowledged: p50 / p99 / p99.9 ms | answered after that: p50 / p99 / p99.9 ms | longest wait s "
    "| CPU ms a message | MB: start / peak / end | lost / doubled / disordered |",
    "|---|---|---|---|---|---|---|---|---|",
)


@dataclass(frozen=True, slots=True)
class Cost:
    """Of the bot's processes: seconds of CPU in all, and megabytes of the largest."""

    cpu: float
    start: float
    peak: float
    end: float


@dataclass(frozen=True, slots=True)
class Step:
    """Messages that were offered together. Times in seconds, sorted; `answered`: from the confirmation until the first part came."""

    name: str
    rate: float
    messages: int
    acknowledged: Sequence[float]
    answered: Sequence[float]
    reached: float
    longest: float
    lateness: float
    again: int
    cost: Cost
    lost: int
    doubled: int
    disordered: int
    strange: int
    refusals: Sequence[str]

    @property
    def breaks(self) -> list[str]:
        """Where the promise is broken."""
        found = {"lost": self.lost, "doubled": self.doubled, "disordered": self.disordered, "not expected": self.strange}
        return [
            *(f"{self.name}: {number} {what}" for what, number in found.items() if number),
            *(f"{self.name}: refused by the platform: {reason}" for reason in sorted(set(self.refusals))),
        ]

    @property
    def is_void(self) -> bool:
        return self.lateness > LATEST

    @property
    def cpu(self) -> float:
        """Milliseconds a message."""
        return 1000 * self.cost.cpu / self.messages

    @property
    def line(self) -> str:
        void = f" (void: the sender was {1000 * self.lateness:.0f} ms late)" if self.is_void else ""
        again = f" ({self.again} sent again)" if self.again else ""
        cells = [
            f"{self.name}{again}{void}",
            f"{self.rate:.0f}",
            f"{self.reached:.1f}",
            _three(self.acknowledged),
            _three(self.answered),
            f"{self.longest:.1f}",
            f"{self.cpu:.0f}",
            f"{self.cost.start:.0f} / {self.cost.peak:.0f} / {self.cost.end:.0f}",
            f"{self.lost} / {self.doubled} / {self.disordered}",
        ]
        return f"| {' | '.join(cells)} |"


def _three(seconds: Sequence[float]) -> str:
    return " / ".join(f"{1000 * at(seconds, percent):.0f}" for percent in (50, 99, 99.9))


def at(values: Sequence[float], percent: float) -> float:
    """The smallest of sorted values that so many percent do not exceed. Of few values, a high percentile is the highest value."""
    if not values:
        return float("nan")
    return values[max(0, math.ceil(len(values) * percent / 100) - 1)]


def step(name: str, rate: float, said: Sequence[Said], report: Report, cost: Cost) -> Step:
    got: dict[str, list[Got]] = defaultdict(list)
    first: dict[tuple[str, str], float] = {}
    for part in sorted(report.got, key=lambda part: part.at):
        got[part.person].append(part)
        first.setdefault((part.person, part.part), part.at)
    everybody = talks(said)
    lost = doubled = disordered = 0
    strange = sum(len(parts) for person, parts in got.items() if person not in everybody)
    for person, talk in everybody.items():
        found = compare(talk, [part.part for part in got[person]])
        lost, doubled, disordered, strange = lost + found[0], doubled + found[1], disordered + found[2], strange + found[3]
    came = [(one, first[one.person, one.answer[0]]) for one in said if (one.person, one.answer[0]) in first]
    began = min(one.due for one in said)
    return Step(
        name=name,
        rate=rate,
        messages=len(said),
        acknowledged=sorted(one.taken - one.due for one in said),
        answered=sorted(max(0.0, moment - one.taken) for one, moment in came),
        reached=len(came) / (max(moment for _, moment in came) - began) if came else 0.0,
        longest=max((moment - one.due for one, moment in came), default=0.0),
        lateness=at(sorted(one.fired - one.due for one in said), 99),
        again=sum(one.again for one in said),
        cost=cost,
        lost=lost,
        doubled=doubled,
        disordered=disordered,
        strange=strange,
        refusals=report.refusals,
    )


def slope(points: Sequence[tuple[float, float]], warm: float) -> float:
    """Megabytes for each thousand messages, of (messages so far, megabytes), after the first `warm` of all messages."""
    later = [point for point in points if point[0] >= warm * points[-1][0]]
    return 1000 * statistics.linear_regression(*zip(*later, strict=True)).slope


def growth(small: Step, large: Step) -> dict[str, float]:
    """How many times as long it takes with many conversations as with few: of medians, measured at the same moments."""
    return {
        "acknowledged": at(large.acknowledged, 50) / at(small.acknowledged, 50),
        "answered": at(large.answered, 50) / at(small.answered, 50),
    }
