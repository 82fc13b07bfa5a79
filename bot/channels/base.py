"""What every channel is, what it may do with the store, and the three ways a delivery can fail."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from starlette.routing import BaseRoute

from bot.types import Address, Message, Reply


class Unavailable(Exception):
    """The mailbox cannot keep a message now: confirm nothing, so that the platform sends it again."""


class TryLater(Exception):
    """Not now. `seconds` is what the platform asked for; None: as long as we think right."""

    def __init__(self, reason: str, seconds: float | None = None) -> None:
        super().__init__(reason)
        self.seconds = seconds


class Refused(Exception):
    """The platform will never take this reply: close it, and tell the operator why."""


class Gone(Exception):
    """The person cannot be reached any more: close the conversation and erase it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one message of a platform may hold: characters of text and title, buttons, bytes of payload."""

    text: int
    buttons: int
    title: int
    payload: int = 64


class Mailbox(Protocol):
    """All that a channel may do with the store."""

    async def receive(self, message: Message) -> None:
        """Keep it; when this returns, it is on disk and may be confirmed. Raises Unavailable."""

    async def wake(self, address: Address) -> None:
        """This person can be reached again."""


class Channel(Protocol):
    name: ClassVar[str]
    limits: ClassVar[Limits]

    def routes(self, mailbox: Mailbox) -> Sequence[BaseRoute]:
        """Where the platform reaches us."""

    async def run(self, mailbox: Mailbox) -> None:
        """Everything else the channel does while the bot runs; returns when there is nothing (more) to do."""

    async def send(self, person: str, reply: Reply) -> None:
        """Deliver one reply that fits `limits`, or raise TryLater, Refused or Gone."""

    async def close(self) -> None: ...
