"""The bodies that Meta posts to a webhook, byte for byte, and their signatures."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from enum import Enum
from pathlib import Path

from .graph_errors import Json

RECORDED = Path(__file__).parents[1] / "channels" / "payloads" / "messenger"  # one body a kind of event


class Signing(Enum):
    """Which headers a body gets. Only the first is Meta's."""

    BOTH = "SHA-256 and, for old apps, SHA-1"
    SHA1_ONLY = "the weak one alone"
    NONE = "no signature"
    WRONG = "made with another secret"
    TRUNCATED = "right as far as it goes"
    BARE = "right, but without the name of its algorithm"


def recorded() -> dict[str, Json]:
    """By the name of its file."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(RECORDED.glob("*.json"))}


def body_of(page_event: Mapping[str, object]) -> bytes:
    """Nothing but ASCII, with lower-case escapes, and each slash escaped: what is signed are these bytes."""
    return json.dumps(page_event, separators=(",", ":")).replace("/", "\\/").encode()


def headers_for(body: bytes, secret: str, signing: Signing = Signing.BOTH) -> dict[str, str]:
    key = b"another secret" if signing is Signing.WRONG else secret.encode()
    sha1 = {"X-Hub-Signature": f"sha1={hmac.new(key, body, hashlib.sha1).hexdigest()}"}
    digest = hmac.new(key, body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "User-Agent": "facebookexternalua"}
    match signing:
        case Signing.NONE:
            return headers
        case Signing.SHA1_ONLY:
            return headers | sha1
        case Signing.TRUNCATED:
            return headers | {"X-Hub-Signature-256": f"sha256={digest[:-1]}"}
        case Signing.BARE:
            return headers | {"X-Hub-Signature-256": digest}
    return headers | sha1 | {"X-Hub-Signature-256": f"sha256={digest}"}
