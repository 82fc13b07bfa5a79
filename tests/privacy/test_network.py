"""Whom the bot speaks with: the platforms that are set, and nobody else. The real process in a network of its own, packet by packet."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bot.settings import ROOT
from tests.privacy.sealed import way_in

WAY_IN = way_in()
sealed = pytest.mark.skipif(not WAY_IN, reason="needs `unshare` and `ip`, and a machine that lets us make a network namespace")
EXAMPLE = """
  - intent: fair_work/unpaid_wages
    metadata: {language: pl}
    examples: |
      - szef jest mi winien wypłatę za cały wrzesień i milczy
"""


def seen_in_there(what: str, environment: dict[str, str] | None = None) -> dict[str, Any]:
    command = [*WAY_IN, sys.executable, "-m", "tests.privacy.sealed", what]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


def learns_something(environment: dict[str, str], folder: Path, data_dir: Path) -> dict[str, str]:
    """A bot that has an example more than its model, which lies in a folder of its own."""
    (folder / "models").unlink()
    shutil.copytree(data_dir / "models", folder / "models")
    for name in ("intents", "responses"):
        shutil.copytree(ROOT / name, folder / "content" / name)
    with (folder / "content" / "intents" / "fair_work.yml").open("a", encoding="utf-8") as file:
        file.write(EXAMPLE)
    return environment | {"BOT_CONTENT_DIR": str(folder / "content")}


@sealed
@pytest.mark.parametrize("way", ["polling", "webhook"])
def test_from_start_to_stop_only_the_platforms_that_are_set_are_spoken_with(
    way: str, environment: dict[str, str], tmp_path: Path, data_dir: Path
) -> None:
    if way == "polling":
        environment = learns_something(environment, tmp_path, data_dir)
    seen = seen_in_there(way, environment)
    assert seen["foreign"] == []
    assert seen["missed"] == 0
    assert set(seen["known"]) == {"telegram", "messenger", "viber", "bot"}
    log = (tmp_path / "log").read_text()
    assert ("training.done" in log) == (way == "polling")
    assert "stopped" in log


@sealed
def test_whoever_calls_a_stranger_is_seen() -> None:
    seen = seen_in_there("stray")
    met = {line.partition(" -> ")[2].rpartition(":")[0] for line in seen["foreign"]}
    assert {"192.0.2.7 port 443", "2001:db8::7 port 443", "192.0.2.53 port 53"} <= met
    assert seen["known"] == {}


def test_the_runtime_of_the_sentence_model_keeps_no_record_for_its_maker(environment: dict[str, str], tmp_path: Path) -> None:
    """Unless told otherwise it numbers the machine and gathers what it will send to Microsoft, in the home folder."""
    (home := tmp_path / "home").mkdir()
    load = "from pathlib import Path; from bot.nlu import embedding; print(embedding.load(Path()).__class__.__name__)"
    alone = {name: value for name, value in environment.items() if not name.startswith(("XDG_", "ORT_")) and name != "CI"}
    done = subprocess.run(
        [sys.executable, "-c", load],
        cwd=tmp_path,
        env={**alone, "HOME": str(home), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "Encoder"
    assert list(home.rglob("*")) == []
