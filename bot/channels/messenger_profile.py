"""What Messenger shows before the first message and in its menu, in each locale: compared first, set where it differs.

Pure but for `set_profile`, which gets the means to call. Meta allows ten calls in ten minutes: it makes two, or three at most.

Ice breakers take the place of the button "Get started" where both are set, but the menu appears only where that button is set; so
both are. Commands would take the place of the menu, and a tapped one is only typed and not sent: commands that somebody has set are
removed.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from bot.channels.base import Shown
from bot.types import Language, Profiles

START = "/start"
DEFAULT = "default"
# The client's locale -> the language we show there; Meta needs a default, which is everybody else.
LOCALES = {
    DEFAULT: Language.EN,
    "en_US": Language.EN,
    "en_GB": Language.EN,
    "pl_PL": Language.PL,
    "uk_UA": Language.UK,
    "ru_RU": Language.UK,
}
FIELDS = ("get_started", "greeting", "ice_breakers", "persistent_menu", "commands")


class Call(Protocol):
    """One call of the Graph API: its answer, or TryLater or Refused."""

    async def __call__(self, method: str, path: str, json: Mapping[str, Any] | None = None) -> Mapping[str, Any]: ...


async def set_profile(call: Call, profiles: Profiles, *, page: str = "me", dry_run: bool) -> list[Shown]:
    path, body = f"{page}/messenger_profile", wanted(profiles)
    shown = difference(body, current(await call("GET", f"{path}?fields={','.join(FIELDS)}")))
    changed = {entry.what for entry in shown if entry.changes}
    if not dry_run:
        if unwanted := sorted(changed - body.keys()):
            await call("DELETE", path, {"fields": unwanted})
        if news := {field: value for field, value in body.items() if field in changed}:
            await call("POST", path, news)
    return shown


def wanted(profiles: Profiles) -> dict[str, Any]:
    """The whole profile, as the body of a POST to `messenger_profile`."""
    of_locales = [(locale, profiles[language]) for locale, language in LOCALES.items()]
    return {
        "get_started": {"payload": START},
        "greeting": [{"locale": locale, "text": profile.greeting} for locale, profile in of_locales],
        "ice_breakers": [
            {
                "locale": locale,
                "call_to_actions": [{"question": button.title, "payload": button.payload} for button in profile.ice_breakers],
            }
            for locale, profile in of_locales
        ],
        "persistent_menu": [
            {
                "locale": locale,
                "composer_input_disabled": False,
                "call_to_actions": [{"type": "postback", "title": button.title, "payload": button.payload} for button in profile.menu],
            }
            for locale, profile in of_locales
        ],
    }


def current(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The profile in the answer to a GET: one object with all fields, or one for each."""
    found: dict[str, Any] = {}
    for part in answer.get("data") or ():
        if "call_to_actions" in part:  # ice breakers may come without their name around them
            found.setdefault("ice_breakers", []).append(part)
        else:
            found |= part
    return found


def difference(wanted: Mapping[str, Any], current: Mapping[str, Any]) -> list[Shown]:
    """Every text of both, in a fixed order. A field is set as a whole, so a locale that is not wanted goes with it."""
    before, after = (
        {(locale, field): text for field in FIELDS for locale, text in _readable(profile.get(field)).items()}
        for profile in (current, wanted)
    )
    keys = [*after, *(key for key in before if key not in after)]
    return [Shown(locale, field, before.get((locale, field), ""), after.get((locale, field), "")) for locale, field in keys]


def _readable(value: Any) -> dict[str, str]:
    """A field of a profile, for each locale in one line; what Meta adds of its own is left out."""
    texts: dict[str, list[str]] = {}
    for entry in value if isinstance(value, list) else [value] if value else []:
        texts.setdefault(str(entry.get("locale", DEFAULT)), []).extend(_texts(entry))
    return {locale: " · ".join(found) for locale, found in texts.items() if found}


def _texts(entry: Mapping[str, Any]) -> Iterator[str]:
    items = entry.get("call_to_actions") or entry.get("commands")
    if items:
        for item in items:
            yield from _texts(item)
    else:
        names = ("question", "title", "text", "name", "description", "payload", "url")
        yield " ".join(str(entry[name]) for name in names if entry.get(name))
