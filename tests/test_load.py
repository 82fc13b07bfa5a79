"""The smallest piece of `python -m benchmarks.load`, and whether it sees what it looks for. All of it runs by hand."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import figures
from benchmarks.figures import Cost, Step, at
from benchmarks.loaded import Load
from benchmarks.platforms import MESSENGER, TELEGRAM, Got, Report, platforms
from benchmarks.writers import ONE_OF, Said, writers_with
from bot.channels import all_settings
from bot.settings import load

COST = Cost(cpu=2.0, start=300, peak=310, end=305)


async def test_people_who_write_at_a_fixed_rate_read_every_answer_once_and_in_order(data_dir: Path, tmp_path: Path) -> None:
    async with platforms() as fakes:
        trying = Load(tmp_path, data_dir, fakes, writers_with(load(all_settings(), {"BOT_DATA_DIR": str(data_dir)})), people=2 * ONE_OF)
        async with trying.bots([f"sqlite+aiosqlite:///{tmp_path}/bot.sqlite3"]) as bots:
            step = await trying.step("a few", bots, rate=10, seconds=2)
    assert step.breaks == []
    assert (step.messages, len(step.acknowledged), len(step.answered)) == (20, 20, 20)
    assert step.cpu > 0
    assert step.cost.peak >= step.cost.start > 0


def said(number: int, person: str, *answer: str, due: float = 0.0) -> Said:
    return Said(number, TELEGRAM, person, "pl", "?", due, answer, due=due, fired=due + 0.01, taken=due + 0.1)


def got(person: str, parts: str, began: float = 1.0) -> list[Got]:
    return [Got(TELEGRAM, person, part, began + place) for place, part in enumerate(parts)]


def step_of(parts: Sequence[Got], refusals: Sequence[str] = ()) -> Step:
    messages = [said(0, "1", "a", "b"), said(1, "2", "x", due=1.0), said(2, "1", "c", due=2.0)]
    return figures.step("some", 1.0, messages, Report(parts, refusals), COST)


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ("abc", "x", (0, 0, 0, 0)),
        ("ab", "x", (1, 0, 0, 0)),
        ("abc", "", (1, 0, 0, 0)),
        ("abbc", "x", (0, 1, 0, 0)),
        ("acb", "x", (0, 0, 1, 0)),
        ("abc", "xy", (0, 0, 0, 1)),
    ],
)
def test_what_is_lost_doubled_disordered_or_strange_is_counted(first: str, second: str, found: tuple[int, ...]) -> None:
    step = step_of([*got("1", first), *got("2", second)])
    assert found == (step.lost, step.doubled, step.disordered, step.strange)
    assert any(found) == bool(step.breaks)


def test_a_part_for_somebody_who_wrote_nothing_is_strange() -> None:
    step = step_of([*got("1", "abc"), *got("2", "x"), Got(MESSENGER, "3", "a", 1.0)])
    assert step.strange == 1


def test_a_refusal_of_a_platform_breaks_the_promise() -> None:
    step = step_of([*got("1", "abc"), *got("2", "x")], ["Bad Request: message is too long"])
    assert step.breaks == ["some: refused by the platform: Bad Request: message is too long"]


def test_times_count_from_when_a_message_was_due_and_answers_from_the_first_part() -> None:
    step = step_of([*got("1", "abc", began=1.0), *got("2", "x", began=5.0)])
    assert step.acknowledged == pytest.approx([0.1, 0.1, 0.1])
    assert step.answered == pytest.approx([0.9, 0.9, 3.9])
    assert step.longest == pytest.approx(4.0)
    assert step.reached == pytest.approx(3 / 5.0)


def test_a_run_whose_sender_was_late_is_void() -> None:
    step = step_of([*got("1", "abc"), *got("2", "x")])
    assert not step.is_void
    late = replace(step, lateness=2 * figures.LATEST)
    assert late.is_void
    assert "void" in late.line


@pytest.mark.parametrize(("percent", "value"), [(50, 500), (99, 990), (99.9, 999), (100, 1000)])
def test_a_percentile_is_a_value_that_was_measured(percent: float, value: int) -> None:
    assert value == at(range(1, 1001), percent)


def test_memory_is_looked_at_after_the_warming_up() -> None:
    points = [(0, 100.0), (100, 200.0), (500, 300.0), (1000, 301.0), (1500, 302.0)]
    assert figures.slope(points, warm=1 / 3) == pytest.approx(2.0)
