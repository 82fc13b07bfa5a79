from typing import Any

import pytest

from bot.actions.start import deep_link
from bot.channels.messenger_events import INBOX, Event, GivenBack, Happened, TakenOver, Withdrawn, events_in, happened
from bot.content import Content
from bot.domain import domain_of
from bot.reading import Reading
from bot.types import Address, Conversation, Message, Understanding

PAGE, PERSON = "100", "9990000000000001"
OLENA = Address("messenger", PERSON)
STICKER = {"type": "sticker", "payload": {"url": "https://media.example/thumb.png", "sticker_id": 369239263222822}}


def event(**content: Any) -> dict[str, Any]:
    return {"sender": {"id": PERSON}, "recipient": {"id": PAGE}, "timestamp": 1_800_000_000_000, **content}


def read(standby: bool = False, **content: Any) -> Happened | None:
    return happened(Event(event(**content), PAGE, standby))


def message_in(**content: Any) -> Message:
    what = read(**content)
    assert isinstance(what, Message)
    return what


def echo(app_id: Any, metadata: str | None = None) -> dict[str, Any]:
    more = {"metadata": metadata} if metadata else {}
    message = {"mid": "m_9", "is_echo": True, "app_id": app_id, "text": "Dzień dobry", **more}
    return event(sender={"id": PAGE}, recipient={"id": PERSON}, message=message)


def test_what_a_person_writes_becomes_a_message() -> None:
    expected = Message("m_1", OLENA, "Добрий день", original="m_1")
    assert expected == read(message={"mid": "m_1", "text": "Добрий день"})


def test_a_quick_reply_becomes_its_payload() -> None:
    expected = Message("m_1", OLENA, "", "/fair_work/contract", original="m_1")
    assert expected == read(message={"mid": "m_1", "text": "Umowa", "quick_reply": {"payload": "/fair_work/contract"}})


@pytest.mark.parametrize("quick_reply", [{"payload": "DEVELOPER_DEFINED"}, {}, None])
def test_a_quick_reply_of_another_bot_says_what_the_person_read_on_it(quick_reply: dict[str, str] | None) -> None:
    message = message_in(message={"mid": "m_1", "text": "Umowa", "quick_reply": quick_reply})
    assert (message.text, message.payload) == ("Umowa", None)


@pytest.mark.parametrize(
    "content",
    [
        *({"attachments": [{"type": kind, "payload": {"url": "https://media.example/1"}}]} for kind in ("image", "audio", "video", "file")),
        {"attachments": [{"type": "location", "payload": {"coordinates": {"lat": 50.0, "long": 19.9}}}]},
        {"attachments": [{"type": "fallback"}]},
        {"attachments": [{"type": "template", "payload": {"template_type": "generic", "elements": []}}]},
        {"attachments": [{"type": "something of tomorrow"}]},
        {"attachments": [STICKER]},
        {"attachments": [STICKER, {**STICKER, "type": "image"}]},
        {"attachments": [{**STICKER, "type": "image"}], "sticker_id": 369239263222822},
        {"is_unsupported": True},
        {},
    ],
)
def test_what_we_cannot_read_becomes_a_message_without_text(content: dict[str, Any]) -> None:
    assert Message("m_1", OLENA, "", original="m_1") == read(message={"mid": "m_1", **content})


def test_the_words_beside_a_photo_are_read() -> None:
    photo = {"type": "image", "payload": {"url": "https://media.example/1"}}
    assert message_in(message={"mid": "m_1", "text": "szef nie płaci", "attachments": [photo]}).text == "szef nie płaci"


@pytest.mark.parametrize("times", [2, "2"])
def test_an_edited_message_is_a_new_one_that_names_the_first(times: Any) -> None:
    expected = Message("m_1:2", OLENA, "umowa zlecenie", original="m_1", edited=True)
    assert expected == read(message_edit={"mid": "m_1", "text": "umowa zlecenie", "num_edit": times})


def test_a_message_that_is_taken_back_is_withdrawn() -> None:
    assert Withdrawn(OLENA, "m_1") == read(message={"mid": "m_1", "is_deleted": True})


@pytest.mark.parametrize("mid", [{}, {"mid": "m_1"}])
def test_a_pressed_button_becomes_its_payload(mid: dict[str, str]) -> None:
    message = message_in(postback={"title": "Umowa", "payload": "/fair_work/contract", **mid})
    assert (message.sender, message.text, message.payload, message.original) == (OLENA, "", "/fair_work/contract", "")


@pytest.mark.parametrize("payload", [{}, {"payload": "GET_STARTED"}, {"payload": None}])
def test_a_button_of_another_bot_says_what_the_person_read_on_it(payload: dict[str, Any]) -> None:
    message = message_in(postback={"title": "Umowa", **payload})
    assert (message.text, message.payload) == ("Umowa", None)


def test_a_payload_that_is_none_of_ours_and_has_no_title_is_read_as_text() -> None:
    message = message_in(postback={"payload": "umowa"})
    assert (message.text, message.payload) == ("umowa", None)


def test_a_press_that_is_told_twice_is_one_and_another_press_another() -> None:
    postback = {"mid": "m_1", "title": "Umowa", "payload": "/fair_work/contract"}
    first = message_in(postback=postback)
    others = [
        message_in(postback=postback, timestamp=1_800_000_000_001),
        message_in(postback={**postback, "payload": "/help"}),
        message_in(postback=postback, sender={"id": "9990000000000002"}),
    ]
    assert first == message_in(postback=postback)
    assert len({first.id, *(other.id for other in others)}) == 4


@pytest.mark.parametrize("timestamp", ["1800000000000", None])
def test_a_press_is_known_again_whether_its_time_is_a_text_or_missing(timestamp: str | None) -> None:
    presses = [message_in(postback={"mid": mid, "payload": "/help"}, timestamp=timestamp).id for mid in ("m_1", "m_1", "m_2")]
    assert presses[0] == presses[1]
    assert (presses[0] == presses[2]) is (timestamp is not None)


def test_a_link_with_a_name_starts_there() -> None:
    message = message_in(referral={"ref": "fair_work-contract_uk", "source": "SHORTLINK", "type": "OPEN_THREAD"})
    assert (message.text, message.payload) == ("", "/start fair_work-contract_uk")
    assert message == message_in(referral={"ref": "fair_work-contract_uk"})


@pytest.mark.parametrize("postback", [{"payload": "/start"}, {"payload": "GET_STARTED", "title": "Get Started"}, {"title": "Get Started"}])
def test_who_comes_by_a_link_for_the_first_time_starts_there_too(postback: dict[str, str]) -> None:
    message = message_in(postback={**postback, "referral": {"ref": "fair_work_uk", "source": "SHORTLINK"}})
    assert (message.text, message.payload) == ("", "/start fair_work_uk")


def test_who_comes_by_a_link_and_chooses_a_question_gets_its_answer() -> None:
    message = message_in(postback={"payload": "/iom/contact", "title": "Kontakt", "referral": {"ref": "fair_work_uk"}})
    assert message.payload == "/iom/contact"


async def test_a_link_opens_what_its_name_says(own_content: Content) -> None:
    async def understand(text: str) -> Understanding:
        raise AssertionError(text)

    message = message_in(referral={"ref": "fair_work-contract_uk"})
    request = await Reading(understand, {})(message, Conversation(OLENA))
    assert request.intent == "start"
    assert deep_link(request.entities["argument"], domain_of(own_content, frozenset())) == ("fair_work/contract", "uk")


def test_a_name_that_somebody_made_up_is_cut() -> None:
    assert len(message_in(referral={"ref": "x" * 5000}).payload or "") == len("/start ") + 255


@pytest.mark.parametrize("app_id", [int(INBOX), INBOX])
@pytest.mark.parametrize("standby", [False, True])
def test_a_person_of_the_office_who_writes_in_the_inbox_takes_over(app_id: Any, standby: bool) -> None:
    assert TakenOver(OLENA) == happened(Event(echo(app_id), PAGE, standby))


@pytest.mark.parametrize(("app_id", "metadata"), [(200, "bot"), (300, None), (None, None), (int(INBOX), "bot")])
def test_our_own_messages_and_those_of_other_apps_take_nothing_over(app_id: Any, metadata: str | None) -> None:
    assert happened(Event(echo(app_id, metadata), PAGE)) is None


@pytest.mark.parametrize("previous", ["200", None])
def test_a_conversation_that_the_inbox_takes_or_is_given_is_taken_over(previous: str | None) -> None:
    owners = {"previous_owner_app_id": previous, "new_owner_app_id": INBOX, "metadata": ""}
    assert TakenOver(OLENA) == read(take_thread_control=owners)
    assert TakenOver(OLENA) == read(pass_thread_control=owners)
    assert TakenOver(OLENA) == read(pass_thread_control={**owners, "new_owner_app_id": int(INBOX)})
    assert TakenOver(OLENA) == read(take_thread_control={})


def test_a_conversation_that_is_passed_to_us_is_given_back() -> None:
    assert GivenBack(OLENA) == read(pass_thread_control={"previous_owner_app_id": INBOX, "new_owner_app_id": "200"})


@pytest.mark.parametrize(
    "content",
    [
        {"delivery": {"watermark": 1}},
        {"read": {"watermark": 1}},
        {"reaction": {"mid": "m_1", "action": "react", "reaction": "love", "emoji": "❤"}},
        {"optin": {"ref": "x"}},
        {"optin": {"ref": "x", "user_ref": "u"}, "sender": {"user_ref": "u"}},
        {"postback": {"title": "t", "payload": "/help"}, "sender": {"user_ref": "u"}},
        {"message": {"mid": "m_1", "text": "hi"}, "sender": None},
        {"message": {"mid": "m_1", "text": "hi"}, "sender": {"id": PAGE}},
        {"message": {"mid": "m_1", "text": "hi"}, "sender": {"id": int(PAGE)}},
        {"policy_enforcement": {"action": "block", "reason": "x"}, "sender": None},
        {"app_roles": {"200": ["primary_receiver"]}, "sender": None},
        {"account_linking": {"status": "linked", "authorization_code": "x"}},
        {"request_thread_control": {"requested_owner_app_id": "200", "metadata": ""}},
        {"referral": {"source": "SHORTLINK", "type": "OPEN_THREAD"}},
        {"referral": {"ref": "", "source": "ADS", "type": "OPEN_THREAD"}},
        {"something_new": {"id": 1}},
        {},
    ],
)
def test_what_needs_no_answer_is_passed_over(content: dict[str, Any]) -> None:
    assert read(**content) is None


@pytest.mark.parametrize(
    "content",
    [
        {"message": {"mid": "m_1", "text": "ratunku"}},
        {"postback": {"title": "Umowa"}},
        {"message_edit": {"mid": "m_1", "text": "x", "num_edit": 1}},
    ],
)
def test_what_another_app_answers_is_not_even_kept(content: dict[str, Any]) -> None:
    assert read(standby=True, **content) is None


def test_half_an_emoji_and_a_zero_character_can_be_stored() -> None:
    message = message_in(message={"mid": "m\0_1", "text": "a\ud83d\0"})
    assert (message.id, message.text) == ("m_1", "a?")


def test_all_events_are_found_in_their_order_and_standby_is_told_apart() -> None:
    body = {"object": "page", "entry": [{"id": PAGE, "messaging": [1, 2]}, {"id": PAGE, "standby": [3]}, {"id": PAGE, "messaging": [4]}]}
    assert [Event(1, PAGE), Event(2, PAGE), Event(3, PAGE, True), Event(4, PAGE)] == list(events_in(body, ""))


@pytest.mark.parametrize("id", [PAGE, int(PAGE)])
def test_only_events_of_the_page_that_is_set_are_found(id: Any) -> None:
    body = {"object": "page", "entry": [{"id": "101", "messaging": [1]}, {"id": id, "messaging": [2]}]}
    assert [Event(2, PAGE)] == list(events_in(body, PAGE))


@pytest.mark.parametrize("body", [{}, {"object": "instagram", "entry": [{"id": PAGE, "messaging": [1]}]}, {"object": "page", "entry": 5}])
def test_what_is_not_of_a_page_has_no_events(body: dict[str, Any]) -> None:
    assert list(events_in(body, "")) == []
