"""The content -> what platforms show before the first message and in their menus, in each language. It sets nothing.

These answers belong to no intent: nobody is answered with them.
"""

from bot.content import Content
from bot.replies import text_in
from bot.types import Button, Language, Profile, Profiles

TEXTS = {  # characters of the text
    "utter_profile_description": 512,
    "utter_profile_short": 120,
    "utter_profile_greeting": 160,
}
BUTTONS = {  # how many, and characters of a title
    "utter_profile_commands": (100, 64),  # Telegram would take 256; no phone shows them in one line
    "utter_profile_ice_breakers": (4, 80),
    "utter_profile_menu": (20, 30),
}


def profiles_from(content: Content) -> Profiles:
    return {language: _profile(content, language) for language in Language}


def _profile(content: Content, language: Language) -> Profile:
    def text(name: str) -> str:
        return text_in(content.responses[f"utter_profile_{name}"], language)

    def buttons(name: str) -> tuple[Button, ...]:
        choices = content.responses[f"utter_profile_{name}"].choices
        return tuple(Button(choice.titles.get(language) or choice.titles[Language.PL], choice.payload) for choice in choices)

    return Profile(
        description=text("description"),
        short=text("short"),
        greeting=text("greeting"),
        commands=buttons("commands"),
        ice_breakers=buttons("ice_breakers"),
        menu=buttons("menu"),
    )
