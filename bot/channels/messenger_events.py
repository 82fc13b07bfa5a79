"""What Meta's webhook tells, as what happened. Pure: it reads one event at a time and calls nothing.

The shape of an event is not checked: an event in another shape raises what Python raises, and whoever asked leaves it out.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from bot.channels.webhooks import key_from, person_from, storable
from bot.types import Address, Message

NAME = "messenger"
OURS = "bot"  # the metadata of what we send, by which we know it when it comes back
INBOX = "263902037430900"  # the app in which people of the office write: the inbox of the page
LONGEST_REF = 255  # anybody can make a link with anything in it


class Event(NamedTuple):
    """`page`: to whom it came. `standby`: another app answers this conversation, we only listen."""

    raw: Any
    page: str = ""
    standby: bool = False


@dataclass(frozen=True, slots=True)
class Withdrawn:
    sender: Address
    id: str


@dataclass(frozen=True, slots=True)
class TakenOver:
    """A consultant writes to this person."""

    person: Address


@dataclass(frozen=True, slots=True)
class GivenBack:
    """The conversation is the bot's again."""

    person: Address


Happened = Message | Withdrawn | TakenOver | GivenBack


def events_in(body: Mapping[str, Any], page: str) -> Iterator[Event]:
    """All events of a delivery in their order; with `page`, of that page alone."""
    if body.get("object") != "page":
        return
    for entry in _list(body.get("entry")):
        if not isinstance(entry, dict):
            yield Event(entry)  # no event either: whoever reads it says so
        elif not page or _page_of(entry) == page:
            for name in ("messaging", "standby"):
                yield from (Event(raw, _page_of(entry), name == "standby") for raw in _list(entry.get(name)))


def happened(event: Event) -> Happened | None:
    """None: nothing that is for us, such as receipts, reactions and our own messages coming back."""
    raw = event.raw
    message = raw.get("message") or {}
    if message.get("is_echo"):
        consultant = str(message.get("app_id")) == INBOX and message.get("metadata") != OURS
        return TakenOver(_address(raw["recipient"]["id"])) if consultant else None
    id = (raw.get("sender") or {}).get("id")  # somebody who came by a plugin has a user_ref and no id
    if event.standby or not id or str(id) == event.page:
        return None
    sender = _address(id)
    if edit := raw.get("message_edit"):
        mid = key_from(edit["mid"])
        return Message(key_from(f"{mid}:{key_from(edit['num_edit'])}"), sender, _text(edit, "text"), original=mid, edited=True)
    if message:
        return _written(message, sender)
    if postback := raw.get("postback"):
        return _pressed(postback, sender, raw)
    if ref := _ref(raw):
        return _without_mid(raw, sender, f"/start {ref}", "")
    if control := raw.get("pass_thread_control"):
        return TakenOver(sender) if str(control.get("new_owner_app_id")) == INBOX else GivenBack(sender)
    return TakenOver(sender) if "take_thread_control" in raw else None


def _written(message: Mapping[str, Any], sender: Address) -> Message | Withdrawn:
    """Whatever comes without words is a message without text: a photo, a sticker, something of tomorrow."""
    mid = key_from(message["mid"])
    if message.get("is_deleted"):
        return Withdrawn(sender, mid)
    payload, text = _said(_text(message.get("quick_reply") or {}, "payload"), _text(message, "text"))
    return Message(mid, sender, text, payload, original=mid)


def _pressed(postback: Mapping[str, Any], sender: Address, raw: Mapping[str, Any]) -> Message:
    """Who comes by a link and begins is led where the link leads; who chooses a question all the same gets its answer."""
    payload, text = _said(_text(postback, "payload"), _text(postback, "title"))
    ref = _ref(postback)
    if ref and (payload is None or payload.split()[0] == "/start"):
        payload, text = f"/start {ref}", ""
    return _without_mid(raw, sender, payload, text)


def _without_mid(raw: Mapping[str, Any], sender: Address, payload: str | None, text: str) -> Message:
    """A press or a link. Its id is made of who, when and what, which are the same in a repeat.

    A `mid` would not do: old versions have none, and Meta does not say whether it names the press or the message with the button.
    """
    when = raw.get("timestamp") or (raw.get("postback") or {}).get("mid")
    key = json.dumps([sender.person, str(when), payload or text])
    return Message(hashlib.sha256(key.encode()).hexdigest()[:32], sender, text, payload)


def _said(payload: str, title: str) -> tuple[str | None, str]:
    """Payload and text of a button. One that is not of this bot, or that came without its payload, says what the person read on it."""
    return (payload, "") if payload.startswith("/") else (None, title or payload)


def _ref(raw: Mapping[str, Any]) -> str:
    return _text(raw.get("referral") or {}, "ref")[:LONGEST_REF].strip()


def _address(id: Any) -> Address:
    return Address(NAME, person_from(id))


def _page_of(entry: Mapping[str, Any]) -> str:
    id = entry.get("id")
    return str(id) if isinstance(id, str | int) else ""


def _text(raw: Mapping[str, Any], name: str) -> str:
    value = raw.get(name)
    return storable(value) if isinstance(value, str) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
