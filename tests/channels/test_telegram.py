import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import deepcopy
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from telegram import Update
from telegram.error import BadRequest, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError, TimedOut

from bot.channels import telegram
from bot.channels.base import Gone, Refused, TryLater
from bot.channels.telegram import Telegram, failure, keyboard
from bot.channels.telegram_updates import UpdatesRequest, message_from
from bot.types import Address, Button, ContactCard, Language, Message, Reply
from tests.conftest import Records
from tests.fakes.mailbox import Mailbox
from tests.fakes.telegram import FakeTelegram

PERSON = {"id": 7, "is_bot": False, "first_name": "Olena", "language_code": "uk"}
CHAT = {"id": 7, "type": "private", "first_name": "Olena"}
STILL = {"is_animated": False, "is_video": False}
CARD = ContactCard("Anna Nowak", "IOM Kraków", "+48530595013", "office@example.org", "https://example.org")


def update(**fields: Any) -> Update:
    return Update.de_json(deepcopy({"update_id": 41, **fields}), None)  # it empties what it is given


def written(**fields: Any) -> dict[str, Any]:
    return {"message_id": 1, "date": 1_800_000_000, "chat": CHAT, "from": PERSON, **fields}


def test_what_a_person_writes_becomes_a_message() -> None:
    expected = Message("99:41", Address("telegram", "7"), "Добрий день", None, Language.UK)
    assert expected == message_from(update(message=written(text="Добрий день")), "99")


def test_a_pressed_button_becomes_its_payload() -> None:
    query = {"id": "1", "from": PERSON, "chat_instance": "1", "data": "/help", "message": written(text="menu")}
    assert Message("99:41", Address("telegram", "7"), "", "/help", Language.UK) == message_from(update(callback_query=query), "99")


def test_the_words_under_a_photo_are_read() -> None:
    photo = [{"file_id": "a", "file_unique_id": "b", "width": 1, "height": 1}]
    message = message_from(update(message=written(photo=photo, caption="szef nie płaci")), "99")
    assert message
    assert message.text == "szef nie płaci"


@pytest.mark.parametrize(
    "content",
    [
        {"photo": [{"file_id": "a", "file_unique_id": "b", "width": 1, "height": 1}]},
        {"voice": {"file_id": "a", "file_unique_id": "b", "duration": 1}},
        {"location": {"latitude": 50.0, "longitude": 19.9}},
        {
            "sticker": {
                "file_id": "a",
                "file_unique_id": "b",
                "width": 1,
                "height": 1,
                "is_animated": False,
                "is_video": False,
                "type": "regular",
            }
        },
        {"contact": {"phone_number": "+48111222333", "first_name": "Olena"}},
    ],
)
def test_what_we_cannot_read_becomes_a_message_without_text(content: dict[str, Any]) -> None:
    message = message_from(update(message=written(**content)), "99")
    assert message
    assert (message.text, message.payload) == ("", None)


@pytest.mark.parametrize(
    "fields",
    [
        {"message": written(text="hi") | {"chat": {"id": -5, "type": "group", "title": "g"}}},
        {"edited_message": written(text="hi", edit_date=1_800_000_001)},
        {"channel_post": {"message_id": 1, "date": 1_800_000_000, "chat": {"id": -6, "type": "channel", "title": "c"}, "text": "hi"}},
        {"callback_query": {"id": "1", "from": PERSON, "chat_instance": "1", "game_short_name": "g"}},
        {"poll_answer": {"poll_id": "1", "option_ids": [], "option_persistent_ids": [], "user": PERSON}},
        {"something_new": {"id": 1}},
        {},
    ],
)
def test_what_is_not_for_us_does_no_harm(fields: dict[str, Any]) -> None:
    assert message_from(update(**fields), "99") is None


@pytest.mark.parametrize(("tag", "hint"), [("pl-PL", Language.PL), ("ru", Language.UK), ("be", Language.PL), ("ka", None), (None, None)])
def test_the_language_of_the_client_is_a_hint(tag: str | None, hint: Language | None) -> None:
    person = {key: value for key, value in {**PERSON, "language_code": tag}.items() if value is not None}
    message = message_from(update(message=written(text="hi") | {"from": person}), "99")
    assert message
    assert hint == message.hint


def test_short_titles_stand_two_in_a_row_and_long_ones_alone() -> None:
    short = keyboard([Button(f"Menu {n}", "/help") for n in range(5)])
    long = keyboard([Button(f"A much longer title {n}", "/help") for n in range(5)])
    assert short
    assert long
    assert [len(row) for row in short.inline_keyboard] == [2, 2, 1]
    assert [len(row) for row in long.inline_keyboard] == [1] * 5
    assert keyboard([]) is None


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (RetryAfter(35), TryLater),
        (TimedOut(), TryLater),
        (NetworkError("Bad Gateway"), TryLater),
        (InvalidToken(), TryLater),
        (TelegramError("new"), TryLater),
        (Forbidden("Forbidden: bot was blocked by the user"), Gone),
        (BadRequest("Chat not found"), Gone),
        (BadRequest("Can't parse entities"), Refused),
    ],
)
def test_an_error_is_named_for_what_to_do(error: TelegramError, kind: type[Exception]) -> None:
    assert isinstance(failure(error), kind)


def test_a_rate_limit_says_how_long() -> None:
    later = failure(RetryAfter(35))
    assert isinstance(later, TryLater)
    assert later.seconds == 35


@asynccontextmanager
async def polling(fake: FakeTelegram) -> AsyncIterator[Mailbox]:
    channel, mailbox = Telegram(fake.token, fake.url, None, ""), Mailbox()
    task = asyncio.create_task(channel.run(mailbox))
    try:
        yield mailbox
    finally:
        task.cancel()
        await asyncio.wait([task])
        await channel.close()


async def test_long_polling_stores_what_people_wrote_before_it_is_confirmed() -> None:
    async with FakeTelegram() as fake, polling(fake) as mailbox:
        mailbox.down = True
        fake.say(fake.person(7), "first")
        await fake.until(lambda: sum(call.method == "getUpdates" for call in fake.calls) >= 1)
        assert len(fake.pending) == 1
        mailbox.down = False
        await fake.until(lambda: not fake.pending, timeout=30)
        assert [message.text for message in mailbox.messages] == ["first"]


async def test_long_polling_gets_past_an_update_that_cannot_be_read() -> None:
    unreadable = {"message_id": 1, "date": "yesterday", "chat": 5}
    payload = json.dumps({"ok": True, "result": [{"update_id": 1, "message": unreadable}, {"update_id": 2, "message": written(text="hi")}]})
    answer = UpdatesRequest.parse_json_payload(payload.encode())
    first, second = Update.de_list(answer["result"], None)
    assert (first.update_id, message_from(first, "99")) == (1, None)
    assert (second.update_id, second.message and second.message.text) == (2, "hi")


@pytest.mark.parametrize("raw", [5, None, {}, {"update_id": "x"}])
async def test_what_is_no_update_at_all_confirms_nothing(raw: Any) -> None:
    answer = UpdatesRequest.parse_json_payload(json.dumps({"ok": True, "result": [raw]}).encode())
    assert answer["result"] == [{"update_id": 0}]


async def test_a_webhook_that_telegram_refuses_is_not_called_set(monkeypatch: pytest.MonkeyPatch) -> None:
    records = Records()
    monkeypatch.setattr(telegram, "_log", records)
    async with FakeTelegram() as fake:
        channel = Telegram(fake.token, fake.url, "http://127.0.0.1:1", "not allowed!")
        await channel.run(Mailbox())
        await channel.close()
    assert records.events == ["call.refused"]


async def test_every_pressed_button_is_answered() -> None:
    async with FakeTelegram() as fake, polling(fake) as mailbox:
        channel = Telegram(fake.token, fake.url, None, "")
        person = fake.person(7)
        await channel.send("7", Reply("menu", Language.PL, (Button("Kontakt", "/iom/contact"),)))
        fake.press(person, "Kontakt")
        await asyncio.wait_for(mailbox.came.wait(), 20)
        assert mailbox.messages[0].payload == "/iom/contact"
        await fake.until(lambda: not fake.unanswered_callbacks)
        await channel.close()
        assert fake.refusals == []


async def test_a_reply_goes_out_with_buttons_and_without_a_link_preview() -> None:
    async with FakeTelegram() as fake:
        channel = Telegram(fake.token, fake.url, None, "")
        person = fake.person(7)
        await channel.send("7", Reply("See https://example.org", Language.EN, (Button("Menu", "/help"),)))
        sent = fake.sent(person)[0]
        assert (sent.text, [tuple(button) for button in sent.buttons]) == ("See https://example.org", [("Menu", "/help")])
        assert fake.calls[-1].params["link_preview_options"]["is_disabled"] is True
        await channel.close()


async def test_the_office_is_a_contact_that_a_phone_can_save() -> None:
    async with FakeTelegram() as fake:
        channel = Telegram(fake.token, fake.url, None, "")
        fake.person(7)
        await channel.send("7", Reply("", Language.PL, contact=CARD))
        params = fake.calls[-1].params
        assert (fake.calls[-1].method, params["phone_number"]) == ("sendContact", "+48530595013")
        assert "EMAIL;TYPE=WORK:office@example.org" in params["vcard"]
        await channel.close()


async def test_a_blocked_bot_hears_that_the_person_is_gone() -> None:
    async with FakeTelegram() as fake:
        channel = Telegram(fake.token, fake.url, None, "")
        fake.block(fake.person(7))
        with pytest.raises(Gone):
            await channel.send("7", Reply("hello", Language.PL))
        await channel.close()


@asynccontextmanager
async def webhook(mailbox: Mailbox) -> AsyncIterator[httpx.AsyncClient]:
    channel = Telegram("99:token", "http://127.0.0.1:1", "https://bot.example.org", "s3cret")
    app = Starlette(routes=list(channel.routes(mailbox)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://bot.example.org") as client:
        yield client
    await channel.close()


SECRET = {"X-Telegram-Bot-Api-Secret-Token": "s3cret"}


async def test_the_webhook_confirms_what_is_stored() -> None:
    mailbox = Mailbox()
    async with webhook(mailbox) as client:
        response = await client.post("/telegram", headers=SECRET, json={"update_id": 41, "message": written(text="hi")})
    assert response.status_code == 200
    assert [message.text for message in mailbox.messages] == ["hi"]


@pytest.mark.parametrize("headers", [{}, {"X-Telegram-Bot-Api-Secret-Token": "wrong"}, {"X-Telegram-Bot-Api-Secret-Token": ""}])
async def test_without_its_secret_a_webhook_is_not_even_read(headers: dict[str, str]) -> None:
    mailbox = Mailbox()
    async with webhook(mailbox) as client:
        response = await client.post("/telegram", headers=headers, content=b"{not json")
    assert (response.status_code, response.content, mailbox.messages) == (403, b"", [])


async def test_the_webhook_confirms_nothing_while_the_store_is_down() -> None:
    mailbox = Mailbox()
    mailbox.down = True
    async with webhook(mailbox) as client:
        response = await client.post("/telegram", headers=SECRET, json={"update_id": 41, "message": written(text="hi")})
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"update_id": "x"}', b'{"update_id": 1, "message": 5}', b"\xff\xfe"])
async def test_a_webhook_body_that_cannot_be_read_does_not_block_its_chat(body: bytes) -> None:
    mailbox = Mailbox()
    async with webhook(mailbox) as client:
        assert (await client.post("/telegram", headers=SECRET, content=body)).status_code == 200
    assert mailbox.messages == []


async def test_an_enormous_webhook_body_is_refused() -> None:
    async with webhook(Mailbox()) as client:
        assert (await client.post("/telegram", headers=SECRET, content=b"x" * (1024 * 1024 + 1))).status_code == 413
