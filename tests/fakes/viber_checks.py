"""What Viber refuses of a call, and a little of what its server takes and only the apps refuse. It keeps nothing."""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

Json = dict[str, Any]

NAMES = (
    "ok", "invalidUrl", "invalidAuthToken", "badData", "missingData", "receiverNotRegistered", "receiverNotSubscribed",
    "publicAccountBlocked", "publicAccountNotFound", "publicAccountSuspended", "webhookNotSet", "receiverNoSuitableDevice",
    "tooManyRequests", "apiVersionNotSupported", "incompatibleWithVersion", "publicAccountNotAuthorized", "inchatReplyMessageNotAllowed",
    "publicAccountIsNotInline", "noPublicChat", "cannotSendBroadcast", "broadcastNotAllowed", "unsupportedCountry", "paymentUnsupported",
    "freeMessagesExceeded", "noBalance",
)  # fmt: skip
EVENTS = {"delivered", "seen", "failed", "subscribed", "unsubscribed", "conversation_started"}
LARGEST = 30_000  # bytes of a request
_ANY_TYPE = {"receiver", "type", "sender", "tracking_data", "min_api_version", "keyboard"}
_OF_TYPE = {"text": {"text"}, "contact": {"contact"}, "url": {"media"}}
_KEYBOARD = {"Type", "DefaultHeight", "BgColor", "InputFieldState", "Buttons"}
_BUTTON = {
    "Columns",
    "Rows",
    "BgColor",
    "Silent",
    "ActionType",
    "ActionBody",
    "Text",
    "TextSize",
    "TextVAlign",
    "TextHAlign",
    "TextOpacity",
}
_HTML = re.compile(r"(?:[^<>&]|&(?:amp|lt|gt|quot|#\d+|#x[0-9a-fA-F]+);|</?(?:b|i|u|s|br|font)(?: [^<>]*)?/?>)*")


class Refusal(Exception):
    """A `status` other than 0."""

    def __init__(self, status: int, why: str = "") -> None:
        super().__init__(why or NAMES[status])
        self.status = status


def parsed(body: bytes) -> Json:
    if len(body) > LARGEST:
        raise Refusal(3, "the request is larger than 30 kB")
    try:
        found = json.loads(body)
    except ValueError:
        raise Refusal(3, "the request is no JSON") from None
    if not isinstance(found, dict):
        raise Refusal(3, "the request is no JSON object")
    return found


def check_webhook(body: Json) -> None:
    _only(body, {"url", "event_types", "send_name", "send_photo"}, "set_webhook")
    url = _text(body, "url", 2000)
    if urlsplit(url).scheme != "https" or not urlsplit(url).hostname:
        raise Refusal(1, "URL not valid or not HTTPS")
    events = body.get("event_types", [])
    if not isinstance(events, list) or not set(events) <= EVENTS:
        raise Refusal(3, f"unknown event_types: {events}")
    for flag in ("send_name", "send_photo"):
        if not isinstance(body.get(flag, False), bool):
            raise Refusal(3, f"{flag} must be true or false")


def check_message(body: Json, *, welcome: bool = False) -> None:
    """Everything but who receives it. A welcome names no receiver."""
    kind = _text(body, "type", 20)
    if kind not in _OF_TYPE:
        raise Refusal(3, f"the fake knows no type {kind}")
    _only(body, (_ANY_TYPE - {"receiver"} if welcome else _ANY_TYPE) | _OF_TYPE[kind], kind)
    if not welcome:
        _text(body, "receiver", 100)
    sender = _object(body, "sender")
    _only(sender, {"name", "avatar"}, "sender")
    _text(sender, "name", 28)
    if "tracking_data" in body:
        _text(body, "tracking_data", 4000)
    version = body.get("min_api_version", 1)
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise Refusal(3, "min_api_version must be a number")
    if kind == "text":
        _text(body, "text", 7000)
    elif kind == "url":
        _text(body, "media", 2000)
    else:
        contact = _object(body, "contact")
        _only(contact, {"name", "phone_number", "avatar"}, "contact")
        _text(contact, "name", 28)
        if not re.fullmatch(r"\+?[\d ]{3,}", _text(contact, "phone_number", 18)):
            raise Refusal(3, "phone_number is no number")
    if "keyboard" in body:
        _check_keyboard(_object(body, "keyboard"), version)


def _check_keyboard(keyboard: Json, version: int) -> None:
    _only(keyboard, _KEYBOARD, "keyboard")
    if keyboard.get("Type") != "keyboard":
        raise Refusal(3, "Type of a keyboard is keyboard")
    if not isinstance(keyboard.get("DefaultHeight", False), bool):
        raise Refusal(3, "DefaultHeight must be true or false")
    if keyboard.get("InputFieldState", "regular") not in {"regular", "minimized", "hidden"}:
        raise Refusal(3, "unknown InputFieldState")
    if "InputFieldState" in keyboard and version < 4:
        raise Refusal(14, "InputFieldState needs min_api_version 4")
    buttons = keyboard.get("Buttons")
    if not isinstance(buttons, list) or not buttons:
        raise Refusal(4, "Buttons is missing")
    for button in buttons:
        _check_button(button)
    if rows_of(buttons) > 12:
        raise Refusal(3, f"a keyboard has at most 12 rows, not {rows_of(buttons)}")


def _check_button(button: Any) -> None:
    if not isinstance(button, dict):
        raise Refusal(3, "a button is an object")
    _only(button, _BUTTON, "button")
    for name, most in (("Columns", 6), ("Rows", 2)):
        size = button.get(name, 1)
        if not isinstance(size, int) or not 1 <= size <= most:
            raise Refusal(3, f"{name} must be 1-{most}")
    if button.get("ActionType", "reply") not in {"reply", "open-url", "none"}:
        raise Refusal(3, "unknown ActionType")
    if not isinstance(button.get("Silent", False), bool):
        raise Refusal(3, "Silent must be true or false")
    _text(button, "ActionBody", 250)
    if not _HTML.fullmatch(_text(button, "Text", 250)):
        raise Refusal(3, "Text is no HTML that Viber knows")


def rows_of(buttons: list[Json]) -> int:
    """Viber fills a row of six columns as long as the next button fits into it."""
    rows, left, height = 0, 0, 0
    for button in buttons:
        columns = button.get("Columns", 6)
        if columns > left:
            rows, left, height = rows + height, 6, 0
        left, height = left - columns, max(height, button.get("Rows", 1))
    return rows + height


def _only(found: Mapping[str, Any], allowed: set[str], what: str) -> None:
    if unknown := found.keys() - allowed:
        raise Refusal(3, f"unknown keys of {what}: {sorted(unknown)}")


def _object(found: Json, name: str) -> Json:
    if not isinstance(found.get(name), dict):
        raise Refusal(4, f"{name} is missing")
    return dict(found[name])


def _text(found: Json, name: str, longest: int) -> str:
    """Lengths are of UTF-16, the strictest reading of what Viber's documentation calls characters."""
    text = found.get(name)
    if text is None or text == "":
        raise Refusal(4, f"{name} is missing")
    if not isinstance(text, str):
        raise Refusal(3, f"{name} must be a text")
    if len(text.encode("utf-16-le", "surrogatepass")) // 2 > longest:
        raise Refusal(3, f"{name} has more than {longest} characters")
    return text
