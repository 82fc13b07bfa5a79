"""Every kind of update and of message that Telegram knows, recorded with made-up ids: what each is heard as, by webhook and by polling."""

import json
import re
from copy import deepcopy
from pathlib import Path

import pytest
from telegram import Update

from bot.channels.telegram_updates import UpdatesRequest, heard, update_from
from bot.types import Address, Message
from tests.channels.kits import KITS
from tests.channels.recorded import PAYLOADS, recorded

API = Path(__file__).parents[1] / "fakes" / "telegram_api.json"
OKSANA = Address("telegram", "7000000001")
RECORDED = recorded("telegram")
# What they hold for us: a payload or words, "" for what we cannot read. All others hold nothing.
HEARD = {
    "album": "",
    "animation": "",
    "audio": "",
    "callback": "/iom/contact",
    "callback_made_up_by_a_client": "/iom/contact",
    "callback_on_an_inaccessible_message": "/iom/contact",
    "callback_on_an_inline_message": "/iom/contact",
    "checklist": "",
    "command": "/start",
    "command_by_link": "/start fair_work-uk",
    "contact": "",
    "dice": "",
    "document": "",
    "document_with_caption": "can I sign this?",
    "edited": "hello again",
    "edited_caption": "my contract, page 2",
    "edited_live_location": "",
    "edited_live_location_ended": "",
    "forwarded": "my boss wrote this",
    "forwarded_from_a_channel": "new rules",
    "forwarded_from_a_hidden_user": "my boss wrote this",
    "game": "",
    "giveaway": "",
    "in_a_topic": "in my own topic",
    "invoice": "",
    "link": "https://example.org/a",
    "live_location": "",
    "live_photo": "",
    "location": "",
    "message_of_tomorrow": "",
    "paid_media": "",
    "photo": "",
    "photo_with_caption": "my contract",
    "poll": "",
    "reply": "this one",
    "reply_to_another_chat": "is it true?",
    "reply_to_story": "is it true?",
    "reply_with_quote": "what does this mean?",
    "rich_message": "",
    "scheduled": "later",
    "sticker": "",
    "story": "",
    "text": "hello, world",
    "text_not_ascii": "Добрий день! Żółć 🆘 1 < 2 & <b>",
    "venue": "",
    "via_bot": "https://example.org/found",
    "video": "",
    "video_note": "",
    "voice": "",
    "with_effect": "thank you",
}


def spoken(messages: list[Message]) -> list[str]:
    return [message.payload or message.text for message in messages]


async def test_an_update_is_heard_for_what_it_is() -> None:
    async with KITS["telegram"]() as kit:
        for name, update in RECORDED.items():
            assert (await kit.post(update)).is_success
            found, kit.mailbox.messages = kit.mailbox.messages, []
            assert spoken(found) == ([HEARD[name]] if name in HEARD else []), name
            assert {message.sender for message in found} <= {OKSANA}
        assert kit.mailbox.forgotten == [OKSANA]


@pytest.mark.parametrize("name", RECORDED)
def test_polling_hears_the_same_as_the_webhook(name: str) -> None:
    answer = UpdatesRequest.parse_json_payload(json.dumps({"ok": True, "result": [RECORDED[name]]}).encode())
    (polled,) = Update.de_list(answer["result"], None)
    pushed = update_from(deepcopy(RECORDED[name]))
    assert pushed
    assert heard(polled, "99") == heard(pushed, "99")


@pytest.mark.parametrize(
    "name", [name for name, update in RECORDED.items() if (update.get("message") or {}).get("chat", {}).get("id", 0) > 0]
)
def test_whatever_a_person_sends_us_is_heard_and_what_only_happened_is_not(name: str) -> None:
    assert (name in HEARD) is not name.startswith("service_")


@pytest.mark.parametrize("name", [name for name in RECORDED if "edited" in name and name in HEARD])
def test_an_edit_is_called_one(name: str) -> None:
    message, _left = heard(Update.de_json(deepcopy(RECORDED[name]), None), "99")
    assert message
    assert (message.original, message.edited) == ("11", True)


def test_every_kind_of_update_is_recorded_with_a_number_of_its_own() -> None:
    kinds = {kind for update in RECORDED.values() for kind in update}
    assert set(json.loads(API.read_text(encoding="utf-8"))["updates"]) <= kinds
    assert len({update["update_id"] for update in RECORDED.values()}) == len(RECORDED) > 90
    assert set(HEARD) <= set(RECORDED)


def test_every_recorded_id_is_made_up() -> None:
    telegrams_own = {"1087968824"}  # whoever writes as a group
    for name in RECORDED:
        numbers = set(re.findall(r"\d{9,}", (PAYLOADS / "telegram" / f"{name}.json").read_text(encoding="utf-8"))) - telegrams_own
        strange = {
            number
            for number in numbers
            if not re.fullmatch(r"480000\d{3}|\d{1,2}0{6,}\d{1,4}|18000\d{5}|17999\d{5}|300647710720000\d{2}", number)
        }
        assert strange == set(), name
