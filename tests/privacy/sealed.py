"""A network of its own, in which every address leads to this machine, and a witness of all that goes over it.

    unshare --net python -m tests.privacy.sealed polling     the bot of this environment, its platforms and people, from start to stop
    unshare --net python -m tests.privacy.sealed stray       somebody who calls strangers, to see that the witness sees it

Both print what was seen, as JSON. Nobody outside is reached whatever is tried; but unlike without any network, whoever tries is seen
with the address that they meant.
"""

import asyncio
import json
import os
import re
import socket
import struct
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from tests.privacy.everybody import everybody_writes, platforms
from tests.running import running

UNSHARE = (["unshare", "--net"], ["unshare", "--map-root-user", "--net"])
STRAYING = """
import socket
for family, kind, address in ((2, 1, ("192.0.2.7", 443)), (10, 1, ("2001:db8::7", 443)), (2, 2, ("192.0.2.53", 53))):
    with socket.socket(family, kind) as stranger:
        if stranger.connect_ex(address) == 0:
            stranger.send(b"who is example.org?")
"""
_ALL, _OUTGOING, _STATISTICS, _PACKETS = 3, 4, 6, 263  # of <linux/if_packet.h>


def way_in() -> list[str]:
    """What starts a command in a network of its own; empty where this machine does not let us."""
    for command in UNSHARE:
        try:
            if subprocess.run([*command, "ip", "link", "set", "lo", "up"], capture_output=True, check=False).returncode == 0:
                return command
        except FileNotFoundError:
            pass
    return []


def seal() -> None:
    """Each address there is, of either kind, is one of this machine."""
    commands = ["link set lo up", "route add local default dev lo"]
    if Path("/proc/net/if_inet6").exists():
        commands.append("-6 route add local default dev lo")
    for command in commands:
        subprocess.run(["ip", *command.split()], check=True)


@dataclass
class Seen:
    """How many packets went to or from each known port; every other conversation; what the witness missed."""

    known: dict[str, int] = field(default_factory=dict)
    foreign: list[str] = field(default_factory=list)
    missed: int = 0


class Witness:
    """Sees every packet from the moment it is entered. `known`: name -> port of 127.0.0.1."""

    def __init__(self, known: dict[str, int]) -> None:
        self.seen = Seen()
        self._names = {("127.0.0.1", port): name for name, port in known.items()}
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL))

    def __enter__(self) -> Self:
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 26)
        self._socket.setblocking(False)
        self._socket.bind(("lo", _ALL))
        return self

    def __exit__(self, *_: object) -> None:
        self.look()
        _, self.seen.missed = struct.unpack("II", self._socket.getsockopt(_PACKETS, _STATISTICS, 8))
        self._socket.close()

    def fileno(self) -> int:
        return self._socket.fileno()

    def look(self) -> None:
        while True:
            try:
                packet, (_, _, kind, *_) = self._socket.recvfrom(256)
            except BlockingIOError:
                return
            if kind == _OUTGOING:  # on this interface each comes in again
                self._note(*ends_of(packet[14:]), packet)

    def _note(self, protocol: str, source: tuple[str, int], target: tuple[str, int], packet: bytes) -> None:
        name = self._names.get(target) or self._names.get(source)
        if name and protocol == "tcp":
            self.seen.known[name] = self.seen.known.get(name, 0) + 1
        else:
            words = " ".join(re.findall(r"[\w.-]{3,}", packet[42:].decode("ascii", "ignore")))  # of a question for a name, the name
            self.seen.foreign.append(f"{protocol} {source[0]} -> {target[0]} port {target[1]}: {words}")


def ends_of(packet: bytes) -> tuple[str, tuple[str, int], tuple[str, int]]:
    """Protocol, source and target of an IP packet."""
    if packet[0] >> 4 == 4:
        length, protocol, family, addresses = 4 * (packet[0] & 15), packet[9], socket.AF_INET, (packet[12:16], packet[16:20])
    else:
        length, protocol, family, addresses = 40, packet[6], socket.AF_INET6, (packet[8:24], packet[24:40])
    name = {socket.IPPROTO_TCP: "tcp", socket.IPPROTO_UDP: "udp"}.get(protocol, str(protocol))
    ports = struct.unpack("!HH", packet[length : length + 4]) if name in ("tcp", "udp") else (0, 0)
    source, target = ((socket.inet_ntop(family, address), port) for address, port in zip(addresses, ports, strict=True))
    return name, source, target


async def watch(way: str) -> Seen:
    """From before the bot starts until after it has ended."""
    async with platforms(os.environ, way) as there:
        urls = {"telegram": there.telegram.url, "messenger": there.graph.url, "viber": there.viber.url, "bot": there.url}
        with Witness({name: urlsplit(url).port or 0 for name, url in urls.items()}) as witness:
            asyncio.get_running_loop().add_reader(witness, witness.look)
            async with running(there.environment, Path(os.environ["BOT_DATA_DIR"]) / "log") as process:
                await everybody_writes(there, lambda text: text)
                process.terminate()
                assert await process.wait() == 0
            asyncio.get_running_loop().remove_reader(witness)
        assert not any((there.telegram.refusals, there.graph.refusals, there.viber.refusals))
        return witness.seen


def stray() -> Seen:
    """Another process calls two strangers and asks for a name."""
    with Witness({}) as witness:
        subprocess.run([sys.executable, "-c", STRAYING], check=True)
    return witness.seen


if __name__ == "__main__":
    seal()
    print(json.dumps(asdict(stray() if sys.argv[1] == "stray" else asyncio.run(watch(sys.argv[1])))))
