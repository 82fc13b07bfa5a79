import pytest

from bot.channels.base import pause_after, utf16


@pytest.mark.parametrize(("failures", "seconds"), [(1, 2.0), (2, 4.0), (5, 32.0), (6, 60.0), (5000, 60.0)])
def test_the_pause_grows_to_a_minute_and_after_days_of_failures_it_is_still_a_number(failures: int, seconds: float) -> None:
    assert pause_after(failures) == seconds


def test_an_emoji_counts_two() -> None:
    assert (utf16("ą"), utf16("😀"), utf16("\ud83d")) == (1, 2, 1)
