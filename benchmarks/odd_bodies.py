"""Bodies that no platform would send, and answers that are none. Random, and the same each time for the same chance."""

import json
import random
from collections.abc import Callable
from functools import partial

from starlette.responses import PlainTextResponse, Response


def odd_answers() -> list[Callable[[], Response]]:
    bodies = ("", "null", "[]", "<html>", '{"ok": true}', '{"ok": true, "result": {}}', '{"ok": true, "result": [null, 1, {}]}')
    return [partial(PlainTextResponse, body) for body in bodies]


def odd_body(chance: random.Random) -> bytes:
    """Of the shape of a delivery, with something else at one place or several; or no JSON at all."""
    if chance.random() < 0.2:
        return chance.randbytes(chance.randrange(200))
    body = json.dumps(_odd_value(chance, 0)).encode()
    return body[: chance.randrange(len(body) + 1)] if chance.random() < 0.1 else body


NAMES = (
    *("update_id", "message", "edited_message", "callback_query", "my_chat_member", "chat", "from", "id", "text", "data", "type", "date"),
    *("message_id", "object", "entry", "messaging", "standby", "sender", "recipient", "timestamp", "mid", "postback", "payload"),
    *("quick_reply", "is_echo"),
)


def _odd_value(chance: random.Random, depth: int) -> object:
    leaves = (None, True, 0, -1, 2**63, 1e400, "", "page", "private", "\ud800", "x" * 5000, "/start")
    kind = chance.random() if depth < 6 else 1.0
    if kind < 0.55:
        return {name: _odd_value(chance, depth + 1) for name in chance.sample(NAMES, chance.randrange(1, 6))}
    if kind < 0.65:
        return [_odd_value(chance, depth + 1) for _ in range(chance.randrange(3))]
    return chance.choice(leaves)
