import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bot.channels import CHANNELS, all_settings, channels_from, viber
from bot.channels.base import Gone, Refused, TryLater, utf16
from bot.channels.viber import Viber, content_of, failure, keyboard
from bot.channels.viber_events import message_from, person_who_left, welcome_for
from bot.channels.webhooks import signature
from bot.settings import load
from bot.types import Address, Button, ContactCard, Language, Message, Reply
from tests.conftest import Records
from tests.fakes.mailbox import Mailbox
from tests.fakes.viber import FakeViber, Person
from tests.fakes.viber_checks import LARGEST, check_message

PAYLOADS = Path(__file__).parent / "payloads" / "viber"
TOKEN = "4d1f-fake-token"
PUBLIC = "https://bot.example.org"
OLENA = Address("viber", "01234567890A=")
ID = "4912661846655238145"
CARD = ContactCard("Anna Nowak", "IOM Kraków", "+48530595013", "office@example.org", "https://example.org")
MENU = (Button("Kontakt", "/iom/contact"),)


def payload(name: str) -> Any:
    return json.loads((PAYLOADS / f"{name}.json").read_text(encoding="utf-8"))


def said(text: str, **event: Any) -> Any:
    return payload("text") | {"message": {"type": "text", "text": text}} | event


@asynccontextmanager
async def connected(mailbox: Mailbox) -> AsyncIterator[tuple[FakeViber, Viber]]:
    """Viber and the channel, and the webhook is set."""
    late = Late()
    async with FakeViber(TOKEN, webhook_transport=httpx.ASGITransport(late)) as fake:
        channel = Viber(TOKEN, fake.url, PUBLIC)
        late.app = Starlette(routes=list(channel.routes(mailbox)))
        await channel.run(mailbox)
        yield fake, channel
        await channel.close()


class Late:
    """A bot behind a proxy, which answers 502 so many times before the bot is there."""

    def __init__(self, misses: int = 0) -> None:
        self.app, self.misses = Starlette(), misses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.misses -= 1
        await (Response(status_code=502) if self.misses >= 0 else self.app)(scope, receive, send)


# Events


@pytest.mark.parametrize(
    ("name", "text", "pressed"),
    [
        ("text", "Шеф не заплатив", None),
        ("pressed", "", "/fair_work/unpaid_wages"),
        ("picture", "мій договір", None),
        ("video", "", None),
        ("file", "", None),
        ("sticker", "", None),
        ("contact", "", None),
        ("location", "", None),
        ("url", "", None),
        ("conversation_started_subscribed", "", "/start fair_work-unpaid_wages_uk"),
    ],
)
def test_what_a_person_sends_becomes_a_message(name: str, text: str, pressed: str | None) -> None:
    assert Message(ID, OLENA, text, pressed, Language.UK) == message_from(payload(name))


@pytest.mark.parametrize(
    "name", ["webhook", "conversation_started", "subscribed", "unsubscribed", "delivered", "seen", "failed", "client_status"]
)
def test_what_nobody_wrote_is_no_message(name: str) -> None:
    assert message_from(payload(name)) is None


@pytest.mark.parametrize("text", ["/help", "/start", "/start fair_work_uk", '/change_language{"language": "uk"}', "/fair_work/contract"])
def test_a_button_is_known_by_its_form(text: str) -> None:
    message = message_from(said(text))
    assert message
    assert (message.text, message.payload) == ("", text)


@pytest.mark.parametrize("text", ["/ pomocy", "/pomocy, biją mnie", "/Help", "help", "//", "/start what is this", "a\n/help"])
def test_words_that_begin_with_a_slash_are_words(text: str) -> None:
    message = message_from(said(text))
    assert message
    assert (message.text, message.payload) == (text, None)


def test_what_no_database_takes_is_replaced() -> None:
    message = message_from(said("a\0b\ud83d"))
    assert message
    assert message.text == "ab?"


@pytest.mark.parametrize(("tag", "hint"), [("pl-PL", Language.PL), ("ru-RU", Language.UK), ("be", Language.PL), ("ka", None), (5, None)])
def test_the_language_of_the_app_is_a_hint(tag: Any, hint: Language | None) -> None:
    message = message_from(said("hi", sender={"id": OLENA.person, "language": tag}))
    assert message
    assert hint == message.hint


def test_a_subscriber_who_opens_the_chat_without_a_link_said_nothing() -> None:
    event = payload("conversation_started_subscribed")
    del event["context"]
    assert (message_from(event), welcome_for(event)) == (None, None)


@pytest.mark.parametrize(
    "event",
    [
        None,
        5,
        [],
        {},
        {"event": 5},
        said("hi", message_token=None),
        said("hi", sender=None),
        said("hi", sender={"id": ""}),
        said("hi", sender={"id": 5}),
        said("hi", message="hi"),
        payload("unsubscribed") | {"user_id": 5},
        payload("conversation_started") | {"user": None},
    ],
)
def test_what_is_no_event_does_no_harm(event: Any) -> None:
    assert (message_from(event), person_who_left(event), welcome_for(event)) == (None, None, None)


def test_who_unsubscribes_is_known() -> None:
    assert person_who_left(payload("unsubscribed")) == OLENA


def test_a_welcome_says_that_a_program_answers_and_carries_the_link_on() -> None:
    welcome = welcome_for(payload("conversation_started"))
    assert welcome
    assert (welcome.language, welcome.buttons) == (Language.UK, (Button("Почати", "/start fair_work-unpaid_wages_uk"),))
    assert "програма" in welcome.text
    assert "112" in welcome.text


@pytest.mark.parametrize("context", ["", "a b", "x" * 65, '"><b>', 5, None])
def test_a_link_that_is_none_of_ours_is_left_out(context: Any) -> None:
    welcome = welcome_for(payload("conversation_started") | {"context": context})
    assert welcome
    assert welcome.buttons[0].payload == "/start"


@pytest.mark.parametrize("language", ["pl", "uk", "en", "ka"])
def test_a_welcome_is_taken_by_viber_in_every_language(language: str) -> None:
    welcome = welcome_for(payload("conversation_started") | {"user": {"id": "1", "language": language}})
    assert welcome
    check_message(content_of(welcome), welcome=True)


# The webhook


@asynccontextmanager
async def webhook(mailbox: Mailbox) -> AsyncIterator[httpx.AsyncClient]:
    channel = Viber(TOKEN, "http://127.0.0.1:1", PUBLIC)
    app = Starlette(routes=list(channel.routes(mailbox)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=PUBLIC) as client:
        yield client
    await channel.close()


def signed(body: bytes) -> dict[str, str]:
    return {"X-Viber-Content-Signature": signature(body, TOKEN)}


BODY = json.dumps(payload("text")).encode()


@pytest.mark.parametrize(
    "given",
    [
        "",
        "0" * 64,
        signature(BODY, TOKEN)[:-1],
        signature(BODY, TOKEN) + "0",
        signature(BODY, ""),
        signature(BODY, "another"),
        signature(BODY + b" ", TOKEN),
    ],
)
async def test_a_wrong_signature_is_refused_without_a_word(given: str) -> None:
    mailbox = Mailbox()
    async with webhook(mailbox) as client:
        response = await client.post("/viber", headers={"X-Viber-Content-Signature": given}, content=BODY)
    assert (response.status_code, response.content, mailbox.messages) == (403, b"", [])


async def test_without_a_signature_nothing_is_read() -> None:
    mailbox = Mailbox()
    async with webhook(mailbox) as client:
        request = client.build_request("POST", "/viber", headers={"Content-Length": "9"})
        request.stream = Unread()
        response = await client.send(request)
    assert (response.status_code, response.content, mailbox.messages) == (403, b"", [])


class Unread(httpx.AsyncByteStream):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        raise AssertionError("it was read")
        yield b""


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b'{"event": "message"}', b"[" * 100_000])
async def test_a_signed_body_that_cannot_be_read_is_confirmed_and_logged(monkeypatch: pytest.MonkeyPatch, body: bytes) -> None:
    records, mailbox = Records(), Mailbox()
    monkeypatch.setattr(viber, "_log", records)
    async with webhook(mailbox) as client:
        assert (await client.post("/viber", headers=signed(body), content=body)).status_code == 200
    assert (mailbox.messages, records.events) == ([], ["event.unreadable"])


async def test_an_enormous_body_is_refused() -> None:
    body = b"x" * (1024 * 1024 + 1)
    async with webhook(Mailbox()) as client:
        assert (await client.post("/viber", headers=signed(body), content=body)).status_code == 413


@pytest.mark.parametrize("name", ["webhook", "subscribed", "delivered", "seen", "client_status", "conversation_started_subscribed", "text"])
async def test_every_event_is_confirmed_with_nothing_in_the_answer(name: str) -> None:
    body = (PAYLOADS / f"{name}.json").read_bytes()
    async with webhook(Mailbox()) as client:
        response = await client.post("/viber", headers=signed(body), content=body)
    assert (response.status_code, response.content) == (200, b"")


async def test_a_message_that_an_app_could_not_show_is_logged_without_its_person(monkeypatch: pytest.MonkeyPatch) -> None:
    records, body = Records(), (PAYLOADS / "failed.json").read_bytes()
    monkeypatch.setattr(viber, "_log", records)
    async with webhook(Mailbox()) as client:
        assert (await client.post("/viber", headers=signed(body), content=body)).status_code == 200
    assert {event: list(fields) for event, fields in records.fields.items()} == {"delivery.failed": ["do"]}


# With Viber


async def test_a_new_channel_is_one_line_and_off_without_a_token() -> None:
    assert "viber" in CHANNELS
    assert "viber" not in channels_from(load(all_settings(), {}))
    switched_on = channels_from(load(all_settings(), {"BOT_VIBER_TOKEN": TOKEN, "BOT_VIBER_WEBHOOK_URL": PUBLIC}))
    assert isinstance(switched_on["viber"], Viber)
    await switched_on["viber"].close()


async def test_the_webhook_is_set_without_asking_for_names_and_photos() -> None:
    async with connected(Mailbox()) as (fake, _channel):
        assert fake.webhook == "https://bot.example.org/viber"
        assert fake.calls[0].body | {"url": "", "event_types": []} == {
            "url": "",
            "event_types": [],
            "send_name": False,
            "send_photo": False,
        }
        assert fake.refusals == []


async def test_a_webhook_is_set_again_and_again_until_our_own_door_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    records, late, mailbox = Records(), Late(misses=3), Mailbox()
    waited: list[float] = []
    monkeypatch.setattr(viber, "_log", records)

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    async with FakeViber(TOKEN, webhook_transport=httpx.ASGITransport(late)) as fake:
        fake.faults.bad_gateway("set_webhook")
        fake.faults.status("set_webhook", 2)
        fake.faults.status("set_webhook", 6)
        channel = Viber(TOKEN, fake.url, PUBLIC, sleep)
        late.app = Starlette(routes=list(channel.routes(mailbox)))
        await asyncio.wait_for(channel.run(mailbox), 20)
        await channel.close()
    assert waited == [2.0, 300.0, 8.0, 16.0, 32.0, 60.0]  # a token that is refused waits for the operator
    assert len(records.events) == 7
    assert set(records.events[:-1]) == {"viber.unavailable"}
    assert records.events[-1] == "webhook.set"
    assert records.fields["viber.unavailable"]["do"]


async def test_a_whole_talk_is_stored_and_answered() -> None:
    mailbox = Mailbox()
    async with connected(mailbox) as (fake, channel):
        person = fake.person(OLENA.person, "uk")
        await fake.start(person, "fair_work_uk")
        await fake.press(person, "Почати")
        await fake.say(person, "Шеф не заплатив")
        await channel.send(person.id, Reply("Praca & płaca", Language.PL, (Button("Umowa & płaca", "/fair_work/contract"),)))
        await fake.press(person, "Umowa & płaca")
        await fake.sticker(person)
        await fake.picture(person, "umowa")
        heard = [(message.text, message.payload, message.hint) for message in mailbox.messages]
        assert heard == [
            ("", "/start fair_work_uk", Language.UK),
            ("Шеф не заплатив", None, Language.UK),
            ("", "/fair_work/contract", Language.UK),
            ("", None, Language.UK),
            ("umowa", None, Language.UK),
        ]
        assert [sent.text for sent in person.sent][1:] == ["Praca & płaca"]
        assert (fake.refusals, fake.pending) == ([], [])


def test_a_button_does_not_write_its_payload_into_the_chat() -> None:
    assert all(key["Silent"] is True for key in keyboard(MENU)["Buttons"])


async def test_who_leaves_is_forgotten() -> None:
    mailbox = Mailbox()
    async with connected(mailbox) as (fake, _channel):
        await fake.unsubscribe(fake.person(OLENA.person, subscribed=True))
    assert mailbox.forgotten == [OLENA]


async def test_nothing_is_confirmed_while_the_store_is_down_and_nothing_comes_twice() -> None:
    mailbox = Mailbox()
    async with connected(mailbox) as (fake, _channel):
        person, mailbox.down = fake.person(OLENA.person), True
        response = await fake.say(person, "first")
        assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
        left = await fake.unsubscribe(person)
        assert left
        assert left.status_code == 503
        assert (await fake.start(fake.person("new"))).status_code == 200  # needs no store
        mailbox.down = False
        again = list(fake.pending)
        assert await fake.resend() == [200, 200]
        for body in again:
            assert (await fake.post(body)).status_code == 200
    assert [message.text for message in mailbox.messages] == ["first"]


@pytest.fixture
async def writing() -> AsyncIterator[tuple[FakeViber, Viber, Person]]:
    async with connected(Mailbox()) as (fake, channel):
        yield fake, channel, fake.person(OLENA.person, subscribed=True)


Writing = tuple[FakeViber, Viber, Person]


async def test_the_office_is_a_contact_that_a_phone_can_save(writing: Writing) -> None:
    fake, channel, person = writing
    long = ContactCard("Międzynarodowa Organizacja do Spraw Migracji", "IOM", "+48530595013", "", "")
    for card in (CARD, long):
        await channel.send(person.id, Reply("", Language.PL, contact=card))
    assert [sent.contact for sent in person.sent] == [
        {"name": "Anna Nowak", "phone_number": "+48530595013"},
        {"name": "Międzynarodowa Organizacja d", "phone_number": "+48530595013"},
    ]
    assert fake.refusals == []


async def test_a_person_who_did_not_write_or_left_is_gone(writing: Writing) -> None:
    fake, channel, person = writing
    person.subscribed = False
    for receiver in (person.id, "nobody"):
        with pytest.raises(Gone):
            await channel.send(receiver, Reply("hello", Language.EN))
    assert fake.refusals == ["receiverNotSubscribed", "receiverNotRegistered"]


@pytest.mark.parametrize("fault", ["bad_gateway", "reset", "drop_reply"])
async def test_what_goes_wrong_on_the_way_is_tried_again(writing: Writing, fault: str) -> None:
    fake, channel, person = writing
    getattr(fake.faults, fault)("send_message")
    with pytest.raises(TryLater):
        await channel.send(person.id, Reply("hello", Language.EN))
    await channel.send(person.id, Reply("hello", Language.EN))
    assert person.sent[-1].text == "hello"


@pytest.mark.parametrize("code", [301, 401, 404, 429, 500, 503])
async def test_a_code_of_http_says_nothing_about_the_reply(writing: Writing, code: int) -> None:
    fake, channel, person = writing
    fake.faults.http("send_message", code)
    with pytest.raises(TryLater, match=str(code)):
        await channel.send(person.id, Reply("hello", Language.EN))


async def test_viber_that_hangs_is_tried_again(writing: Writing) -> None:
    fake, channel, person = writing
    channel._client.timeout = httpx.Timeout(0.05)
    fake.faults.hang("send_message")
    with pytest.raises(TryLater, match="network"):
        await channel.send(person.id, Reply("hello", Language.EN))


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((status, TryLater) for status in (1, 2, 7, 8, 9, 10, 12, 15, 23, 24)),
        *((status, Gone) for status in (5, 6)),
        *((status, Refused) for status in (3, 4, 11, 13, 14, 16, 17, 18, 19, 20, 21, 22, 99, -1)),
    ],
)
async def test_a_status_is_named_for_what_to_do(writing: Writing, status: int, kind: type[Exception]) -> None:
    fake, channel, person = writing
    fake.faults.status("send_message", status)
    with pytest.raises(kind):
        await channel.send(person.id, Reply("hello", Language.EN))


@pytest.mark.parametrize("status", [1, 2, 7, 8, 9, 10, 15, 23, 24])
def test_what_only_an_operator_can_mend_says_how(status: int) -> None:
    error = failure(status)
    assert isinstance(error, TryLater)
    assert error.do


@pytest.mark.parametrize("token", ["tajny-klucz-żółty", "secret\nsecret"])
async def test_a_token_never_stands_in_an_error_an_address_or_a_log(token: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    async with FakeViber() as fake:
        channel = Viber(token, fake.url, PUBLIC)
        with pytest.raises(TryLater) as error:
            await channel.send("7", Reply("hello", Language.EN))
        await channel.close()
    assert token not in f"{error.value!r} {error.value.do} {caplog.text}"
    assert error.value.__suppress_context__ or error.value.__context__ is None


async def test_viber_shows_nobody_typing(writing: Writing) -> None:
    fake, channel, person = writing
    await channel.typing(person.id)
    assert [call.method for call in fake.calls] == ["set_webhook"]


# Keyboards and limits


def test_short_titles_stand_two_in_a_row_and_long_ones_alone() -> None:
    short = keyboard([Button(f"Menu {n}", "/help") for n in range(5)])
    long = keyboard([Button(f"A much longer title {n}", "/help") for n in range(5)])
    assert [key["Columns"] for key in short["Buttons"]] == [3, 3, 3, 3, 6]
    assert [key["Columns"] for key in long["Buttons"]] == [6] * 5


titles = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda title: utf16(title) <= Viber.limits.title)


@given(st.lists(titles, min_size=1, max_size=Viber.limits.buttons))
@settings(max_examples=50, deadline=None, derandomize=True, database=None)
def test_every_keyboard_within_the_limits_is_taken(titles: list[str]) -> None:
    reply = Reply("menu", Language.PL, tuple(Button(title, "/" + "p" * 63) for title in titles))
    check_message(content_of(reply), welcome=True)


def test_what_viber_may_call_too_long_is_too_long_for_us() -> None:
    assert Viber.limits.size("😀" * 3501) > Viber.limits.text


@pytest.mark.parametrize("buttons", [0, Viber.limits.buttons])
@pytest.mark.parametrize("sign", ["ま", "\n", "😀"])
@pytest.mark.parametrize("title", ["ま", "&", '"', "'"])
def test_the_largest_reply_fits_the_largest_request(buttons: int, sign: str, title: str) -> None:
    longest = Viber.limits.text_with_buttons if buttons else Viber.limits.text
    assert longest
    button = Button(title * Viber.limits.title, '/p{"' + "p" * (Viber.limits.payload - 6) + '"}')
    message = {"receiver": "0" * 100, **content_of(Reply(sign * (longest // utf16(sign)), Language.PL, (button,) * buttons))}
    check_message(message)
    assert len(httpx.Request("POST", "http://127.0.0.1", json=message).content) <= LARGEST
