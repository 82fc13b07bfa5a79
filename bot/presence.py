"""Who is connected to this process and may have a reply waiting: only this process can hand it over. It delivers nothing itself."""

from collections.abc import Iterable, Mapping

from bot.channels.base import Channel, HoldsConnections
from bot.types import Address

AT_ONCE = 200


class Presence:
    """People to look after. Whoever looked and found nothing forgets them: the next reply or connection names them again."""

    def __init__(self, channels: Mapping[str, Channel]) -> None:
        self._channels = {name: channel for name, channel in channels.items() if isinstance(channel, HoldsConnections)}
        self._expecting: dict[Address, None] = {}  # in their order, each once

    def holds(self, channel: str) -> bool:
        """Whether replies of this channel wait for their person to be here."""
        return channel in self._channels

    def has(self, address: Address) -> bool:
        """Whether this person is connected to this process."""
        channel = self._channels.get(address.channel)
        return channel is not None and channel.reaches(address.person)

    def look_after(self, address: Address) -> None:
        if self.has(address):
            self._expecting[address] = None

    def look_after_everybody(self) -> None:
        for name, channel in self._channels.items():
            self._expecting.update(dict.fromkeys(Address(name, person) for person in channel.people()))

    def take(self) -> list[Address]:
        """Some of them, to look whether a reply waits. Whoever is named again meanwhile is not lost."""
        some = list(self._expecting)[:AT_ONCE]
        for address in some:
            del self._expecting[address]
        return some

    def put_back(self, people: Iterable[Address]) -> None:
        self._expecting.update(dict.fromkeys(people))
