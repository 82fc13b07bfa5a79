"""The bot, made to go wrong at a chosen point: `python -m benchmarks.crashing run`, as `benchmarks.faults` starts it.

The product carries no hook for this: here its methods are wrapped, and then its command line runs. `FAULT` holds a Plan as JSON;
files in the folder `control` of the plan change what the process meets while it runs.
"""

import asyncio
import json
import os
import signal
import socket
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

VARIABLE = "FAULT"
PLATFORM = "platform.test"  # a name that only this process can resolve
COMMAND = ("benchmarks.crashing", "run")
WALL, PASSED, NO_DNS, READ_ONLY = "wall", "passed", "no-dns", "read-only"  # files of `control`; the first two hold seconds
_MESSAGES = ("/sendMessage", "/sendContact", "/messages")


@dataclass(frozen=True, slots=True)
class Plan:
    """`point` and `nth`: where the process kills itself, and at which time that it comes there. `poison`: a text whose answer always
    fails; `hangs`: one whose answer never ends. `control`: a folder."""

    control: str
    point: str = ""
    nth: int = 1
    poison: str = ""
    hangs: str = ""
    read_only: bool = False
    impatient: bool = False  # looks often whether something is due, for a clock that is moved by hand
    lease: float = 0.0  # seconds until what a dead replica had claimed is taken over; 0 for those of the bot

    def variable(self) -> dict[str, str]:
        return {VARIABLE: json.dumps(asdict(self))}


Die = Callable[[], None]


def _before(owner: Any, name: str) -> Callable[[Die], None]:
    def wrap(die: Die) -> None:
        whole = getattr(owner, name)

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            die()
            return whole(*args, **kwargs)

        setattr(owner, name, wrapped)

    return wrap


def _after(owner: Any, name: str) -> Callable[[Die], None]:
    def wrap(die: Die) -> None:
        whole = getattr(owner, name)

        async def wrapped(*args: Any, **kwargs: Any) -> Any:
            result = await whole(*args, **kwargs)
            die()
            return result

        setattr(owner, name, wrapped)

    return wrap


def _when_written(die: Die) -> None:
    """When the request that carries a reply is written, and nothing of its answer is read."""
    import httpx

    whole = httpx.AsyncClient.send

    async def send(self: httpx.AsyncClient, request: httpx.Request, **kwargs: Any) -> httpx.Response:
        async def look(event: str, _info: Any) -> None:
            if event == "http11.receive_response_headers.started":
                die()

        if request.url.path.endswith(_MESSAGES) and b"sender_action" not in request.content:
            request.extensions = {**request.extensions, "trace": look}
        return await whole(self, request, **kwargs)

    setattr(httpx.AsyncClient, "send", send)  # noqa: B010 - mypy takes no assignment to a method


def points() -> dict[str, Callable[[Die], None]]:
    from bot import app, editions
    from bot.channels.messenger import Messenger
    from bot.channels.telegram import Telegram
    from bot.dialogue import Dialogue
    from bot.store import Store, people

    def when_channels_close(die: Die) -> None:
        for channel in (Telegram, Messenger):
            _before(channel, "close")(die)

    return {
        "before insert": _before(Store, "receive"),
        "after insert, before 200": _after(Store, "receive"),
        "during the answer": _after(Dialogue, "answer"),
        "in the transaction": _before(people, "save"),
        "after the outbox commit": _after(Store, "finish"),
        "in mid-send": _when_written,
        "after the reply, before our record": _before(Store, "delivered"),
        "during shutdown": when_channels_close,
        "start: content is read": _before(app, "edition_from"),
        "start: before the migration": _before(app, "migrate"),
        "start: after the migration": _before(Store, "reseal"),
        "start: before it listens": _before(app, "web"),
        "reload: content is read": _before(editions, "Dialogue"),
        "reload: before it is used": _after(app, "next_edition"),
    }


def _killer(nth: int) -> Die:
    calls = 0

    def die() -> None:
        nonlocal calls
        calls += 1
        if calls == nth:
            os.kill(os.getpid(), signal.SIGKILL)

    return die


class Control:
    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)

    def seconds(self, name: str) -> float:
        try:
            return float((self._folder / name).read_text())
        except (FileNotFoundError, ValueError):  # it is being written
            return 0.0

    def has(self, name: str) -> bool:
        return (self._folder / name).exists()


def _move_the_wall_clock(control: Control) -> None:
    """Before anything is imported that keeps the function."""
    real = time.time
    time.time = lambda: real() + control.seconds(WALL)


def _let_time_pass(control: Control) -> None:
    """For what waits in the store, and for a page that must wait; the timers of the event loop stay."""
    from bot.channels.messenger_graph import Pace
    from bot.store import Store

    def move(owner: Any, attribute: str) -> None:
        whole = owner.__init__

        def init(self: Any, *args: Any, **kwargs: Any) -> None:
            whole(self, *args, **kwargs)
            clock: Callable[[], float] = getattr(self, attribute)
            setattr(self, attribute, lambda: clock() + control.seconds(PASSED))

        owner.__init__ = init

    move(Store, "_now")
    move(Pace, "_clock")


def _resolve(control: Control) -> None:
    whole = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host in (PLATFORM, PLATFORM.encode()):
            if control.has(NO_DNS):
                raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
            host = "127.0.0.1"
        return whole(host, *args, **kwargs)

    socket.getaddrinfo = getaddrinfo


def _refuse_to_write(control: Control) -> None:
    """SQLite's own refusal: "attempt to write a readonly database"."""
    from sqlalchemy import event
    from sqlalchemy.engine import Connection, Engine

    @event.listens_for(Engine, "begin")
    def begin(connection: Connection) -> None:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(f"PRAGMA query_only={'ON' if control.has(READ_ONLY) else 'OFF'}")


def _spoil_answers(poison: str, hangs: str) -> None:
    from bot.dialogue import Dialogue

    whole: Callable[..., Awaitable[Any]] = Dialogue.answer

    async def answer(self: Dialogue, message: Any, conversation: Any) -> Any:
        if poison and message.text == poison:
            raise RuntimeError(poison)
        if hangs and message.text == hangs:
            await asyncio.Event().wait()
        return await whole(self, message, conversation)

    setattr(Dialogue, "answer", answer)  # noqa: B010 - as above


def main() -> None:
    plan = Plan(**json.loads(os.environ.pop(VARIABLE)))
    control = Control(plan.control)
    _move_the_wall_clock(control)
    _let_time_pass(control)
    _resolve(control)
    if plan.impatient:
        from bot import loops, service

        loops.LONGEST_WAIT = 0.2
        vars(service)["LONGEST_WAIT"] = 0.2  # it has its own name for the same
    if plan.lease:
        from bot import store

        store.TO_ANSWER = store.TO_SEND = plan.lease
    if plan.read_only:
        _refuse_to_write(control)
    if plan.poison or plan.hangs:
        _spoil_answers(plan.poison, plan.hangs)
    if plan.point:
        points()[plan.point](_killer(plan.nth))
    from bot.cli import main as run

    run()


if __name__ == "__main__":
    main()
