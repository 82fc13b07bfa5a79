"""How the Graph API says no: code and subcode tell what is meant, not the HTTP status and not the words."""

import json
from typing import Any

from starlette.responses import JSONResponse

Json = dict[str, Any]

RATES = {4: "X-App-Usage", 17: "X-App-Usage", 32: "X-Business-Use-Case-Usage", 613: "X-Business-Use-Case-Usage"}
_BUSINESS = "100000000000099"
_MESSAGES = {
    1: "An unknown error occurred",
    2: "Service temporarily unavailable",
    4: "Application request limit reached",
    10: "Application does not have permission for this action",
    17: "User request limit reached",
    32: "Page request limit reached",
    100: "Invalid parameter",
    190: "Error validating access token: Session has expired",
    200: "Permissions error",
    551: "This person isn't available right now.",
    613: "Calls to this api have exceeded the rate limit.",
    1200: "Temporary send message failure. Please try again later.",
}


class Refusal(Exception):
    """An answer with `"error"`. Most of them are HTTP 400, whatever they mean."""

    def __init__(
        self, code: int, message: str | None = None, subcode: int | None = None, kind: str = "OAuthException", status: int = 400
    ) -> None:
        self.status, self.code, self.subcode = status, code, subcode
        self.message = f"(#{code}) {message or _MESSAGES.get(code, 'Unknown error')}"
        super().__init__(self.message)
        error: Json = {"message": self.message, "type": kind, "code": code}
        if subcode is not None:
            error["error_subcode"] = subcode
        self.body: Json = {"error": error | {"fbtrace_id": "AFakeTraceFakeTrace_Fa"}}


def invalid(message: str) -> Refusal:
    return Refusal(100, message)


def unknown_object(node: str) -> Refusal:
    message = f"Unsupported request. Object with ID '{node}' does not exist or cannot be loaded due to missing permissions"
    return Refusal(100, message, 33, "GraphMethodException")


def no_such_person() -> Refusal:
    return Refusal(100, "No matching user found", 2018001)


def outside_window() -> Refusal:
    return Refusal(10, "This message is sent outside of allowed window.", 2018278)


def controlled_by_another() -> Refusal:
    return Refusal(10, "Message not sent: another app is controlling this thread now.", 2018300)


def not_available() -> Refusal:
    return Refusal(551, None, 1545041)


def refused(refusal: Refusal, minutes: int = 0) -> JSONResponse:
    """A rate error tells in a header how much of the limit is used; that of a Page also when to come back."""
    used: Json = {"call_count": 100, "total_time": 25, "total_cputime": 25}
    header = RATES.get(refusal.code)
    if header == "X-Business-Use-Case-Usage":
        used = {_BUSINESS: [{"type": "messenger", **used, "estimated_time_to_regain_access": minutes}]}
    return JSONResponse(refusal.body, refusal.status, {header: json.dumps(used)} if header else None)
