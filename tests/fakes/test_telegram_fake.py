"""Proves that FakeTelegram refuses what Telegram refuses, delivers as Telegram delivers, and breaks on request."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeChat,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputFile,
    LinkPreviewOptions,
    MenuButtonCommands,
    MenuButtonWebApp,
    Message,
    MessageEntity,
    WebAppInfo,
)
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken, NetworkError, RetryAfter, TimedOut
from telegram.ext import Updater

from tests.conftest import Clock

from .server import serve
from .telegram import ANY, Delivery, FakeTelegram
from .telegram_methods import Methods
from .telegram_parameters import METHODS
from .telegram_text import parse_html

HOOK = "https://bot.example/telegram"
VCARD = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:IOM Kraków\r\nTEL:+48123\r\nEND:VCARD"


@pytest.fixture(autouse=True)
def _retry_after_without_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    """python-telegram-bot warns as often as it makes a RetryAfter, unless this is set."""
    monkeypatch.setenv("PTB_TIMEDELTA", "1")


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as telegram:
        yield telegram


@pytest.fixture
async def bot(fake: FakeTelegram) -> AsyncIterator[Bot]:
    async with bot_of(fake) as bot:
        yield bot


@pytest.fixture
async def api(fake: FakeTelegram) -> AsyncIterator["Api"]:
    async with Api(fake) as api:
        yield api


def bot_of(fake: FakeTelegram) -> Bot:
    return Bot(fake.token, base_url=f"{fake.url}/bot")


class Api(httpx.AsyncClient):
    """For what python-telegram-bot would not send."""

    def __init__(self, fake: FakeTelegram) -> None:
        super().__init__(base_url=f"{fake.url}/bot{fake.token}/", trust_env=False)

    async def refusal(self, method: str, **parameters: Any) -> str:
        response = await self.post(method, content=json.dumps(parameters), headers={"Content-Type": "application/json"})
        body = response.json()
        assert body["ok"] is False
        assert body["error_code"] == response.status_code
        return str(body["description"])


class Hook:
    """A bot's webhook: answers with `answers` in their order, then with 200. `gate` holds every answer back."""

    def __init__(self, *answers: Response) -> None:
        self.answers = list(answers)
        self.updates: list[dict[str, Any]] = []
        self.secrets: list[str | None] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        self.updates.append(await request.json())
        self.secrets.append(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        await self.gate.wait()
        answer = self.answers.pop(0) if self.answers else Response()
        await answer(scope, receive, send)

    @property
    def heard(self) -> list[str]:
        return [u["message"]["text"] if "message" in u else u["callback_query"]["data"] for u in self.updates]


def hooked(hook: Hook, **settings: Any) -> FakeTelegram:
    return FakeTelegram(webhook_transport=httpx.ASGITransport(hook), retry_delay=0.001, **settings)


def keyboard(*buttons: InlineKeyboardButton) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[button] for button in buttons])


CONTACT = InlineKeyboardButton("Контакт", callback_data="/iom/contact")


# What is asked, and by whom


async def test_every_method_of_the_extract_is_played() -> None:
    words = {"".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in method) for method in METHODS}
    assert words - set(dir(Methods)) == set()


async def test_the_bot_learns_who_it_is(bot: Bot, fake: FakeTelegram) -> None:
    assert (bot.id, bot.username) == (int(fake.token.split(":")[0]), "fake_bot")


async def test_an_unknown_token_is_unauthorized(fake: FakeTelegram) -> None:
    with pytest.raises(InvalidToken, match="rejected by the server"):
        async with Bot("123456:another", base_url=f"{fake.url}/bot"):
            pass


async def test_an_unknown_method_is_not_found(api: Api) -> None:
    assert await api.refusal("sendMesage") == "Not Found: method not found"


async def test_a_path_outside_the_api_is_not_found(fake: FakeTelegram) -> None:
    async with httpx.AsyncClient(base_url=fake.url) as client:
        assert (await client.get("/")).json() == {"ok": False, "error_code": 404, "description": "Not Found"}


async def test_names_of_methods_may_have_any_case_and_parameters_any_form(api: Api, fake: FakeTelegram) -> None:
    fake.person(7)
    parameters = {"chat_id": "7", "text": "Так & ні"}
    answers = [
        await api.post("sendmessage", json={"chat_id": 7, "text": "Так & ні"}),
        await api.post("SENDMESSAGE", data=parameters),
        await api.get("sendMessage", params=parameters),
        await api.post("sendMessage", files={name: (None, value) for name, value in parameters.items()}),
    ]
    assert [answer.json()["result"]["text"] for answer in answers] == ["Так & ні"] * 4
    assert fake.calls == [("sendMessage", {"chat_id": 7, "text": "Так & ні"})] * 4
    assert fake.refusals == []


async def test_an_unknown_parameter_is_refused_although_telegram_ignores_it(api: Api, fake: FakeTelegram) -> None:
    fake.person(7)
    assert await api.refusal("sendMessage", chat_id=7, text="a", disable_preview=True) == (
        'Bad Request: unknown parameter "disable_preview" of sendMessage'
    )


@pytest.mark.parametrize(
    ("method", "parameters", "description"),
    [
        ("sendMessage", {"text": "a"}, "chat_id is empty"),
        ("sendMessage", {"chat_id": 7}, "message text is empty"),
        ("sendContact", {"chat_id": 7, "first_name": "IOM"}, 'parameter "phone_number" is required'),
        ("sendContact", {"chat_id": 7, "phone_number": "+48", "first_name": ""}, 'parameter "first_name" is required'),
        ("answerCallbackQuery", {}, 'parameter "callback_query_id" is required'),
        ("editMessageText", {"chat_id": 7, "text": "a"}, "message identifier is not specified"),
    ],
)
async def test_a_missing_parameter_is_refused(
    api: Api, fake: FakeTelegram, method: str, parameters: dict[str, Any], description: str
) -> None:
    fake.person(7)
    assert await api.refusal(method, **parameters) == f"Bad Request: {description}"


@pytest.mark.parametrize(
    ("parameters", "description"),
    [
        ({"chat_id": 7.5}, "chat_id must be Integer | String"),
        ({"chat_id": True}, "chat_id must be Integer | String"),
        ({"text": 5}, "text must be String"),
        ({"text": None}, "text must be String"),
        ({"text": "\ud83d"}, "strings must be encoded in UTF-8"),
        ({"protect_content": "yes"}, "protect_content must be Boolean"),
        ({"message_thread_id": "one"}, "message_thread_id must be Integer"),
        ({"link_preview_options": True}, "link_preview_options must be LinkPreviewOptions"),
        ({"link_preview_options": "{"}, "can't parse link_preview_options JSON object"),
        ({"link_preview_options": {"disabled": True}}, 'unknown field "disabled" of LinkPreviewOptions'),
        ({"link_preview_options": {"is_disabled": "ja"}}, 'Field "is_disabled" of LinkPreviewOptions must be Boolean'),
        ({"entities": {}}, "entities must be Array of MessageEntity"),
        ({"entities": [{"type": "bold", "offset": 0}]}, "can't parse MessageEntity: Can't find field \"length\""),
        ({"reply_markup": None}, "object expected as reply markup"),
        ({"reply_markup": "null"}, "object expected as reply markup"),
        ({"reply_markup": []}, "object expected as reply markup"),
        ({"reply_markup": "{"}, "can't parse reply keyboard markup JSON object"),
        ({"reply_markup": {"inline_keyboard": [{}]}}, 'every item of Field "inline_keyboard" of InlineKeyboardMarkup'),
    ],
)
async def test_a_parameter_of_the_wrong_type_is_refused(api: Api, fake: FakeTelegram, parameters: dict[str, Any], description: str) -> None:
    fake.person(7)
    refusal = await api.refusal("sendMessage", **{"chat_id": 7, "text": "a"} | parameters)
    assert refusal.startswith(f"Bad Request: {description}")


async def test_a_body_that_is_not_an_object_is_refused(api: Api) -> None:
    response = await api.post("sendMessage", content=b"[1]", headers={"Content-Type": "application/json"})
    assert response.json()["description"] == "Bad Request: can't parse request: JSON object expected"


async def test_what_was_refused_is_on_record(api: Api, fake: FakeTelegram) -> None:
    await api.refusal("sendMessage", chat_id=7, text="a")
    assert fake.refusals == ["Bad Request: chat not found"]
    assert fake.calls == [("sendMessage", {"chat_id": 7, "text": "a"})]


# Texts


async def test_a_message_reaches_the_person_with_its_buttons(bot: Bot, fake: FakeTelegram) -> None:
    person = fake.person(7, language_code="uk")
    link = InlineKeyboardButton("112", url="https://112.gov.pl")
    message = await bot.send_message(7, "Добрий день", reply_markup=keyboard(CONTACT, link))
    [sent] = fake.sent(person)
    assert (sent.method, sent.text, sent.contact) == ("sendMessage", "Добрий день", None)
    assert sent.buttons == (("Контакт", "/iom/contact"), ("112", "https://112.gov.pl"))
    assert (message.message_id, message.chat.id) == (sent.message["message_id"], 7)


@pytest.mark.parametrize("text", ["", " \n", "\u200b\u200d\ufeff", "\u00a0", "\u2800", "\x00\x07", "\u202e"])
async def test_a_text_in_which_nothing_is_visible_is_empty(bot: Bot, fake: FakeTelegram, text: str) -> None:
    fake.person(7)
    with pytest.raises(BadRequest, match="Message text is empty"):
        await bot.send_message(7, text)


@pytest.mark.parametrize("text", ["ż" * 4096, "🆘" * 4096, "<b>" + "ż" * 4096 + "</b>", "&lt;" * 4096, " " * 99 + "a" * 4096 + "\n"])
async def test_4096_code_points_after_parsing_are_taken(bot: Bot, fake: FakeTelegram, text: str) -> None:
    person = fake.person(7)
    await bot.send_message(7, text, parse_mode="HTML")
    assert len(fake.sent(person)[0].text) == 4096


@pytest.mark.parametrize("text", ["ż" * 4097, "🆘" * 4097, "&lt;" * 4097])
async def test_a_longer_text_is_refused(bot: Bot, fake: FakeTelegram, text: str) -> None:
    fake.person(7)
    with pytest.raises(BadRequest, match="Message is too long"):
        await bot.send_message(7, text, parse_mode="HTML")


async def test_html_of_more_than_32_kib_is_refused_however_short_its_text(bot: Bot, fake: FakeTelegram) -> None:
    fake.person(7)
    with pytest.raises(BadRequest, match="Text is too long"):
        await bot.send_message(7, "<b>a</b>" * 4097, parse_mode="HTML")


@pytest.mark.parametrize(
    ("html", "reason"),
    [
        ("1 < 2", 'Unsupported start tag "" at byte offset 2'),
        ("є<br>", 'Unsupported start tag "br" at byte offset 2'),
        ("<p>a</p>", 'Unsupported start tag "p" at byte offset 0'),
        ("a <b", "Unclosed start tag at byte offset 2"),
        ("<a href=x", "Unclosed start tag at byte offset 0"),
        ("<a href>a</a>", 'Expected equal sign in declaration of an attribute of the tag "a" at byte offset 0'),
        ("<span>a</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("<b>a", "Can't find end tag corresponding to start tag b"),
        ("a</b>", "Unexpected end tag at byte offset 1"),
        ("<b>a</b", "Unclosed end tag at byte offset 4"),
        ("<b><i>a</b></i>", 'Unmatched end tag at byte offset 7, expected "</i>", found "</b>"'),
    ],
)
async def test_broken_html_is_refused(api: Api, fake: FakeTelegram, html: str, reason: str) -> None:
    fake.person(7)
    assert await api.refusal("sendMessage", chat_id=7, text=html, parse_mode="HTML") == f"Bad Request: can't parse entities: {reason}"


@pytest.mark.parametrize(
    ("html", "text", "entities"),
    [
        ("1 &lt; 2 &amp; &#51; &gt; &quot;2&quot;", '1 < 2 & 3 > "2"', []),
        ("a&nbsp;b &apos; &", "a&nbsp;b &apos; &", []),
        ("🆘 <b>Дзвоніть</b>", "🆘 Дзвоніть", [("bold", 3, 8)]),
        ("<b>a<i>b</i></b><u></u>", "ab", [("bold", 0, 2), ("italic", 1, 1)]),
        ('<a href="https://x.pl/?a=1&amp;b">tu</a>', "tu", [("text_link", 0, 2)]),
        ("<blockquote expandable>a</blockquote>", "a", [("expandable_blockquote", 0, 1)]),
        ('<B>a</B >\r\n<tg-spoiler>b</><span class="tg-spoiler">c</span>', "a\nbc", [("bold", 0, 1), ("spoiler", 2, 1), ("spoiler", 3, 1)]),
    ],
)
async def test_html_is_read_as_telegram_reads_it(html: str, text: str, entities: list[tuple[str, int, int]]) -> None:
    plain, found = parse_html(html)
    assert (plain, [(entity["type"], entity["offset"], entity["length"]) for entity in found]) == (text, entities)


async def test_the_ends_of_a_text_are_trimmed_and_entities_move_along(bot: Bot, fake: FakeTelegram) -> None:
    person = fake.person(7)
    message = await bot.send_message(7, "\n x <b> y \n</b>", parse_mode="HTML")
    assert fake.sent(person)[0].text == message.text == "x  y"
    assert message.entities == (MessageEntity("bold", 2, 2),)
    assert (await bot.send_message(7, "a b", entities=[MessageEntity("bold", 2, 1)])).entities == (MessageEntity("bold", 2, 1),)


@pytest.mark.parametrize(("mode", "reason"), [("MarkdownV2", "the fake reads html only"), ("XML", "Unsupported parse_mode")])
async def test_another_parse_mode_is_refused(bot: Bot, fake: FakeTelegram, mode: str, reason: str) -> None:
    fake.person(7)
    with pytest.raises(BadRequest, match=reason):
        await bot.send_message(7, "*a*", parse_mode=mode)


# Buttons and contacts


@pytest.mark.parametrize(
    ("button", "reason"),
    [
        ({"text": "a", "callback_data": "ї" * 33}, "BUTTON_DATA_INVALID"),
        ({"text": "a", "callback_data": ""}, "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"),
        ({"text": "a"}, "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"),
        ({"text": "", "callback_data": "a"}, "inline keyboard button text must be non-empty"),
        ({"callback_data": "a"}, "can't parse InlineKeyboardButton: Can't find field \"text\""),
        ({"text": "a", "callback_data": "a", "url": "https://a.pl"}, "can't parse inline keyboard button: exactly one action is allowed"),
        ({"text": "a", "url": "javascript:1"}, "inline keyboard button URL 'javascript:1' is invalid"),
        ({"text": "a", "copy_text": {"text": "1" * 257}}, "BUTTON_COPY_TEXT_INVALID"),
        ({"text": "a", "callback_data": "a", "style": "pink"}, "can't parse inline keyboard button: unknown style pink"),
        ({"text": "a", "payload": "a"}, 'unknown field "payload" of InlineKeyboardButton'),
    ],
)
async def test_a_wrong_button_is_refused(api: Api, fake: FakeTelegram, button: dict[str, Any], reason: str) -> None:
    person = fake.person(7)
    refusal = await api.refusal("sendMessage", chat_id=7, text="a", reply_markup={"inline_keyboard": [[button]]})
    assert refusal.startswith(f"Bad Request: {reason}")
    assert fake.sent(person) == []


async def test_64_bytes_of_payload_are_taken(bot: Bot, fake: FakeTelegram) -> None:
    person = fake.person(7)
    await bot.send_message(7, "a", reply_markup=keyboard(InlineKeyboardButton("a", callback_data="ї" * 32)))
    assert fake.sent(person)[0].buttons == (("a", "ї" * 32),)


async def test_a_contact_carries_its_card(bot: Bot, fake: FakeTelegram) -> None:
    person = fake.person(7)
    message = await bot.send_contact(7, "+48530595013", "IOM", vcard=VCARD)
    [sent] = fake.sent(person)
    assert (sent.method, sent.text) == ("sendContact", "")
    assert sent.contact == {"phone_number": "+48530595013", "first_name": "IOM", "vcard": VCARD}
    assert message.contact is not None


async def test_a_card_above_2048_bytes_is_refused(bot: Bot, fake: FakeTelegram) -> None:
    fake.person(7)
    await bot.send_contact(7, "+48", "IOM", vcard="ż" * 1024)
    with pytest.raises(BadRequest, match="Contact vcard is too long"):
        await bot.send_contact(7, "+48", "IOM", vcard="ż" * 1025)


# Chats


@pytest.mark.parametrize("chat", [8, "@somebody"])
async def test_a_chat_that_nobody_opened_is_not_found(bot: Bot, fake: FakeTelegram, chat: int | str) -> None:
    fake.person(7)
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message(chat, "a")


async def test_who_blocked_the_bot_gets_nothing_until_they_come_back(bot: Bot, fake: FakeTelegram) -> None:
    person = fake.person(7)
    fake.block(person)
    for attempt in (bot.send_message(7, "a"), bot.send_contact(7, "+48", "IOM"), bot.send_chat_action(7, "typing")):
        with pytest.raises(Forbidden, match="Forbidden: bot was blocked by the user"):
            await attempt
    fake.unblock(person)
    await bot.send_message(7, "a")
    changes = [update.my_chat_member for update in await bot.get_updates()]
    assert [(change.old_chat_member.status, change.new_chat_member.status) for change in changes if change] == [
        ("member", "kicked"),
        ("kicked", "member"),
    ]
    assert len(fake.sent(person)) == 1


async def test_an_unknown_chat_action_is_refused(bot: Bot, fake: FakeTelegram) -> None:
    fake.person(7)
    assert await bot.send_chat_action(7, "typing")
    with pytest.raises(BadRequest, match="Wrong parameter action in request"):
        await bot.send_chat_action(7, "thinking")


async def test_an_edit_changes_what_the_person_sees(bot: Bot, fake: FakeTelegram) -> None:
    person = fake.person(7)
    message = await bot.send_message(7, "a", reply_markup=keyboard(CONTACT))
    edited = await bot.edit_message_text("<b>b</b>", 7, message.message_id, parse_mode="HTML")
    assert isinstance(edited, Message)
    [sent] = fake.sent(person)
    assert (sent.text, sent.buttons) == (edited.text, ()) == ("b", ())


async def test_an_edit_that_changes_nothing_is_refused(bot: Bot, fake: FakeTelegram) -> None:
    fake.person(7)
    message = await bot.send_message(7, "a", reply_markup=keyboard(CONTACT))
    with pytest.raises(BadRequest, match="Message is not modified: specified new message content and reply markup"):
        await bot.edit_message_text("a", 7, message.message_id, reply_markup=keyboard(CONTACT))
    await bot.edit_message_reply_markup(7, message.message_id)
    with pytest.raises(BadRequest, match="Message is not modified"):
        await bot.edit_message_reply_markup(7, message.message_id)


async def test_only_texts_of_the_bot_can_be_edited(bot: Bot, fake: FakeTelegram) -> None:
    person = fake.person(7)
    contact = await bot.send_contact(7, "+48", "IOM")
    theirs = fake.say(person, "a")["message"]["message_id"]
    with pytest.raises(BadRequest, match="There is no text in the message to edit"):
        await bot.edit_message_text("b", 7, contact.message_id)
    with pytest.raises(BadRequest, match="Message can't be edited"):
        await bot.edit_message_text("b", 7, theirs)
    with pytest.raises(BadRequest, match="Message to edit not found"):
        await bot.edit_message_text("b", 7, 999)


async def test_a_deleted_message_is_gone_and_cannot_be_deleted_again(bot: Bot, fake: FakeTelegram) -> None:
    person = fake.person(7)
    message = await bot.send_message(7, "a")
    theirs = fake.say(person, "a")["message"]["message_id"]
    assert await bot.delete_message(7, message.message_id)
    assert await bot.delete_message(7, theirs)
    assert fake.sent(person) == []
    with pytest.raises(BadRequest, match="Message to delete not found"):
        await bot.delete_message(7, message.message_id)


async def test_many_messages_are_deleted_at_once_and_those_of_other_chats_or_of_nobody_are_passed_over(
    bot: Bot, fake: FakeTelegram
) -> None:
    person, other = fake.person(7), fake.person(8)
    numbers = [(await bot.send_message(7, "a")).message_id, fake.say(person, "b")["message"]["message_id"]]
    elsewhere = (await bot.send_message(8, "c")).message_id
    assert await bot.delete_messages(7, [*numbers, elsewhere, 999])
    assert fake.stands(person) == []
    assert len(fake.stands(other)) == 1


@pytest.mark.parametrize(("numbers", "reason"), [([], "Message identifiers are not specified"), (range(1, 102), "Too many message id")])
async def test_between_one_and_a_hundred_messages_are_deleted_at_once(
    bot: Bot, fake: FakeTelegram, numbers: Sequence[int], reason: str
) -> None:
    fake.person(7)
    with pytest.raises(BadRequest, match=reason):
        await bot.delete_messages(7, [*numbers])


async def test_after_two_days_a_message_stays_and_with_it_all_that_were_to_go_at_once(clock: Clock) -> None:
    async with FakeTelegram(clock=clock) as fake, bot_of(fake) as bot:
        person = fake.person(7)
        old = (await bot.send_message(7, "a")).message_id
        clock.pass_(48 * 3600)
        new = (await bot.send_message(7, "b")).message_id
        with pytest.raises(BadRequest, match="Message can't be deleted for everyone"):
            await bot.delete_messages(7, [old, new])
        with pytest.raises(BadRequest, match="Message can't be deleted for everyone"):
            await bot.delete_message(7, old)
        assert len(fake.stands(person)) == 2
        assert await bot.delete_messages(7, [new])
        assert [message["message_id"] for message in fake.stands(person)] == [old]


async def test_a_reply_to_a_message_that_is_not_there_is_refused(bot: Bot, fake: FakeTelegram) -> None:
    person = fake.person(7)
    with pytest.raises(BadRequest, match="Message to be replied not found"):
        await bot.send_message(7, "a", reply_to_message_id=999)
    await bot.send_message(7, "a", reply_to_message_id=fake.say(person, "?")["message"]["message_id"])


# Presses


async def test_a_press_is_answered_once(bot: Bot, fake: FakeTelegram) -> None:
    person = fake.person(7)
    await bot.send_message(7, "a", reply_markup=keyboard(CONTACT))
    fake.press(person, "Контакт")
    [update] = await bot.get_updates()
    assert update.callback_query is not None
    assert isinstance(update.callback_query.message, Message)
    assert (update.callback_query.data, update.callback_query.message.text) == ("/iom/contact", "a")
    assert fake.unanswered_callbacks == ["/iom/contact"]
    assert await update.callback_query.answer()
    assert fake.unanswered_callbacks == []
    with pytest.raises(BadRequest, match="Query is too old and response timeout expired or query id is invalid"):
        await update.callback_query.answer()


async def test_a_press_nobody_made_or_an_old_one_cannot_be_answered(api: Api, fake: FakeTelegram) -> None:
    too_old = "Bad Request: query is too old and response timeout expired or query ID is invalid"
    person = fake.person(7)
    markup = {"inline_keyboard": [[{"text": "a", "callback_data": "b"}]]}
    await api.post("sendMessage", json={"chat_id": 7, "text": "a", "reply_markup": markup})
    query = fake.press(person, "a")["callback_query"]["id"]
    assert await api.refusal("answerCallbackQuery", callback_query_id="1") == too_old
    assert await api.refusal("answerCallbackQuery", callback_query_id=query, text="a" * 201) == "Bad Request: MESSAGE_TOO_LONG"
    fake.expire_callbacks()
    assert await api.refusal("answerCallbackQuery", callback_query_id=query) == too_old
    assert fake.pending == []


async def test_a_press_brings_the_message_as_it_was_when_pressed(bot: Bot, fake: FakeTelegram) -> None:
    person = fake.person(7)
    message = await bot.send_message(7, "a", reply_markup=keyboard(CONTACT))
    [before] = fake.sent(person)
    fake.press(person, "Контакт")
    await bot.edit_message_text("b", 7, message.message_id)
    assert fake.pending[0]["callback_query"]["message"] == before.message
    assert fake.sent(person)[0].message["text"] == "b"


async def test_only_a_button_that_is_there_can_be_pressed(bot: Bot, fake: FakeTelegram) -> None:
    person = fake.person(7)
    with pytest.raises(LookupError):
        fake.press(person, "Контакт")
    message = await bot.send_message(7, "a", reply_markup=keyboard(CONTACT, InlineKeyboardButton("112", url="https://112.gov.pl")))
    with pytest.raises(LookupError):
        fake.press(person, "112")
    await bot.edit_message_reply_markup(7, message.message_id)
    with pytest.raises(LookupError):
        fake.press(person, "Контакт")


# The profile


@pytest.mark.parametrize(
    ("commands", "reason"),
    [
        ([(f"c{number}", "a") for number in range(101)], "BOT_COMMANDS_TOO_MUCH"),
        ([("Start", "a")], "BOT_COMMAND_INVALID"),
        ([("stop-now", "a")], "BOT_COMMAND_INVALID"),
        ([("a" * 33, "a")], "command length must not exceed 32"),
        ([("", "a")], "command must be non-empty"),
        ([("start", " ")], "command description must be non-empty"),
        ([("start", "ї" * 257)], "command description length must not exceed 256"),
    ],
)
async def test_wrong_commands_are_refused(api: Api, commands: list[tuple[str, str]], reason: str) -> None:
    wrong = [{"command": command, "description": description} for command, description in commands]
    assert await api.refusal("setMyCommands", commands=wrong) == f"Bad Request: {reason}"


async def test_commands_are_kept_by_language_and_scope(bot: Bot, fake: FakeTelegram) -> None:
    fake.person(7)
    polish, chat = [BotCommand("stop", "Usuń")], BotCommandScopeChat(7)
    await bot.set_my_commands([BotCommand(f"c{number}", "ї" * 256) for number in range(100)])
    await bot.set_my_commands(polish, scope=chat, language_code="pl")
    assert len(await bot.get_my_commands()) == 100
    assert await bot.get_my_commands(scope=chat, language_code="pl") == tuple(polish)
    await bot.delete_my_commands()
    assert await bot.get_my_commands() == ()
    with pytest.raises(BadRequest, match="Invalid language code specified"):
        await bot.set_my_commands(polish, language_code="pol")
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.set_my_commands(polish, scope=BotCommandScopeChat(8))


async def test_name_and_descriptions_have_their_lengths(bot: Bot, fake: FakeTelegram) -> None:
    await bot.set_my_name("ї" * 64, language_code="uk")
    await bot.set_my_description("ї" * 512, language_code="uk")
    await bot.set_my_short_description("ї" * 120, language_code="uk")
    assert (await bot.get_my_name("uk")).name == "ї" * 64
    assert (await bot.get_my_description("uk")).description == "ї" * 512
    assert (await bot.get_my_short_description("uk")).short_description == "ї" * 120
    assert (await bot.get_my_short_description()).short_description == ""
    assert fake.profile["name", "uk"] == "ї" * 64
    for attempt in (bot.set_my_name("a" * 65), bot.set_my_description("a" * 513), bot.set_my_short_description("a" * 121)):
        with pytest.raises(BadRequest, match="length must not exceed"):
            await attempt


async def test_a_menu_button_is_kept_and_a_wrong_one_refused(bot: Bot, api: Api, fake: FakeTelegram) -> None:
    fake.person(7)
    await bot.set_chat_menu_button(7, MenuButtonCommands())
    assert (await bot.get_chat_menu_button(7)).type == "commands"
    assert (await bot.get_chat_menu_button()).type == "default"
    with pytest.raises(BadRequest, match="only https links are allowed"):
        await bot.set_chat_menu_button(7, MenuButtonWebApp("a", WebAppInfo("http://a.pl")))
    assert (await api.refusal("setChatMenuButton", menu_button={"type": "menu"})).startswith("Bad Request: ")


# Long polling


async def test_updates_come_in_order_until_the_offset_confirms_them(bot: Bot, fake: FakeTelegram) -> None:
    person = fake.person(7, language_code="uk")
    sent = [fake.say(person, text)["update_id"] for text in ("/start qr", "b", "c")]
    assert sent == list(range(sent[0], sent[0] + 3))
    first, second = await bot.get_updates(limit=2)
    assert (first.update_id, second.update_id) == (sent[0], sent[1])
    assert first.message is not None
    assert first.message.from_user is not None
    assert (first.message.text, first.message.chat.type, first.message.from_user.language_code) == ("/start qr", "private", "uk")
    assert first.message.entities == (MessageEntity("bot_command", 0, 6),)
    assert [update.update_id for update in await bot.get_updates()] == sent
    assert [update.update_id for update in await bot.get_updates(offset=sent[1] + 1)] == sent[2:]
    assert [update["update_id"] for update in fake.pending] == sent[2:]
    assert await bot.get_updates(offset=sent[2] + 1) == ()


async def test_a_negative_offset_keeps_only_the_last_updates(bot: Bot, fake: FakeTelegram) -> None:
    person = fake.person(7)
    sent = [fake.say(person, text)["update_id"] for text in "abc"]
    assert [update.update_id for update in await bot.get_updates(offset=-1)] == sent[2:]
    assert len(fake.pending) == 1


async def test_a_long_poll_waits_for_the_next_update(bot: Bot, fake: FakeTelegram) -> None:
    person = fake.person(7)
    poll = asyncio.create_task(bot.get_updates(timeout=30))
    await fake.until(lambda: fake.calls[-1].method == "getUpdates")
    fake.say(person, "a")
    [update] = await poll
    assert update.message is not None
    assert update.message.text == "a"


async def test_a_second_poller_ends_the_first(bot: Bot, fake: FakeTelegram) -> None:
    first = asyncio.create_task(bot.get_updates(timeout=30))
    await fake.until(lambda: fake.calls[-1].method == "getUpdates")
    async with bot_of(fake) as other:
        assert await other.get_updates() == ()
    with pytest.raises(Conflict, match="Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"):
        await first


async def test_polling_and_a_webhook_exclude_each_other(bot: Bot, fake: FakeTelegram) -> None:
    poll = asyncio.create_task(bot.get_updates(timeout=30))
    await fake.until(lambda: fake.calls[-1].method == "getUpdates")
    await bot.set_webhook(HOOK)
    with pytest.raises(Conflict, match="terminated by setWebhook request"):
        await poll
    with pytest.raises(Conflict, match="can't use getUpdates method while webhook is active"):
        await bot.get_updates()
    await bot.delete_webhook()
    assert await bot.get_updates() == ()


async def test_only_allowed_kinds_are_queued_and_the_list_is_remembered(bot: Bot, api: Api, fake: FakeTelegram) -> None:
    person = fake.person(7)
    await bot.get_updates(allowed_updates=["callback_query"])
    await bot.get_updates()
    fake.say(person, "a")
    assert fake.pending == []
    await bot.get_updates(allowed_updates=[])
    fake.say(person, "a")
    fake.send_update({"message_reaction": {"chat": {"id": 7}}})
    assert len(fake.pending) == 1
    assert await api.refusal("getUpdates", allowed_updates=["messages"]) == (
        'Bad Request: unknown kind of update "messages" in allowed_updates'
    )


async def test_an_update_may_have_any_id_after_a_quiet_week(bot: Bot, fake: FakeTelegram) -> None:
    person = fake.person(7)
    fake.send_update({"update_id": 5, "message": {"message_id": 1, "date": 1, "chat": {"id": 7, "type": "private"}, "text": "a"}})
    assert fake.say(person, "b")["update_id"] == 6
    assert [update.update_id for update in await bot.get_updates()] == [5, 6]
    with pytest.raises(ValueError, match="exactly one kind"):
        fake.send_update({"mesage": {}})


async def test_the_updater_of_python_telegram_bot_polls_it(fake: FakeTelegram) -> None:
    person, queue = fake.person(7), asyncio.Queue[object]()
    async with Updater(bot_of(fake), queue) as updater:
        await updater.start_polling()
        update = fake.say(person, "a")
        await queue.get()
        await fake.until(lambda: fake.calls[-1].params.get("offset") == update["update_id"] + 1)
        await updater.stop()
    assert fake.refusals == []


# The webhook


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"url": "http://bot.example/"}, "bad webhook: An HTTPS URL must be provided for webhook"),
        ({"url": "https://bot.example:8080/"}, "bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443"),
        ({"url": "https://"}, "invalid webhook URL specified"),
        ({"url": "ftp://bot.example/"}, "invalid webhook URL specified"),
        ({"url": "https://bot.example:port/"}, "invalid webhook URL specified"),
        ({"url": HOOK, "secret_token": "a b"}, "secret token contains unallowed characters"),
        ({"url": HOOK, "secret_token": "a" * 257}, "secret token is too long"),
        ({"url": HOOK, "allowed_updates": ["messages"]}, 'unknown kind of update "messages" in allowed_updates'),
    ],
)
async def test_a_wrong_webhook_is_refused(api: Api, parameters: dict[str, Any], reason: str) -> None:
    assert await api.refusal("setWebhook", **parameters) == f"Bad Request: {reason}"


async def test_a_webhook_is_set_once_a_second(bot: Bot) -> None:
    await bot.set_webhook(HOOK)
    with pytest.raises(RetryAfter) as refusal:
        await bot.set_webhook(HOOK)
    assert refusal.value.retry_after == timedelta(seconds=1)


async def test_an_empty_url_removes_the_webhook(bot: Bot) -> None:
    await bot.set_webhook(HOOK)
    await bot.set_webhook("")
    assert (await bot.get_webhook_info()).url == ""


async def test_the_webhook_can_be_looked_at(bot: Bot, fake: FakeTelegram) -> None:
    fake.say(fake.person(7), "a")
    assert (await bot.get_webhook_info()).pending_update_count == 1
    certificate = InputFile(b"-----BEGIN CERTIFICATE-----\r\n\xff\r\n", filename="cert.pem")
    await bot.set_webhook(
        HOOK,
        certificate,
        max_connections=3,
        allowed_updates=["message"],
        ip_address="1.2.3.4",
        drop_pending_updates=True,
        secret_token="a_-B9",
    )
    assert isinstance(fake.calls[-1].params["certificate"], bytes)
    info = await bot.get_webhook_info()
    assert (info.url, info.has_custom_certificate, info.pending_update_count) == (HOOK, True, 0)
    assert (info.max_connections, info.allowed_updates, info.ip_address) == (3, ("message",), "1.2.3.4")


async def test_updates_are_posted_with_the_secret_to_a_server_on_this_machine() -> None:
    hook = Hook()
    async with serve(hook) as url, FakeTelegram(allow_http_webhook=True) as fake, bot_of(fake) as bot:
        person = fake.person(7)
        before = fake.say(person, "a")
        await bot.set_webhook(f"{url}/telegram", secret_token="s3cret")
        after = fake.say(person, "b")
        await fake.until(lambda: not fake.pending)
    assert hook.updates == [before, after]
    assert hook.secrets == ["s3cret"] * 2
    assert fake.deliveries == [(before["update_id"], 200), (after["update_id"], 200)]


async def test_one_chat_is_served_in_order_while_others_and_presses_go_ahead() -> None:
    hook = Hook()
    hook.gate.clear()
    async with hooked(hook) as fake, bot_of(fake) as bot:
        anna, borys = fake.person(7), fake.person(8)
        await bot.send_message(7, "a", reply_markup=keyboard(CONTACT))
        await bot.set_webhook(HOOK)
        for text in ("anna 1", "anna 2"):
            fake.say(anna, text)
        fake.press(anna, "Контакт")
        fake.say(borys, "borys 1")
        await bot.get_me()  # a round trip, in which everything that can go out does
        assert sorted(hook.heard) == ["/iom/contact", "anna 1", "borys 1"]
        hook.gate.set()
        await fake.until(lambda: not fake.pending)
    assert [text for text in hook.heard if text.startswith("anna")] == ["anna 1", "anna 2"]


async def test_max_connections_is_a_limit_over_all_chats() -> None:
    hook = Hook()
    hook.gate.clear()
    async with hooked(hook) as fake, bot_of(fake) as bot:
        await bot.set_webhook(HOOK, max_connections=2)
        for number in range(5):
            fake.say(fake.person(number), str(number))
        await bot.get_me()
        assert len(hook.updates) == 2
        hook.gate.set()
        await fake.until(lambda: not fake.pending)
    assert sorted(hook.heard) == list("01234")


async def test_an_update_is_repeated_until_2xx_and_holds_up_its_chat() -> None:
    hook = Hook(Response(status_code=503), Response(status_code=500), Response(status_code=302), Response(status_code=204))
    async with hooked(hook) as fake, bot_of(fake) as bot:
        person = fake.person(7)
        await bot.set_webhook(HOOK)
        update = fake.say(person, "a")
        fake.say(person, "b")
        await fake.until(lambda: not fake.pending)
        info = await bot.get_webhook_info()
    assert hook.heard == ["a", "a", "a", "a", "b"]
    assert fake.deliveries[:4] == [Delivery(update["update_id"], status) for status in (503, 500, 302, 204)]
    assert info.last_error_message == "Wrong response from the webhook: 302 Found"


async def test_a_wish_to_wait_is_honoured_up_to_the_limit_of_the_test() -> None:
    hook = Hook(Response(status_code=503, headers={"Retry-After": "3600"}))
    async with hooked(hook, max_retry_after=0.002) as fake, bot_of(fake) as bot:
        await bot.set_webhook(HOOK)
        fake.say(fake.person(7), "a")
        await fake.until(lambda: not fake.pending)
    assert hook.heard == ["a", "a"]


async def test_a_bot_that_cannot_be_reached_gets_its_updates_later(unused_tcp_port: int) -> None:
    async with FakeTelegram(allow_http_webhook=True, retry_delay=0.001) as fake, bot_of(fake) as bot:
        await bot.set_webhook(f"http://127.0.0.1:{unused_tcp_port}/")
        update = fake.say(fake.person(7), "a")
        await fake.until(lambda: len(fake.deliveries) > 2)
        assert fake.deliveries[0] == (update["update_id"], None)
        assert fake.pending == [update]
        await bot.delete_webhook()
        assert [found.update_id for found in await bot.get_updates()] == [update["update_id"]]


async def test_a_webhook_that_does_not_answer_in_time_gets_the_update_again() -> None:
    hook = Hook()
    hook.gate.clear()
    async with serve(hook) as url, FakeTelegram(allow_http_webhook=True, retry_delay=0, webhook_timeout=0.05) as fake, bot_of(fake) as bot:
        await bot.set_webhook(url)
        fake.say(fake.person(7), "a")
        await fake.until(lambda: len(hook.updates) > 1 and fake.deliveries)
        hook.gate.set()
        await fake.until(lambda: not fake.pending)
    assert fake.deliveries[0].status is None
    assert set(hook.heard) == {"a"}


async def test_an_update_is_delivered_twice_on_request() -> None:
    hook = Hook()
    async with hooked(hook) as fake, bot_of(fake) as bot:
        await bot.set_webhook(HOOK)
        update = fake.say(fake.person(7), "a")
        fake.redeliver(update)
        await fake.until(lambda: not fake.pending)
    assert hook.updates == [update, update]


async def test_presses_that_waited_too_long_are_not_delivered() -> None:
    hook = Hook(Response(status_code=503))
    hook.gate.clear()
    async with hooked(hook) as fake, bot_of(fake) as bot:
        person = fake.person(7)
        await bot.send_message(7, "a", reply_markup=keyboard(CONTACT))
        fake.press(person, "Контакт")
        fake.press(person, "Контакт")
        await bot.set_webhook(HOOK)
        await fake.until(lambda: hook.updates)
        fake.expire_callbacks()
        hook.gate.set()
        fake.say(person, "b")
        await fake.until(lambda: "b" in hook.heard)
    assert hook.heard == ["/iom/contact", "b"]


async def test_a_mistake_in_the_webhook_app_is_not_swallowed() -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise ZeroDivisionError

    fake = FakeTelegram(webhook_transport=httpx.ASGITransport(broken))
    await fake.__aenter__()
    async with bot_of(fake) as bot:
        await bot.set_webhook(HOOK)
        fake.say(fake.person(7), "a")
        await bot.get_me()
    with pytest.raises(ZeroDivisionError):
        await fake.__aexit__()


# Faults


async def test_too_many_requests_say_how_long_to_wait_and_then_end(bot: Bot, api: Api, fake: FakeTelegram) -> None:
    person = fake.person(7)
    fake.faults.too_many_requests("sendMessage", retry_after=3, times=2)
    with pytest.raises(RetryAfter) as refusal:
        await bot.send_message(7, "a")
    assert refusal.value.retry_after == timedelta(seconds=3)
    response = await api.post("sendMessage", json={"chat_id": 7, "text": "a"})
    assert response.headers["Retry-After"] == "3"
    assert response.json() == {
        "ok": False,
        "error_code": 429,
        "description": "Too Many Requests: retry after 3",
        "parameters": {"retry_after": 3},
    }
    assert fake.sent(person) == []
    await bot.send_message(7, "a")
    assert [call.method for call in fake.calls].count("sendMessage") == 3
    assert (len(fake.sent(person)), fake.refusals) == (1, [])


async def test_the_server_fails_as_told(bot: Bot, fake: FakeTelegram) -> None:
    person = fake.person(7)
    fake.faults.server_error("sendMessage")
    fake.faults.bad_gateway("sendMessage")
    fake.faults.forbidden("sendMessage", "user is deactivated")
    with pytest.raises(NetworkError, match="Internal Server Error"):
        await bot.send_message(7, "a")
    with pytest.raises(NetworkError, match="Bad Gateway"):
        await bot.send_message(7, "a")
    with pytest.raises(Forbidden, match="Forbidden: user is deactivated"):
        await bot.send_message(7, "a")
    assert fake.sent(person) == []


async def test_a_bad_gateway_answers_in_html(api: Api, fake: FakeTelegram) -> None:
    fake.faults.bad_gateway(ANY)
    response = await api.get("getMe")
    assert (response.status_code, response.headers["content-type"]) == (502, "text/html; charset=utf-8")
    assert (await api.get("getMe")).status_code == 200


async def test_a_reset_connection_did_nothing(api: Api, fake: FakeTelegram) -> None:
    person = fake.person(7)
    fake.faults.reset("sendMessage")
    with pytest.raises(httpx.ReadError):
        await api.post("sendMessage", json={"chat_id": 7, "text": "a"})
    assert fake.sent(person) == []


async def test_a_dropped_reply_did_everything(bot: Bot, fake: FakeTelegram) -> None:
    person = fake.person(7)
    fake.faults.drop_reply("sendMessage")
    with pytest.raises(NetworkError, match="RemoteProtocolError"):
        await bot.send_message(7, "a")
    assert [sent.text for sent in fake.sent(person)] == ["a"]


async def test_a_call_hangs_until_it_is_released(bot: Bot, fake: FakeTelegram) -> None:
    person = fake.person(7)
    released = fake.faults.hang("sendMessage")
    call = asyncio.create_task(bot.send_message(7, "a"))
    await fake.until(lambda: fake.calls[-1].method == "sendMessage")
    await bot.get_me()
    assert fake.sent(person) == []
    released.set()
    assert (await call).text == "a"


async def test_a_caller_who_gave_up_on_a_hanging_call_has_sent_nothing(bot: Bot, fake: FakeTelegram) -> None:
    person = fake.person(7)
    released = fake.faults.hang("sendMessage")
    with pytest.raises(TimedOut):
        await bot.send_message(7, "a", read_timeout=0.05)
    await bot.get_me()  # by now the fake knows that they left
    released.set()
    await bot.get_me()
    assert fake.sent(person) == []


async def test_faults_can_be_called_off(bot: Bot, fake: FakeTelegram) -> None:
    fake.person(7)
    fake.faults.server_error(ANY, times=99)
    fake.faults.clear()
    await bot.send_message(7, "a")


async def test_the_fake_closes_while_calls_hang_and_polls_wait() -> None:
    async with FakeTelegram() as fake, bot_of(fake) as bot:
        fake.person(7)
        fake.faults.hang("sendMessage")
        calls: list[asyncio.Task[Any]] = [asyncio.create_task(bot.get_updates(timeout=50)), asyncio.create_task(bot.send_message(7, "a"))]
        await fake.until(lambda: {"getUpdates", "sendMessage"} <= {call.method for call in fake.calls})
        await fake.__aexit__()
        answers = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(answer, NetworkError | Message) for answer in answers)


# Waiting


async def test_waiting_ends_with_what_was_called_last(bot: Bot, fake: FakeTelegram) -> None:
    with pytest.raises(TimeoutError, match=r"last calls \['getMe'\]"):
        await fake.until(lambda: False, timeout=0.01)


async def test_a_person_cannot_send_what_their_client_would_not(fake: FakeTelegram) -> None:
    for text in ("", " ", "a" * 4097):
        with pytest.raises(ValueError, match="1-4096"):
            fake.say(fake.person(7), text)


async def test_previews_can_be_switched_off(bot: Bot, fake: FakeTelegram) -> None:
    fake.person(7)
    await bot.send_message(7, "https://iom.int", link_preview_options=LinkPreviewOptions(is_disabled=True))
    assert fake.calls[-1].params["link_preview_options"] == {"is_disabled": True}
    assert json.dumps(fake.calls[-1].params)
