"""The people who write to the Page, what stands in their threads, and whether the bot may write there now."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from .graph_errors import controlled_by_another, no_such_person, not_available, outside_window
from .graph_messages import Content

WINDOW = 24 * 60 * 60  # seconds in which a person may be answered
INBOX = "263902037430900"  # the app of the Page's own inbox, where people answer


@dataclass(frozen=True, slots=True)
class Sent(Content):
    """One delivered message, and the sender actions that the person saw before it."""

    mid: str
    at: float
    actions: tuple[str, ...]


class Threads:
    """A person is the string of digits by which the Page knows them."""

    def __init__(self, app_id: str, clock: Callable[[], float]) -> None:
        self._app_id, self._clock = app_id, clock
        self.blocked: set[str] = set()
        self.owners: dict[str, str | None] = {}  # by person, the app that controls the thread; None: nobody does
        self._actions: dict[str, list[str]] = {}
        self._heard_at: dict[str, float] = {}
        self._sent: dict[str, list[Sent]] = {}
        self._seen: dict[str, int] = {}  # how many actions came before the last message
        self._numbers = count(1)

    def next_mid(self, way: str) -> str:
        """Of a message that comes in or goes out."""
        return f"m_fake-{way}-{next(self._numbers):06}"

    def add(self, person: str) -> None:
        """A person of whom the Page knows. The window opens when they write."""
        self._sent.setdefault(person, [])
        self._actions.setdefault(person, [])

    def hear(self, person: str) -> None:
        self.add(person)
        self._heard_at[person] = self._clock()

    def sent(self, person: str) -> list[Sent]:
        return list(self._sent.get(person, []))

    def actions_seen(self, person: str) -> list[str]:
        return list(self._actions.get(person, []))

    def is_controlled_by_another(self, person: str) -> bool:
        return self.owners.get(person) not in {None, self._app_id}

    def refuse_unreachable(self, person: str) -> None:
        if person not in self._sent:
            raise no_such_person()
        if person in self.blocked:
            raise not_available()
        if self.is_controlled_by_another(person):
            raise controlled_by_another()
        if self._clock() - self._heard_at.get(person, float("-inf")) >= WINDOW:
            raise outside_window()

    def act(self, person: str, action: str) -> None:
        self.refuse_unreachable(person)
        self._actions[person].append(action)

    def deliver(self, person: str, content: Content) -> str:
        """Returns the id of the message."""
        self.refuse_unreachable(person)
        actions, mid = self._actions[person], self.next_mid("out")
        new = tuple(actions[self._seen.get(person, 0) :])
        self._seen[person] = len(actions)
        plain = {name: getattr(content, name) for name in Content.__slots__}
        self._sent[person].append(Sent(**plain, mid=mid, at=self._clock(), actions=new))
        return mid
