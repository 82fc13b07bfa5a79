"""What operators get to see is closed sets, numbers and hashes, and no free text: each field and each label has a pattern."""

import ast
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot import content, nlu, telemetry
from bot.channels import CHANNELS
from bot.channels.base import Gone, Refused, TryLater
from bot.dialogue import Dialogue
from bot.executor import executor
from bot.settings import ROOT
from bot.types import Crisis, Language
from tests.channels.kits import KITS, Kit
from tests.hostile import PIECES
from tests.nlu.samples import EXAMPLES
from tests.privacy.passing import Passing
from tests.talks import bot_of
from tests.test_docs import first_texts, log_calls

CANARY = "kanarek7f3a"
NUMBER = r"-?\d+(\.\d+)?([eE][+-]?\d+)?"


def nodes() -> Iterator[tuple[Path, ast.AST]]:
    for file in sorted((ROOT / "bot").rglob("*.py")):
        yield from ((file, node) for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))))


def calls_of(*errors: type[Exception]) -> list[tuple[Path, ast.Call]]:
    names = {error.__name__ for error in errors}
    return [(file, node) for file, node in nodes() if isinstance(node, ast.Call) and ast.unparse(node.func) in names]


def texts_of_the_program() -> Iterator[str]:
    """Every text that stands in the code; into the reason of a trouble a number or a word may be put, such as a status."""
    yield from (re.escape(node.value) for _, node in nodes() if isinstance(node, ast.Constant) and isinstance(node.value, str))
    for _, call in calls_of(TryLater, Refused, Gone):
        if isinstance(reason := call.args[0], ast.JoinedStr):
            yield "".join(re.escape(str(part.value)) if isinstance(part, ast.Constant) else r"[\w.-]{1,30}" for part in reason.values)


PROGRAM = "|".join(sorted(set(texts_of_the_program())))
PATTERNS = {
    name: re.compile(pattern)
    for name, pattern in {
        "timestamp": r"\d{4}-\d\d-\d\dT[\d:.]+Z",
        "level": "debug|info|warning|error|critical",
        "logger": r"[a-z]+(\.[a-z_.]+)?",
        "event": "|".join(map(re.escape, first_texts(log_calls()))),
        "person": "[0-9a-f]{12}",
        "channel": "|".join(CHANNELS),
        "language": "|".join(["", *Language]),
        "outcome": "sent|refused|gone|failed|given_up",
        "error": r"\w+( at [\w.-]+/[\w.-]+\.py:\d+)?",
        "reason": PROGRAM,
        "do": PROGRAM,
        "new": "True|False",
        "address": r"http://[\w.:\[\]-]+",
        "place": r"responses/\w+\.yml:\d+",
        "places": r"\[('(intents|responses)/([\w-]+\.ya?ml:\d+)?'(, )?)*\]",
        **dict.fromkeys(
            ("attempt", "age", "ms", "waiting", "differences", "examples", "changed", "done", "of", "rows", "number", "answers"), NUMBER
        ),
        "retry_in": f"{NUMBER}|None",
    }.items()
}
# Not closed sets: how Telegram itself says why it does not reach our webhook, and a library why it cannot be loaded. Neither has met a
# person's words.
WORDS_OF_OTHERS = {("webhook.failing", "reason"), ("encoder.slow", "reason"), ("encoder.missing", "reason")}


def odd_fields(line: str) -> list[str]:
    """The fields of a line that have no pattern, or another value than it allows."""
    fields: dict[str, Any] = json.loads(line)
    return [
        f"{fields['event']}: {name}={value!r}"
        for name, value in fields.items()
        if (fields["event"], name) not in WORDS_OF_OTHERS and not (name in PATTERNS and PATTERNS[name].fullmatch(str(value)))
    ]


def samples() -> set[tuple[str, tuple[tuple[str, str], ...]]]:
    found = [sample for metric in telemetry.registry.collect() for sample in metric.samples]
    return {(sample.name, tuple(sorted(sample.labels.items()))) for sample in found}


@pytest.fixture(scope="module")
def bot(own_content: content.Content, tmp_path_factory: pytest.TempPathFactory) -> Dialogue:
    return bot_of(own_content, nlu.reader(EXAMPLES, tmp_path_factory.mktemp("nlu"), with_model=False, progress=False))


async def say_everything(kit: Kit, passing: Passing) -> None:
    for piece in PIECES.values():
        for said in (f"{CANARY} {piece}", f"/{CANARY}{piece}", f"/start {CANARY}{piece}"):
            await kit.post(kit.says(said))
            await kit.post(kit.presses(f"/help {piece}{CANARY}"[:60]))
            await kit.post(json.dumps({"event": said, "update_id": said, "object": "page", "entry": [{"messaging": [said]}]}).encode())
    messages, kit.mailbox.messages = kit.mailbox.messages, []
    assert len(messages) > len(PIECES)
    for message in messages:
        await passing.take(message)


async def fail_in_every_way(kit: Kit, passing: Passing) -> None:
    for trouble in kit.troubles.values():
        await kit.post(kit.says(CANARY))
        trouble()
        await passing.take(kit.mailbox.messages[-1])
    if kit.leaves:
        kit.leaves()
        await passing.take(kit.mailbox.messages[-1])
    await kit.post(kit.says(CANARY))
    for happens in (passing.mailbox.forget, passing.mailbox.resume):
        await happens(kit.mailbox.messages[-1].sender)


@pytest.mark.parametrize("name", KITS)
async def test_whatever_people_write_operators_see_numbers_hashes_and_words_of_the_program(
    name: str, bot: Dialogue, own_content: content.Content, heard: Callable[[], str]
) -> None:
    before = samples()
    async with KITS[name]() as kit:
        passing = Passing(bot.answer, bot.apologise, {name: kit.channel})
        await say_everything(kit, passing)
        await fail_in_every_way(kit, passing)
    lines = heard().splitlines()
    assert len(lines) > 3 * len(PIECES)
    assert [odd for line in lines for odd in odd_fields(line)] == []
    assert [line for line in lines if CANARY in line] == []
    new = samples() - before
    assert new
    assert [sample for sample in new if not are_closed(dict(sample[1]), own_content)] == []


def are_closed(labels: dict[str, str], found: content.Content) -> bool:
    closed = {
        "channel": set(CHANNELS),
        "action": {*found.responses, *executor()[1], "action_listen"},
        "language": {"", *Language},
        "outcome": {"sent", "refused", "gone", "failed", "given_up", "postponed"},
        "kind": set(Crisis),
    }
    return all(re.fullmatch(rf"{NUMBER}|\+Inf", value) if name == "le" else value in closed[name] for name, value in labels.items())


def test_every_field_that_the_code_writes_has_a_pattern() -> None:
    named = {keyword.arg for call in log_calls() for keyword in call.keywords}
    assert named <= set(PATTERNS)
    assert set(PATTERNS) <= named | {"timestamp", "level", "logger", "event"}


def test_the_reason_of_a_trouble_is_written_in_the_code_and_not_read_anywhere() -> None:
    calls = calls_of(TryLater, Refused, Gone)
    assert len(calls) > 20
    read = [(file, call) for file, call in calls if not isinstance(call.args[0], ast.Constant | ast.JoinedStr)]
    assert [f"{file.relative_to(ROOT)}:{call.lineno}: {ast.unparse(call)}" for file, call in read] == []


@pytest.mark.parametrize(
    "field",
    [
        {"text": "hello"},
        {"person": "98765432101"},
        {"reason": f"busy {CANARY} with words"},
        {"error": "ValueError: hello"},
        {"channel": "x"},
        {"do": CANARY},
    ],
    ids=str,
)
def test_a_field_that_is_new_or_holds_what_somebody_wrote_is_noticed(field: dict[str, str]) -> None:
    line = {"event": "answer.done", "level": "info", "channel": "web"}
    assert odd_fields(json.dumps(line)) == []
    assert len(odd_fields(json.dumps(line | field))) == 1
