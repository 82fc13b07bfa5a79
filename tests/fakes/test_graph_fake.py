"""Proves that FakeGraph refuses what Messenger refuses, that Meta posts what Meta posts, and that both break on request."""

import asyncio
import hashlib
import hmac
import json
import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tests.conftest import Clock

from .graph import ANY, INBOX, Button, FakeGraph
from .graph_delivery import Event
from .graph_errors import Json
from .graph_meta import Meta
from .graph_webhook import RECORDED, Signing, body_of, headers_for, recorded
from .server import serve

DAY = 24 * 60 * 60
HOOK = "https://bot.example/messenger"


@pytest.fixture
async def graph(clock: Clock) -> AsyncIterator[FakeGraph]:
    async with FakeGraph(clock=clock) as graph:
        yield graph


@pytest.fixture
async def api(graph: FakeGraph) -> AsyncIterator["Api"]:
    async with Api(graph) as api:
        yield api


def proof_of(graph: FakeGraph) -> str:
    return hmac.new(graph.app_secret.encode(), graph.access_token.encode(), hashlib.sha256).hexdigest()


class Api(httpx.AsyncClient):
    """A client that is right, so that each test can do one thing wrong."""

    def __init__(self, graph: FakeGraph) -> None:
        self.right = {"access_token": graph.access_token, "appsecret_proof": proof_of(graph)}
        super().__init__(base_url=f"{graph.url}/v21.0/", params=self.right, trust_env=False)

    async def messages(self, person: object, message: object = None, **more: object) -> httpx.Response:
        body = {"recipient": {"id": person}, "messaging_type": "RESPONSE", "message": message} | more
        return await self.post("me/messages", content=json.dumps(body), headers={"Content-Type": "application/json"})

    async def says(self, person: str, text: str = "a") -> httpx.Response:
        return await self.messages(person, {"text": text})

    async def acts(self, person: str, action: object, **more: object) -> httpx.Response:
        return await self.post("me/messages", json={"recipient": {"id": person}, "sender_action": action} | more)

    async def profile(self, **properties: object) -> httpx.Response:
        return await self.post("me/messenger_profile", json=properties)


def error_of(response: httpx.Response, status: int = 400) -> tuple[int, int | None]:
    error = response.json()["error"]
    assert status == response.status_code
    assert error.keys() - {"error_subcode"} == {"message", "type", "code", "fbtrace_id"}
    return error["code"], error.get("error_subcode")


def words_of(response: httpx.Response, code: int = 100) -> str:
    assert (code, None) == error_of(response)
    return str(response.json()["error"]["message"])


class Hook:
    """A bot's webhook: answers with `answers` in their order, then with 200."""

    def __init__(self, *answers: int) -> None:
        self.answers = list(answers)
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        self.bodies.append(await request.body())
        self.headers.append(dict(request.headers))
        await Response(request.query_params.get("hub.challenge", ""), self.answers.pop(0) if self.answers else 200)(scope, receive, send)

    @property
    def entries(self) -> list[Json]:
        return [entry for body in self.bodies for entry in json.loads(body)["entry"]]

    @property
    def event(self) -> Json:
        """The last one, of either channel."""
        event: Json = (self.entries[-1].get("messaging") or self.entries[-1]["standby"])[-1]
        return event


@pytest.fixture
def hook() -> Hook:
    return Hook()


@pytest.fixture
async def meta(graph: FakeGraph, hook: Hook) -> AsyncIterator[Meta]:
    async with Meta(graph, HOOK, transport=httpx.ASGITransport(hook)) as meta:
        yield meta


BUTTON = {"type": "postback", "title": "Контакт", "payload": "/iom/contact"}
QUICK = {"content_type": "text", "title": "Так", "payload": "/yes"}


def button_template(*buttons: object, text: object = "Що далі?", **more: object) -> Json:
    return {"attachment": {"type": "template", "payload": {"template_type": "button", "text": text, "buttons": list(buttons)} | more}}


def generic_template(*elements: object, **more: object) -> Json:
    return {"attachment": {"type": "template", "payload": {"template_type": "generic", "elements": list(elements)} | more}}


# Who calls, and where


@pytest.mark.parametrize("path", ["/me/messages", "/v21/me/messages", "/vv21.0/me/messages", "/v21.0/me/messages/1", "/v21.0", "/"])
async def test_a_path_without_a_version_or_with_too_much_is_refused(graph: FakeGraph, api: Api, path: str) -> None:
    assert words_of(await api.post(f"{graph.url}{path}", json={}), 2500) == f"(#2500) Unknown path components: {path}"


@pytest.mark.parametrize("version", ["v20.0", "v2.6", "v9.0"])
async def test_an_old_version_is_gone(graph: FakeGraph, api: Api, version: str) -> None:
    assert words_of(await api.get(f"{graph.url}/{version}/me"), 12).endswith("is gone")


@pytest.mark.parametrize("version", ["v21.0", "v26.0"])
async def test_a_version_of_today_is_served(graph: FakeGraph, api: Api, version: str) -> None:
    assert (await api.get(f"{graph.url}/{version}/me", params=api.right | {"fields": "id"})).json() == {"id": graph.page_id}


@pytest.mark.parametrize("path", ["me/mesages", "100000000000009/messages", "9990000000000001/messenger_profile"])
async def test_another_object_is_unknown(api: Api, path: str) -> None:
    assert error_of(await api.post(path, json={})) == (100, 33)


async def test_a_profile_of_a_person_is_refused_as_it_often_is(graph: FakeGraph, api: Api) -> None:
    assert error_of(await api.get(graph.person(), params=api.right | {"fields": "locale"})) == (100, 33)


async def test_a_page_may_be_named_by_its_id(graph: FakeGraph, api: Api) -> None:
    person = graph.person()
    body = {"recipient": {"id": person}, "messaging_type": "RESPONSE", "message": {"text": "a"}}
    assert (await api.post(f"{graph.page_id}/messages", json=body)).status_code == 200


async def test_the_token_may_come_in_the_query_in_the_body_and_in_a_header(graph: FakeGraph, api: Api) -> None:
    person = graph.person()
    body = {"recipient": {"id": person}, "messaging_type": "RESPONSE", "message": {"text": "a"}}
    bare, token = {"appsecret_proof": proof_of(graph)}, graph.access_token
    async with httpx.AsyncClient(base_url=f"{graph.url}/v21.0/") as client:
        answers = [
            await client.post("me/messages", params=api.right, json=body),
            await client.post("me/messages", json=body | api.right),
            await client.post("me/messages", json=body | bare, headers={"Authorization": f"Bearer {token}"}),
        ]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert [call.params for call in graph.calls] == [body] * 3


async def test_a_call_without_a_token_is_refused(graph: FakeGraph) -> None:
    async with httpx.AsyncClient() as client:
        assert error_of(await client.get(f"{graph.url}/v21.0/me")) == (104, None)


@pytest.mark.parametrize("token", ["another", "fake-page-token "])
async def test_a_wrong_token_is_refused(graph: FakeGraph, api: Api, token: str) -> None:
    response = await api.get("me", params=api.right | {"access_token": token, "fields": "id"})
    assert error_of(response) == (190, None)
    assert response.json()["error"]["type"] == "OAuthException"
    assert error_of(await api.get("me", params={"fields": "id"}, headers={"Authorization": f"Bearer {token} x"})) == (190, None)
    assert graph.calls == []


async def test_an_expired_token_is_refused(graph: FakeGraph, api: Api) -> None:
    graph.expire_token()
    assert error_of(await api.get("me", params=api.right | {"fields": "id"}), 401) == (190, 463)


@pytest.mark.parametrize("change", [str.upper, lambda proof: proof[:-1], lambda _proof: ""], ids=["upper", "short", "empty"])
async def test_a_wrong_proof_is_refused(graph: FakeGraph, api: Api, change: Any) -> None:
    response = await api.get("me", params=api.right | {"appsecret_proof": change(proof_of(graph)), "fields": "id"})
    assert error_of(response) == (100, None)
    assert response.json()["error"]["type"] == "GraphMethodException"


async def test_a_proof_is_required_unless_the_app_says_otherwise(graph: FakeGraph) -> None:
    params = {"access_token": graph.access_token, "fields": "id"}
    async with FakeGraph(proof_required=False) as lax, httpx.AsyncClient() as client:
        response = await client.get(f"{graph.url}/v21.0/me", params=params)
        assert words_of(response) == "(#100) API calls from the server require an appsecret_proof argument"
        assert response.json()["error"]["type"] == "GraphMethodException"
        assert (await client.get(f"{lax.url}/v21.0/me", params=params)).status_code == 200
        wrong = await client.get(f"{lax.url}/v21.0/me", params=params | {"appsecret_proof": "0"})
        assert words_of(wrong) == "(#100) Invalid appsecret_proof provided in the API argument"


@pytest.mark.parametrize(
    ("content", "kind", "reason"),
    [
        (b"{}", "text/plain", "the body must be application/json, is text/plain"),
        (b"a=b", "application/x-www-form-urlencoded", "the body must be application/json, is application/x-www-form-urlencoded"),
        (b"{}", "", "the body must be application/json, is nothing"),
        (b"{", "application/json", "the body is not JSON"),
        (b"\xff", "application/json", "the body is not JSON"),
        (b"[]", "application/json; charset=utf-8", "the body must be a JSON object"),
        (b'{"access_token": "fake-page-token"}', "application/json", "given in the query and in the body: ['access_token']"),
    ],
)
async def test_a_body_that_is_not_a_json_object_is_refused(api: Api, content: bytes, kind: str, reason: str) -> None:
    response = await api.post("me/messages", content=content, headers={"Content-Type": kind})
    assert words_of(response) == f"(#100) {reason}"


async def test_what_was_refused_is_on_record(graph: FakeGraph, api: Api) -> None:
    await api.messages(graph.person(), {"text": ""})
    assert graph.refusals == ["(#100) message.text must not be empty"]
    assert [(call.name, call.verb) for call in graph.calls] == [("messages", "POST")]


async def test_the_page_says_who_it_is(graph: FakeGraph, api: Api) -> None:
    page = await api.get("me", params=api.right | {"fields": "id,name"})
    assert page.json() == {"id": graph.page_id, "name": "Fake Page"}


@pytest.mark.parametrize("params", [{"fields": "id,token"}, {}, {"fields": "id", "field": "name"}])
async def test_a_page_has_no_other_fields(api: Api, params: dict[str, str]) -> None:
    assert error_of(await api.get("me", params=api.right | params)) == (100, None)


# Who may be written to


@pytest.mark.parametrize("person", ["9990000000000777", "abc", "", "+48123"])
async def test_an_unknown_person_does_not_match(api: Api, person: str) -> None:
    assert error_of(await api.says(person)) == (100, 2018001)


@pytest.mark.parametrize("person", [9990000000000001, None, ["1"]])
async def test_the_id_of_a_person_is_a_string(graph: FakeGraph, api: Api, person: object) -> None:
    graph.person()
    assert words_of(await api.messages(person, {"text": "a"})).startswith("(#100) recipient.id must be a string")


@pytest.mark.parametrize("recipient", [None, "1", {}, {"id": "1", "name": "a"}, {"user_ref": "1"}])
async def test_a_recipient_is_an_object_with_an_id(api: Api, recipient: object) -> None:
    assert words_of(await api.messages("", {"text": "a"}, recipient=recipient))


async def test_a_person_can_be_answered_for_24_hours(graph: FakeGraph, api: Api, clock: Clock) -> None:
    person = graph.person()
    clock.pass_(DAY - 1)
    assert (await api.says(person)).status_code == 200
    clock.pass_(1)
    assert error_of(await api.says(person)) == (10, 2018278)
    assert error_of(await api.acts(person, "typing_on")) == (10, 2018278)
    assert len(graph.sent(person)) == 1


async def test_somebody_who_never_wrote_cannot_be_written_to(graph: FakeGraph, api: Api) -> None:
    graph.threads.add("9990000000000001")
    assert error_of(await api.says("9990000000000001")) == (10, 2018278)


async def test_a_thread_of_another_app_is_closed_to_the_bot(graph: FakeGraph, api: Api, meta: Meta) -> None:
    person = graph.person()
    await meta.takes_thread_control(person)
    assert error_of(await api.says(person)) == (10, 2018300)
    assert error_of(await api.acts(person, "mark_seen")) == (10, 2018300)
    await meta.passes_thread_control(person, previous=INBOX)
    assert (await api.says(person)).status_code == 200


async def test_a_person_who_blocked_the_page_is_not_available(graph: FakeGraph, api: Api) -> None:
    person = graph.person()
    graph.block(person)
    assert error_of(await api.says(person)) == (551, 1545041)
    graph.unblock(person)
    assert (await api.says(person)).status_code == 200


# Messages


async def test_a_message_reaches_the_person(graph: FakeGraph, api: Api) -> None:
    person = graph.person()
    await api.acts(person, "mark_seen")
    await api.acts(person, "typing_on")
    answer = await api.messages(person, {"text": "Добрий день", "quick_replies": [QUICK], "metadata": "bot"})
    [sent] = graph.sent(person)
    assert answer.json() == {"recipient_id": person, "message_id": sent.mid}
    assert sent.mid.startswith("m_")
    assert (sent.text, sent.buttons, sent.quick_replies) == ("Добрий день", (), (("Так", "/yes"),))
    assert (sent.metadata, sent.messaging_type, sent.actions) == ("bot", "RESPONSE", ("mark_seen", "typing_on"))


async def test_messages_and_actions_are_kept_in_order_for_each_person(graph: FakeGraph, api: Api) -> None:
    anna, borys = graph.person(), graph.person()
    for person, text in ((anna, "1"), (borys, "2"), (anna, "3")):
        await api.acts(person, "typing_on")
        await api.says(person, text)
    assert [(sent.text, sent.actions) for sent in graph.sent(anna)] == [("1", ("typing_on",)), ("3", ("typing_on",))]
    assert (graph.actions(anna), graph.actions(borys)) == (["typing_on"] * 2, ["typing_on"])
    assert len({sent.mid for person in (anna, borys) for sent in graph.sent(person)}) == 3


@pytest.mark.parametrize("text", ["ż" * 2000, "🆘" * 1000, " a "])
async def test_2000_characters_are_taken(graph: FakeGraph, api: Api, text: str) -> None:
    person = graph.person()
    await api.says(person, text)
    assert [sent.text for sent in graph.sent(person)] == [text]


@pytest.mark.parametrize("text", ["ż" * 2001, "🆘" * 1001, "", " \n", "\u200b\u00a0", None, 5, ["a"], "\ud83d"])
async def test_a_text_that_is_too_long_or_blank_or_no_text_is_refused(graph: FakeGraph, api: Api, text: object) -> None:
    person = graph.person()
    assert "message.text must" in words_of(await api.messages(person, {"text": text}))
    assert graph.sent(person) == []


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (None, "message must be an object"),
        ("a", "message must be an object"),
        ({}, "message needs exactly one of text and attachment"),
        ({"quick_replies": [QUICK]}, "message needs exactly one of text and attachment"),
        ({"text": "a", **button_template(BUTTON)}, "message needs exactly one of text and attachment"),
        ({"text": "a", "buttons": []}, 'unknown key "buttons" in message'),
        ({"text": "a", "metadata": "a" * 1001}, "Length of message.metadata must be at most 1000, is 1001"),
        ({"text": "a", "metadata": {}}, "message.metadata must be a string"),
        ({"text": "a", "quick_replies": None}, "message.quick_replies must be an array"),
        ({"text": "a", "quick_replies": []}, "message.quick_replies must have 1 to 13 items, has 0"),
        ({"text": "a", "quick_replies": [QUICK] * 14}, "message.quick_replies must have 1 to 13 items, has 14"),
    ],
)
async def test_a_wrong_message_is_refused(graph: FakeGraph, api: Api, message: object, reason: str) -> None:
    assert words_of(await api.messages(graph.person(), message)) == f"(#100) {reason}"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"messaging_type": "REPLY"}, "messaging_type must be one of RESPONSE, UPDATE, MESSAGE_TAG"),
        ({"messaging_type": None}, "messaging_type must be one of RESPONSE, UPDATE, MESSAGE_TAG"),
        ({"notification_type": "LOUD"}, "notification_type must be one of REGULAR, SILENT_PUSH, NO_PUSH"),
        ({"reply_to": "1"}, 'unknown key "reply_to" in the request'),
        ({"sender_action": "typing_on"}, "Cannot send both message and state at the same time"),
    ],
)
async def test_a_wrong_request_is_refused(graph: FakeGraph, api: Api, more: dict[str, object], reason: str) -> None:
    assert words_of(await api.messages(graph.person(), {"text": "a"}, **more)) == f"(#100) {reason}"


async def test_messaging_type_is_required(graph: FakeGraph, api: Api) -> None:
    response = await api.post("me/messages", json={"recipient": {"id": graph.person()}, "message": {"text": "a"}})
    assert words_of(response) == "(#100) the request needs messaging_type"


@pytest.mark.parametrize("more", [{"messaging_type": "MESSAGE_TAG"}, {"tag": "HUMAN_AGENT"}, {"tag": "ACCOUNT_UPDATE"}])
async def test_a_tag_is_refused_and_fails_the_test_at_its_end(more: dict[str, object]) -> None:
    graph = await FakeGraph().__aenter__()
    async with Api(graph) as api:
        person = graph.person()
        assert error_of(await api.messages(person, {"text": "a"}, **more)) == (10, None)
    assert graph.sent(person) == []
    with pytest.raises(AssertionError, match="a bot must not send"):
        await graph.__aexit__(None)


async def test_a_breach_does_not_hide_what_else_went_wrong() -> None:
    graph = await FakeGraph().__aenter__()
    graph.breaches.append("a breach")
    await graph.__aexit__(ZeroDivisionError)  # raises nothing of its own


@pytest.mark.parametrize("action", ["mark_seen", "typing_on", "typing_off"])
async def test_a_sender_action_stands_alone(graph: FakeGraph, api: Api, action: str) -> None:
    person = graph.person()
    assert (await api.acts(person, action)).json() == {"recipient_id": person}
    assert (graph.actions(person), graph.calls[-1].name) == ([action], "sender_action")
    refusal = words_of(await api.acts(person, action, messaging_type="RESPONSE"))
    assert refusal == '(#100) unknown key "messaging_type" in a sender action'


@pytest.mark.parametrize("action", ["typing", "MARK_SEEN", None, 1])
async def test_an_unknown_sender_action_is_refused(graph: FakeGraph, api: Api, action: object) -> None:
    assert words_of(await api.acts(graph.person(), action)) == "(#100) sender_action must be one of mark_seen, typing_on, typing_off"


# Quick replies and buttons


@pytest.mark.parametrize("text", [{"text": "a"}, button_template(BUTTON)])
async def test_13_quick_replies_are_taken(graph: FakeGraph, api: Api, text: Json) -> None:
    person = graph.person()
    replies = [{"content_type": "text", "title": "ї" * 20, "payload": "x" * 1000}] * 11
    await api.messages(person, text | {"quick_replies": [*replies, {"content_type": "user_email"}, {"content_type": "user_phone_number"}]})
    assert graph.refusals == []
    assert [len(reply.title) for reply in graph.sent(person)[0].quick_replies] == [20] * 11 + [0, 0]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"content_type": "location"}, ".content_type must be one of text, user_phone_number, user_email"),
        ({"content_type": "user_email"}, 'unknown key "'),
        ({"title": "ї" * 21}, "Length of message.quick_replies[0].title must be at most 20, is 21"),
        ({"title": "🆘" * 11}, "Length of message.quick_replies[0].title must be at most 20, is 22"),
        ({"title": " "}, ".title must not be empty"),
        ({"payload": ""}, ".payload must not be empty"),
        ({"payload": "x" * 1001}, ".payload must be at most 1000, is 1001"),
        ({"payload": {"a": 1}}, ".payload must be a string"),
        ({"image_url": "a.png"}, ".image_url must be an http or https URL"),
        ({"url": "https://a.pl"}, 'unknown key "url" in message.quick_replies[0]'),
    ],
)
async def test_a_wrong_quick_reply_is_refused(graph: FakeGraph, api: Api, change: Json, reason: str) -> None:
    refusal = words_of(await api.messages(graph.person(), {"text": "a", "quick_replies": [QUICK | change]}))
    assert reason in refusal


@pytest.mark.parametrize("missing", ["content_type", "title", "payload"])
async def test_a_quick_reply_needs_all_of_it(graph: FakeGraph, api: Api, missing: str) -> None:
    reply = {name: value for name, value in QUICK.items() if name != missing}
    assert missing in words_of(await api.messages(graph.person(), {"text": "a", "quick_replies": [reply]}))
    assert words_of(await api.messages(graph.person(), {"text": "a", "quick_replies": ["Так"]}))


async def test_a_button_template_reaches_the_person(graph: FakeGraph, api: Api) -> None:
    person = graph.person()
    link = {"type": "web_url", "title": "iom.int", "url": "https://poland.iom.int/uk?a=b", "webview_height_ratio": "full"}
    call = {"type": "phone_number", "title": "Подзвонити", "payload": "+48123456789"}
    await api.messages(person, button_template(BUTTON, link, call, text="ї" * 640))
    [sent] = graph.sent(person)
    assert (sent.text, sent.cards) == ("ї" * 640, ())
    assert sent.buttons == (
        Button("postback", "Контакт", "/iom/contact"),
        Button("web_url", "iom.int", "https://poland.iom.int/uk?a=b"),
        Button("phone_number", "Подзвонити", "+48123456789"),
    )


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (button_template(BUTTON, text="ї" * 641), "payload.text must be at most 640, is 641"),
        (button_template(BUTTON, text=" "), "payload.text must not be empty"),
        (button_template(), "payload.buttons must have 1 to 3 items, has 0"),
        (button_template(*[BUTTON] * 4), "payload.buttons must have 1 to 3 items, has 4"),
        (button_template(BUTTON, quick_replies=[]), 'unknown key "quick_replies"'),
        (button_template("a"), "buttons[0] must be an object"),
        ({"attachment": "a"}, "message.attachment must be an object"),
        ({"attachment": {"type": "template"}}, "message.attachment needs payload"),
        ({"attachment": {"type": "template", "payload": []}}, "message.attachment.payload must be an object"),
        ({"attachment": {"type": "image", "payload": {}}}, "message.attachment.type must be one of template"),
        ({"attachment": {"type": "template", "payload": {"template_type": "list"}}}, "template_type must be one of button, generic"),
        ({"attachment": {"type": "template", "payload": {"template_type": "button"}}}, "message.attachment.payload needs text"),
    ],
)
async def test_a_wrong_button_template_is_refused(graph: FakeGraph, api: Api, message: Json, reason: str) -> None:
    assert reason in words_of(await api.messages(graph.person(), message))


@pytest.mark.parametrize(
    ("button", "reason"),
    [
        (BUTTON | {"title": "ї" * 21}, "title must be at most 20, is 21"),
        (BUTTON | {"title": ""}, "title must not be empty"),
        (BUTTON | {"payload": "x" * 1001}, "payload must be at most 1000, is 1001"),
        (BUTTON | {"payload": None}, "payload must be a string"),
        (BUTTON | {"url": "https://a.pl"}, 'unknown key "url"'),
        (BUTTON | {"type": "account_link"}, "type must be one of postback, web_url, phone_number"),
        ({"title": "a", "payload": "b"}, "type must be one of postback, web_url, phone_number"),
        ({"type": "postback", "title": "a"}, "needs payload"),
        ({"type": "web_url", "title": "a", "payload": "https://a.pl"}, 'unknown key "payload"'),
        ({"type": "web_url", "title": "a", "url": "tel:112"}, "url must be an http or https URL"),
        ({"type": "web_url", "title": "a", "url": "https://"}, "url must be an http or https URL"),
        ({"type": "web_url", "title": "a", "url": "https://[a"}, "url must be an http or https URL"),
        ({"type": "web_url", "title": "a", "url": "https://a.pl/b c"}, "url must be an http or https URL"),
        ({"type": "web_url", "title": "a" * 21, "url": "https://a.pl"}, "title must be at most 20, is 21"),
        ({"type": "web_url", "title": "a", "url": "https://a.pl", "webview_height_ratio": "big"}, "webview_height_ratio must be one of"),
        ({"type": "phone_number", "title": "a", "payload": "112"}, "payload must be + and a number with its country code"),
        ({"type": "phone_number", "title": "a", "payload": "+48 123 456 789"}, "payload must be + and a number"),
        ({"type": "phone_number", "title": "a", "payload": "+048123456789"}, "payload must be + and a number"),
        ({"type": "phone_number", "title": "a" * 21, "payload": "+48123456789"}, "title must be at most 20, is 21"),
    ],
)
async def test_a_wrong_button_is_refused(graph: FakeGraph, api: Api, button: Json, reason: str) -> None:
    assert reason in words_of(await api.messages(graph.person(), button_template(button)))


async def test_a_generic_template_reaches_the_person(graph: FakeGraph, api: Api) -> None:
    person = graph.person()
    card: Json = {"title": "ї" * 80, "subtitle": "ї" * 80, "image_url": "https://a.pl/a.png", "buttons": [BUTTON] * 3}
    card |= {"default_action": {"type": "web_url", "url": "https://a.pl", "webview_height_ratio": "tall"}}
    await api.messages(person, generic_template(*[card] * 10, image_aspect_ratio="square", sharable=False))
    [sent] = graph.sent(person)
    assert (sent.text, sent.buttons) == ("", ())
    assert sent.cards == (("ї" * 80, "ї" * 80, (("postback", "Контакт", "/iom/contact"),) * 3),) * 10


@pytest.mark.parametrize(
    ("card", "reason"),
    [
        ({"title": "ї" * 81, "subtitle": "a"}, "title must be at most 80, is 81"),
        ({"title": "a", "subtitle": "ї" * 81}, "subtitle must be at most 80, is 81"),
        ({"title": "", "subtitle": "a"}, "title must not be empty"),
        ({"subtitle": "a"}, "needs title"),
        ({"title": "a"}, "needs something besides its title"),
        ({"title": "a", "buttons": [BUTTON] * 4}, "buttons must have 1 to 3 items, has 4"),
        ({"title": "a", "buttons": []}, "buttons must have 1 to 3 items, has 0"),
        ({"title": "a", "image_url": "a.png"}, "image_url must be an http or https URL"),
        ({"title": "a", "default_action": {"type": "postback", "url": "https://a.pl"}}, "default_action.type must be one of web_url"),
        ({"title": "a", "default_action": {"type": "web_url", "title": "a", "url": "https://a.pl"}}, 'unknown key "title"'),
        ({"title": "a", "text": "b"}, 'unknown key "text"'),
    ],
)
async def test_a_wrong_card_is_refused(graph: FakeGraph, api: Api, card: Json, reason: str) -> None:
    assert reason in words_of(await api.messages(graph.person(), generic_template(card)))


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (generic_template(), "elements must have 1 to 10 items, has 0"),
        (generic_template(*[{"title": "a", "subtitle": "b"}] * 11), "elements must have 1 to 10 items, has 11"),
        (generic_template({"title": "a", "subtitle": "b"}, image_aspect_ratio="round"), "image_aspect_ratio must be one of"),
        (generic_template({"title": "a", "subtitle": "b"}, sharable="no"), "sharable must be true or false"),
        (button_template(BUTTON, sharable="no"), "sharable must be true or false"),
        (generic_template({"title": "a", "subtitle": "b"}, text="a"), 'unknown key "text"'),
    ],
)
async def test_a_wrong_template_is_refused(graph: FakeGraph, api: Api, message: Json, reason: str) -> None:
    assert reason in words_of(await api.messages(graph.person(), message))


# The profile

ITEM = {"type": "postback", "title": "Контакт", "payload": "/iom/contact"}
MENU = [{"locale": "default", "composer_input_disabled": False, "call_to_actions": [ITEM]}]
STARTED = {"payload": "/start"}
PROFILE: Json = {
    "get_started": STARTED,
    "greeting": [{"locale": "default", "text": "ї" * 160}, {"locale": "pl_PL", "text": "Dzień dobry"}],
    "ice_breakers": [{"locale": "default", "call_to_actions": [{"question": "ї" * 80, "payload": "x" * 1000}] * 4}],
    "persistent_menu": [*MENU, {"locale": "uk_UA", "call_to_actions": [ITEM | {"title": "ї" * 30}] * 20}],
    "commands": [{"locale": "default", "commands": [{"name": "n" * 32, "description": "d" * 64}]}],
}


async def test_a_profile_is_set_read_and_deleted(graph: FakeGraph, api: Api) -> None:
    assert (await api.profile(**PROFILE)).json() == {"result": "success"}
    assert graph.profile == PROFILE
    read = await api.get(f"{graph.page_id}/messenger_profile", params=api.right | {"fields": "greeting,get_started"})
    assert read.json() == {"data": [{"greeting": PROFILE["greeting"], "get_started": STARTED}]}
    gone = await api.request("DELETE", "me/messenger_profile", json={"fields": ["get_started", "persistent_menu", "ice_breakers"]})
    assert gone.json() == {"result": "success"}
    assert graph.profile.keys() == {"greeting", "commands"}


async def test_a_profile_without_anything_is_an_empty_list(api: Api) -> None:
    assert (await api.get("me/messenger_profile", params=api.right | {"fields": "greeting"})).json() == {"data": []}


async def test_a_property_is_replaced_and_the_others_stay(graph: FakeGraph, api: Api) -> None:
    await api.profile(**PROFILE)
    await api.profile(greeting=[{"locale": "default", "text": "a"}])
    assert graph.profile == PROFILE | {"greeting": [{"locale": "default", "text": "a"}]}


async def test_a_menu_needs_a_get_started_button_before_or_with_it(graph: FakeGraph, api: Api) -> None:
    assert "must set a Get Started button" in words_of(await api.profile(persistent_menu=MENU))
    await api.profile(get_started=STARTED)
    assert (await api.profile(persistent_menu=MENU)).status_code == 200
    refusal = await api.request("DELETE", "me/messenger_profile", json={"fields": ["get_started"]})
    assert "must set a Get Started button" in words_of(refusal)
    assert graph.profile == {"get_started": STARTED, "persistent_menu": MENU}


async def test_a_profile_is_set_as_a_whole_or_not_at_all(graph: FakeGraph, api: Api) -> None:
    assert error_of(await api.profile(get_started=STARTED, greeting=[])) == (100, None)
    assert graph.profile == {}


def menu_of(*items: object, **more: object) -> list[Json]:
    return [{"locale": "default", "call_to_actions": list(items)} | more]


def questions(*found: object) -> list[Json]:
    return [{"locale": "default", "call_to_actions": list(found)}]


def commands(*found: object) -> list[Json]:
    return [{"locale": "default", "commands": list(found)}]


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({}, "The request sets nothing"),
        ({"get_start": {}}, 'unknown key "get_start" in the profile'),
        ({"get_started": "/start"}, "get_started must be an object"),
        ({"get_started": {"payload": ""}}, "get_started.payload must not be empty"),
        ({"get_started": {"payload": "x" * 1001}}, "must be at most 1000, is 1001"),
        ({"greeting": [{"locale": "pl_PL", "text": "a"}]}, "greeting needs an entry for the locale default"),
        ({"greeting": [{"locale": "default", "text": "a"}] * 2}, "greeting has a locale twice"),
        ({"greeting": [{"locale": "default", "text": "a"}, {"locale": "pl", "text": "a"}]}, "must be default or like pl_PL"),
        ({"greeting": [{"locale": "default", "text": "ї" * 161}]}, "greeting[0].text must be at most 160, is 161"),
        ({"greeting": [{"text": "a"}]}, "greeting[0] needs locale"),
        ({"greeting": []}, "greeting must have 1 to"),
        ({"ice_breakers": [{"question": "a", "payload": "b"}]}, 'unknown key "'),
        ({"ice_breakers": questions(*[{"question": "a", "payload": "b"}] * 5)}, "must have 1 to 4 items, has 5"),
        ({"ice_breakers": questions({"question": "ї" * 81, "payload": "b"})}, "question must be at most 80, is 81"),
        ({"ice_breakers": questions({"question": "a", "payload": "b" * 1001})}, "payload must be at most 1000, is 1001"),
        ({"ice_breakers": questions({"title": "a", "payload": "b"})}, 'unknown key "title"'),
        ({"ice_breakers": [{"locale": "uk_UA", "call_to_actions": [{"question": "a", "payload": "b"}]}]}, "needs an entry for"),
        ({"persistent_menu": menu_of(*[ITEM] * 21)}, "must have 1 to 20 items, has 21"),
        ({"persistent_menu": menu_of(ITEM | {"title": "ї" * 31})}, "title must be at most 30, is 31"),
        ({"persistent_menu": menu_of(ITEM | {"payload": "x" * 1001})}, "payload must be at most 1000, is 1001"),
        ({"persistent_menu": menu_of(ITEM | {"type": "nested"})}, "type must be one of postback, web_url"),
        ({"persistent_menu": menu_of({"type": "phone_number", "title": "a", "payload": "+48123456789"})}, "type must be one of"),
        ({"persistent_menu": menu_of(ITEM, composer_input_disabled="no")}, "must be true or false"),
        ({"persistent_menu": [{"locale": "default"}]}, "persistent_menu[0] needs call_to_actions"),
        ({"persistent_menu": [{"locale": "uk_UA", "call_to_actions": [ITEM]}]}, "needs an entry for the locale default"),
        ({"commands": commands({"name": "a" * 33, "description": "b"})}, "name must be at most 32, is 33"),
        ({"commands": commands({"name": "a", "description": "b" * 65})}, "description must be at most 64, is 65"),
        ({"commands": commands({"name": "/a", "description": "b"})}, "must be one word without its slash"),
        ({"commands": commands({"name": "a b", "description": "b"})}, "must be one word without its slash"),
        ({"commands": commands(*[{"name": "a", "description": "b"}] * 2)}, "has a name twice"),
        ({"commands": commands()}, "must have 1 to"),
        ({"commands": [{"locale": "pl_PL", "commands": [{"name": "a", "description": "b"}]}]}, "needs an entry for"),
    ],
)
async def test_a_wrong_profile_is_refused(graph: FakeGraph, api: Api, properties: Json, reason: str) -> None:
    await api.profile(get_started=STARTED)
    assert reason in words_of(await api.profile(**properties))
    assert graph.profile == {"get_started": STARTED}


@pytest.mark.parametrize(
    "body", [{}, {"fields": []}, {"fields": ["menu"]}, {"fields": "greeting"}, {"fields": [{}]}, {"names": ["greeting"]}]
)
async def test_only_known_properties_can_be_deleted(api: Api, body: Json) -> None:
    assert words_of(await api.request("DELETE", "me/messenger_profile", json=body))


@pytest.mark.parametrize("params", [{}, {"fields": "menu"}, {"fields": "greeting, commands"}, {"fields": "greeting", "locale": "pl_PL"}])
async def test_only_known_properties_can_be_read(api: Api, params: dict[str, str]) -> None:
    assert words_of(await api.get("me/messenger_profile", params=api.right | params))


# Faults


async def test_an_error_comes_as_often_as_told(graph: FakeGraph, api: Api) -> None:
    person = graph.person()
    graph.faults.error("messages", 10, 1893063, status=403, times=2)
    assert error_of(await api.says(person), 403) == (10, 1893063)
    assert (await api.acts(person, "typing_on")).status_code == 200
    assert error_of(await api.says(person), 403) == (10, 1893063)
    assert graph.sent(person) == []
    assert (await api.says(person)).status_code == 200
    assert graph.refusals == []


async def test_an_error_has_the_documented_form(graph: FakeGraph, api: Api) -> None:
    graph.faults.error("messages", 551, 1545041)
    assert (await api.says(graph.person())).json() == {
        "error": {
            "message": "(#551) This person isn't available right now.",
            "type": "OAuthException",
            "code": 551,
            "error_subcode": 1545041,
            "fbtrace_id": "AFakeTraceFakeTrace_Fa",
        }
    }


@pytest.mark.parametrize("code", [32, 613])
async def test_a_limit_of_the_page_says_when_to_come_back(graph: FakeGraph, api: Api, code: int) -> None:
    graph.faults.rate_limit("messages", code, minutes=3)
    response = await api.says(graph.person())
    assert error_of(response) == (code, None)
    [[usage]] = json.loads(response.headers["X-Business-Use-Case-Usage"]).values()
    assert (usage["type"], usage["call_count"], usage["estimated_time_to_regain_access"]) == ("messenger", 100, 3)


@pytest.mark.parametrize("code", [4, 17])
async def test_a_limit_of_the_app_says_what_was_used(graph: FakeGraph, api: Api, code: int) -> None:
    graph.faults.rate_limit(ANY, code, status=429)
    response = await api.says(graph.person())
    assert error_of(response, 429) == (code, None)
    assert json.loads(response.headers["X-App-Usage"]) == {"call_count": 100, "total_time": 25, "total_cputime": 25}


async def test_the_server_fails_as_told(graph: FakeGraph, api: Api) -> None:
    person = graph.person()
    graph.faults.server_error("messages")
    graph.faults.bad_gateway("messages")
    graph.faults.not_an_object("messages")
    assert error_of(await api.says(person), 500) == (1, None)
    gateway = await api.says(person)
    assert (gateway.status_code, gateway.headers["content-type"]) == (502, "text/html; charset=utf-8")
    assert (await api.says(person)).json() == ["?"]
    assert graph.sent(person) == []


async def test_a_reset_connection_did_nothing(graph: FakeGraph, api: Api) -> None:
    person = graph.person()
    graph.faults.reset("messages")
    with pytest.raises(httpx.ReadError):
        await api.says(person)
    assert graph.sent(person) == []


async def test_a_dropped_reply_did_everything(graph: FakeGraph, api: Api) -> None:
    person = graph.person()
    graph.faults.drop_reply("messages")
    with pytest.raises(httpx.RemoteProtocolError):
        await api.says(person)
    assert [sent.text for sent in graph.sent(person)] == ["a"]


async def test_a_caller_who_gave_up_on_a_hanging_call_has_sent_nothing(graph: FakeGraph, api: Api) -> None:
    person = graph.person()
    graph.faults.hang("messages")
    with pytest.raises(httpx.ReadTimeout):
        await api.post("me/messages", json={"recipient": {"id": person}}, timeout=0.05)
    assert (await api.acts(person, "typing_on")).status_code == 200
    graph.faults.clear()
    await api.acts(person, "typing_off")
    assert (graph.sent(person), graph.refusals) == ([], [])


async def test_a_call_hangs_until_it_is_released(graph: FakeGraph, api: Api) -> None:
    person = graph.person()
    released = graph.faults.hang("messages")
    call = asyncio.create_task(api.says(person))
    await graph.until(lambda: graph.calls)
    assert graph.sent(person) == []
    released.set()
    assert (await call).status_code == 200


async def test_waiting_ends_with_what_was_called_last(graph: FakeGraph, api: Api) -> None:
    await api.says(graph.person(), " ")
    with pytest.raises(TimeoutError, match=r"last calls \['messages'\], refusals \['\(#100\) message.text must not be empty'\]"):
        await graph.until(lambda: False, timeout=0.01)


# The webhook


def test_a_body_is_escaped_as_meta_escapes_it() -> None:
    body = body_of({"text": "Привіт/🆘\\"})
    assert body == rb'{"text":"\u041f\u0440\u0438\u0432\u0456\u0442\/\ud83c\udd98\\"}'
    assert json.loads(body) == {"text": "Привіт/🆘\\"}


def test_a_body_has_both_signatures() -> None:
    headers = headers_for(b"{}", "key")
    assert headers["X-Hub-Signature-256"] == f"sha256={hmac.new(b'key', b'{}', 'sha256').hexdigest()}"
    assert headers["X-Hub-Signature"] == f"sha1={hmac.new(b'key', b'{}', 'sha1').hexdigest()}"


def test_other_signatures_are_wrong_in_their_own_way() -> None:
    right = headers_for(b"{}", "key")["X-Hub-Signature-256"]
    found = {signing: headers_for(b"{}", "key", signing).get("X-Hub-Signature-256") for signing in Signing}
    assert (found[Signing.TRUNCATED], found[Signing.BARE]) == (right[:-1], right.removeprefix("sha256="))
    assert (found[Signing.NONE], found[Signing.SHA1_ONLY]) == (None, None)
    assert "X-Hub-Signature" in headers_for(b"{}", "key", Signing.SHA1_ONLY)
    wrong = found[Signing.WRONG]
    assert wrong
    assert (len(wrong), wrong == right) == (len(right), False)


async def test_a_text_is_posted_signed_with_the_secret_of_the_app(graph: FakeGraph, meta: Meta, hook: Hook, clock: Clock) -> None:
    person = graph.person()
    event = meta.says(person, "Добрий день")
    assert (await event).status_code == 200
    assert json.loads(hook.bodies[0]) == {
        "object": "page",
        "entry": [{"id": graph.page_id, "time": clock.now * 1000, "messaging": [event.json]}],
    }
    assert event.json == {
        "sender": {"id": person},
        "recipient": {"id": graph.page_id},
        "timestamp": clock.now * 1000,
        "message": {"mid": event.mid, "text": "Добрий день"},
    }
    assert hook.headers[0]["content-type"] == "application/json"
    assert headers_for(hook.bodies[0], graph.app_secret)["X-Hub-Signature-256"] == hook.headers[0]["x-hub-signature-256"]


async def test_a_webhook_on_this_machine_is_reached(graph: FakeGraph, hook: Hook) -> None:
    async with serve(hook) as url, Meta(graph, f"{url}/messenger") as meta:
        await meta.says(graph.person(), "a")
    assert hook.event["message"]["text"] == "a"


async def test_a_webhook_is_verified(meta: Meta) -> None:
    response = await meta.verifies("token", challenge="0042")
    assert response.text == "0042"
    assert dict(response.request.url.params) == {"hub.mode": "subscribe", "hub.verify_token": "token", "hub.challenge": "0042"}


async def test_a_body_can_be_signed_wrongly_and_can_be_no_json(graph: FakeGraph, meta: Meta, hook: Hook) -> None:
    meta.signing = Signing.NONE
    await meta.posts_body(b"{")
    assert (hook.bodies, "x-hub-signature-256" in hook.headers[0]) == ([b"{"], False)


async def test_several_events_come_in_several_entries(graph: FakeGraph, meta: Meta, hook: Hook) -> None:
    anna, borys = graph.person(), graph.person()
    await meta.posts([meta.says(anna, "1"), meta.says(borys, "2")], [meta.says(anna, "3")])
    assert len(hook.bodies) == 1
    assert [[event["message"]["text"] for event in entry["messaging"]] for entry in hook.entries] == [["1", "2"], ["3"]]


async def test_the_same_body_comes_again(graph: FakeGraph, meta: Meta, hook: Hook, clock: Clock) -> None:
    await meta.says(graph.person(), "a")
    clock.pass_(60)
    await meta.resends()
    assert (len(hook.bodies), len(set(hook.bodies))) == (2, 1)


async def test_a_body_is_repeated_until_2xx_on_request(graph: FakeGraph) -> None:
    hook = Hook(503, 302, 204)
    async with Meta(graph, HOOK, attempts=9, transport=httpx.ASGITransport(hook)) as meta:
        assert (await meta.says(graph.person(), "a")).status_code == 204
    assert meta.deliveries == [503, 302, 204]
    assert len(set(hook.bodies)) == 1


async def test_a_body_is_posted_once_unless_told(graph: FakeGraph) -> None:
    async with Meta(graph, HOOK, transport=httpx.ASGITransport(Hook(503))) as meta:
        assert (await meta.says(graph.person(), "a")).status_code == 503
    assert meta.deliveries == [503]


async def test_a_bot_that_cannot_be_reached_is_tried_again(graph: FakeGraph, unused_tcp_port: int) -> None:
    async with Meta(graph, f"http://127.0.0.1:{unused_tcp_port}/", attempts=2) as meta:
        with pytest.raises(httpx.ConnectError):
            await meta.says(graph.person(), "a")
    assert meta.deliveries == [None, None]


async def test_an_event_that_was_forgotten_fails_the_test(graph: FakeGraph) -> None:
    with pytest.raises(AssertionError, match="never posted"):
        async with Meta(graph, HOOK) as meta:
            meta.says(graph.person(), "a")


# The window and the control of a thread


async def test_whoever_does_something_can_be_answered(graph: FakeGraph, api: Api, meta: Meta, clock: Clock) -> None:
    person = "9990000000000042"
    opening: list[Callable[[], Event]] = [
        lambda: meta.says(person, "a"),
        lambda: meta.taps(person, "Contact", "/iom/contact"),
        lambda: meta.sends_sticker(person),
        lambda: meta.reacts(person, "m_fake"),
        lambda: meta.follows_link(person),
    ]
    for does in opening:
        await does()
        assert (await api.says(person)).status_code == 200
        clock.pass_(DAY)


async def test_reading_editing_and_unsending_open_no_window(graph: FakeGraph, api: Api, meta: Meta, clock: Clock) -> None:
    person = graph.person()
    sent = (await api.says(person)).json()["message_id"]
    echo = meta.echoes(person, graph.sent(person)[0])
    clock.pass_(DAY)
    await meta.posts(
        [meta.reads(person), meta.receives(person, sent), meta.edits(person, "m_fake", "b"), meta.unsends(person, "m_fake"), echo]
    )
    assert error_of(await api.says(person)) == (10, 2018278)


async def test_what_is_written_in_a_thread_of_another_app_comes_on_standby(graph: FakeGraph, meta: Meta, hook: Hook) -> None:
    anna, borys = graph.person(), graph.person()
    await meta.takes_thread_control(anna, previous=graph.app_id)
    await meta.posts([meta.says(borys, "1"), meta.says(anna, "2"), meta.taps(anna, "Contact", "/iom/contact"), meta.says(borys, "3")])
    taken, first, second, third = hook.entries
    assert [list(entry)[-1] for entry in hook.entries] == ["messaging", "messaging", "standby", "messaging"]
    assert taken["messaging"][0]["take_thread_control"] == {
        "previous_owner_app_id": graph.app_id,
        "new_owner_app_id": INBOX,
        "metadata": "",
    }
    assert [event.get("postback", {}).get("title") for event in second["standby"]] == [None, "Contact"]
    assert "payload" not in second["standby"][1]["postback"]
    assert [entry["messaging"][0]["message"]["text"] for entry in (first, third)] == ["1", "3"]


async def test_control_that_nobody_had_is_passed_to_the_bot(graph: FakeGraph, meta: Meta, hook: Hook) -> None:
    person = graph.person()
    await meta.takes_thread_control(person)
    await meta.passes_thread_control(person)
    assert hook.event["pass_thread_control"] == {"previous_owner_app_id": None, "new_owner_app_id": graph.app_id, "metadata": ""}
    await meta.says(person, "a")
    assert "messaging" in hook.entries[-1]
    await meta.on_standby(meta.says(person, "b"))
    assert "standby" in hook.entries[-1]


# What people press


async def test_a_button_that_the_person_sees_can_be_tapped(graph: FakeGraph, api: Api, meta: Meta, hook: Hook) -> None:
    person = graph.person()
    await api.messages(person, button_template(BUTTON | {"payload": "/old"}))
    await api.messages(person, button_template(BUTTON))
    await api.messages(person, generic_template({"title": "a", "buttons": [BUTTON | {"title": "На картці", "payload": "/card"}]}))
    await meta.taps(person, "Контакт")
    assert hook.event["postback"] == {"mid": hook.event["postback"]["mid"], "title": "Контакт", "payload": "/iom/contact"}
    await meta.taps(person, "На картці")
    assert hook.event["postback"]["payload"] == "/card"
    with pytest.raises(LookupError, match="no button 'Допомога'"):
        meta.taps(person, "Допомога")


async def test_a_link_is_no_postback(graph: FakeGraph, api: Api, meta: Meta) -> None:
    person = graph.person()
    await api.messages(person, button_template({"type": "web_url", "title": "iom.int", "url": "https://iom.int"}))
    with pytest.raises(LookupError):
        meta.taps(person, "iom.int")


async def test_the_menu_and_the_ice_breakers_can_be_tapped(graph: FakeGraph, api: Api, meta: Meta, hook: Hook) -> None:
    person = graph.person()
    await api.profile(get_started=STARTED, persistent_menu=MENU, ice_breakers=questions({"question": "Хто ви?", "payload": "/iom/who"}))
    await meta.taps(person, "Контакт")
    assert hook.event["postback"]["payload"] == "/iom/contact"
    await meta.taps(person, "Хто ви?")
    assert hook.event["postback"]["payload"] == "/iom/who"
    await meta.gets_started(person, ref="fair_work")
    assert hook.event["postback"]["payload"] == "/start"
    assert hook.event["postback"]["referral"] == {"ref": "fair_work", "source": "SHORTLINK", "type": "OPEN_THREAD"}


async def test_only_the_last_quick_replies_can_be_tapped(graph: FakeGraph, api: Api, meta: Meta, hook: Hook) -> None:
    person = graph.person()
    await api.messages(person, {"text": "a", "quick_replies": [QUICK]})
    await meta.taps_quick_reply(person, "Так")
    assert (hook.event["message"]["text"], hook.event["message"]["quick_reply"]) == ("Так", {"payload": "/yes"})
    await api.says(person, "b")
    with pytest.raises(LookupError, match="no quick reply 'Так' under 'b'"):
        meta.taps_quick_reply(person, "Так")


async def test_the_bots_own_messages_come_back(graph: FakeGraph, api: Api, meta: Meta, hook: Hook) -> None:
    person = graph.person()
    await api.messages(person, {"text": "a", "metadata": "bot"})
    await api.messages(person, button_template(BUTTON))
    text, template = graph.sent(person)
    await meta.echoes(person, text)
    assert (hook.event["sender"], hook.event["recipient"]) == ({"id": graph.page_id}, {"id": person})
    app = int(graph.app_id)
    assert hook.event["message"] == {"is_echo": True, "mid": text.mid, "text": "a", "app_id": app, "metadata": "bot"}
    await meta.echoes(person, template)
    assert hook.event["message"]["attachments"] == [template.message["attachment"]]


# What was recorded


def shape_of(value: object) -> object:
    """Its keys and types; of an id that counts up, whether it is a string."""
    if isinstance(value, dict):
        return {name: shape_of(item) for name, item in value.items()}
    return [shape_of(item) for item in value] if isinstance(value, list) else type(value).__name__


DRIVEN: dict[str, Any] = {
    "text": lambda meta, person: meta.says(person, "hello, world"),
    "quick_reply": lambda meta, person: meta.says(person, "Contact", quick_reply={"payload": "/iom/contact"}),
    "reply_to": lambda meta, person: meta.says(person, "this one", reply_to={"mid": "m_fake-out-000001"}),
    "image": lambda meta, person: meta.sends_attachment(person, "image"),
    "images_with_text": lambda meta, person: meta.sends_attachment(person, "image", "image", text="my contract"),
    "audio": lambda meta, person: meta.sends_attachment(person, "audio"),
    "fallback_without_payload": lambda meta, person: meta.sends_attachment(person, "fallback"),
    "sticker": lambda meta, person: meta.sends_sticker(person),
    "sticker_in_transition": lambda meta, person: meta.sends_sticker(person, "image", "sticker"),
    "unsupported": lambda meta, person: meta.sends_unsupported(person),
    "deleted": lambda meta, person: meta.unsends(person, "m_fake-in-000001"),
    "edit": lambda meta, person: meta.edits(person, "m_fake-in-000001", "hello again"),
    "postback": lambda meta, person: meta.taps(person, "Contact", "/iom/contact"),
    "postback_old": lambda meta, person: meta.taps(person, "Contact", "/iom/contact", old=True),
    "get_started": lambda meta, person: meta.gets_started(person, "/start"),
    "get_started_by_link": lambda meta, person: meta.gets_started(person, "/start", "fair_work-uk"),
    "reaction": lambda meta, person: meta.reacts(person, "m_fake-out-000001"),
    "reaction_taken_back": lambda meta, person: meta.reacts(person, "m_fake-out-000001", None),
    "read": lambda meta, person: meta.reads(person),
    "delivery": lambda meta, person: meta.receives(person, "m_fake-out-000001"),
    "delivery_without_mids": lambda meta, person: meta.receives(person),
    "referral": lambda meta, person: meta.follows_link(person, "fair_work-uk"),
    "referral_without_ref": lambda meta, person: meta.follows_link(person),
    "optin_with_user_ref": lambda meta, _person: meta.opts_in_with_user_ref("fake-user-ref"),
    "echo_from_the_inbox": lambda meta, person: meta.consultant_writes(person, "Good morning"),
    "echo_without_app_id": lambda meta, person: meta.consultant_writes(person, "Good morning", None),
    "standby_text": lambda meta, person: meta.on_standby(meta.says(person, "hello")),
    "standby_postback": lambda meta, person: meta.on_standby(meta.taps(person, "Contact", "/iom/contact")),
    "standby_echo": lambda meta, person: meta.on_standby(meta.consultant_writes(person, "Good morning")),
    "pass_thread_control": lambda meta, person: meta.passes_thread_control(person, previous=INBOX),
    "pass_thread_control_from_nobody": lambda meta, person: meta.passes_thread_control(person),
    "take_thread_control": lambda meta, person: meta.takes_thread_control(person, previous=meta.graph.app_id),
}


@pytest.mark.parametrize("name", DRIVEN)
async def test_meta_posts_the_shape_that_was_recorded(graph: FakeGraph, meta: Meta, hook: Hook, name: str) -> None:
    event = DRIVEN[name](meta, graph.person())
    assert isinstance(event, Event)
    await event
    assert shape_of(recorded()[name]) == shape_of(json.loads(hook.bodies[0]))


def test_every_recorded_body_is_a_body_with_made_up_ids(graph: FakeGraph) -> None:
    bodies = recorded()
    assert len(bodies) >= 25
    known = {graph.page_id, graph.app_id, INBOX, "100000000000009", "200000000000003", "369239263222822", "123456789"}
    for name, body in bodies.items():
        assert body.keys() == {"object", "entry"}, name
        for entry in body["entry"]:
            assert len(entry.keys() & {"messaging", "standby", "changes"}) == 1, name
            assert entry.keys() >= {"id", "time"}, name
        numbers = set(re.findall(r"\d{9,}", (RECORDED / f"{name}.json").read_text()))
        assert {
            number for number in numbers - known if not re.fullmatch(r"(?:18000000|17999999)\d{5}|999000000000000\d", number)
        } == set(), name
