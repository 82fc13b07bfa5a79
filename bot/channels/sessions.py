"""Which browsers of the web chat are connected, and the last replies, for one that lost its connection.

It lives in the memory of this process and is small by force. It never touches the network or the store.
"""

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterator

REPLIES = 50  # kept for a browser that comes back
STREAMS = 3  # of one person: as many open tabs
SESSIONS = 10_000
IDLE = 30 * 60.0
SWEEP = 60.0


class Full(Exception):
    """Too many people are connected: try later."""


class Stream:
    """One open connection of a browser. `seen` is the number of the last reply it handed over."""

    def __init__(self, session: "Session", seen: int) -> None:
        self.session, self.seen = session, seen
        self.ended = False
        self.replaced = False

    @property
    def position(self) -> str:
        """What the browser names when it comes back."""
        return f"{self.session.epoch}-{self.seen}"

    def news(self) -> Iterator[str]:
        """What this browser has not seen. To ask for the next is to say that the one before was handed over."""
        while (found := self.session.after(self.seen)) and not self.ended:
            self.seen, data = found
            yield data
            self.session.taken = max(self.session.taken, self.seen)
            self.session.announce()

    async def change(self) -> None:
        await self.session.changed.wait()

    def end(self, replaced: bool = False) -> None:
        """`replaced`: by a newer one, so this browser should not come back by itself."""
        self.ended, self.replaced = True, self.replaced or replaced
        self.session.drop(self)


class Session:
    """The open streams and last replies of one person."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.idle_since = clock()
        self.epoch = secrets.token_hex(4)  # numbers begin again after a restart; this tells them from the old ones
        self.taken = 0
        self.streams: list[Stream] = []
        self.changed = asyncio.Event()
        self._number = 0
        self._replies: deque[tuple[int, str]] = deque(maxlen=REPLIES)

    def connect(self, position: str) -> Stream:
        """Go on after `position`. A new page begins with what nobody has seen, for the one before may have been somebody else's."""
        while len(self.streams) >= STREAMS:
            self.streams[0].end(replaced=True)
        stream = Stream(self, self._number_at(position))
        self.streams.append(stream)
        return stream

    async def deliver(self, data: str) -> bool:
        """True once a stream handed it over. False: no stream did, and it is not kept."""
        self._number += 1
        number = self._number
        self._replies.append((number, data))
        self.announce()
        try:
            while self.taken < number and self.streams and (number, data) in self._replies:
                await self.changed.wait()
            return self.taken >= number
        finally:
            if self.taken < number and (number, data) in self._replies:
                self._replies.remove((number, data))

    def after(self, number: int) -> tuple[int, str] | None:
        return next((reply for reply in self._replies if reply[0] > number), None)

    def announce(self) -> None:
        """Each change has its own event: whoever looked and then waits misses none."""
        self.changed.set()
        self.changed = asyncio.Event()

    def drop(self, stream: Stream) -> None:
        if stream in self.streams:
            self.streams.remove(stream)
        self.idle_since = self._clock()
        self.announce()

    def forget(self) -> None:
        self._replies.clear()
        self.announce()

    def _number_at(self, position: str) -> int:
        epoch, _, number = position[:32].partition("-")
        if epoch == self.epoch and number.isdecimal():
            return int(number)
        return 0 if position else self.taken


class Sessions:
    """Every person's session, until it was idle for half an hour."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._sessions: dict[str, Session] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    def __len__(self) -> int:
        return len(self._sessions)

    def connect(self, person: str, position: str) -> Stream:
        if self._closed:
            raise Full
        session = self._sessions.get(person)
        if session is None:
            self._make_room()
            session = self._sessions[person] = Session(self._clock)
        self._timer = self._timer or asyncio.get_running_loop().call_later(SWEEP, self._sweep_again)
        return session.connect(position)

    async def deliver(self, person: str, data: str) -> bool:
        session = self._sessions.get(person)
        return session is not None and await session.deliver(data)

    def reaches(self, person: str) -> bool:
        return person in self._sessions and bool(self._sessions[person].streams)

    def people(self) -> list[str]:
        return [person for person, session in self._sessions.items() if session.streams]

    def forget(self, person: str) -> None:
        if session := self._sessions.get(person):
            session.forget()

    def sweep(self) -> None:
        oldest = self._clock() - IDLE
        for person, session in list(self._sessions.items()):
            if not session.streams and session.idle_since <= oldest:
                del self._sessions[person]

    def close(self) -> None:
        self._closed = True
        if self._timer:
            self._timer.cancel()
        for session in self._sessions.values():
            for stream in list(session.streams):
                stream.end()
        self._sessions.clear()

    def _make_room(self) -> None:
        if len(self._sessions) < SESSIONS:
            return
        idle = [(session.idle_since, person) for person, session in self._sessions.items() if not session.streams]
        if not idle:
            raise Full
        del self._sessions[min(idle)[1]]

    def _sweep_again(self) -> None:
        self.sweep()
        self._timer = asyncio.get_running_loop().call_later(SWEEP, self._sweep_again) if self._sessions else None
