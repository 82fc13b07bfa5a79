import asyncio
import hmac
from typing import Any

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message as Event

from bot.channels.webhooks import body_of, is_json, is_one_of, parsed, signature, storable


def request(*chunks: bytes, hangs: bool = False, leaves: bool = False, **headers: str) -> Request:
    events: list[Event] = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    if leaves:
        events.append({"type": "http.disconnect"})
    elif not hangs:
        events.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> Event:
        if not events:
            await asyncio.Event().wait()
        return events.pop(0)

    raw = [(name.replace("_", "-").lower().encode(), value.encode()) for name, value in headers.items()]
    scope: dict[str, Any] = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": raw}
    return Request(scope, receive)


async def refused(asked: Request, **limits: Any) -> int:
    with pytest.raises(HTTPException) as refusal:
        await body_of(asked, **limits)
    return refusal.value.status_code


async def test_a_body_is_read_to_its_end() -> None:
    assert await body_of(request(b"ab", b"cd")) == b"abcd"


async def test_a_body_that_announces_too_much_is_refused_unread() -> None:
    assert await refused(request(hangs=True, content_length="11"), largest=10) == 413


async def test_a_body_that_grows_too_large_is_refused() -> None:
    assert await refused(request(b"12345678", b"123", hangs=True), largest=10) == 413


@pytest.mark.parametrize("length", ["-1", "ten", "1e3", "²"])
async def test_a_length_that_is_no_number_is_refused(length: str) -> None:
    asked = request(b"{}")
    asked.scope["headers"] = [(b"content-length", length.encode("latin-1"))]
    assert await refused(asked) == 413


async def test_a_body_that_never_ends_is_given_up() -> None:
    assert await refused(request(b"{", hangs=True), seconds=0.0) == 408


async def test_who_leaves_in_the_middle_is_let_go() -> None:
    assert await refused(request(b"{", leaves=True)) == 400


@pytest.mark.parametrize(("type", "json"), [("application/json; charset=utf-8", True), ("Application/JSON", True), ("text/plain", False)])
def test_only_json_is_called_json(type: str, json: bool) -> None:
    assert is_json(request(content_type=type)) is json


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe{}", b"[" * 200_000])
def test_what_is_no_json_is_none(body: bytes) -> None:
    assert parsed(body) is None


def test_a_secret_is_known_by_the_whole_of_it_and_an_empty_one_never() -> None:
    assert is_one_of("secret", ["old", "secret"])
    assert not is_one_of("secre", ["old", "secret"])
    assert not is_one_of("", ["", "secret"])
    assert not is_one_of("ąść", ["secret"])


def test_secrets_are_compared_in_a_time_that_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(given: bytes, secret: bytes) -> bool:
        compared.append((given, secret))
        return given == secret

    monkeypatch.setattr(hmac, "compare_digest", compare)
    assert is_one_of("new", ["new", "old"])
    assert compared == [(b"new", b"new"), (b"new", b"old")]


def test_a_signature_is_the_hmac_of_the_raw_body() -> None:
    assert signature(b"what do ya want for nothing?", "Jefe") == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"


def test_what_no_database_takes_is_replaced() -> None:
    assert storable("a\0b\ud83d") == "ab?"
