import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import deepcopy
from functools import partial
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from telegram import Update
from telegram.error import BadRequest, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError, TimedOut

from bot.channels import telegram
from bot.channels.base import Gone, Refused, TryLater
from bot.channels.telegram import Telegram
from bot.channels.telegram_errors import failure
from bot.channels.telegram_replies import keyboard
from bot.channels.telegram_updates import UpdatesRequest, heard, message_from, who_left
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
    expected = Message("99:41", Address("telegram", "7"), "Добрий день", None, Language.UK, original="1")
    assert expected == message_from(update(message=written(text="Добрий день")), "99")


def test_a_pressed_button_becomes_its_payload() -> None:
    query = {"id": "1", "from": PERSON, "chat_instance": "1", "data": "/help", "message": written(text="menu")}
    assert Message("99:41", Address("telegram", "7"), "", "/help", Language.UK) == message_from(update(callback_query=query), "99")


def test_a_changed_message_keeps_its_number_and_is_called_edited() -> None:
    expected = Message("99:41", Address("telegram", "7"), "Добрий вечір", None, Language.UK, original="1", edited=True)
    assert expected == message_from(update(edited_message=written(text="Добрий вечір", edit_date=1_800_000_001)), "99")


def test_a_button_pressed_in_a_group_is_not_for_us() -> None:
    group = written(text="menu") | {"chat": {"id": -5, "type": "group", "title": "g"}}
    query = {"id": "1", "from": PERSON, "chat_instance": "1", "data": "/help", "message": group}
    assert message_from(update(callback_query=query), "99") is None


def test_a_press_on_a_message_that_telegram_no_longer_shows_counts() -> None:
    query = {"id": "1", "from": PERSON, "chat_instance": "1", "data": "/help", "message": {"chat": CHAT, "message_id": 3, "date": 0}}
    message = message_from(update(callback_query=query), "99")
    assert message
    assert message.payload == "/help"


def member(status: str, chat: dict[str, Any] = CHAT) -> Update:
    bot = {"id": 99, "is_bot": True, "first_name": "bot"}
    until = {"until_date": 0} if status == "kicked" else {}
    old, new = {"user": bot, "status": "member"}, {"user": bot, "status": status, **until}
    return update(my_chat_member={"chat": chat, "from": PERSON, "date": 1_800_000_000, "old_chat_member": old, "new_chat_member": new})


def test_whoever_blocks_the_bot_has_left() -> None:
    assert who_left(member("kicked")) == Address("telegram", "7")


@pytest.mark.parametrize("change", [member("member"), member("kicked", {"id": -5, "type": "group", "title": "g"}), update()])
def test_nobody_else_has_left(change: Update) -> None:
    assert who_left(change) is None


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
        (Forbidden("Forbidden: user is deactivated"), Gone),
        (BadRequest("Chat not found"), Gone),
        (BadRequest("Can't parse entities"), Refused),
    ],
)
def test_an_error_is_named_for_what_to_do(error: TelegramError, kind: type[Exception]) -> None:
    assert isinstance(failure(error), kind)


def test_what_is_already_as_we_want_it_is_no_failure() -> None:
    assert failure(BadRequest("Message is not modified: specified new message content is exactly the same")) is None


def test_a_rate_limit_says_how_long() -> None:
    later = failure(RetryAfter(35))
    assert isinstance(later, TryLater)
    assert later.seconds == 35


def has_called(fake: FakeTelegram, method: str) -> bool:
    return any(call.method == method for call in fake.calls)


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


NO_ANSWERS = ["null", "[]", "5", "<html>", "{}", '{"ok": true}', '{"ok": false}']


@pytest.mark.parametrize("body", [*NO_ANSWERS, '{"ok": true, "result": {}}', '{"ok": true, "result": null}'])
async def test_long_polling_goes_on_after_an_answer_that_is_none(body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telegram, "pause_after", lambda failures: 0.01)
    async with FakeTelegram() as fake:
        fake.faults.answer("getUpdates", lambda: PlainTextResponse(body))
        async with polling(fake) as mailbox:
            fake.say(fake.person(7), "hello")
            await fake.until(lambda: not fake.pending)
            assert [message.text for message in mailbox.messages] == ["hello"]


@pytest.mark.parametrize("body", NO_ANSWERS)
async def test_a_reply_is_sent_later_when_the_answer_to_it_is_none(body: str) -> None:
    async with FakeTelegram() as fake:
        channel = Telegram(fake.token, fake.url, None, "")
        fake.faults.answer("sendMessage", lambda: PlainTextResponse(body))
        with pytest.raises(TryLater):
            await channel.send(str(fake.person(7).id), Reply("hello", Language.UK))
        await channel.close()


async def test_long_polling_gets_past_an_update_that_cannot_be_read() -> None:
    unreadable = {"message_id": 1, "date": "yesterday", "chat": 5}
    payload = json.dumps({"ok": True, "result": [{"update_id": 1, "message": unreadable}, {"update_id": 2, "message": written(text="hi")}]})
    answer = UpdatesRequest.parse_json_payload(payload.encode())
    first, second = Update.de_list(answer["result"], None)
    assert (first.update_id, message_from(first, "99")) == (1, None)
    assert (second.update_id, second.message and second.message.text) == (2, "hi")


@pytest.mark.parametrize(
    "content",
    [
        {"message": written(text=3)},
        {"message": written(text="x") | {"from": PERSON | {"language_code": 5}}},
        {"message": written(text="x") | {"chat": CHAT | {"id": "\ud83d"}}},
        {"callback_query": {"id": "1", "from": PERSON, "chat_instance": "1", "data": [1]}},
    ],
)
async def test_what_stands_where_it_should_not_stops_neither_the_webhook_nor_the_polling(content: dict[str, Any]) -> None:
    assert heard(update(**content), "99") == (None, None)


async def test_numbers_that_begin_anew_after_a_quiet_week_are_followed() -> None:
    async with FakeTelegram() as fake, polling(fake) as mailbox:
        person = fake.person(7)
        fake.say(person, "before")
        await fake.until(lambda: not fake.pending, timeout=30)
        fake.send_update({"update_id": 5, "message": written(text="a week later")})
        fake.say(person, "and then")
        await fake.until(lambda: not fake.pending, timeout=30)
        assert [message.text for message in mailbox.messages] == ["before", "a week later", "and then"]


async def test_polling_and_webhook_name_the_kinds_they_want_and_wait_as_long_as_telegram_allows() -> None:
    """A list that is left out is the one of before, and a short wait makes Telegram slow us down."""
    async with FakeTelegram(allow_http_webhook=True) as fake:
        asked = {}
        for url, method in ((None, "getUpdates"), ("http://127.0.0.1:1", "setWebhook")):
            channel = Telegram(fake.token, fake.url, url, "s3cret")
            task = asyncio.create_task(channel.run(Mailbox()))
            await fake.until(partial(has_called, fake, method), timeout=30)
            asked[method] = next(call.params for call in fake.calls if call.method == method)
            task.cancel()
            await asyncio.wait([task])
            await channel.close()
        kinds = ["message", "edited_message", "callback_query", "my_chat_member"]
        assert [params["allowed_updates"] for params in asked.values()] == [kinds, kinds]
        assert (asked["getUpdates"]["timeout"], asked["setWebhook"]["max_connections"]) == (50, 40)


async def test_a_webhook_that_two_processes_set_at_once_is_set_again(monkeypatch: pytest.MonkeyPatch) -> None:
    records = Records()
    monkeypatch.setattr(telegram, "_log", records)
    monkeypatch.setattr(telegram, "seconds_of", lambda _error: 0.0)
    async with FakeTelegram(allow_http_webhook=True) as fake:
        fake.faults.too_many_requests("setWebhook", retry_after=1)
        channel = Telegram(fake.token, fake.url, "http://127.0.0.1:1", "s3cret")
        task = asyncio.create_task(channel.run(Mailbox()))
        await fake.until(lambda: sum(call.method == "setWebhook" for call in fake.calls) == 2)
        task.cancel()
        await asyncio.wait([task])
        await channel.close()
    assert records.events[0] == "telegram.unavailable"


async def test_a_press_that_can_no_longer_be_confirmed_is_answered_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    records, mailbox = Records(), Mailbox()
    monkeypatch.setattr(telegram, "_log", records)
    async with FakeTelegram() as fake:
        channel = Telegram(fake.token, fake.url, None, "")
        query = {"id": "1", "from": PERSON, "chat_instance": "1", "data": "/help", "message": written(text="menu")}
        await channel._receive(update(callback_query=query), mailbox)
        await asyncio.wait(channel._background)
        await channel.close()
        assert fake.refusals == ["Bad Request: query is too old and response timeout expired or query ID is invalid"]
    assert ([message.payload for message in mailbox.messages], records.events) == (["/help"], ["callback.not_answered"])


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


@pytest.mark.parametrize("language", list(Language))
async def test_the_number_and_the_address_of_the_office_can_be_copied_with_one_tap(language: Language) -> None:
    async with FakeTelegram() as fake:
        channel = Telegram(fake.token, fake.url, None, "")
        fake.person(7)
        await channel.send("7", Reply("", language, contact=CARD))
        keys = [key for row in fake.calls[-1].params["reply_markup"]["inline_keyboard"] for key in row]
        assert [key["copy_text"]["text"] for key in keys] == ["+48530595013", "office@example.org"]
        assert fake.refusals == []
        await channel.close()


async def test_a_rate_limit_of_one_chat_holds_back_nobody_else() -> None:
    async with FakeTelegram() as fake:
        channel = Telegram(fake.token, fake.url, None, "")
        fake.person(7)
        other = fake.person(8)
        fake.faults.too_many_requests("sendMessage", retry_after=35)
        with pytest.raises(TryLater) as later:
            await channel.send("7", Reply("hello", Language.PL))
        await channel.send("8", Reply("hello", Language.PL))
        assert (later.value.seconds, [sent.text for sent in fake.sent(other)]) == (35, ["hello"])
        await channel.close()


async def test_what_looks_like_markup_arrives_as_it_is_written() -> None:
    async with FakeTelegram() as fake:
        channel = Telegram(fake.token, fake.url, None, "")
        person = fake.person(7)
        await channel.send("7", Reply("1 < 2 & <b>3</b> *4* _5_", Language.PL))
        assert fake.sent(person)[0].text == "1 < 2 & <b>3</b> *4* _5_"
        assert "parse_mode" not in fake.calls[-1].params
        await channel.close()


async def test_a_person_sees_that_an_answer_is_coming() -> None:
    async with FakeTelegram() as fake:
        channel = Telegram(fake.token, fake.url, None, "")
        fake.person(7)
        await channel.typing("7")
        assert (fake.calls[-1].method, fake.calls[-1].params["action"]) == ("sendChatAction", "typing")
        fake.faults.server_error("sendChatAction")
        await channel.typing("7")  # what is only for show never fails
        await channel.close()


async def test_somebody_who_blocks_the_bot_is_forgotten_and_whoever_comes_back_begins_anew() -> None:
    async with FakeTelegram() as fake, polling(fake) as mailbox:
        person = fake.person(7)
        fake.block(person)
        await fake.until(lambda: mailbox.forgotten == [Address("telegram", "7")], timeout=30)
        fake.unblock(person)
        fake.say(person, "/start")
        await asyncio.wait_for(mailbox.came.wait(), 20)
        assert [message.text for message in mailbox.messages] == ["/start"]


async def test_nothing_that_people_wrote_while_the_bot_was_away_is_dropped() -> None:
    async with FakeTelegram(allow_http_webhook=True) as fake:
        for url, method in ((None, "deleteWebhook"), ("http://127.0.0.1:1", "setWebhook")):
            channel = Telegram(fake.token, fake.url, url, "s3cret")
            task = asyncio.create_task(channel.run(Mailbox()))
            await fake.until(partial(has_called, fake, method), timeout=30)
            task.cancel()
            await asyncio.wait([task])
            await channel.close()
        asked = [call.params for call in fake.calls if call.method in ("deleteWebhook", "setWebhook")]
        assert not any(params.get("drop_pending_updates") for params in asked)


@asynccontextmanager
async def looking(monkeypatch: pytest.MonkeyPatch, url: str) -> AsyncIterator[tuple[FakeTelegram, Telegram, Records]]:
    """A webhook where nobody listens."""
    records = Records()
    monkeypatch.setattr(telegram, "_log", records)
    async with FakeTelegram(allow_http_webhook=True) as fake:
        channel = Telegram(fake.token, fake.url, "http://127.0.0.1:1", "s3cret")
        await channel._bot.set_webhook(url)
        yield fake, channel, records
        await channel.close()


@pytest.mark.parametrize(("url", "reason"), [("", "no webhook is set"), ("http://127.0.0.1:2/of_somebody_else", "another webhook is set")])
async def test_a_webhook_that_is_not_ours_is_told_to_the_operator(monkeypatch: pytest.MonkeyPatch, url: str, reason: str) -> None:
    async with looking(monkeypatch, url) as (_fake, channel, records):
        await channel.look_at_webhook()
        assert records.fields["webhook.failing"]["reason"] == reason


async def test_a_webhook_that_telegram_cannot_reach_is_told_to_the_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    async with looking(monkeypatch, "http://127.0.0.1:1/telegram") as (fake, channel, records):
        await channel.look_at_webhook()
        assert records.events == []
        fake.say(fake.person(7), "hi")
        await fake.until(lambda: fake.deliveries)
        await channel.look_at_webhook()
        assert (records.events, records.fields["webhook.failing"]["waiting"]) == (["webhook.failing"], 1)


async def test_many_updates_that_wait_are_told_to_the_operator_without_an_error_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telegram, "LOOK_EVERY", -1.0)  # no error is young
    async with looking(monkeypatch, "http://127.0.0.1:1/telegram") as (fake, channel, records):
        for number in range(50):
            assert records.events == []
            fake.say(fake.person(100 + number), "hi")
            if number in (0, 48):
                await channel.look_at_webhook()
        await channel.look_at_webhook()
        assert records.fields["webhook.failing"]["waiting"] == 50


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
    assert (response.status_code, response.content) == (200, b"")  # a method in the answer would be a call that nobody hears back from
    assert [message.text for message in mailbox.messages] == ["hi"]


@pytest.mark.parametrize("headers", [{}, {"X-Telegram-Bot-Api-Secret-Token": "wrong"}, {"X-Telegram-Bot-Api-Secret-Token": ""}])
async def test_without_its_secret_a_webhook_is_not_even_read(headers: dict[str, str]) -> None:
    async def body() -> AsyncIterator[bytes]:
        raise AssertionError
        yield b"{"

    mailbox = Mailbox()
    async with webhook(mailbox) as client:
        response = await client.post("/telegram", headers=headers, content=body())
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
