"""Proves that FakeViber refuses what Viber refuses, signs what it sends, and breaks on request."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from bot.channels.webhooks import signature

from .viber import FakeViber, Person, Refusal

HOOK = "https://bot.example.org/viber"
BUTTON = {"Columns": 6, "Rows": 1, "ActionType": "reply", "ActionBody": "/help", "Text": "Menu", "Silent": True}
TEXT = {"receiver": "01234567890A=", "sender": {"name": "bot"}, "type": "text", "text": "Так"}


class Hook:
    """A bot's webhook: answers with `answers` in their order, then with 200."""

    def __init__(self) -> None:
        self.answers: list[Response] = []
        self.events: list[dict[str, Any]] = []
        self.signed: list[bool] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        self.events.append(json.loads(body))
        self.signed.append(request.headers["X-Viber-Content-Signature"] == signature(body, "4d1f-fake-token"))
        answer = self.answers.pop(0) if self.answers else Response()
        await answer(scope, receive, send)


@pytest.fixture
def hook() -> Hook:
    return Hook()


@pytest.fixture
async def fake(hook: Hook) -> AsyncIterator[FakeViber]:
    async with FakeViber(webhook_transport=httpx.ASGITransport(hook)) as viber:
        yield viber


@pytest.fixture
async def api(fake: FakeViber) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"X-Viber-Auth-Token": fake.token}
    async with httpx.AsyncClient(base_url=f"{fake.url}/pa/", headers=headers, trust_env=False) as client:
        yield client


@pytest.fixture
async def person(fake: FakeViber, api: httpx.AsyncClient) -> Person:
    """Somebody who wrote before, to a bot whose webhook is set."""
    assert await status(api, "set_webhook", {"url": HOOK, "event_types": ["unsubscribed"]}) == 0
    return fake.person(subscribed=True)


async def status(api: httpx.AsyncClient, method: str, body: Any) -> int:
    response = await api.post(method, json=body)
    assert response.status_code == 200
    return int(response.json()["status"])


def with_buttons(*buttons: dict[str, Any], **keyboard: Any) -> dict[str, Any]:
    return TEXT | {"keyboard": {"Type": "keyboard", "Buttons": list(buttons), **keyboard}}


# Calls


async def test_a_text_reaches_who_wrote_before(fake: FakeViber, api: httpx.AsyncClient, person: Person) -> None:
    assert await status(api, "send_message", with_buttons(BUTTON | {"Text": "Praca &amp; płaca"})) == 0
    assert [(sent.text, sent.buttons) for sent in person.sent] == [("Так", (("Praca & płaca", "/help"),))]
    assert fake.refusals == []


@pytest.mark.parametrize("headers", [{}, {"X-Viber-Auth-Token": "wrong"}])
async def test_a_wrong_or_missing_token_is_refused(fake: FakeViber, headers: dict[str, str]) -> None:
    async with httpx.AsyncClient(base_url=f"{fake.url}/pa/", headers=headers, trust_env=False) as client:
        assert await status(client, "send_message", TEXT) == 2


async def test_an_unknown_method_is_not_found(api: httpx.AsyncClient) -> None:
    assert (await api.post("send_mesage", json={})).status_code == 404


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"receiver": None}, 4),
        ({"receiver": "nobody"}, 5),
        ({"sender": {"name": ""}}, 4),
        ({"sender": {"name": "b" * 29}}, 3),
        ({"sender": "bot"}, 4),
        ({"text": ""}, 4),
        ({"text": 5}, 3),
        ({"text": "а" * 7001}, 3),
        ({"text": "😀" * 3501}, 3),
        ({"text": "а" * 7000}, 0),
        ({"type": "txt"}, 3),
        ({"silent": True}, 3),
        ({"tracking_data": "t" * 4001}, 3),
        ({"min_api_version": "1"}, 3),
        ({"min_api_version": 11}, 13),
    ],
)
async def test_a_wrong_message_is_refused(api: httpx.AsyncClient, person: Person, change: dict[str, Any], expected: int) -> None:
    assert await status(api, "send_message", TEXT | change) == expected
    assert len(person.sent) == (expected == 0)


@pytest.mark.parametrize(
    ("contact", "expected"),
    [
        ({"name": "IOM", "phone_number": "+48530595013"}, 0),
        ({"name": "n" * 29, "phone_number": "+48530595013"}, 3),
        ({"name": "IOM", "phone_number": "+48 530 595 013 00 00"}, 3),
        ({"name": "IOM", "phone_number": "call us"}, 3),
        ({"name": "IOM"}, 4),
        ({"name": "IOM", "phone_number": "+48530595013", "email": "a@example.org"}, 3),
    ],
)
async def test_a_contact_has_a_short_name_and_a_number(
    api: httpx.AsyncClient, person: Person, contact: dict[str, str], expected: int
) -> None:
    message = {key: value for key, value in TEXT.items() if key != "text"} | {"type": "contact", "contact": contact}
    assert await status(api, "send_message", message) == expected


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (with_buttons(), 4),
        (with_buttons(BUTTON, Type="buttons"), 3),
        (with_buttons(BUTTON, Colour="#fff"), 3),
        (with_buttons(BUTTON, InputFieldState="hidden"), 14),
        (with_buttons(BUTTON, InputFieldState="hidden") | {"min_api_version": 4}, 0),
        (with_buttons(BUTTON, InputFieldState="gone") | {"min_api_version": 4}, 3),
        (with_buttons(BUTTON | {"Columns": 7}), 3),
        (with_buttons(BUTTON | {"Rows": 3}), 3),
        (with_buttons(BUTTON | {"ActionType": "answer"}), 3),
        (with_buttons(BUTTON | {"ActionBody": ""}), 4),
        (with_buttons(BUTTON | {"ActionBody": "/" * 251}), 3),
        (with_buttons(BUTTON | {"Text": "t" * 251}), 3),
        (with_buttons(BUTTON | {"Text": "a < b"}), 3),
        (with_buttons(BUTTON | {"Text": "a & b"}), 3),
        (with_buttons(BUTTON | {"Text": "<b>a</b> &lt; <font size=20>b</font>"}), 0),
        (with_buttons(BUTTON | {"Silent": "true"}), 3),
        (with_buttons(BUTTON | {"Title": "Menu"}), 3),
        (with_buttons(*[BUTTON] * 12), 0),
        (with_buttons(*[BUTTON] * 13), 3),
        (with_buttons(*[BUTTON | {"Columns": 3}] * 24), 0),
        (with_buttons(*[BUTTON | {"Columns": 3}] * 25), 3),
        (with_buttons(*[BUTTON | {"Rows": 2}] * 7), 3),
    ],
)
async def test_a_wrong_keyboard_is_refused(api: httpx.AsyncClient, person: Person, message: dict[str, Any], expected: int) -> None:
    assert await status(api, "send_message", message) == expected


async def test_more_than_30_kilobytes_are_refused(api: httpx.AsyncClient, person: Person) -> None:
    small = json.dumps(TEXT).encode()
    whole = json.dumps(TEXT | {"tracking_data": "t" * (30_000 - len(small) - 21)}).encode()
    for body, reason in ((whole, "tracking_data"), (whole + b" " * 30_000, "30 kB")):
        answer = (await api.post("send_message", content=body)).json()
        assert (answer["status"], reason in answer["status_message"]) == (3, True)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff"])
async def test_what_is_no_json_object_is_refused(api: httpx.AsyncClient, body: bytes) -> None:
    assert (await api.post("send_message", content=body)).json()["status"] == 3


async def test_who_did_not_write_or_left_cannot_be_written_to(fake: FakeViber, api: httpx.AsyncClient, person: Person) -> None:
    await fake.unsubscribe(person)
    assert await status(api, "send_message", TEXT) == 6
    await fake.say(person, "hi")
    assert await status(api, "send_message", TEXT) == 0


async def test_who_says_nothing_is_written_to_a_hundred_times(fake: FakeViber, api: httpx.AsyncClient, person: Person) -> None:
    person.unanswered = 99
    assert [await status(api, "send_message", TEXT) for _ in range(2)] == [0, 12]
    await fake.say(person, "hi")
    assert await status(api, "send_message", TEXT) == 0


async def test_without_a_webhook_nobody_is_written_to(fake: FakeViber, api: httpx.AsyncClient) -> None:
    fake.person(subscribed=True)
    assert await status(api, "send_message", TEXT) == 10


# The webhook


async def test_the_webhook_is_asked_while_it_is_set(fake: FakeViber, api: httpx.AsyncClient, hook: Hook) -> None:
    assert await status(api, "set_webhook", {"url": HOOK, "event_types": ["failed"], "send_name": False}) == 0
    assert ([event["event"] for event in hook.events], hook.signed) == (["webhook"], [True])
    assert (fake.webhook, fake.event_types) == (HOOK, {"failed"})


async def test_a_webhook_that_does_not_answer_200_is_not_set(fake: FakeViber, api: httpx.AsyncClient, hook: Hook) -> None:
    hook.answers = [Response(status_code=204)]
    assert await status(api, "set_webhook", {"url": HOOK}) == 1
    assert (fake.webhook, fake.pending) == (None, [])


async def test_a_webhook_that_nobody_hears_is_not_set(fake: FakeViber, api: httpx.AsyncClient) -> None:
    fake._client = httpx.AsyncClient(trust_env=False)
    assert await status(api, "set_webhook", {"url": "https://127.0.0.1:1/viber"}) == 1
    await fake._client.aclose()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, 4),
        ({"url": "http://bot.example.org"}, 1),
        ({"url": "bot"}, 1),
        ({"url": HOOK, "event_types": ["messages"]}, 3),
        ({"url": HOOK, "send_name": "no"}, 3),
        ({"url": HOOK, "secret": "s"}, 3),
    ],
)
async def test_a_wrong_webhook_is_refused(api: httpx.AsyncClient, body: dict[str, Any], expected: int) -> None:
    assert await status(api, "set_webhook", body) == expected


# People


async def test_what_a_person_does_arrives_signed_and_with_a_number_of_64_bits(fake: FakeViber, hook: Hook, person: Person) -> None:
    await fake.say(person, "Добрий день")
    await fake.sticker(person)
    await fake.picture(person, "umowa")
    messages = [event["message"] for event in hook.events[1:]]
    assert [(message["type"], message.get("text")) for message in messages] == [
        ("text", "Добрий день"),
        ("sticker", None),
        ("picture", "umowa"),
    ]
    assert all(hook.signed)
    assert all(event["message_token"] > 2**53 for event in hook.events)


async def test_a_pressed_button_arrives_as_a_silent_text(fake: FakeViber, api: httpx.AsyncClient, hook: Hook, person: Person) -> None:
    await status(api, "send_message", with_buttons(BUTTON))
    await fake.press(person, "Menu")
    assert (hook.events[-1]["message"]["text"], hook.events[-1]["silent"]) == ("/help", True)
    with pytest.raises(LookupError):
        await fake.press(person, "Kontakt")


async def test_a_welcome_is_read_by_who_did_not_write_before_and_is_as_strict_as_a_message(
    fake: FakeViber, hook: Hook, person: Person
) -> None:
    new, welcome = fake.person("new", "uk"), {key: value for key, value in TEXT.items() if key != "receiver"}
    hook.answers = [JSONResponse(welcome), JSONResponse(welcome), JSONResponse(TEXT)]
    await fake.start(new, "fair_work")
    assert [sent.text for sent in new.sent] == ["Так"]
    assert (hook.events[-1]["context"], hook.events[-1]["user"]["language"]) == ("fair_work", "uk")
    await fake.start(person)
    assert person.sent == []
    with pytest.raises(Refusal, match="receiver"):
        await fake.start(new)


async def test_who_leaves_is_reported_when_the_bot_asked_for_it(
    fake: FakeViber, api: httpx.AsyncClient, hook: Hook, person: Person
) -> None:
    await fake.unsubscribe(person)
    assert (hook.events[-1]["event"], hook.events[-1]["user_id"]) == ("unsubscribed", person.id)
    await status(api, "set_webhook", {"url": HOOK, "event_types": []})
    assert await fake.unsubscribe(person) is None


async def test_what_was_not_taken_is_sent_again_as_it_was(fake: FakeViber, hook: Hook, person: Person) -> None:
    hook.answers = [Response(status_code=503), Response(status_code=503)]
    await fake.say(person, "hi")
    assert [await fake.resend(), await fake.resend(), await fake.resend()] == [[503], [200], []]
    assert hook.events[-1] == hook.events[-2] == hook.events[-3]


# What goes wrong


async def test_faults_meet_the_next_calls_alone(fake: FakeViber, api: httpx.AsyncClient, person: Person) -> None:
    fake.faults.status("send_message", 12)
    fake.faults.status("send_message", 99)
    fake.faults.http("send_message", 500)
    fake.faults.bad_gateway("send_message")
    assert [await status(api, "send_message", TEXT) for _ in range(2)] == [12, 99]
    assert [(await api.post("send_message", json=TEXT)).status_code for _ in range(3)] == [500, 502, 200]
    assert (len(person.sent), fake.refusals) == (1, [])


async def test_a_dropped_reply_was_delivered_and_a_reset_was_not(fake: FakeViber, api: httpx.AsyncClient, person: Person) -> None:
    fake.faults.reset("send_message")
    fake.faults.drop_reply("send_message")
    for delivered in (0, 1):
        with pytest.raises(httpx.TransportError):
            await api.post("send_message", json=TEXT)
        assert len(person.sent) == delivered


async def test_a_hanging_call_does_nothing_for_who_left(fake: FakeViber, api: httpx.AsyncClient, person: Person) -> None:
    fake.faults.hang("send_message")
    with pytest.raises(httpx.ReadTimeout):
        await api.post("send_message", json=TEXT, timeout=0.05)
    assert person.sent == []
