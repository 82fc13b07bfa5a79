"""The pictures of `bot evaluate --plots`, where matplotlib is installed."""

import sys
from pathlib import Path

import pytest

import bot
from bot.commands.shared import Failure
from bot.commands.staff import _plots
from tests.test_report import FIGURES


def test_both_pictures_are_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the optional package matplotlib is not installed")
    from bot import plots

    drawn = [*plots.draw(FIGURES, tmp_path / "new")]
    assert [file.name for file in drawn] == ["calibration.png", "confusions.png"]
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in drawn)


def test_without_matplotlib_the_command_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("matplotlib", "matplotlib.figure", "bot.plots"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delattr(bot, "plots", raising=False)
    with pytest.raises(Failure, match="pip install matplotlib"):
        _plots()
