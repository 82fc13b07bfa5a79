"""The Graph API over https: who calls, how often, and what an answer means. The token stands in no URL, and nothing is logged here.

Meta limits a page and not a person: after a rate error nothing is called until the time is over.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx

from bot.channels.base import TryLater
from bot.channels.messenger_errors import PageMustWait, failure
from bot.channels.webhooks import parsed, signature

VERSION = "v26.0"
CALLS_A_SECOND = 250  # Meta takes 300 of a page
TIMEOUT = httpx.Timeout(20.0, connect=10.0)

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]


class Pace:
    """At most so many calls a second, and none while the page must wait."""

    def __init__(self, calls_a_second: float, clock: Clock, sleep: Sleep) -> None:
        self._gap, self._clock, self._sleep = 1 / calls_a_second, clock, sleep
        self._next = self._closed_until = 0.0

    async def turn(self) -> None:
        now = self._clock()
        if now < self._closed_until:
            raise TryLater("rate limit", self._closed_until - now)
        start = max(now, self._next)
        self._next = start + self._gap
        if start > now:
            await self._sleep(start - now)

    def close(self, seconds: float) -> None:
        self._closed_until = max(self._closed_until, self._clock() + seconds)


class Graph:
    """Calls with the token of one page. The proof shows Meta that who has the token also has the app's secret."""

    def __init__(
        self,
        token: str,
        secret: str,
        url: str,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._pace = Pace(CALLS_A_SECOND, clock, sleep)
        self._client = httpx.AsyncClient(
            base_url=f"{url.rstrip('/')}/{VERSION}/",
            headers={b"Authorization": f"Bearer {token}".encode()},  # as text, a letter that is not ASCII ends in an error that quotes it
            params={"appsecret_proof": signature(token.encode(), secret)},
            timeout=TIMEOUT,
            transport=transport,
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def __call__(self, method: str, path: str, json: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The answer, or TryLater, Refused or Gone."""
        await self._pace.turn()
        target = httpx.URL(path)  # the client's own parameters would take the place of what stands in a path
        try:
            response = await self._client.request(method, target.path, params=target.params, json=json)
        except httpx.HTTPError:  # its text may quote what was sent
            raise TryLater("network") from None
        answer = parsed(response.content)
        if response.is_success and isinstance(answer, dict) and "error" not in answer:
            return answer
        error = failure(response.status_code, response.headers, answer)
        if isinstance(error, PageMustWait):
            self._pace.close(error.seconds)
        raise error
