"""What a request to the Bot API says, and whether its names and types are those of `telegram_api.json`.

Stricter than Telegram on purpose: it ignores a parameter it does not know, so a misspelt one has no effect.
Chats, texts and keyboards are not judged here.
"""

import json
import re
from email import message_from_bytes
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

Kind = str  # as in the extract: "Integer | String", "Array of BotCommand", "=chat"; "?" at the end: optional
Json = dict[str, Any]

_API: Json = json.loads(Path(__file__).with_name("telegram_api.json").read_text())
METHODS: dict[str, dict[str, Kind]] = _API["methods"]
TYPES: dict[str, dict[str, Kind] | Kind] = _API["types"]
UPDATES: frozenset[str] = frozenset(_API["updates"])


class Refusal(Exception):
    """An answer with `"ok": false`."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.body: Json = {"ok": False, "error_code": code, "description": description}
        if parameters:
            self.body["parameters"] = parameters


def bad_request(description: str) -> Refusal:
    return Refusal(400, f"Bad Request: {description}")


def too_many_requests(seconds: int) -> Refusal:
    return Refusal(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)


async def parameters_of(request: Request) -> Json:
    """From the query string and a body in JSON, as a form or as multipart; a file is its bytes."""
    kind, body = request.headers.get("content-type", ""), await request.body()
    found: Json = dict(request.query_params)
    if kind.startswith("application/json"):
        try:
            found |= json.loads(body)
        except (ValueError, TypeError):
            raise bad_request("can't parse request: JSON object expected") from None
    elif kind.startswith("multipart/form-data"):
        for part in message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body).walk():
            if name := part.get_param("name", header="content-disposition"):
                content = part.get_payload(decode=True)
                assert isinstance(content, bytes)
                found[str(name)] = content if part.get_filename() else content.decode()
    else:
        found |= parse_qsl(body.decode(), keep_blank_values=True)
    return found


def checked(method: str, parameters: Json) -> Json:
    """The same with every value in its own type, or a Refusal."""
    if method not in METHODS:
        raise Refusal(404, "Not Found: method not found")
    known = METHODS[method]
    for name in parameters.keys() - known.keys():
        raise bad_request(f'unknown parameter "{name}" of {method}')
    for name, kind in known.items():
        if not kind.endswith("?") and parameters.get(name, "") == "" and name != "url":
            raise bad_request(_MISSING.get(name, f'parameter "{name}" is required'))
    return {name: _typed(_decoded(value, known[name], name), known[name], name) for name, value in parameters.items()}


_MISSING = {"chat_id": "chat_id is empty", "text": "message text is empty"}
_PLAIN = {"Integer", "Float", "Boolean", "String", "InputFile"}


def _decoded(value: Any, kind: Kind, name: str) -> Any:
    """Objects and arrays may come as JSON in a string: forms have no other way."""
    if isinstance(value, str) and not _PLAIN & set(kind.rstrip("?").split(" | ")):
        what = "reply keyboard markup" if name == "reply_markup" else name
        try:
            value = json.loads(value)
        except ValueError:
            raise bad_request(f"can't parse {what} JSON object") from None
    if name == "reply_markup" and not isinstance(value, dict):
        raise bad_request("object expected as reply markup")
    return value


def _typed(value: Any, kind: Kind, name: str) -> Any:
    options = kind.rstrip("?").split(" | ")
    refusals = []
    for option in options:
        try:
            return _one(value, option, name)
        except Refusal as refusal:
            refusals.append((_likeness(value, option), refusal))
    likeness, likely = max(refusals, key=lambda pair: pair[0])
    raise likely if likeness or len(options) == 1 else bad_request(f"{name} must be {kind.rstrip('?')}")


def _likeness(value: Any, option: Kind) -> int:
    fields = TYPES.get(option)
    return len(fields.keys() & value.keys()) if isinstance(fields, dict) and isinstance(value, dict) else 0


def _one(value: Any, kind: Kind, name: str) -> Any:
    match kind, value:
        case "Integer", str() if re.fullmatch(r"-?\d{1,18}", value):
            return int(value)
        case "Boolean", str() if value.lower() in {"true", "false"}:
            return value.lower() == "true"
        case ("Integer", int()) | ("Float", int() | float()) if not isinstance(value, bool):
            return value
        case ("Boolean", bool()) | ("InputFile", bytes()):
            return value
        case "String", str():
            if re.search("[\ud800-\udfff]", value):
                raise bad_request("strings must be encoded in UTF-8")
            return value
        case _ if kind == f"={value}":
            return value
        case _, list() if kind.startswith("Array of "):
            return [_typed(item, kind.removeprefix("Array of "), f"every item of {name}") for item in value]
        case _, dict() if isinstance(fields := TYPES.get(kind), dict):
            return _object(value, fields, kind)
        case _ if isinstance(union := TYPES.get(kind), str):
            return _typed(value, union, name)
    raise bad_request(f"{name} must be {kind.removeprefix('=')}")


def _object(value: Json, fields: dict[str, Kind], kind: str) -> Json:
    for name in value.keys() - fields.keys():
        raise bad_request(f'unknown field "{name}" of {kind}')
    for name, field in fields.items():
        if not field.endswith("?") and name not in value:
            raise bad_request(f"can't parse {kind}: Can't find field \"{name}\"")
    return {name: _typed(item, fields[name], f'Field "{name}" of {kind}') for name, item in value.items()}
