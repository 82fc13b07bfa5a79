"""What to do after an error of the Graph API: by its code and subcode, never by its words. Pure.

The words are not repeated either, because they may quote a person or a token.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from bot.channels.base import Gone, Refused, TryLater
from bot.channels.webhooks import parsed

SOON, LATER, LATEST = 60.0, 600.0, 3600.0  # seconds
_RATES = (4, 32, 613, 80001, 80006)
_NO_SUCH_OBJECT = 33
_TEMPORARY = (1, 2, 17, 1200)
_USAGES = ("X-Business-Use-Case-Usage", "X-App-Usage")


class PageMustWait(TryLater):
    """Not now, and for nobody on this page."""

    seconds: float


def failure(status: int, headers: Mapping[str, str], body: Any) -> TryLater | Refused | Gone:
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return _without_error(status, headers)
    if "appsecret_proof" in str(error.get("message")):  # the one error that has no code of its own
        return TryLater(
            "app secret refused", SOON, do="compare BOT_MESSENGER_APP_SECRET with the app secret at Meta; the new one stands first"
        )
    code, subcode = _number(error.get("code")), _number(error.get("error_subcode"))
    if known := _with_this_reply(code, subcode) or _with_us(code, subcode):
        return known
    if code in _RATES or status == 429:
        return _rate(headers)
    if code in _TEMPORARY or status >= 500:
        return TryLater("temporary error")
    return Refused(f"unknown error {code}/{subcode}", do="look the numbers up at Meta, and report them")


def _with_this_reply(code: int, subcode: int) -> Refused | Gone | None:
    match code, subcode:
        case (_, 1545041) | (551, _):
            return Gone("does not receive messages")
        case 100, 2018001:
            return Gone("no such person")
        case 10, 2018278:
            return Refused("more than 24 hours after the person wrote", do="nothing; Messenger lets no bot write then")
        case 10, 2018300:
            return Refused("another app has the conversation", do="nothing; the office answers in the inbox of the page")
        case 100, _ if subcode != _NO_SUCH_OBJECT:
            return Refused("bad request")
    return None


def _with_us(code: int, subcode: int) -> TryLater | None:
    """What the operator can mend; a reply waits for it as long as it is worth something."""
    match code, subcode:
        case (10, 1893063) | (368, _):
            return TryLater("page restricted", LATEST, do="look at the support inbox of the page at Facebook, and mend what it names")
        case ((102 | 104 | 190), _):
            return TryLater("token refused", SOON, do="make a new page token at Meta and set BOT_MESSENGER_PAGE_TOKEN")
        case 100, _:
            return TryLater("no such page", LATER, do="compare BOT_MESSENGER_PAGE_ID with the page of BOT_MESSENGER_PAGE_TOKEN")
    if code == 10 or 200 <= code < 300:
        return TryLater("no permission", LATER, do="give the app the permission pages_messaging at Meta, then make a new page token")
    return None


def _without_error(status: int, headers: Mapping[str, str]) -> TryLater:
    """Somebody between us answered, or a part of Meta that speaks HTML."""
    if status == 429:
        return _rate(headers)
    if status >= 500:
        return TryLater("platform down")
    return TryLater("no answer of the Graph API", SOON, do="check BOT_MESSENGER_GRAPH_URL, and the proxy if there is one")


def _rate(headers: Mapping[str, str]) -> PageMustWait:
    seconds = min(max([_retry_after(headers), *_regained(headers)]) or SOON, LATEST)
    return PageMustWait(
        "rate limit", seconds, do="nothing; all replies of the page wait. If it repeats, look at the limits of the app at Meta"
    )


def _retry_after(headers: Mapping[str, str]) -> float:
    given = headers.get("Retry-After", "").strip()
    return float(given) if given.isascii() and given.isdecimal() else 0.0


def _regained(headers: Mapping[str, str]) -> Iterator[float]:
    """Meta counts minutes. Of a page it tells a list by business, of an app the numbers alone."""
    for name in _USAGES:
        usage = parsed(headers.get(name, "").encode())
        lists = [value for value in usage.values() if isinstance(value, list)] if isinstance(usage, dict) else []
        for used in [usage, *(used for several in lists for used in several)]:
            minutes = used.get("estimated_time_to_regain_access") if isinstance(used, dict) else None
            if isinstance(minutes, int | float) and math.isfinite(minutes):
                yield max(minutes * 60.0, 0.0)


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0
