"""What the fuzzing begins with: for each channel deliveries as its platform sends them, and one hostile delivery handed over."""

import json
import time
from typing import Any

from tests.channels.kits import PAYLOADS, Kit
from tests.hostile import harm_in, storable

_FROM = {"id": 7, "is_bot": False, "first_name": "O", "last_name": "K", "username": "ok", "language_code": "uk"}
_CHAT = {"id": 7, "type": "private", "first_name": "O"}
_WRITTEN = {"message_id": 5, "date": 1_800_000_000, "chat": _CHAT, "from": _FROM}
_PHOTO = [{"file_id": "a", "file_unique_id": "b", "width": 90, "height": 90, "file_size": 1000}]
_LINK = [{"type": "text_link", "offset": 0, "length": 2, "url": "https://example.org"}]
_MEMBER = {"user": _FROM, "status": "member"}
_KICKED = {"user": _FROM, "status": "kicked", "until_date": 0}
TELEGRAM: list[dict[str, Any]] = [
    {"update_id": 1, "message": _WRITTEN | {"text": "Добрий день"}},
    {
        "update_id": 2,
        "message": _WRITTEN | {"text": "/start fair_work_uk", "entities": [{"type": "bot_command", "offset": 0, "length": 6}]},
    },
    {"update_id": 3, "edited_message": _WRITTEN | {"text": "ok", "edit_date": 1_800_000_001, "entities": _LINK}},
    {"update_id": 4, "message": _WRITTEN | {"photo": _PHOTO, "caption": "umowa"}},
    {"update_id": 5, "message": _WRITTEN | {"location": {"latitude": 50.06, "longitude": 19.94}}},
    {"update_id": 6, "message": _WRITTEN | {"text": "tak", "reply_to_message": _WRITTEN | {"text": "?"}}},
    {
        "update_id": 7,
        "callback_query": {"id": "9", "from": _FROM, "chat_instance": "1", "data": "/help", "message": _WRITTEN | {"text": "x"}},
    },
    {"update_id": 8, "my_chat_member": {"chat": _CHAT, "from": _FROM, "date": 1, "old_chat_member": _MEMBER, "new_chat_member": _KICKED}},
    {"update_id": 9, "message": _WRITTEN | {"chat": {"id": -7, "type": "group", "title": "t"}, "text": "x"}},
    {"update_id": 10, "poll": {"id": "1"}},
]


def deliveries_for(kit: Kit) -> list[Any]:
    """As parsed JSON."""
    said = [kit.says("szef nie zapłacił"), kit.says("😀"), kit.presses("/fair_work/unpaid_wages")]
    if kit.sends_a_photo:
        said.append(kit.sends_a_photo())
    own = [json.loads(body) if isinstance(body, bytes) else body for body in said]
    recorded = PAYLOADS / kit.channel.name
    if recorded.is_dir():
        own += [json.loads(file.read_text(encoding="utf-8")) for file in sorted(recorded.iterdir())]
    if kit.channel.name == "telegram":
        own += TELEGRAM
    if kit.channel.name == "web":
        own += [said | {"language": "uk"} for said in own]
    return own


async def hand_over(kit: Kit, body: bytes) -> tuple[list[str], int, float]:
    """What went wrong with this body, the status, and the seconds of the processor. What was kept is checked and thrown away."""
    began = time.process_time()
    try:
        response = await kit.post(body)
    except Exception as error:
        return [f"{type(error).__name__} escapes"], 0, time.process_time() - began
    seconds = time.process_time() - began
    wrong = [f"status {response.status_code}"] if response.status_code >= 500 else []
    if response.status_code >= 400 and len(response.content) > 100:
        wrong.append("a refusal that tells much")
    for message in kit.mailbox.messages:
        wrong += harm_in(message)
    addresses = [*kit.mailbox.forgotten, *kit.mailbox.paused, *(sender for sender, _ in kit.mailbox.withdrawn)]
    wrong += [f"{address} cannot be looked up" for address in addresses if not storable(address.person) or len(address.person) > 128]
    wrong += ["an id that cannot be looked up" for _, id in kit.mailbox.withdrawn if not storable(id)]
    for kept in (kit.mailbox.messages, kit.mailbox.forgotten, kit.mailbox.withdrawn, kit.mailbox.paused):
        kept.clear()
    return wrong, response.status_code, seconds
