"""What every channel is, what it may do with the store, and the three ways a delivery can fail."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

from starlette.routing import BaseRoute

from bot.types import Address, Message, Profiles, Reply


class Unavailable(Exception):
    """The mailbox cannot keep a message now: confirm nothing, so that the platform sends it again."""


class TryLater(Exception):
    """Not now. `seconds` is what the platform asked for; None: as long as we think right. `do`: what the operator can do about it."""

    def __init__(self, reason: str, seconds: float | None = None, do: str = "") -> None:
        super().__init__(reason)
        self.seconds, self.do = seconds, do


class Refused(Exception):
    """The platform will never take this reply: close it, and tell the operator why."""

    def __init__(self, reason: str, do: str = "run `bot check`; report it if the check passes") -> None:
        super().__init__(reason)
        self.do = do


class Gone(Exception):
    """The person cannot be reached any more: close the conversation and erase it."""


def pause_after(failures: int, longest: float = 60.0) -> float:
    """Seconds until the next try. Without the inner limit the power would be no number any more after a day of failures."""
    return min(2.0 ** min(failures, 16), longest)


def utf16(text: str) -> int:
    """How long some platforms call a text: an emoji counts two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@dataclass(frozen=True, slots=True)
class Limits:
    """What one message of a platform may hold: text and title in its own unit (`size`), buttons, bytes of payload.

    `size` adds up over characters. `text_with_buttons`: where a message with buttons holds less text than one without.
    """

    text: int
    buttons: int
    title: int
    payload: int = 64
    text_with_buttons: int | None = None
    size: Callable[[str], int] = len


class Mailbox(Protocol):
    """All that a channel may do with the store. Everything raises Unavailable, and may be called again without harm."""

    async def receive(self, message: Message) -> None:
        """Keep it; when this returns, it is on disk and may be confirmed."""

    async def withdraw(self, sender: Address, id: str) -> None:
        """The person took this message back: erase it if it is not answered yet."""

    async def forget(self, address: Address) -> None:
        """The person shut us out: erase everything kept about them."""

    async def pause(self, address: Address, seconds: float) -> None:
        """A consultant has taken over: say nothing for so long, unless somebody is in danger."""

    async def resume(self, address: Address) -> None:
        """The consultant gave the conversation back."""

    async def wake(self, address: Address) -> None:
        """This person can be reached again. Never raises: at worst a reply waits a little longer."""


class Channel(Protocol):
    name: ClassVar[str]
    limits: ClassVar[Limits]

    def routes(self, mailbox: Mailbox) -> Sequence[BaseRoute]:
        """Where the platform reaches us."""

    async def run(self, mailbox: Mailbox) -> None:
        """Everything else the channel does while the bot runs; returns when there is nothing (more) to do."""

    async def send(self, person: str, reply: Reply) -> str | None:
        """Deliver one reply that fits `limits`, or raise TryLater, Refused or Gone. The platform's number of it, if we can take it back."""

    async def typing(self, person: str) -> None:
        """Show that an answer is coming, where the platform can. Never raises."""

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Shown:
    """One text that the platform shows to clients of a language, as an operator reads it. `what` is the platform's own name of it."""

    client: str
    what: str
    before: str
    after: str

    @property
    def changes(self) -> bool:
        return self.before != self.after


@runtime_checkable
class HasProfile(Protocol):
    """A channel whose platform shows something before the first message, or a menu beside the chat."""

    async def profile(self, wanted: Profiles, *, dry_run: bool) -> list[Shown]:
        """Compare everything with what is set now and set what differs, unless `dry_run`; or raise TryLater or Refused."""


@runtime_checkable
class TakesBack(Protocol):
    """A channel that can take back what stands in a chat: our words, and those whose number is the `original` of a message."""

    async def take_back(self, person: str, numbers: Sequence[str]) -> None:
        """Delete them, or raise TryLater, Refused or Gone. What is gone or too old already is no failure."""


@runtime_checkable
class HoldsConnections(Protocol):
    """A channel whose people are reached by the process they are connected to, and by no other."""

    def reaches(self, person: str) -> bool:
        """Whether this person is connected to this process now."""

    def people(self) -> Iterable[str]:
        """Everybody who is."""


@runtime_checkable
class RunsAlone(Protocol):
    """A channel of which `run` may go on in several processes at once only if `runs_alone` is false."""

    @property
    def runs_alone(self) -> bool: ...
