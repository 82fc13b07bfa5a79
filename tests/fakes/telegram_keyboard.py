"""Which keyboards Telegram refuses. Their names and types were checked before, in `telegram_parameters`."""

from typing import NamedTuple
from urllib.parse import urlsplit

from .telegram_parameters import TYPES, Json, bad_request

MAX_PAYLOAD = 64  # bytes: 32 Cyrillic letters
_STYLES = {"danger", "success", "primary"}
_LOOKS = {"text", "icon_custom_emoji_id", "style"}
_ACTIONS = set(TYPES["InlineKeyboardButton"]) - _LOOKS


class Button(NamedTuple):
    title: str
    payload: str  # callback_data; of another kind of button its URL, or nothing


def buttons_of(message: Json) -> tuple[Button, ...]:
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return tuple(Button(button["text"], button.get("callback_data") or button.get("url", "")) for row in rows for button in row)


def refuse_wrong(markup: Json | None) -> None:
    for row in (markup or {}).get("inline_keyboard", []):
        for button in row:
            _refuse_wrong_button(button)
    for row in (markup or {}).get("keyboard", []):
        for button in row:
            if not button["text"].strip():
                raise bad_request("keyboard button text must be non-empty")


def _refuse_wrong_button(button: Json) -> None:
    if not button["text"].strip():  # Telegram drops such a button without a word
        raise bad_request("inline keyboard button text must be non-empty")
    actions = button.keys() & _ACTIONS
    if not actions or button.get("callback_data") == "" or button.get("url") == "":
        raise bad_request("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if len(actions) > 1:  # Telegram takes the first and drops the others without a word
        raise bad_request(f"can't parse inline keyboard button: exactly one action is allowed, found {sorted(actions)}")
    if len(button.get("callback_data", "").encode()) > MAX_PAYLOAD:
        raise bad_request("BUTTON_DATA_INVALID")
    if "url" in button and urlsplit(button["url"]).scheme not in {"http", "https", "tg", "ton", "mailto", "tel"}:
        raise bad_request(f"inline keyboard button URL '{button['url']}' is invalid: Unsupported URL protocol")
    if "copy_text" in button and not 1 <= len(button["copy_text"]["text"]) <= 256:
        raise bad_request("BUTTON_COPY_TEXT_INVALID")
    if button.get("style", "danger") not in _STYLES:
        raise bad_request(f"can't parse inline keyboard button: unknown style {button['style']}")
