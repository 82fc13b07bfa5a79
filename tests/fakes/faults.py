"""What goes wrong on the way to a platform: for the next calls of a method, on request of a test. It knows no platform."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from .server import hang_up, hung_up

Answer = Callable[[], Awaitable[Response]]  # does what was asked, and answers as the platform would
Fault = Callable[[Request, Answer], Awaitable[Response]]
ANY = "*"  # the name of every method


class Faults:
    """Each fault meets the next `times` calls of `method`; several wait for their turn."""

    def __init__(self) -> None:
        self._next: dict[str, deque[Fault]] = defaultdict(deque)
        self._hanging: set[asyncio.Event] = set()

    def inject(self, method: str, fault: Fault, times: int = 1) -> None:
        self._next[method].extend([fault] * times)

    def take(self, method: str) -> Fault | None:
        waiting = self._next[method] or self._next[ANY]
        return waiting.popleft() if waiting else None

    def answer(self, method: str, make: Callable[[], Response], times: int = 1) -> None:
        """Nothing is done; the caller gets this."""

        async def refuse(_request: Request, _answer: Answer) -> Response:
            return make()

        self.inject(method, refuse, times)

    def bad_gateway(self, method: str, times: int = 1) -> None:
        """The front end's HTML, which is not JSON."""
        page = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
        self.answer(method, lambda: HTMLResponse(page, 502), times)

    def reset(self, method: str, times: int = 1) -> None:
        """The connection breaks before anything is done."""

        async def break_off(request: Request, _answer: Answer) -> Response:
            return hang_up(request, reset=True)

        self.inject(method, break_off, times)

    def drop_reply(self, method: str, times: int = 1) -> None:
        """It is done, but the caller never learns it."""

        async def forget(request: Request, answer: Answer) -> Response:
            await answer()
            return hang_up(request)

        self.inject(method, forget, times)

    def hang(self, method: str, times: int = 1) -> asyncio.Event:
        """Nothing is done and nothing answered until the event is set; nothing at all if the caller has left by then."""
        released = asyncio.Event()
        self._hanging.add(released)

        async def wait(request: Request, answer: Answer) -> Response:
            left, go_on = asyncio.create_task(hung_up(request)), asyncio.create_task(released.wait())
            done, waiting = await asyncio.wait({left, go_on}, return_when=asyncio.FIRST_COMPLETED)
            for task in waiting:
                task.cancel()
            return hang_up(request) if left in done else await answer()

        self.inject(method, wait, times)
        return released

    def clear(self) -> None:
        """The platform is well again: nothing goes wrong any more, and what hung goes on."""
        self._next.clear()
        for released in self._hanging:
            released.set()
        self._hanging.clear()
