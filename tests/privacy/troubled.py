"""The bot with the mistakes that a message asks for, as `python -m tests.privacy.troubled run`: they quote what the person wrote.

Its log tells all it can, and it tries again sooner.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from bot import service, telemetry
from bot.cli import main
from bot.dialogue import Dialogue
from bot.store import Store
from tests.privacy.everybody import CRASHES, FAILS

COMMAND = ("tests.privacy.troubled", "run")


def stumble() -> None:
    answer: Callable[..., Awaitable[Any]] = Dialogue.answer
    finish: Callable[..., Awaitable[Any]] = Store.finish
    fatal: list[str] = []

    async def answer_or_fail(self: Dialogue, message: Any, conversation: Any) -> Any:
        if FAILS in message.text:
            raise ValueError(message.text)
        if CRASHES in message.text:
            fatal.append(message.text)
        return await answer(self, message, conversation)

    async def finish_or_crash(self: Store, *args: Any, **kwargs: Any) -> Any:
        if fatal:
            raise RuntimeError(*fatal) from ExceptionGroup(fatal[0], [OSError(*fatal)])
        return await finish(self, *args, **kwargs)

    setattr(Dialogue, "answer", answer_or_fail)  # noqa: B010 - mypy takes no assignment to a method
    setattr(Store, "finish", finish_or_crash)  # noqa: B010 - as above


def tell_everything() -> None:
    configure = telemetry.configure
    vars(telemetry)["configure"] = lambda style, key, _level: configure(style, key, "DEBUG")


if __name__ == "__main__":
    stumble()
    tell_everything()
    vars(service).update(BACKOFF=1.0)
    main()
