import hashlib
import hmac
import json
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from bot.channels import all_settings, channels_from, messenger
from bot.channels.base import Gone, Refused, TryLater
from bot.channels.messenger import Messenger, MessengerSettings
from bot.channels.messenger_events import INBOX
from bot.settings import load
from bot.types import Address, Button, Language, Message, Reply
from tests.conftest import Clock, Records
from tests.fakes.mailbox import Mailbox

PAGE, PERSON, OTHER = "100", "9990000000000001", "9990000000000002"
OLENA = Address("messenger", PERSON)
TOKEN, SECRET, OLD, WORD = "canary-token", "canary-secret", "canary-old", "canary-word"
HELLO = Reply("Dzień dobry", Language.PL)
WEBHOOK = "https://bot.example.org"


class Naps:
    """A sleep that passes no time of ours."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        self.clock.pass_(seconds)


class Meta:
    """Keeps every call, and answers what a test put into `answers`, then that all is well."""

    def __init__(self) -> None:
        self.calls: list[tuple[Request, Any]] = []
        self.answers: list[Response] = []
        self.app = Starlette(routes=[Route("/{path:path}", self._answer, methods=["GET", "POST"])])

    async def _answer(self, request: Request) -> Response:
        body = await request.body()
        self.calls.append((request, json.loads(body) if body else None))
        good = {"id": PAGE, "name": "Page"} if request.method == "GET" else {"recipient_id": PERSON, "message_id": "m_1"}
        return self.answers.pop(0) if self.answers else JSONResponse(good)

    def fails(self, code: int, subcode: int | None = None, headers: dict[str, str] | None = None) -> None:
        error = {"message": "canary-words", "type": "OAuthException", "code": code, "error_subcode": subcode}
        self.answers.append(JSONResponse({"error": error}, 400, headers))

    @property
    def bodies(self) -> list[Any]:
        return [body for _, body in self.calls]


class Broken(httpx.AsyncBaseTransport):
    """A network that is down, and says more than it should."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError(f"cannot send {request.headers} {request.content!r}")


@pytest.fixture
def meta() -> Meta:
    return Meta()


@pytest.fixture
def naps(clock: Clock) -> Naps:
    return Naps(clock)


def channel_to(transport: httpx.AsyncBaseTransport | None, naps: Naps | None = None, page_id: str = "") -> Messenger:
    more: dict[str, Any] = {"clock": naps.clock, "sleep": naps} if naps else {}
    return Messenger(TOKEN, [SECRET, OLD], WORD, page_id, "https://graph.example/", transport, **more)


@pytest.fixture
async def channel(meta: Meta, naps: Naps) -> AsyncIterator[Messenger]:
    channel = channel_to(httpx.ASGITransport(meta.app), naps)
    yield channel
    await channel.close()


@asynccontextmanager
async def webhook(mailbox: Mailbox, page_id: str = "") -> AsyncIterator[httpx.AsyncClient]:
    channel = channel_to(None, page_id=page_id)
    app = Starlette(routes=list(channel.routes(mailbox)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=WEBHOOK) as client:
        yield client
    await channel.close()


def event(text: str = "hi", mid: str = "m_1", **more: Any) -> dict[str, Any]:
    return {"sender": {"id": PERSON}, "recipient": {"id": PAGE}, "timestamp": 1, "message": {"mid": mid, "text": text}, **more}


def delivery(*events: Any, page: str = PAGE) -> bytes:
    """As Meta writes it: nothing but ASCII, and each slash escaped."""
    body = {"object": "page", "entry": [{"id": page, "time": 1, "messaging": [*events]}]}
    return json.dumps(body, separators=(",", ":")).replace("/", "\\/").encode()


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={digest}"}


async def posted(mailbox: Mailbox, body: bytes, headers: dict[str, str] | None = None, page_id: str = "") -> httpx.Response:
    async with webhook(mailbox, page_id) as client:
        return await client.post("/messenger", content=body, headers=signed(body) if headers is None else headers)


# The handshake


async def test_meta_gets_its_challenge_back_to_the_letter_and_as_no_page() -> None:
    async with webhook(Mailbox()) as client:
        asked = {"hub.mode": "subscribe", "hub.verify_token": WORD, "hub.challenge": "<b>0042</b>"}
        answer = await client.get("/messenger", params=asked)
    assert (answer.status_code, answer.text) == (200, "<b>0042</b>")
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "asked", [{}, {"hub.verify_token": "wrong"}, {"hub.verify_token": ""}, {"hub.mode": "unsubscribe"}, {"hub.verify_token": "słowo"}]
)
async def test_a_handshake_without_the_word_is_refused(asked: dict[str, str]) -> None:
    good = {"hub.mode": "subscribe", "hub.verify_token": WORD} if asked else {}
    async with webhook(Mailbox()) as client:
        answer = await client.get("/messenger", params={**good, "hub.challenge": "1158201444", **asked})
    assert (answer.status_code, answer.content) == (403, b"")


# What comes in


@pytest.mark.parametrize("secret", [SECRET, OLD])
async def test_what_is_signed_with_the_new_or_the_old_secret_is_stored_and_confirmed(secret: str) -> None:
    mailbox, body = Mailbox(), delivery(event("Добрий день / zażółć"))
    answer = await posted(mailbox, body, signed(body, secret))
    assert (answer.status_code, answer.text) == (200, "EVENT_RECEIVED")
    assert mailbox.messages == [Message("m_1", OLENA, "Добрий день / zażółć", original="m_1")]


def _sha1(body: bytes) -> dict[str, str]:
    return {"X-Hub-Signature": "sha1=" + hmac.new(SECRET.encode(), body, hashlib.sha1).hexdigest()}


@pytest.mark.parametrize(
    "signature",
    [
        lambda body: {},
        _sha1,
        lambda body: {"X-Hub-Signature-256": ""},
        lambda body: {"X-Hub-Signature-256": signed(body, "another")["X-Hub-Signature-256"]},
        lambda body: {"X-Hub-Signature-256": signed(body, WORD)["X-Hub-Signature-256"]},
        lambda body: {"X-Hub-Signature-256": signed(body)["X-Hub-Signature-256"][:-1]},
        lambda body: {"X-Hub-Signature-256": signed(body)["X-Hub-Signature-256"].removeprefix("sha256=")},
        lambda body: {"X-Hub-Signature-256": signed(body + b" ")["X-Hub-Signature-256"]},
        lambda body: {"X-Hub-Signature-256": _sha1(body)["X-Hub-Signature"]},
    ],
)
async def test_without_the_right_signature_nothing_is_read_and_nothing_explained(signature: Callable[[bytes], dict[str, str]]) -> None:
    mailbox, body = Mailbox(), delivery(event())
    answer = await posted(mailbox, body, {"Content-Type": "application/json", **signature(body)})
    assert (answer.status_code, answer.content, dict(answer.headers), mailbox.messages) == (403, b"", {"content-length": "0"}, [])


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 200_000])
async def test_what_is_signed_but_no_delivery_is_refused(body: bytes) -> None:
    assert (await posted(Mailbox(), body)).status_code == 400


async def test_an_enormous_body_is_refused() -> None:
    assert (await posted(Mailbox(), b"x" * (1024 * 1024 + 1))).status_code == 413


async def test_a_body_that_is_called_something_else_than_json_is_refused() -> None:
    body = delivery(event())
    assert (await posted(Mailbox(), body, {**signed(body), "Content-Type": "text/plain"})).status_code == 415


async def test_what_is_not_of_a_page_is_confirmed_and_passed_over() -> None:
    mailbox = Mailbox()
    body = delivery(event()).replace(b'"object":"page"', b'"object":"instagram"')
    answer = await posted(mailbox, body)
    assert (answer.status_code, mailbox.messages) == (200, [])


async def test_all_events_of_all_entries_are_stored_in_their_order() -> None:
    mailbox = Mailbox()
    entries = [{"id": PAGE, "messaging": [event(str(n), f"m_{n}") for n in pair]} for pair in ((1, 2), (3, 4))]
    answer = await posted(mailbox, json.dumps({"object": "page", "entry": entries}).encode())
    assert (answer.status_code, [message.text for message in mailbox.messages]) == (200, ["1", "2", "3", "4"])


@pytest.mark.parametrize(
    "broken",
    [
        5,
        None,
        [],
        "text",
        {"message": 5, "sender": {"id": PERSON}},
        {"message": {"text": "no mid"}, "sender": {"id": PERSON}},
        {"sender": 5},
    ],
)
async def test_an_event_that_cannot_be_read_does_not_stop_its_neighbours(broken: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    records, mailbox = Records(), Mailbox()
    monkeypatch.setattr(messenger, "_log", records)
    answer = await posted(mailbox, delivery(event("1", "m_1"), broken, event("2", "m_2")))
    assert (answer.status_code, [message.text for message in mailbox.messages]) == (200, ["1", "2"])
    assert records.events == ["event.unreadable"]
    assert "messenger_events.py" in str(records.fields["event.unreadable"]["error"])


async def test_an_entry_that_cannot_be_read_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    records, mailbox = Records(), Mailbox()
    monkeypatch.setattr(messenger, "_log", records)
    body = json.dumps({"object": "page", "entry": ["?", {"id": PAGE, "messaging": [event()]}]}).encode()
    assert ((await posted(mailbox, body)).status_code, len(mailbox.messages)) == (200, 1)
    assert records.events == ["event.unreadable"]


async def test_nothing_is_confirmed_while_the_store_is_down_and_a_repeat_is_kept_once() -> None:
    mailbox, body = Mailbox(), delivery(event("1", "m_1"), event("2", "m_2"))
    mailbox.down = True
    answer = await posted(mailbox, body)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    mailbox.down = False
    assert [(await posted(mailbox, body)).status_code for _ in range(2)] == [200, 200]
    assert [message.text for message in mailbox.messages] == ["1", "2"]


@pytest.mark.parametrize(("page", "texts"), [(PAGE, ["hi"]), ("101", [])])
async def test_with_a_page_set_the_deliveries_of_others_are_passed_over(page: str, texts: list[str]) -> None:
    mailbox = Mailbox()
    assert (await posted(mailbox, delivery(event(), page=page), page_id=PAGE)).status_code == 200
    assert texts == [message.text for message in mailbox.messages]


async def test_what_a_person_takes_back_is_withdrawn() -> None:
    mailbox = Mailbox()
    await posted(mailbox, delivery(event(message={"mid": "m_1", "is_deleted": True})))
    assert (mailbox.withdrawn, mailbox.messages) == ([(OLENA, "m_1")], [])


async def test_the_bot_is_silent_for_a_day_when_the_office_writes_and_speaks_again_when_it_gives_back() -> None:
    mailbox = Mailbox()
    echo = {"mid": "m_2", "is_echo": True, "app_id": int(INBOX), "text": "Dzień dobry"}
    await posted(mailbox, delivery(event(sender={"id": PAGE}, recipient={"id": PERSON}, message=echo)))
    assert mailbox.paused == {OLENA: 86400.0}
    given = {"sender": {"id": PERSON}, "recipient": {"id": PAGE}, "pass_thread_control": {"new_owner_app_id": "200"}}
    await posted(mailbox, delivery(given))
    assert mailbox.paused == {}


# What goes out


async def test_a_reply_is_one_call_that_hides_the_token_and_proves_the_secret(meta: Meta, channel: Messenger) -> None:
    await channel.send(PERSON, HELLO)
    ((request, body),) = meta.calls
    assert body == {"recipient": {"id": PERSON}, "messaging_type": "RESPONSE", "message": {"text": "Dzień dobry", "metadata": "bot"}}
    assert (request.method, request.url.path) == ("POST", "/v26.0/me/messages")
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert dict(request.query_params) == {"appsecret_proof": hmac.new(SECRET.encode(), TOKEN.encode(), hashlib.sha256).hexdigest()}


async def test_with_a_page_set_the_call_names_it(meta: Meta) -> None:
    channel = channel_to(httpx.ASGITransport(meta.app), page_id=PAGE)
    await channel.send(PERSON, HELLO)
    await channel.close()
    assert meta.calls[0][0].url.path == "/v26.0/100/messages"


async def test_buttons_go_out_as_messenger_wants_them(meta: Meta, channel: Messenger) -> None:
    await channel.send(PERSON, Reply("Co dalej?", Language.PL, (Button("Umowa", "/fair_work/contract"),)))
    assert meta.bodies[0]["message"]["attachment"]["payload"]["buttons"][0]["payload"] == "/fair_work/contract"


async def test_typing_stands_alone(meta: Meta, channel: Messenger) -> None:
    await channel.typing(PERSON)
    assert meta.bodies == [{"recipient": {"id": PERSON}, "sender_action": "typing_on"}]


@pytest.mark.parametrize(("code", "subcode"), [(613, None), (10, 2018278), (551, 1545041)])
async def test_typing_never_raises(meta: Meta, channel: Messenger, code: int, subcode: int | None) -> None:
    meta.fails(code, subcode)
    await channel.typing(PERSON)
    assert len(meta.calls) == 1


@pytest.mark.parametrize(
    ("code", "subcode", "kind"),
    [(551, 1545041, Gone), (100, 2018001, Gone), (10, 2018278, Refused), (4711, None, Refused), (190, None, TryLater)],
)
async def test_an_error_says_what_to_do_with_the_reply(
    meta: Meta, channel: Messenger, code: int, subcode: int | None, kind: type[Exception]
) -> None:
    meta.fails(code, subcode)
    with pytest.raises(kind):
        await channel.send(PERSON, HELLO)


@pytest.mark.parametrize("answer", [HTMLResponse("<h1>Bad Gateway</h1>", 502), JSONResponse(["?"]), HTMLResponse("<p>Log in</p>")])
async def test_what_is_no_answer_is_no_delivery(meta: Meta, channel: Messenger, answer: Response) -> None:
    meta.answers.append(answer)
    with pytest.raises(TryLater):
        await channel.send(PERSON, HELLO)
    await channel.send(PERSON, HELLO)
    assert len(meta.calls) == 2


async def test_an_answer_need_not_name_the_person(meta: Meta, channel: Messenger) -> None:
    meta.answers.append(JSONResponse({"message_id": "m_1"}))
    await channel.send(PERSON, HELLO)
    assert len(meta.calls) == 1


async def test_a_network_error_repeats_neither_token_nor_text() -> None:
    channel, reply = channel_to(Broken()), Reply("canary-text", Language.PL)
    with pytest.raises(TryLater) as error:
        await channel.send(PERSON, reply)
    await channel.close()
    assert "canary" not in "".join(traceback.format_exception(error.value))


async def test_a_token_that_was_pasted_wrong_is_not_repeated(meta: Meta) -> None:
    channel = Messenger("żeton", [SECRET], WORD, "", "https://graph.example", httpx.ASGITransport(meta.app))
    meta.fails(190)
    with pytest.raises(TryLater, match="token refused"):
        await channel.send(PERSON, HELLO)
    await channel.close()


async def test_after_a_rate_error_nobody_on_the_page_is_written_to_until_the_time_is_over(
    meta: Meta, channel: Messenger, clock: Clock
) -> None:
    meta.fails(613, headers={"Retry-After": "35"})
    with pytest.raises(TryLater) as first:
        await channel.send(PERSON, HELLO)
    clock.pass_(10)
    with pytest.raises(TryLater) as second:
        await channel.send(OTHER, HELLO)
    await channel.typing(OTHER)
    assert ([first.value.seconds, second.value.seconds], len(meta.calls)) == ([35, 25], 1)
    clock.pass_(25)
    await channel.send(OTHER, HELLO)
    assert len(meta.calls) == 2


async def test_an_error_of_one_person_stops_nobody_else(meta: Meta, channel: Messenger) -> None:
    meta.fails(551, 1545041)
    with pytest.raises(Gone):
        await channel.send(PERSON, HELLO)
    await channel.send(OTHER, HELLO)
    assert len(meta.calls) == 2


async def test_no_more_than_250_calls_a_second_are_made(channel: Messenger, naps: Naps) -> None:
    started = naps.clock.now
    for _ in range(251):
        await channel.send(PERSON, HELLO)
    assert naps.clock.now - started == pytest.approx(1.0, abs=0.001)


async def test_calls_at_a_quiet_time_wait_for_nothing(channel: Messenger, naps: Naps) -> None:
    await channel.send(PERSON, HELLO)
    naps.clock.pass_(1)
    await channel.send(PERSON, HELLO)
    assert naps.seconds == []


# The start


async def test_a_token_that_fits_is_told(meta: Meta, channel: Messenger, monkeypatch: pytest.MonkeyPatch) -> None:
    records = Records()
    monkeypatch.setattr(messenger, "_log", records)
    await channel.run(Mailbox())
    request = meta.calls[0][0]
    assert (request.method, request.url.path, request.query_params["fields"]) == ("GET", "/v26.0/me", "id,name")
    assert records.events == ["messenger.ready"]


async def test_a_token_of_another_page_is_told(meta: Meta, monkeypatch: pytest.MonkeyPatch) -> None:
    records = Records()
    monkeypatch.setattr(messenger, "_log", records)
    channel = channel_to(httpx.ASGITransport(meta.app), page_id="101")
    await channel.run(Mailbox())
    await channel.close()
    assert "BOT_MESSENGER_PAGE_ID" in str(records.fields["messenger.other_page"]["do"])


async def test_until_meta_answers_it_is_asked_again_and_the_operator_hears_why(
    meta: Meta, channel: Messenger, naps: Naps, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = Records()
    monkeypatch.setattr(messenger, "_log", records)
    meta.answers += [HTMLResponse("down", 503), HTMLResponse("down", 503)]
    meta.fails(190)
    await channel.run(Mailbox())
    assert records.events == ["messenger.unavailable"] * 3 + ["messenger.ready"]
    assert (naps.seconds, records.fields["messenger.unavailable"]["reason"]) == ([2.0, 4.0, 60.0], "token refused")
    assert "BOT_MESSENGER_PAGE_TOKEN" in str(records.fields["messenger.unavailable"]["do"])


async def test_an_error_that_will_not_pass_ends_the_asking(meta: Meta, channel: Messenger, monkeypatch: pytest.MonkeyPatch) -> None:
    records = Records()
    monkeypatch.setattr(messenger, "_log", records)
    meta.fails(4711)
    await channel.run(Mailbox())
    assert (records.events, len(meta.calls)) == (["call.refused"], 1)
    assert "canary" not in str(records.fields)


def test_without_a_token_there_is_no_messenger() -> None:
    assert "messenger" not in channels_from(load(all_settings(), {}))


async def test_settings_with_two_secrets_believe_both(monkeypatch: pytest.MonkeyPatch) -> None:
    own = MessengerSettings(page_token=SecretStr(TOKEN), app_secret=SecretStr(f"{SECRET}, {OLD}"), verify_token=SecretStr(WORD))
    channel = Messenger.from_settings(own)
    mailbox, body = Mailbox(), delivery(event())
    app = Starlette(routes=list(channel.routes(mailbox)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=WEBHOOK) as client:
        answers = [await client.post("/messenger", content=body, headers=signed(body, secret)) for secret in (SECRET, OLD, "")]
    await channel.close()
    assert [answer.status_code for answer in answers] == [200, 200, 403]
