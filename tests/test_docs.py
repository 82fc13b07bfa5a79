"""What the software can be asked or says stands in the docs, and what the docs name exists."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import Metric

from bot import telemetry
from bot.cli import main
from bot.settings import ROOT, Settings, variable

PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
OPERATORS, STAFF = ((ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8") for name in ("operators", "staff"))


def metrics() -> list[Metric]:
    return list(telemetry.registry.collect())


def log_events() -> Iterator[str]:
    for file in (ROOT / "bot").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
                first = node.args[0] if node.args else None
                if node.func.value.id == "_log" and isinstance(first, ast.Constant):
                    yield str(first.value)


@pytest.mark.parametrize("name", [variable(field) for field in Settings.model_fields])
def test_every_setting_is_explained_to_operators(name: str) -> None:
    assert f"| `{name}` |" in OPERATORS


@pytest.mark.parametrize("command", sorted(main.commands))
def test_every_command_is_explained(command: str) -> None:
    assert f"bot {command}" in OPERATORS + STAFF + (ROOT / "README.md").read_text(encoding="utf-8") + (ROOT / "Makefile").read_text()


@pytest.mark.parametrize("metric", metrics(), ids=lambda metric: metric.name)
def test_every_metric_is_explained_to_operators(metric: Metric) -> None:
    name = f"{metric.name}_total" if metric.type == "counter" else metric.name
    assert f"| `{name}` |" in OPERATORS


@pytest.mark.parametrize("event", sorted(set(log_events())))
def test_every_log_event_is_explained_to_operators(event: str) -> None:
    assert f"`{event}`" in OPERATORS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_the_docs_name_no_command_that_does_not_exist() -> None:
    named = {command for page in PAGES for command in re.findall(r"(?:^|`|/)bot ([a-z]+)(?=[`\s])", page.read_text(encoding="utf-8"))}
    assert named <= set(main.commands)
