import json
from typing import Any

import pytest

from bot.channels.base import Gone, Refused, TryLater
from bot.channels.messenger_errors import PageMustWait, failure

CANARY = "canary-7f3a"


def graph(code: Any, subcode: int | None = None, message: str = CANARY) -> dict[str, Any]:
    error = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "x"}
    return {"error": error if subcode is None else {**error, "error_subcode": subcode}}


def usage(minutes: Any) -> str:
    return json.dumps({"100": [{"type": "messenger", "call_count": 100, "estimated_time_to_regain_access": minutes}]})


@pytest.mark.parametrize(
    ("code", "subcode", "kind"),
    [
        (190, None, TryLater),
        (190, 463, TryLater),
        (104, None, TryLater),
        (10, None, TryLater),
        (200, None, TryLater),
        (299, None, TryLater),
        (10, 1893063, TryLater),
        (10, 2018278, Refused),
        (10, 2018300, Refused),
        (100, None, Refused),
        (100, 2018109, Refused),
        (100, 33, TryLater),
        (100, 2018001, Gone),
        (551, None, Gone),
        (551, 1545041, Gone),
        (200, 1545041, Gone),
        *((code, None, PageMustWait) for code in (4, 32, 613, 80006)),
        *((code, None, TryLater) for code in (1, 2, 17, 1200)),
        (2534037, None, Refused),
        ("190", None, Refused),
    ],
)
def test_code_and_subcode_say_what_to_do(code: Any, subcode: int | None, kind: type[Exception]) -> None:
    assert type(failure(400, {}, graph(code, subcode))) is kind


@pytest.mark.parametrize(("code", "subcode"), [(190, None), (10, None), (200, None), (100, 33), (10, 1893063), (613, None)])
def test_what_the_operator_can_mend_says_how_and_is_not_tried_every_second(code: int, subcode: int | None) -> None:
    error = failure(400, {}, graph(code, subcode))
    assert isinstance(error, TryLater)
    assert error.do
    assert error.seconds
    assert error.seconds >= 60


@pytest.mark.parametrize(
    "message", ["API calls from the server require an appsecret_proof argument", "Invalid appsecret_proof provided in the API argument"]
)
def test_a_wrong_app_secret_is_waited_for_and_named(message: str) -> None:
    error = failure(400, {}, graph(100, None, message))
    assert isinstance(error, TryLater)
    assert "BOT_MESSENGER_APP_SECRET" in error.do


def test_a_reply_that_nobody_can_mend_says_so() -> None:
    late, elsewhere = failure(400, {}, graph(10, 2018278)), failure(400, {}, graph(10, 2018300))
    assert isinstance(late, Refused)
    assert isinstance(elsewhere, Refused)
    assert [error.do.partition(";")[0] for error in (late, elsewhere)] == ["nothing", "nothing"]


def test_an_unknown_error_is_never_tried_again_and_told_by_its_numbers() -> None:
    error = failure(400, {}, graph(4711, 99))
    assert isinstance(error, Refused)
    assert str(error) == "unknown error 4711/99"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 60),
        ({"Retry-After": "35"}, 35),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, 60),
        ({"Retry-After": "²"}, 60),
        ({"Retry-After": "999999999"}, 3600),
        ({"X-Business-Use-Case-Usage": usage(5)}, 300),
        ({"X-Business-Use-Case-Usage": usage(0)}, 60),
        ({"X-Business-Use-Case-Usage": usage(100_000)}, 3600),
        ({"X-Business-Use-Case-Usage": usage("5")}, 60),
        ({"X-Business-Use-Case-Usage": usage(float("nan"))}, 60),
        ({"X-Business-Use-Case-Usage": usage(-5)}, 60),
        ({"X-Business-Use-Case-Usage": "no JSON"}, 60),
        ({"X-Business-Use-Case-Usage": "[5]"}, 60),
        ({"X-Business-Use-Case-Usage": '{"100": [5]}'}, 60),
        ({"X-App-Usage": '{"call_count": 100, "estimated_time_to_regain_access": 2}'}, 120),
        ({"X-App-Usage": '{"call_count": 100}'}, 60),
        ({"Retry-After": "35", "X-Business-Use-Case-Usage": usage(5)}, 300),
    ],
)
def test_a_rate_error_waits_as_long_as_meta_says_or_a_minute(headers: dict[str, str], seconds: float) -> None:
    error = failure(400, headers, graph(613))
    assert isinstance(error, PageMustWait)
    assert error.seconds == seconds


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (502, None, TryLater),
        (500, None, TryLater),
        (500, graph(4711), TryLater),
        (429, None, PageMustWait),
        (429, graph(4711), PageMustWait),
        (404, None, TryLater),
        (200, ["?"], TryLater),
        (302, None, TryLater),
        (400, {"error": "?"}, TryLater),
    ],
)
def test_what_does_not_speak_like_the_graph_api_is_tried_again(status: int, body: Any, kind: type[Exception]) -> None:
    assert type(failure(status, {}, body)) is kind


@pytest.mark.parametrize("code", [1, 10, 100, 190, 200, 551, 613, 4711])
def test_the_words_of_an_error_are_not_repeated(code: int) -> None:
    error = failure(400, {}, graph(code))
    assert CANARY not in f"{error!r} {getattr(error, 'do', '')}"
