"""Which call a request is, and whether its caller may make it. What it asks is not judged here."""

import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from typing import NamedTuple

from starlette.requests import Request

from .graph_errors import Json, Refusal, invalid, unknown_object

OLDEST_VERSION = 21
_NAMES = {("GET", ""): "me", ("POST", "messages"): "messages"}
_NAMES |= {(verb, "messenger_profile"): "messenger_profile" for verb in ("GET", "POST", "DELETE")}


class Call(NamedTuple):
    """One request with good credentials, refused or not; the credentials are left out."""

    name: str  # messages, sender_action, messenger_profile or me
    verb: str
    params: Json


@dataclass
class App:
    """The app of the bot, as its owner set it up at Meta. `proof_required`: no call without `appsecret_proof`."""

    page_id: str
    app_id: str
    secret: str
    token: str
    proof_required: bool
    token_expired: bool = False

    async def call_in(self, request: Request) -> Call:
        path = re.fullmatch(r"/v(\d+)\.\d/([^/]+)/?([^/]*)", request.url.path)
        if not path:
            raise Refusal(2500, f"Unknown path components: {request.url.path}")
        if int(path[1]) < OLDEST_VERSION:
            raise Refusal(12, f"Version v{path[1]} of this API is gone")
        params: Json = dict(request.query_params)
        if request.method != "GET":
            given = await _json_in(request)
            if twice := params.keys() & given.keys():
                raise invalid(f"given in the query and in the body: {sorted(twice)}")
            params |= given
        header = request.headers.get("Authorization", "").partition("Bearer ")[2]
        tokens = [token for token in (params.pop("access_token", None), header) if token]
        self._refuse_stranger(tokens, params.pop("appsecret_proof", None))
        name = _NAMES.get((request.method, path[3]))
        if path[2] not in {"me", self.page_id} or not name:
            raise unknown_object(request.url.path)
        return Call("sender_action" if name == "messages" and "sender_action" in params else name, request.method, params)

    def _refuse_stranger(self, tokens: list[object], proof: object) -> None:
        if not tokens:
            raise Refusal(104, "An access token is required to request this resource.")
        if any(token != self.token for token in tokens):
            raise Refusal(190, "Invalid OAuth access token - Cannot parse access token")
        if self.token_expired:
            raise Refusal(190, None, 463, status=401)
        if proof is None and self.proof_required:
            raise Refusal(100, "API calls from the server require an appsecret_proof argument", kind="GraphMethodException")
        if proof is not None and proof != hmac.new(self.secret.encode(), self.token.encode(), hashlib.sha256).hexdigest():
            raise Refusal(100, "Invalid appsecret_proof provided in the API argument", kind="GraphMethodException")


async def _json_in(request: Request) -> Json:
    """The real one takes forms as well."""
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise invalid(f"the body must be application/json, is {kind or 'nothing'}")
    try:
        body = json.loads(await request.body())
    except ValueError:
        raise invalid("the body is not JSON") from None
    if not isinstance(body, dict):
        raise invalid("the body must be a JSON object")
    return body
