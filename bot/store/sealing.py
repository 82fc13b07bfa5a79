"""Who somebody is and what waits for them, at rest: readable with the operator's key alone. It knows no table and keeps no key.

With a key the column `person` holds an alias by which a person's rows are found, a message's number a mark that tells a repeat, and a
body one sealed text, with the person's own id inside. Without a key all of them stand there as they are.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bot.store.tables import LONGEST_KEY
from bot.types import Address

SIGN = "~"  # begins an alias and a mark; no platform's id does


class KeyMissing(Exception):
    """Something is sealed with a key that is not among those we have."""


class Sealing:
    def __init__(self, keys: Sequence[str] = ()) -> None:
        """The first key seals; what was sealed with the others can still be opened."""
        self._aliasing = [_derived(key, b"alias") for key in keys]
        self._names = [SIGN + _derived(key, b"name").hex()[:6] + "." for key in keys]
        self._fernet = MultiFernet([Fernet(base64.urlsafe_b64encode(_derived(key, b"seal"))) for key in keys]) if keys else None

    @property
    def name(self) -> str:
        """What all aliases and marks of the key in use begin with; empty: there is no key."""
        return self._names[0] if self._names else ""

    def hide(self, address: Address) -> Address:
        """The same with what the column `person` holds: the same alias for the same person, for as long as the key is the same."""
        return self.all_names(address)[0]

    def all_names(self, address: Address) -> list[Address]:
        """The same as hidden with older keys too, and with none."""
        people = [*self._marks(address.channel, address.person), address.person]
        return [Address(address.channel, person) for person in people]

    def marks(self, channel: str, id: str) -> list[str]:
        """What tells a repeat of a message: of the key in use, then of older ones. Without a key, the id or a hash that fits the column."""
        if self._fernet:
            return self._marks("message", channel, id)
        return [id if len(id) <= LONGEST_KEY else hashlib.sha256(id.encode()).hexdigest()]

    def seal(self, address: Address, content: Any) -> Any:
        """What a column of JSON holds."""
        if not self._fernet:
            return content
        return self._fernet.encrypt(json.dumps([address.person, content]).encode()).decode()

    def open(self, hidden: Address, sealed: Any) -> tuple[Address, Any]:
        """Whose it is, and the content; KeyMissing if our keys do not open it."""
        if not isinstance(sealed, str):  # written while there was no key
            return hidden, sealed
        if self._fernet is None:
            raise KeyMissing
        try:
            person, content = json.loads(self._fernet.decrypt(sealed))
        except InvalidToken:
            raise KeyMissing from None
        return Address(hidden.channel, person), content

    def _marks(self, *words: str) -> list[str]:
        text = "\0".join(words).encode("utf-8", "surrogatepass")
        digests = (hmac.new(key, text, hashlib.sha256).hexdigest() for key in self._aliasing)
        return [name + digest for name, digest in zip(self._names, digests, strict=True)]


def _derived(key: str, purpose: bytes) -> bytes:
    """A key of its own for each purpose: what is found out about one tells nothing of the others."""
    return HKDF(SHA256(), length=32, salt=None, info=b"store " + purpose).derive(key.encode())
