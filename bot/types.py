"""The nouns of the assistant and the two functions that connect them.

Everything here is frozen data. Nothing here imports from the rest of the package, reads a file or
knows a platform.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Language(StrEnum):
    """A language we answer in. To add one, add it here: `bot check` then lists what is missing."""

    PL = "pl"
    UK = "uk"
    EN = "en"


class Crisis(StrEnum):
    """Why a message gets 112 and a helpline before anything else."""

    DANGER = "danger"
    SUICIDE = "suicide"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a person can be reached: the only identity we keep."""

    channel: str
    person: str


@dataclass(frozen=True, slots=True)
class Message:
    """One thing a person sent. `(sender.channel, id)` arrives once.

    An empty `text` without a `payload` is something we cannot read: a photo, a sticker, a voice note. An `edited` message has an id
    of its own; `original` is the platform's name of the message, the same before and after.
    """

    id: str
    sender: Address
    text: str
    payload: str | None = None
    hint: Language | None = None
    original: str = ""
    edited: bool = False


@dataclass(frozen=True, slots=True)
class Understanding:
    """What we think a text means. `language` may also be "ru" or "be", which we read but do not write.

    `sure`: the intent may be answered; otherwise we ask. `topic`: what a message in crisis asks about besides. `worry`: a crisis that
    is too unlikely for an alarm and too likely to say nothing.
    """

    intent: str
    confidence: float
    ranking: tuple[tuple[str, float], ...] = ()
    sure: bool = True
    topic: str | None = None
    language: str | None = None
    language_confidence: float = 0.0
    crisis: Crisis | None = None
    worry: Crisis | None = None


CLEAR = "/clear"  # the payload of the button below answers that nobody else should find in the chat
INTRODUCED = "introduced"  # the slot: somebody was told that this is a program, and no consultant has written since
HELPLINES = "helplines"  # the slot: the kinds of crisis whose number was given, in a crisis answer or in one line below another


@dataclass(frozen=True, slots=True)
class Conversation:
    """What we remember between two messages."""

    address: Address
    slots: Mapping[str, Any] = field(default_factory=dict)
    paused_until: float | None = None


@dataclass(frozen=True, slots=True)
class Button:
    title: str
    payload: str


@dataclass(frozen=True, slots=True)
class ContactCard:
    """Somebody of the office, as a contact that a phone can save."""

    name: str
    organisation: str
    phone: str
    email: str
    url: str


@dataclass(frozen=True, slots=True)
class Profile:
    """What a platform shows in one language: before the first message, and in its menus."""

    description: str
    short: str
    greeting: str
    commands: tuple[Button, ...]
    ice_breakers: tuple[Button, ...]
    menu: tuple[Button, ...]


Profiles = Mapping[Language, Profile]


@dataclass(frozen=True, slots=True)
class Reply:
    """One thing we say. Channels decide how it looks, never what it says.

    `clears`: before it is said, what stands in the chat is taken back as far as that goes. The store adds the platform's numbers of it.
    """

    text: str
    language: Language
    buttons: tuple[Button, ...] = ()
    contact: ContactCard | None = None
    clears: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """Everything one message changes: commit all of it or none.

    `intent` is what was asked, in words or by a button, and `also` a second question; `action` the `utter_...` or `action_...` that
    answered; `forget` erases all else that is kept about the person.
    """

    conversation: Conversation
    replies: tuple[Reply, ...]
    action: str
    intent: str = ""
    understanding: Understanding | None = None
    forget: bool = False
    also: str | None = None

    @property
    def urgent(self) -> bool:
        """Help in danger, which passes everything else that waits for this person."""
        return self.action.startswith("utter_crisis/")


Understand = Callable[[str], Awaitable[Understanding]]
Answer = Callable[[Message, Conversation], Awaitable[Turn]]
