"""The profile as the content says it: every language, the software's own list of names, and Polish where a translation is missing."""

from dataclasses import replace

import pytest

from bot.content import Content
from bot.profile import BUTTONS, TEXTS, profiles_from
from bot.replies import NEEDED, is_profile
from bot.types import Language
from tests.test_dialogue import Bot


def test_the_profile_is_there_in_every_language(own_content: Content) -> None:
    profiles = profiles_from(own_content)
    assert list(Language) == list(profiles)
    for name in ("description", "short", "greeting"):
        assert len({getattr(profile, name) for profile in profiles.values()}) == len(Language)
    for name in ("commands", "ice_breakers", "menu"):
        titles = [tuple(button.title for button in getattr(profile, name)) for profile in profiles.values()]
        payloads = {tuple(button.payload for button in getattr(profile, name)) for profile in profiles.values()}
        assert len(set(titles)) == len(Language)
        assert len(payloads) == 1


def test_the_bot_does_not_start_without_a_text_of_the_profile() -> None:
    assert {*TEXTS, *BUTTONS} == {name for name in NEEDED if is_profile(name)}


def test_a_text_that_nobody_translated_is_shown_in_polish(own_content: Content) -> None:
    commands = own_content.responses["utter_profile_commands"]
    short = own_content.responses["utter_profile_short"]
    first = replace(commands.choices[0], titles={Language.PL: "Pomoc"})
    untranslated = {
        "utter_profile_commands": replace(commands, choices=(first,)),
        "utter_profile_short": replace(short, texts={Language.PL: "Krótko"}),
    }
    profile = profiles_from(replace(own_content, responses={**own_content.responses, **untranslated}))[Language.UK]
    assert (profile.short, profile.commands[0].title) == ("Krótko", "Pomoc")


@pytest.mark.parametrize("language", list(Language))
def test_whoever_has_written_nothing_yet_reads_that_it_is_a_program_and_112(own_content: Content, language: Language) -> None:
    profile = profiles_from(own_content)[language]
    program = {Language.PL: "program", Language.UK: "програма", Language.EN: "program"}[language]
    for text in (profile.description, profile.short, profile.greeting):
        assert program in text.lower()
        assert "112" in text
    privacy = {Language.PL: "Prywatność:", Language.UK: "Приватність:", Language.EN: "Privacy:"}[language]
    assert privacy in profile.description
    assert "/forget" in profile.description


def test_the_first_questions_are_papers_wages_danger_and_the_office(own_content: Content) -> None:
    payloads = [button.payload for button in profiles_from(own_content)[Language.PL].ice_breakers]
    assert payloads == ["/integration/legal_stay", "/fair_work/unpaid_wages", "/crisis/danger", "/iom/contact"]


@pytest.mark.parametrize("name", [*TEXTS, *BUTTONS])
async def test_nobody_is_answered_with_a_profile(own_content: Content, name: str) -> None:
    turn = await Bot(own_content).press(f"/{name.removeprefix('utter_')}")
    assert turn.action == "action_default_fallback"
