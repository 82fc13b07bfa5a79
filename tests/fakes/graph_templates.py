"""Which templates and buttons Messenger refuses, and what a person sees of the others."""

from typing import NamedTuple

from .graph_errors import invalid
from .graph_shapes import boolean, fields, items, one_of, phone, string, text, url

TITLE, PAYLOAD = 20, 1000
_HEIGHTS = ("compact", "tall", "full")


class Button(NamedTuple):
    kind: str  # postback, web_url or phone_number
    title: str
    payload: str  # of a web_url its URL, of a phone_number the number


class Card(NamedTuple):
    """One element of a generic template."""

    title: str
    subtitle: str
    buttons: tuple[Button, ...]


class Template(NamedTuple):
    text: str
    buttons: tuple[Button, ...]
    cards: tuple[Card, ...]


def template_from(attachment: object) -> Template:
    found = fields(attachment, "message.attachment", ["type", "payload"])
    one_of(found["type"], "message.attachment.type", ["template"])
    where = "message.attachment.payload"
    payload = found["payload"]
    if not isinstance(payload, dict):
        raise invalid(f"{where} must be an object")
    boolean(payload.get("sharable", False), f"{where}.sharable")
    if one_of(payload.get("template_type"), f"{where}.template_type", ["button", "generic"]) == "button":
        fields(payload, where, ["template_type", "text", "buttons"], ["sharable"])
        return Template(text(payload["text"], f"{where}.text", 640), _buttons(payload["buttons"], f"{where}.buttons"), ())
    fields(payload, where, ["template_type", "elements"], ["sharable", "image_aspect_ratio"])
    one_of(payload.get("image_aspect_ratio", "square"), f"{where}.image_aspect_ratio", ["horizontal", "square"])
    elements = items(payload["elements"], f"{where}.elements", 10)
    return Template("", (), tuple(_card(element, f"{where}.elements[{at}]") for at, element in enumerate(elements)))


def _card(element: object, where: str) -> Card:
    found = fields(element, where, ["title"], ["subtitle", "image_url", "default_action", "buttons"])
    if len(found) == 1:
        raise invalid(f"{where} needs something besides its title")
    if "image_url" in found:
        url(found["image_url"], f"{where}.image_url")
    if "default_action" in found:
        action = fields(found["default_action"], f"{where}.default_action", ["type", "url"], ["webview_height_ratio"])
        one_of(action["type"], f"{where}.default_action.type", ["web_url"])
        url(action["url"], f"{where}.default_action.url")
        one_of(action.get("webview_height_ratio", "full"), f"{where}.default_action.webview_height_ratio", _HEIGHTS)
    return Card(
        text(found["title"], f"{where}.title", 80),
        string(found.get("subtitle", ""), f"{where}.subtitle", 80),
        _buttons(found["buttons"], f"{where}.buttons") if "buttons" in found else (),
    )


def _buttons(value: object, where: str) -> tuple[Button, ...]:
    return tuple(button_from(button, f"{where}[{at}]") for at, button in enumerate(items(value, where, 3)))


def button_from(button: object, where: str, title: int = TITLE, kinds: tuple[str, ...] = ("postback", "web_url", "phone_number")) -> Button:
    """A button of a template; with another `title` and `kinds` an item of the persistent menu."""
    if not isinstance(button, dict):
        raise invalid(f"{where} must be an object")
    kind = one_of(button.get("type"), f"{where}.type", kinds)
    if kind == "web_url":
        found = fields(button, where, ["type", "title", "url"], ["webview_height_ratio"])
        one_of(found.get("webview_height_ratio", "full"), f"{where}.webview_height_ratio", _HEIGHTS)
        return Button(kind, text(found["title"], f"{where}.title", title), url(found["url"], f"{where}.url"))
    found = fields(button, where, ["type", "title", "payload"])
    payload = found["payload"]
    checked = phone(payload, f"{where}.payload") if kind == "phone_number" else text(payload, f"{where}.payload", PAYLOAD)
    return Button(kind, text(found["title"], f"{where}.title", title), checked)
