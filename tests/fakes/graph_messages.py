"""What a POST to the Send API says, or why it is refused. Who may be written to is not judged here."""

from dataclasses import dataclass
from typing import NamedTuple

from .graph_errors import Json, invalid
from .graph_shapes import fields, items, one_of, string, text, url
from .graph_templates import PAYLOAD, TITLE, Button, Card, Template, template_from

TYPES = ("RESPONSE", "UPDATE", "MESSAGE_TAG")
ACTIONS = ("mark_seen", "typing_on", "typing_off")
LONGEST_TEXT = 2000
MOST_QUICK_REPLIES = 13


class QuickReply(NamedTuple):
    title: str  # empty for the phone number and the e-mail address, which Messenger writes itself
    payload: str


@dataclass(frozen=True, slots=True)
class Content:
    """A message as the person sees it. `text` is also that of a button template."""

    text: str
    buttons: tuple[Button, ...]
    cards: tuple[Card, ...]
    quick_replies: tuple[QuickReply, ...]
    metadata: str | None
    messaging_type: str
    message: Json


def breach_in(body: Json) -> str | None:
    """A tag says that a human writes, or that it is urgent: a bot that uses one puts the whole Page at risk."""
    message_type, tag = body.get("messaging_type"), body.get("tag")
    return f"a bot must not send messaging_type {message_type}, tag {tag}" if message_type == "MESSAGE_TAG" or tag is not None else None


def recipient_of(body: Json) -> str:
    person = fields(body.get("recipient"), "recipient", ["id"])["id"]
    if not isinstance(person, str):
        raise invalid("recipient.id must be a string: a number above 2^53 does not survive everywhere")
    return person


def action_of(body: Json) -> str | None:
    """The sender action, which stands alone with its recipient; None: it is a message."""
    if "sender_action" in body and "message" in body:
        raise invalid("Cannot send both message and state at the same time")
    if "sender_action" not in body:
        return None
    fields(body, "a sender action", ["recipient", "sender_action"])
    return one_of(body["sender_action"], "sender_action", ACTIONS)


def content_of(body: Json) -> Content:
    fields(body, "the request", ["recipient", "messaging_type", "message"], ["notification_type"])
    message_type = one_of(body["messaging_type"], "messaging_type", TYPES)
    one_of(body.get("notification_type", "REGULAR"), "notification_type", ["REGULAR", "SILENT_PUSH", "NO_PUSH"])
    message = fields(body["message"], "message", [], ["text", "attachment", "quick_replies", "metadata"])
    if ("text" in message) == ("attachment" in message):
        raise invalid("message needs exactly one of text and attachment")
    if "text" in message:
        template = Template(text(message["text"], "message.text", LONGEST_TEXT), (), ())
    else:
        template = template_from(message["attachment"])
    quick = items(message["quick_replies"], "message.quick_replies", MOST_QUICK_REPLIES) if "quick_replies" in message else []
    return Content(
        *template,
        quick_replies=tuple(_quick_reply(reply, f"message.quick_replies[{at}]") for at, reply in enumerate(quick)),
        metadata=string(message["metadata"], "message.metadata", 1000) if "metadata" in message else None,
        messaging_type=message_type,
        message=message,
    )


def _quick_reply(reply: object, where: str) -> QuickReply:
    if not isinstance(reply, dict):
        raise invalid(f"{where} must be an object")
    if one_of(reply.get("content_type"), f"{where}.content_type", ["text", "user_phone_number", "user_email"]) != "text":
        fields(reply, where, ["content_type"])
        return QuickReply("", "")
    found = fields(reply, where, ["content_type", "title", "payload"], ["image_url"])
    if "image_url" in found:
        url(found["image_url"], f"{where}.image_url")
    return QuickReply(text(found["title"], f"{where}.title", TITLE), text(found["payload"], f"{where}.payload", PAYLOAD))
