"""The parts that `bot.app` itself brings."""

import time

import pytest

from bot.app import steady_clock


def test_what_waits_does_not_notice_that_the_clock_of_the_machine_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    started = time.time()
    clock = steady_clock()
    for jump in (3600.0, -3600.0):
        monkeypatch.setattr(time, "time", lambda jump=jump: started + jump)
        assert 0 <= clock() - started < 60
