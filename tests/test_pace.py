"""One person is answered in a burst, then steadily; nobody slows anybody else down."""

from bot.pace import BURST, EVERY, Pace
from bot.types import Address
from tests.conftest import Clock

OLENA, AHMED = Address("telegram", "1"), Address("telegram", "2")


def waits(pace: Pace, sender: Address, messages: int) -> list[float]:
    found = []
    for _ in range(messages):
        found.append(pace.wait(sender))
        pace.count(sender)
    return found


def test_a_burst_is_answered_at_once_and_then_one_message_in_two_seconds(clock: Clock) -> None:
    pace = Pace(clock)
    assert (BURST, EVERY) == (20, 2.0)
    assert waits(pace, OLENA, BURST + 3) == [0.0] * BURST + [2.0, 4.0, 6.0]


def test_who_was_silent_for_a_while_may_write_a_burst_again(clock: Clock) -> None:
    pace = Pace(clock)
    waits(pace, OLENA, BURST)
    clock.pass_(3 * EVERY)
    assert waits(pace, OLENA, 4) == [0.0, 0.0, 0.0, 2.0]
    clock.pass_(BURST * EVERY + EVERY)
    assert waits(pace, OLENA, BURST + 1) == [0.0] * BURST + [2.0]


def test_nobody_waits_for_somebody_else(clock: Clock) -> None:
    pace = Pace(clock)
    waits(pace, OLENA, 100)
    assert pace.wait(AHMED) == 0.0


def test_whoever_was_silent_takes_no_room_in_memory(clock: Clock) -> None:
    pace = Pace(clock)
    for number in range(50):
        pace.count(Address("telegram", str(number)))
        clock.pass_(3 * EVERY)
    assert len(pace._paid) == 1
