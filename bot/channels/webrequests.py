"""Who asks, and what they sent: the cookie and the JSON of the web chat. Nothing unchecked leaves this module."""

import hashlib
import json
import re
from urllib.parse import urlsplit
from uuid import UUID

from starlette.exceptions import HTTPException
from starlette.requests import Request

from bot.channels.webhooks import body_of, is_json, storable
from bot.i18n import language_from_tag
from bot.types import Address, Message

LARGEST_BODY = 16 * 1024
LONGEST_PAYLOAD = 255
_KEY = re.compile(r"[0-9a-f]{32}")


async def message_from(request: Request, sender: Address) -> Message:
    """The message of a request, or HTTPException: the page of another site, too much, or something else."""
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("Host"):
        raise HTTPException(403)
    if not is_json(request):
        raise HTTPException(415)
    message = message_in(await body_of(request, LARGEST_BODY), sender)
    if message is None:
        raise HTTPException(400)
    return message


def message_in(body: bytes, sender: Address) -> Message | None:
    """What the page sends: an id it made, `text` or `payload`, and its language. None: it is something else."""
    try:
        data = json.loads(body)
        id = str(UUID(data["id"]))
        text, payload, language = data.get("text"), data.get("payload"), data.get("language")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    hint = language_from_tag(language) if isinstance(language, str) else None
    if isinstance(text, str) and text.strip() and payload is None:
        return Message(id, sender, storable(text), None, hint)
    if isinstance(payload, str) and payload.startswith("/") and len(payload) <= LONGEST_PAYLOAD and text is None:
        return Message(id, sender, "", storable(payload), hint)
    return None


def cookie_name(request: Request) -> str:
    """Over https with a prefix that makes browsers refuse it from any other host, a neighbour in the domain too."""
    return "__Host-chat" if request.url.scheme == "https" else "chat"


def key_of(request: Request) -> str | None:
    key = request.cookies.get(cookie_name(request), "")
    return key if _KEY.fullmatch(key) else None


def person_of(request: Request) -> str:
    """The store knows a hash of the cookie, so that nobody who reads the store can take over a session."""
    key = key_of(request)
    if key is None:
        raise HTTPException(403)
    return hashlib.sha256(key.encode()).hexdigest()[:32]
