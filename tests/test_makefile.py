"""The targets of the Makefile that need something which may be missing."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from bot.settings import ROOT


def audit(path: Path) -> subprocess.CompletedProcess[str]:
    """`make audit` where only these programs are found."""
    make = shutil.which("make")
    assert make
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")} | {"PATH": str(path)}
    return subprocess.run([make, "audit"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    for name in ("sh", "cksum", "cut"):
        (tmp_path / name).symlink_to(shutil.which(name) or name)
    return tmp_path


def test_without_pip_audit_it_is_said_what_is_missing(programs: Path) -> None:
    done = audit(programs)
    assert done.returncode != 0
    assert "pip-audit is missing" in done.stderr


@pytest.mark.parametrize("found", [0, 1])
def test_what_is_pinned_is_audited_and_a_finding_ends_it(programs: Path, found: int) -> None:
    (programs / "pip-audit").write_text(f'#!/bin/sh\necho "asked: $*"\nexit {found}\n', encoding="utf-8")
    (programs / "pip-audit").chmod(0o755)
    done = audit(programs)
    assert "asked: --require-hashes --disable-pip -r requirements.txt" in done.stdout
    assert (done.returncode == 0) == (found == 0)
