"""Messenger's profile: the body that is sent, what differs from what is set, and how few calls it takes."""

import json
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import pytest

from bot.channels.base import Refused, Shown
from bot.channels.messenger_profile import FIELDS, LOCALES, current, difference, set_profile, wanted
from bot.content import Content
from bot.profile import profiles_from
from bot.types import Language
from tests.channels.profiles import PROFILES


class Page:
    """A page of Messenger that refuses what Meta's reference forbids, and answers as it says."""

    def __init__(self, **profile: Any) -> None:
        self.profile: dict[str, Any] = profile
        self.calls: list[tuple[str, str]] = []
        self.bodies: list[Mapping[str, Any] | None] = []

    async def __call__(self, method: str, path: str, json: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        path, _, query = path.partition("?fields=")
        assert path == "4711/messenger_profile"
        self.calls.append((method, query))
        self.bodies.append(json)
        if method == "GET":
            asked = query.split(",")
            return {"data": [deepcopy({field: self.profile[field]}) for field in asked if field in self.profile]}
        assert json
        if method == "DELETE":
            for field in json["fields"]:
                self.profile.pop(field, None)
        else:
            _refuse_wrong({**self.profile, **json})
            self.profile |= deepcopy(dict(json))
        return {"result": "success"}


def _refuse_wrong(profile: Mapping[str, Any]) -> None:
    if "persistent_menu" in profile and "get_started" not in profile:
        raise Refused("a menu needs get_started")
    for field in profile.keys() - {"get_started"}:
        locales = [entry["locale"] for entry in profile[field]]
        if "default" not in locales or len(set(locales)) < len(locales):
            raise Refused("each locale once, and a default")
    limits = {"greeting": ("text", 160, 1), "ice_breakers": ("question", 80, 4), "persistent_menu": ("title", 30, 20)}
    for field, (name, longest, most) in limits.items():
        for entry in profile.get(field, ()):
            items = [entry] if field == "greeting" else entry["call_to_actions"]
            if not 1 <= len(items) <= most or any(not 1 <= len(item[name]) <= longest for item in items):
                raise Refused(f"{field} is too long")
            if field != "greeting" and any(len(item["payload"]) > 1000 for item in items):
                raise Refused("a payload is too long")


def test_the_button_get_started_begins_as_everywhere() -> None:
    assert wanted(PROFILES)["get_started"] == {"payload": "/start"}


@pytest.mark.parametrize(
    ("locale", "language"),
    [("default", "en"), ("en_US", "en"), ("en_GB", "en"), ("pl_PL", "pl"), ("uk_UA", "uk"), ("ru_RU", "uk")],
)
def test_each_locale_is_shown_our_language_for_it(locale: str, language: str) -> None:
    of_locale = {field: next(entry for entry in wanted(PROFILES)[field] if entry["locale"] == locale) for field in FIELDS[1:4]}
    assert of_locale["greeting"]["text"] == f"greeting {language}"
    assert of_locale["ice_breakers"]["call_to_actions"] == [
        {"question": f"iom/contact {language}", "payload": "/iom/contact"},
        {"question": f"crisis/danger {language}", "payload": "/crisis/danger"},
    ]
    assert of_locale["persistent_menu"] == {
        "locale": locale,
        "composer_input_disabled": False,
        "call_to_actions": [
            {"type": "postback", "title": f"help {language}", "payload": "/help"},
            {"type": "postback", "title": f"privacy {language}", "payload": "/privacy"},
        ],
    }


def test_every_language_has_a_locale_and_everybody_else_reads_english() -> None:
    assert set(Language) == set(LOCALES.values())
    assert LOCALES["default"] is Language.EN


async def test_our_own_profile_is_taken_by_a_page_with_two_calls(own_content: Content) -> None:
    page = Page()
    shown = await set_profile(page, profiles_from(own_content), page="4711", dry_run=False)
    assert all(entry.changes for entry in shown)
    assert [method for method, _ in page.calls] == ["GET", "POST"]
    assert {"get_started", "greeting", "ice_breakers", "persistent_menu"} == page.profile.keys()
    assert json.dumps(page.profile)


async def test_a_second_time_nothing_is_set() -> None:
    page = Page()
    await set_profile(page, PROFILES, page="4711", dry_run=False)
    shown = await set_profile(page, PROFILES, page="4711", dry_run=False)
    assert [entry for entry in shown if entry.changes] == []
    assert [method for method, _ in page.calls] == ["GET", "POST", "GET"]


async def test_a_dry_run_only_reads() -> None:
    page = Page()
    shown = await set_profile(page, PROFILES, page="4711", dry_run=True)
    assert Shown("uk_UA", "persistent_menu", "", "help uk /help · privacy uk /privacy") in shown
    assert (page.calls, page.profile) == ([("GET", ",".join(FIELDS))], {})


async def test_only_the_field_that_differs_is_set_and_a_strange_locale_goes() -> None:
    page = Page(**wanted(PROFILES))
    page.profile["greeting"] = [{"locale": "default", "text": "Hello {{user_first_name}}"}, {"locale": "fr_FR", "text": "Salut"}]
    shown = await set_profile(page, PROFILES, page="4711", dry_run=False)
    changes = [entry for entry in shown if entry.changes]
    assert {"greeting"} == {entry.what for entry in changes}
    assert Shown("default", "greeting", "Hello {{user_first_name}}", "greeting en") in changes
    assert Shown("fr_FR", "greeting", "Salut", "") in changes
    assert page.bodies[-1] == {"greeting": wanted(PROFILES)["greeting"]}


async def test_commands_would_hide_the_menu_and_are_removed() -> None:
    commands = [{"locale": "default", "commands": [{"name": "hours", "description": "When we are open"}]}]
    page = Page(**wanted(PROFILES), commands=commands)
    shown = await set_profile(page, PROFILES, page="4711", dry_run=False)
    assert [entry for entry in shown if entry.changes] == [Shown("default", "commands", "hours When we are open", "")]
    assert [method for method, _ in page.calls] == ["GET", "DELETE"]
    assert page.profile == wanted(PROFILES)


async def test_a_refusal_is_handed_on() -> None:
    class Refusing(Page):
        async def __call__(self, method: str, path: str, json: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
            if method == "POST":
                raise Refused("100/2018")
            return await super().__call__(method, path, json)

    with pytest.raises(Refused, match="100/2018"):
        await set_profile(Refusing(), PROFILES, page="4711", dry_run=False)


def test_what_meta_adds_to_a_field_is_no_difference() -> None:
    now = deepcopy(wanted(PROFILES))
    for entry in now["persistent_menu"]:
        entry["disabled_surfaces"] = []
        del entry["composer_input_disabled"]
    assert [entry for entry in difference(wanted(PROFILES), now) if entry.changes] == []


def test_another_order_or_payload_is_a_difference() -> None:
    now = deepcopy(wanted(PROFILES))
    now["ice_breakers"][0]["call_to_actions"].reverse()
    now["persistent_menu"][1]["call_to_actions"][0]["payload"] = "/start"
    changes = [(entry.client, entry.what) for entry in difference(wanted(PROFILES), now) if entry.changes]
    assert changes == [("default", "ice_breakers"), ("en_US", "persistent_menu")]


@pytest.mark.parametrize(
    "data",
    [
        [{"get_started": {"payload": "/start"}, "ice_breakers": [{"locale": "default", "call_to_actions": []}]}],
        [{"get_started": {"payload": "/start"}}, {"ice_breakers": [{"locale": "default", "call_to_actions": []}]}],
        [{"get_started": {"payload": "/start"}}, {"locale": "default", "call_to_actions": []}],
    ],
)
def test_the_answer_is_read_in_each_of_its_documented_forms(data: list[dict[str, Any]]) -> None:
    expected = {"get_started": {"payload": "/start"}, "ice_breakers": [{"locale": "default", "call_to_actions": []}]}
    assert expected == current({"data": data})


def test_a_page_without_a_profile_answers_nothing() -> None:
    assert current({"data": []}) == {}
    assert current({}) == {}


def test_ice_breakers_of_the_old_form_are_those_of_everybody() -> None:
    old = {"ice_breakers": [{"question": "Open?", "payload": "A"}, {"question": "Where?", "payload": "B"}]}
    shown = difference(wanted(PROFILES), old)
    assert Shown("default", "ice_breakers", "Open? A · Where? B", "iom/contact en /iom/contact · crisis/danger en /crisis/danger") in shown
