"""What each method of the Bot API does, and what only Telegram's servers can refuse about it."""

import asyncio
import re
import time
from typing import Any
from urllib.parse import urlsplit

from .telegram_chats import Chats
from .telegram_keyboard import refuse_wrong
from .telegram_parameters import UPDATES, Json, bad_request, too_many_requests
from .telegram_profile import Profile
from .telegram_text import formatted
from .telegram_updates import Updates, Webhook, conflict

PORTS = {80, 88, 443, 8443}
_ACTIONS = {
    "typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice", "upload_document",
    "choose_sticker", "find_location", "record_video_note", "upload_video_note",
}  # fmt: skip
_NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current content "
    "and reply markup of the message"
)


class Methods(Profile):
    """One function a method, named after it. They get parameters that `telegram_parameters` has checked."""

    def __init__(self, chats: Chats, updates: Updates, allow_http_webhook: bool) -> None:
        super().__init__(chats)
        self._updates = updates
        self._allow_http_webhook = allow_http_webhook
        self._webhook_at = float("-inf")

    async def call(self, method: str, p: Json) -> Any:
        function = getattr(self, re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", method))
        answer = function(p)
        return await answer if asyncio.iscoroutine(answer) else answer

    def get_me(self, _p: Json) -> Json:
        return self._chats.bot | {"can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False}

    # Messages

    def send_message(self, p: Json) -> Json:
        text, entities = formatted(p["text"], p.get("parse_mode"), p.get("entities"))
        return self._send(p, text=text, entities=entities)

    def send_contact(self, p: Json) -> Json:
        if len(p.get("vcard", "").encode()) > 2048:
            raise bad_request("contact vCard is too long")
        return self._send(p, contact={key: p[key] for key in ("phone_number", "first_name", "last_name", "vcard") if key in p})

    def _send(self, p: Json, **content: Any) -> Json:
        markup = p.get("reply_markup")
        refuse_wrong(markup)
        person = self._chats.reachable(p["chat_id"])
        if "reply_parameters" in p and not p["reply_parameters"].get("allow_sending_without_reply"):
            self._message(p["chat_id"], p["reply_parameters"]["message_id"], "message to be replied not found")
        return self._chats.add(person, self._chats.bot, **content, reply_markup=_inline(markup))

    def send_chat_action(self, p: Json) -> bool:
        if p["action"].lower() not in _ACTIONS:
            raise bad_request("wrong parameter action in request")
        self._chats.reachable(p["chat_id"])
        return True

    def edit_message_text(self, p: Json) -> Json:
        text, entities = formatted(p.get("text", ""), p.get("parse_mode"), p.get("entities"))
        message = self._editable(p)
        if "text" not in message:
            raise bad_request("there is no text in the message to edit")
        return self._edit(message, {"text": text, "entities": entities}, p.get("reply_markup"))

    def edit_message_reply_markup(self, p: Json) -> Json:
        return self._edit(self._editable(p), {}, p.get("reply_markup"))

    def _editable(self, p: Json) -> Json:
        if "chat_id" not in p or "message_id" not in p:
            raise bad_request("message identifier is not specified")
        refuse_wrong(p.get("reply_markup"))
        message = self._message(p["chat_id"], p["message_id"], "message to edit not found")
        if message["from"] != self._chats.bot:
            raise bad_request("message can't be edited")
        return message

    def _edit(self, message: Json, content: Json, markup: Json | None) -> Json:
        new = {key: value for key, value in (content | {"reply_markup": _inline(markup)}).items() if value}
        old = {key: message[key] for key in (*content, "reply_markup") if key in message}
        if new == old:
            raise bad_request(_NOT_MODIFIED)
        rest = {key: value for key, value in message.items() if key not in old}
        return self._chats.replace(rest | new | {"edit_date": int(time.time())})

    def delete_message(self, p: Json) -> bool:
        self._chats.delete(self._message(p["chat_id"], p["message_id"], "message to delete not found"))
        return True

    def delete_messages(self, p: Json) -> bool:
        numbers = dict.fromkeys(p["message_ids"])
        if not numbers:
            raise bad_request("message identifiers are not specified")
        if len(p["message_ids"]) > 100:
            raise bad_request("too many message identifiers specified")
        found = [self._chats.find(p["chat_id"], number) for number in numbers]
        self._chats.delete(*(message for message in found if message))
        return True

    def _message(self, chat_id: int | str, message_id: int, otherwise: str) -> Json:
        message = self._chats.find(chat_id, message_id)
        if message is None:
            raise bad_request(otherwise)
        return message

    def answer_callback_query(self, p: Json) -> bool:
        if len(p.get("text", "")) > 200:
            raise bad_request("MESSAGE_TOO_LONG")
        if self._chats.open_callbacks.pop(p["callback_query_id"], None) is None:
            raise bad_request("query is too old and response timeout expired or query ID is invalid")
        return True

    # How updates reach the bot

    async def get_updates(self, p: Json) -> list[Json]:
        if self._updates.webhook:
            raise conflict("can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first")
        self._allow(p)
        return await self._updates.fetch(p.get("offset", 0), p.get("limit", 100), p.get("timeout", 0))

    def set_webhook(self, p: Json) -> bool:
        if not p["url"]:
            return self.delete_webhook(p)
        now = time.monotonic()
        if now < self._webhook_at + 1:
            raise too_many_requests(1)
        self._webhook_at = now
        self._refuse_wrong_webhook(p["url"], p.get("secret_token", ""))
        self._allow(p)
        self._drop(p)
        webhook = Webhook(p["url"], p.get("secret_token", ""), p.get("max_connections", 40), "certificate" in p, p.get("ip_address", ""))
        self._updates.set_webhook(webhook)
        return True

    def _refuse_wrong_webhook(self, url: str, secret: str) -> None:
        try:
            parts = urlsplit(url if "://" in url else f"https://{url}")
            host, port = parts.hostname, parts.port or {"http": 80}.get(parts.scheme, 443)
        except ValueError:
            host, port = None, 0
        if not host or parts.scheme not in {"http", "https"}:
            raise bad_request("invalid webhook URL specified")
        if len(secret) > 256:
            raise bad_request("secret token is too long")
        if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
            raise bad_request("secret token contains unallowed characters")
        if parts.scheme == "http" and not self._allow_http_webhook:
            raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
        if parts.scheme == "https" and port not in PORTS:
            raise bad_request("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")

    def delete_webhook(self, p: Json) -> bool:
        self._drop(p)
        self._updates.set_webhook(None)
        return True

    def get_webhook_info(self, _p: Json) -> Json:
        updates, webhook = self._updates, self._updates.webhook
        info = {"url": "", "has_custom_certificate": False, "pending_update_count": len(updates.pending), **updates.error}
        if webhook:
            info |= {"url": webhook.url, "has_custom_certificate": webhook.has_custom_certificate}
            info |= {"max_connections": webhook.max_connections, "allowed_updates": sorted(updates.allowed)}
            info |= {"ip_address": webhook.ip_address} if webhook.ip_address else {}
        return info

    def _allow(self, p: Json) -> None:
        for kind in set(p.get("allowed_updates", ())) - UPDATES:  # Telegram ignores it
            raise bad_request(f'unknown kind of update "{kind}" in allowed_updates')
        self._updates.allow(p.get("allowed_updates"))

    def _drop(self, p: Json) -> None:
        if p.get("drop_pending_updates"):
            self._updates.drop()


def _inline(markup: Json | None) -> Json | None:
    """The only keyboard that stays with a message."""
    return markup if markup and markup.get("inline_keyboard") else None
