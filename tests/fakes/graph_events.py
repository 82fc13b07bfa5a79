"""What one webhook event says besides who, to whom and when, in the shapes that Meta documents."""

from collections.abc import Sequence

from .graph_errors import Json

STICKER = 369239263222822  # the thumb
_MEDIA = "https://media.example/fake"


def message(mid: str, text: str | None = None, **more: object) -> Json:
    """`more`: quick_reply, attachments, reply_to, is_deleted, is_unsupported, is_echo and so on."""
    return {"message": {"mid": mid} | ({"text": text} if text is not None else {}) | more}


def sticker(forms: Sequence[str]) -> list[Json]:
    """Until August 2026 also, and before June 2026 only, an `image`."""
    return [{"type": form, "payload": {"url": f"{_MEDIA}/sticker.png", "sticker_id": STICKER}} for form in forms]


def attachment(kind: str) -> Json:
    match kind:
        case "location":
            return {"type": kind, "payload": {"coordinates": {"lat": 50.0, "long": 19.9}}}
        case "fallback":  # some share that Messenger cannot show to a Page
            return {"type": kind}
        case "template":
            element = {"title": "A product", "subtitle": "10 zł"}
            return {"type": kind, "payload": {"template_type": "generic", "elements": [element]}}
    return {"type": kind, "payload": {"url": f"{_MEDIA}/{kind}"}}


def postback(mid: str | None, title: str, payload: str | None, referral: Json | None = None) -> Json:
    """Without a mid in old versions, without a payload in standby."""
    found = {"mid": mid, "title": title, "payload": payload, "referral": referral}
    return {"postback": {name: value for name, value in found.items() if value is not None}}


def reaction(mid: str, emoji: str | None) -> Json:
    """None takes it back."""
    if emoji is None:
        return {"reaction": {"mid": mid, "action": "unreact"}}
    return {"reaction": {"reaction": "love" if emoji == "❤" else "other", "emoji": emoji, "action": "react", "mid": mid}}


def edit(mid: str, text: str, times: int) -> Json:
    return {"message_edit": {"mid": mid, "text": text, "num_edit": times}}


def referral(ref: str | None) -> Json:
    """A link to the thread; `ref` is missing when the link had none."""
    return ({"ref": ref} if ref is not None else {}) | {"source": "SHORTLINK", "type": "OPEN_THREAD"}


def thread_control(verb: str, new: str, previous: str | None) -> Json:
    """`verb` is pass or take; `previous` is null when nobody controlled the thread."""
    return {f"{verb}_thread_control": {"previous_owner_app_id": previous, "new_owner_app_id": new, "metadata": ""}}
