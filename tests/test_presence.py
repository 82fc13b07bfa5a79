"""Whose replies this process can hand over."""

from collections.abc import Iterable, Mapping
from typing import cast

from bot.channels.base import Channel, HoldsConnections
from bot.channels.telegram import Telegram
from bot.channels.webchat import WebChat
from bot.presence import AT_ONCE, Presence
from bot.types import Address

OLENA, AHMED, CHAT = Address("web", "olena"), Address("web", "ahmed"), Address("telegram", "1")


class Connections:
    """A channel that holds connections, as far as presence looks at it."""

    def __init__(self, *people: str) -> None:
        self.connected = list(people)

    def reaches(self, person: str) -> bool:
        return person in self.connected

    def people(self) -> Iterable[str]:
        return self.connected


def presence(*people: str) -> Presence:
    return Presence(cast(Mapping[str, Channel], {"web": Connections(*people), "telegram": object()}))


def test_only_who_is_connected_here_is_looked_after() -> None:
    here = presence("olena")
    for address in (OLENA, AHMED, CHAT):
        here.look_after(address)
    assert here.take() == [OLENA]


def test_who_was_looked_after_is_forgotten_until_named_again() -> None:
    here = presence("olena")
    here.look_after(OLENA)
    assert here.take() == [OLENA]
    assert here.take() == []
    here.put_back([OLENA])
    assert here.take() == [OLENA]


def test_replies_of_a_channel_wait_for_their_person_if_it_holds_connections() -> None:
    here = presence("olena")
    assert [here.holds(name) for name in ("web", "telegram", "off")] == [True, False, False]
    assert [here.has(address) for address in (OLENA, AHMED, CHAT)] == [True, False, False]


def test_everybody_is_taken_in_pieces() -> None:
    people = [str(number) for number in range(AT_ONCE + 1)]
    here = presence(*people)
    here.look_after_everybody()
    assert [len(here.take()) for _ in range(3)] == [AT_ONCE, 1, 0]


def test_the_web_chat_holds_connections_and_telegram_does_not() -> None:
    assert isinstance(WebChat(), HoldsConnections)
    assert not isinstance(Telegram("1:token", "http://127.0.0.1", None, ""), HoldsConnections)
