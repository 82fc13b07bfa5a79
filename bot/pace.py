"""How fast one person is answered: a burst, then one message in a while. What comes faster waits; nothing is refused.

Each process counts what it received itself, and forgets it at its end.
"""

import time
from collections import OrderedDict
from collections.abc import Callable

from bot.types import Address

BURST = 20  # messages
EVERY = 2.0  # seconds between two after that


class Pace:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._now = clock
        self._paid: OrderedDict[Address, float] = OrderedDict()  # until when this person's messages count

    def wait(self, sender: Address) -> float:
        """Seconds until one more message of this person may be answered."""
        return max(0.0, self._paid.get(sender, 0.0) - self._now() - (BURST - 1) * EVERY)

    def count(self, sender: Address) -> None:
        now = self._now()
        self._paid[sender] = max(self._paid.get(sender, now), now) + EVERY
        self._paid.move_to_end(sender)
        while self._paid and next(iter(self._paid.values())) <= now:  # whoever was silent for long
            self._paid.popitem(last=False)
