"""Each fault of `python -m benchmarks.faults` once, as its short run has it, and whether it sees what it looks for."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from benchmarks.databases import OWN_POSTGRESQL
from benchmarks.faults import FAULTS, Bench, Cell, matrix
from benchmarks.trial import Outcome, Talk, compare
from bot import content, nlu
from bot.channels import all_settings
from bot.editions import edition_from
from bot.settings import load

AT_ONCE = 3
FINE = Outcome(lost=0, doubled=0, disordered=0, strange=0, repeats=0, seconds=1.0)


@pytest.fixture(scope="module")
def cells(request: pytest.FixtureRequest, data_dir: Path, own_content: content.Content) -> dict[str, Cell]:
    """All that are asked for, side by side: a trial mostly waits."""
    nlu.reader(own_content.examples, data_dir)  # the model is there before the processes start
    bench = Bench(edition_from(load(all_settings(), {"BOT_DATA_DIR": str(data_dir)})).dialogue, data_dir, short=True)
    asked = {getattr(item, "callspec").params["name"] for item in request.session.items if item.get_closest_marker("faults")}  # noqa: B009 - untyped in pytest
    chosen = [(fault, fault.first) for fault in FAULTS if fault.name in asked]
    with ThreadPoolExecutor(1) as thread:  # a loop of its own
        found = thread.submit(asyncio.run, matrix(chosen, bench, at_once=AT_ONCE)).result()
    return {cell.fault.name: cell for cell in found}


@pytest.mark.faults
@pytest.mark.parametrize("name", [fault.name for fault in FAULTS])
def test_whatever_goes_wrong_each_message_is_answered_once_and_in_order(
    name: str, cells: dict[str, Cell], request: pytest.FixtureRequest
) -> None:
    cell = cells[name]
    if cell.fault.database == OWN_POSTGRESQL:
        request.getfixturevalue("postgres_server")  # where there is none for this machine, this one is skipped and says so
    assert cell.broken == [], cell.log.read_text()[-5000:]


def talk() -> Talk:
    return Talk("1", ["first", "second"], [["a", "b"], ["c"]], said=2)


@pytest.mark.parametrize(
    ("received", "found"),
    [
        ("abc", (0, 0, 0, 0)),
        ("ab", (1, 0, 0, 0)),
        ("ac", (1, 0, 0, 0)),
        ("", (2, 0, 0, 0)),
        ("aabbbc", (0, 3, 0, 0)),
        ("acb", (0, 0, 1, 0)),
        ("abca", (0, 1, 2, 0)),
        ("abcx", (0, 0, 0, 1)),
    ],
)
def test_a_trial_counts_what_is_lost_doubled_disordered_and_strange(received: str, found: tuple[int, ...]) -> None:
    assert found == compare(talk(), list(received))


def test_what_was_not_said_yet_is_not_missed() -> None:
    early = talk()
    early.said = 1
    assert compare(early, ["a", "b"]) == (0, 0, 0, 0)
    assert early.whole(["b", "a"])
    assert not early.whole(["a"])


@pytest.mark.parametrize(
    ("broken", "outcome"),
    [
        (0, FINE),
        (1, Outcome(1, 0, 0, 0, 0, 1.0)),
        (1, Outcome(0, 1, 0, 0, 1, 1.0)),
        (0, Outcome(0, 3, 0, 0, 1, 1.0, gaps=1)),
        (1, Outcome(0, 2, 0, 0, 2, 1.0, gaps=1)),
        (1, Outcome(0, 0, 1, 0, 0, 1.0)),
        (1, Outcome(0, 0, 0, 1, 0, 1.0)),
        (1, Outcome(0, 0, 0, 0, 0, 1.0, refusals=["Bad Request: message is too long"])),
        (1, Outcome(0, 0, 0, 0, 0, 1.0, remarks=["!others wait 5.0 s longer", "only told"])),
    ],
)
def test_the_promise_is_broken_by_anything_but_one_part_for_each_person_and_crash(broken: int, outcome: Outcome) -> None:
    assert broken == len(outcome.breaks)
