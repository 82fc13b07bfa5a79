"""What the webhooks of all platforms share: a body that is bounded in size and time, and secrets compared in constant time.

It knows no platform, and nothing of a body is parsed before the channel has checked who sent it.
"""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

LARGEST_BODY = 1024 * 1024
SLOWEST_BODY = 10.0  # seconds
SMALL_BODY = 64 * 1024  # what uvicorn holds of a body anyway
RETRY_AFTER = "5"
LONGEST_ID = 255  # characters; the store's keys hold no more
LONGEST_PERSON = 128


@dataclass(slots=True)
class Room:
    """Bytes that all bodies under way may hold together, beside what is small of each. A platform that finds it full comes again."""

    free: int = 64 * 1024 * 1024


ROOM = Room()


async def body_of(request: Request, largest: int = LARGEST_BODY, seconds: float | None = None, room: Room = ROOM) -> bytes:
    """The raw body, or HTTPException: too large, too slow, broken off, too many at once. What is too much is not read."""
    announced = request.headers.get("Content-Length", "0")
    if not announced.isdecimal() or int(announced) > largest:
        raise HTTPException(413)
    body, taken = bytearray(), 0
    try:
        async with asyncio.timeout(SLOWEST_BODY if seconds is None else seconds):
            async for chunk in request.stream():
                if len(body) + len(chunk) > largest:
                    raise HTTPException(413)
                if len(body) + len(chunk) > SMALL_BODY:
                    if room.free < len(chunk):
                        raise HTTPException(503, headers={"Retry-After": RETRY_AFTER})
                    room.free, taken = room.free - len(chunk), taken + len(chunk)
                body += chunk
    except TimeoutError:
        raise HTTPException(408, headers={"Connection": "close"}) from None
    except ClientDisconnect:
        raise HTTPException(400) from None
    finally:
        room.free += taken
    return bytes(body)


def is_json(request: Request) -> bool:
    return request.headers.get("Content-Type", "").partition(";")[0].strip().lower() == "application/json"


def parsed(body: bytes) -> Any:
    """None for what is no JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def is_one_of(given: str, secrets: Iterable[str]) -> bool:
    """In constant time, and never for an empty secret."""
    matches = [bool(secret) and hmac.compare_digest(given.encode(), secret.encode()) for secret in secrets]
    return any(matches)


def signature(body: bytes, secret: str) -> str:
    """HMAC-SHA256 in hexadecimal."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def storable(text: str) -> str:
    """Half an emoji is valid JSON but not valid UTF-8, and PostgreSQL takes no zero character."""
    return text.encode(errors="replace").decode().replace("\0", "")


def key_from(value: Any) -> str:
    """A platform's name of a message, as a key of the store; of one that is too long the digest. ValueError: it is no name."""
    if not isinstance(value, str | int) or isinstance(value, bool) or value == "":
        raise ValueError("no name of a message")
    key = storable(str(value))
    return key if len(key) <= LONGEST_ID else hashlib.sha256(key.encode()).hexdigest()


def person_from(value: Any) -> str:
    """A platform's name of a person. ValueError: the store could not keep it as it is, and changed it might be somebody else's."""
    person = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not person or len(person) > LONGEST_PERSON or storable(person) != person:
        raise ValueError("no name of a person")
    return person


def unavailable() -> Response:
    """The store is down: the platform sends it again."""
    return Response(status_code=503, headers={"Retry-After": RETRY_AFTER})
