"""Reply -> what Messenger calls a message: text, a template with buttons, or quick replies. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bot.channels.base import Limits, utf16
from bot.channels.messenger_events import OURS
from bot.i18n import N_, format_phone, translate
from bot.types import CLEAR, Button, ContactCard, Language, Reply

TEMPLATE_BUTTONS, TEMPLATE_TEXT, TITLE = 3, 640, 20
# Quick replies carry 2000, but what a reply says beside its buttons is short; so one number holds for both.
LIMITS = Limits(text=2000, buttons=13, title=TITLE, payload=1000, text_with_buttons=TEMPLATE_TEXT, size=utf16)
CALL = N_("Call")
WEBSITE = N_("Website")
CHOICES = N_("What you can choose")


def message_for(reply: Reply) -> dict[str, Any]:
    """Buttons of a template stay in the chat; quick replies vanish with the next message, but there may be more of them."""
    if reply.contact:
        content = _card(reply.contact, reply.language)
    elif not reply.buttons:
        content = {"text": reply.text}
    else:
        text = reply.text if reply.text.strip() else translate(CHOICES, reply.language)  # neither kind goes without words
        buttons = _lasting(reply.buttons)
        if len(buttons) <= TEMPLATE_BUTTONS and utf16(text) <= TEMPLATE_TEXT:
            content = _template(text, ({"type": "postback", "title": _cut(b.title), "payload": b.payload} for b in buttons))
        else:
            content = {"text": text, "quick_replies": [_quick_reply(button) for button in buttons]}
    return {**content, "metadata": OURS}


def _lasting(buttons: Sequence[Button]) -> Sequence[Button]:
    """Without the one that clears the chat if for its sake the others would vanish: here it can delete nothing anyway."""
    return [button for button in buttons if button.payload != CLEAR] if len(buttons) == TEMPLATE_BUTTONS + 1 else buttons


def _card(card: ContactCard, language: Language) -> dict[str, Any]:
    """Messenger has no contacts: the number to press, the page to open, and all of it to read and copy."""
    text = "\n".join((card.name, card.organisation, format_phone(card.phone), card.email))
    call = {"type": "phone_number", "title": _cut(translate(CALL, language)), "payload": card.phone}
    website = {"type": "web_url", "title": _cut(translate(WEBSITE, language)), "url": card.url}
    return _template(text, (call, website))


def _template(text: str, buttons: Iterable[Mapping[str, str]]) -> dict[str, Any]:
    payload = {"template_type": "button", "text": text, "buttons": [*buttons]}
    return {"attachment": {"type": "template", "payload": payload}}


def _quick_reply(button: Button) -> dict[str, str]:
    return {"content_type": "text", "title": _cut(button.title), "payload": button.payload}


def _cut(title: str) -> str:
    """Messenger would cut a longer title itself, or refuse it."""
    if utf16(title) <= TITLE:
        return title
    while utf16(title) >= TITLE:
        title = title[:-1]
    return f"{title.rstrip()}…"
