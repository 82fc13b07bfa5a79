"""What the software can be asked or says stands in the docs, and what the docs name exists."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from bot import content, telemetry
from bot.actions.start import deep_link
from bot.channels import all_settings
from bot.cli import main
from bot.domain import domain_of
from bot.replies import card_from
from bot.settings import ROOT
from bot.variables import variables

PAGES = [*ROOT.glob("*.md"), *(page for folder in ROOT.glob("[!.]*/") for page in folder.rglob("*.md"))]
OPERATORS, STAFF = ((ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8") for name in ("operators", "staff"))
CHECKING = [*(ROOT / "bot" / "checks").glob("*.py"), ROOT / "bot" / "content.py", ROOT / "bot" / "rasa_yaml.py"]
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}


def calls_in(*files: Path) -> Iterator[ast.Call]:
    for file in files:
        yield from (node for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.Call))


def first_texts(calls: Iterator[ast.Call]) -> set[str]:
    return {str(call.args[0].value) for call in calls if call.args and isinstance(call.args[0], ast.Constant)}


def log_calls() -> Iterator[ast.Call]:
    for call in calls_in(*(ROOT / "bot").rglob("*.py")):
        if isinstance(call.func, ast.Attribute) and call.func.attr in LEVELS and ast.unparse(call.func.value) == "_log":
            yield call


def metrics() -> set[str]:
    return {f"{metric.name}_total" if metric.type == "counter" else metric.name for metric in telemetry.registry.collect()}


def settings() -> set[str]:
    return {variable.name for variable in variables(all_settings())}


def files() -> set[str]:
    return {variable.file for variable in variables(all_settings()) if variable.file}


def complaints() -> set[str]:
    """What `bot check` says, each by its longest piece without a placeholder."""
    marked = (call for call in calls_in(*CHECKING) if isinstance(call.func, ast.Name) and call.func.id == "_")
    return {max(re.split(r"\{\{|\}\}|\{\w+\}", text), key=len).strip(" .:") for text in first_texts(marked)}


def explained(section: str, pattern: str) -> set[str]:
    """The names in the first column of the table below a heading of the operators' page."""
    part = OPERATORS.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    return set(re.findall(rf"^\| `({pattern})` \|", part, re.MULTILINE))


def code_of(page: Path) -> Iterator[str]:
    """The lines of code blocks, and what stands between backticks."""
    text = page.read_text(encoding="utf-8")
    for block in re.findall(r"^ *```\w*\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL):
        yield from block.splitlines()
    yield from re.findall(r"`([^`\n]+)`", text)


def commands_in(line: str) -> Iterator[tuple[str, list[str]]]:
    """Every `bot ...` of a line: the command, and its options up to a pipe or a comment."""
    for command, rest in re.findall(r"(?<![\w.-])bot (?!bot )([a-z][\w-]*)([^|`]*)", line.partition(" #")[0]):
        yield command, re.findall(r"(?<!\S)--[a-z-]+", rest)


def functions_in(file: Path) -> set[str]:
    if not file.exists():
        return set()
    return {
        node.name for node in ast.parse(file.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def named_commands() -> list[tuple[str, str, list[str]]]:
    return [(page.name, command, options) for page in PAGES for line in code_of(page) for command, options in commands_in(line)]


def options_of(command: str) -> set[str]:
    return {"--help"} | {name for option in main.commands[command].params if isinstance(option, click.Option) for name in option.opts}


def test_every_setting_is_explained_to_operators_and_no_other() -> None:
    assert explained("Settings", "BOT_[A-Z_]+") == settings()


def test_every_secret_that_may_stand_in_a_file_is_named_to_operators_and_no_other() -> None:
    assert set(re.findall(r"`(BOT_[A-Z_]+_FILE)`", OPERATORS)) == files()


def test_every_metric_is_explained_to_operators_and_no_other() -> None:
    assert explained("Health and metrics", "bot_[a-z_]+") == metrics()


def test_every_log_event_is_explained_to_operators_and_no_other() -> None:
    assert explained("Logs", r"[a-z_.]+") == first_texts(log_calls())


def test_every_log_event_is_a_fixed_word() -> None:
    assert [ast.unparse(call) for call in log_calls() if not (call.args and isinstance(call.args[0], ast.Constant))] == []


@pytest.mark.parametrize("command", sorted(main.commands))
def test_every_command_is_explained_to_operators_or_staff(command: str) -> None:
    assert re.search(rf"\bbot {command}\b", OPERATORS + STAFF)


@pytest.mark.parametrize("complaint", sorted(complaints()))
def test_every_complaint_of_the_check_is_explained_to_staff(complaint: str) -> None:
    assert complaint in STAFF.replace(r"\|", "|")


def test_the_docs_name_no_command_and_no_option_that_does_not_exist() -> None:
    named = named_commands()
    assert len(named) > len(main.commands)
    assert [entry for entry in named if entry[1] not in main.commands or not set(entry[2]) <= options_of(entry[1])] == []


def test_the_docs_name_no_setting_that_does_not_exist() -> None:
    known = settings() | files() | set(re.findall(r"BOT_[A-Z_]+", (ROOT / "docker-compose.yml").read_text(encoding="utf-8")))
    mistyped = {"BOT_PROT"}  # the example of a mistake
    assert {name for page in PAGES for name in re.findall(r"BOT_[A-Z_]+[A-Z]", page.read_text(encoding="utf-8"))} <= known | mistyped


def test_the_docs_name_no_make_target_that_does_not_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {target for page in PAGES for line in code_of(page) for target in re.findall(r"(?:^|\s)make ([a-z]+)", line)} <= targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file_of_this_project(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|mailto:)([^)#\s]+)", page.read_text(encoding="utf-8")):
        found = (page.parent / target).resolve()
        assert found.exists(), target
        assert found.is_relative_to(ROOT), target


def test_every_link_for_a_qr_code_in_the_docs_opens_what_it_names(own_content: content.Content) -> None:
    domain = domain_of(own_content, frozenset())
    for argument in re.findall(r"\?start=([\w-]+)", STAFF):
        topic, language = deep_link(argument, domain)
        assert argument == "_".join(filter(None, ((topic or "").replace("/", "-"), language)))


def test_the_address_for_weaknesses_is_the_one_that_the_bot_gives(own_content: content.Content) -> None:
    security = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    assert re.findall(r"[\w.]+@[\w.]+\w", security) == [card_from(own_content).email]


def test_every_proof_of_the_security_page_exists() -> None:
    security = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    named = set(re.findall(r"(?:tests|benchmarks)/[\w/]+\.py", security))
    assert len(named) > 10
    assert [file for file in sorted(named) if not (ROOT / file).is_file()] == []


@pytest.mark.parametrize(("page", "first", "least"), [("platforms", "(?!rule|-).", 70), ("privacy", r"P-\d", 6)])
def test_every_rule_of_a_platform_and_every_promise_names_a_test_that_exists_or_a_decision(page: str, first: str, least: int) -> None:
    rows = re.findall(rf"^\| ({first}.*?) \| (.+) \|$", (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) >= least
    for rule, held_by in rows:
        tests = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", held_by)
        assert tests or "](decisions/" in held_by, rule
        for file, test in tests:
            assert test.startswith("test_"), rule
            assert test in functions_in(ROOT / file), f"{file}::{test}"
