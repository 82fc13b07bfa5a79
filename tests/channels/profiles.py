"""A small profile in all languages, for the tests of what platforms show."""

from bot.types import Button, Language, Profile, Profiles


def profile_in(language: Language) -> Profile:
    def button(payload: str) -> Button:
        return Button(f"{payload[1:]} {language}", payload)

    return Profile(
        description=f"description {language}",
        short=f"short {language}",
        greeting=f"greeting {language}",
        commands=(button("/help"), button("/forget")),
        ice_breakers=(button("/iom/contact"), button("/crisis/danger")),
        menu=(button("/help"), button("/privacy")),
    )


PROFILES: Profiles = {language: profile_in(language) for language in Language}
