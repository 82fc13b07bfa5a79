"""`bot parse`: one JSON object a line, in the shape that is promised, and conversations that remember their language."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest

from bot.content import Choice, Content, Example, Place, Response
from bot.dialogue import Dialogue
from bot.parsing import InputError, parse
from bot.types import Crisis, Language, Understanding

PLACE = Place("responses/any.yml", 1)
CONTACT = {"name": "Agnieszka", "organisation": "IOM", "phone": "+48530595013", "email": "office@iom.int", "url": "https://iom.int"}

KNOWN = {
    "umowa": Understanding("contract", 0.9, (("contract", 0.9), ("greet", 0.1)), language="pl", language_confidence=1.0),
    "договір": Understanding("contract", 0.8, (("contract", 0.8),), language="uk", language_confidence=1.0),
    "help me": Understanding("greet", 0.3, (), language="en", language_confidence=1.0, crisis=Crisis.DANGER),
    '{"payload": "/contract"}': Understanding("greet", 0.7),
    "boję się": Understanding("contract", 0.9, worry=Crisis.DANGER),
    "hm": Understanding("greet", 0.2, (("greet", 0.2),), sure=False),
}


def response(name: str, *choices: Choice, **extra: Any) -> Response:
    texts = {language: f"{name.removeprefix('utter_')} {language}" for language in Language}
    return Response(name, texts, choices, (), date(2026, 11, 23), None, "general", {}, dict.fromkeys(Language, PLACE), PLACE, extra)


CHOICE = Choice("/greet", {language: f"Greet {language}" for language in Language}, PLACE)
RESPONSES = [response("utter_office", contact=CONTACT), response("utter_contract", CHOICE)] + [
    response(f"utter_{name}")
    for name in ("greet", "crisis/danger", "worry_danger", "default_fallback", "unsupported", "empty", "ask_office", "program")
]


EXAMPLES = tuple(Example(name, "pl", name, PLACE) for name in ("greet", "contract", "crisis/danger", "unsupported", "empty"))


async def understand(text: str) -> Understanding:
    return KNOWN[text]


async def act(name: str, tracker: Mapping[str, Any], domain: Mapping[str, Any]) -> Mapping[str, Any]:
    """Stands for every action: it says the response of the same name."""
    return {"events": [], "responses": [{"response": name.replace("action_", "utter_")}]}


def dialogue() -> Dialogue:
    content = Content(EXAMPLES, {r.name: r for r in RESPONSES}, ())
    return Dialogue(content, understand, act, frozenset({"action_default_fallback"}), lambda: datetime(2026, 11, 24, tzinfo=UTC))


async def parsed(*lines: str | dict[str, Any], jsonl: bool = False) -> list[dict[str, Any]]:
    written = [f"{line if isinstance(line, str) else json.dumps(line)}\n".encode() for line in lines]
    return [answer async for answer in parse(dialogue(), written, jsonl=jsonl)]


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "en")


async def test_a_line_says_what_was_understood_and_what_is_answered() -> None:
    (line,) = await parsed("umowa")
    milliseconds = line.pop("ms")
    assert line == {
        "text": "umowa",
        "intent": {"name": "contract", "confidence": 0.9},
        "intents": ["contract"],
        "intent_ranking": [{"name": "contract", "confidence": 0.9}, {"name": "greet", "confidence": 0.1}],
        "language": "pl",
        "crisis": None,
        "worry": None,
        "action": "utter_contract",
        "reply_language": "pl",
        "replies": [{"text": "contract pl\n\nprogram pl", "buttons": [{"title": "Greet pl", "payload": "/greet"}]}],
    }
    assert isinstance(milliseconds, float)
    assert milliseconds >= 0


async def test_a_crisis_is_named() -> None:
    (line,) = await parsed("help me")
    assert (line["crisis"], line["action"], line["reply_language"]) == ("danger", "utter_crisis/danger", "en")
    assert json.loads(json.dumps(line)) == line


async def test_a_worry_is_named() -> None:
    (line,) = await parsed("boję się")
    assert (line["crisis"], line["worry"], line["action"]) == (None, "danger", "utter_contract")
    assert line["replies"][-1]["text"].endswith("worry_danger pl")


async def test_a_doubt_is_answered_by_the_fallback() -> None:
    (line,) = await parsed("hm")
    assert (line["intent"], line["language"], line["action"]) == ({"name": "greet", "confidence": 0.2}, None, "action_default_fallback")
    assert line["replies"] == [{"text": "default_fallback pl\n\nprogram pl", "buttons": []}]


@pytest.mark.parametrize(
    ("message", "intent", "action"),
    [
        ({"payload": "/contract"}, "contract", "utter_contract"),
        ({"payload": '/greet{"language": "uk"}'}, "greet", "utter_greet"),
        ({"text": "Umowa", "payload": "/contract"}, "contract", "utter_contract"),
        ({"text": " /greet "}, "greet", "utter_greet"),
        ({"text": ""}, "unsupported", "utter_unsupported"),
        ({}, "unsupported", "utter_unsupported"),
        ({"text": "  "}, "empty", "utter_empty"),
    ],
)
async def test_what_needs_no_understanding_is_certain_and_has_no_ranking(message: dict[str, Any], intent: str | None, action: str) -> None:
    (line,) = await parsed(message, jsonl=True)
    assert line["text"] == message.get("text", "")
    assert line["intent"] == {"name": intent, "confidence": 1.0}
    assert (line["intent_ranking"], line["language"], line["crisis"], line["action"]) == ([], None, None, action)


async def test_plain_lines_are_messages_of_separate_people() -> None:
    answers = await parsed("  договір\r", "/greet")
    assert [(line["text"], line["reply_language"]) for line in answers] == [("договір", "uk"), ("/greet", "pl")]


async def test_a_plain_line_is_never_read_as_json() -> None:
    (line,) = await parsed({"payload": "/contract"})
    assert (line["text"], line["action"]) == ('{"payload": "/contract"}', "utter_greet")


async def test_a_conversation_keeps_its_language_and_others_keep_theirs() -> None:
    answers = await parsed(
        {"person": "olena", "text": "договір"},
        {"person": "ahmed", "payload": "/greet"},
        {"person": "olena", "payload": "/greet"},
        {"person": "olena", "text": "umowa"},
        {"person": "olena", "payload": "/greet"},
        jsonl=True,
    )
    assert [line["reply_language"] for line in answers] == ["uk", "pl", "uk", "pl", "pl"]


@pytest.mark.parametrize("nobody", [{}, {"person": None}])
async def test_people_without_a_name_are_not_one_person(nobody: dict[str, Any]) -> None:
    answers = await parsed(nobody | {"text": "договір"}, nobody | {"payload": "/greet"}, jsonl=True)
    assert [line["reply_language"] for line in answers] == ["uk", "pl"]


@pytest.mark.parametrize(("hint", "language"), [("en", "en"), ("uk", "uk"), ("de", "pl"), (None, "pl"), (["en"], "pl")])
async def test_the_hint_of_a_client_is_used_when_nothing_was_written(hint: Any, language: str) -> None:
    (line,) = await parsed({"payload": "/greet", "hint": hint}, jsonl=True)
    assert line["reply_language"] == language


@pytest.mark.parametrize(
    "bad",
    ["", "umowa", "[]", "null", "5", '{"text": 5}', '{"text": []}', '{"payload": {}}', '{"person": ["a"]}', '{"text": "a"', "[" * 100_000],
    ids=lambda bad: bad[:20] or "empty",
)
async def test_a_line_that_cannot_be_read_is_named_by_its_number(bad: str) -> None:
    with pytest.raises(InputError) as error:
        await parsed({"payload": "/greet"}, bad, jsonl=True)
    assert str(error.value) == 'line 2: not an object such as {"text": "...", "person": "..."}.'


async def test_what_stands_before_a_bad_line_is_answered() -> None:
    answers = parse(dialogue(), [b'{"payload": "/greet"}', b"bad"], jsonl=True)
    assert (await anext(answers))["action"] == "utter_greet"
    with pytest.raises(InputError, match="line 2"):
        await anext(answers)


async def test_the_mark_that_windows_writes_before_a_text_is_skipped() -> None:
    (answer,) = [answer async for answer in parse(dialogue(), ["\ufeffumowa\n".encode()], jsonl=False)]
    assert answer["text"] == "umowa"


async def test_a_line_in_another_encoding_is_named_by_its_number() -> None:
    with pytest.raises(InputError) as error:
        [answer async for answer in parse(dialogue(), [b"umowa\n", "zażółć".encode("cp1250")], jsonl=False)]
    assert str(error.value) == "line 2: not UTF-8. Save the file as UTF-8."


async def test_half_an_emoji_can_be_printed() -> None:
    (answer,) = [answer async for answer in parse(dialogue(), [b'{"payload": "/greet", "text": "a\\ud83d"}'], jsonl=True)]
    assert answer["text"].encode() == b"a?"
