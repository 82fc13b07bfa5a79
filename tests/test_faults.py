"""A handful of the trials of `python -m benchmarks.faults`, and whether it sees what it looks for. The others run by hand."""

from pathlib import Path

import pytest

from benchmarks import faults
from benchmarks.trial import Outcome, Talk, compare
from benchmarks.ways import MESSENGER, POLLING, WEBHOOK
from bot import content, nlu
from bot.channels import all_settings
from bot.dialogue import Dialogue
from bot.editions import edition_from
from bot.settings import load

FINE = Outcome(lost=0, doubled=0, disordered=0, strange=0, repeats=0, seconds=1.0)


@pytest.fixture(scope="module")
def dialogue(data_dir: Path, own_content: content.Content) -> Dialogue:
    nlu.reader(own_content.examples, data_dir)  # the model is there before the process starts
    return edition_from(load(all_settings(), {"BOT_DATA_DIR": str(data_dir)})).dialogue


@pytest.mark.faults
@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("kill -9 after insert, before 200", WEBHOOK),
        ("kill -9 in mid-send", MESSENGER),
        ("SIGTERM in the middle", POLLING),
        ("disk full", WEBHOOK),
        ("an answer that fails each time", MESSENGER),
    ],
)
async def test_whatever_goes_wrong_each_message_is_answered_once_and_in_order(
    name: str, way: str, dialogue: Dialogue, data_dir: Path, tmp_path: Path
) -> None:
    fault = next(fault for fault in faults.FAULTS if fault.name == name)
    cell = await faults.tried(fault, way, dialogue, data_dir, tmp_path / "trial", short=True)
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
