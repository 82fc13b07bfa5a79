import pytest

from bot.actions.language import named_language
from bot.actions.start import deep_link

DOMAIN = {"areas": ["fair_work"], "titles": {"fair_work": {}, "fair_work/contract": {}, "privacy": {}}}


@pytest.mark.parametrize(
    ("sentence", "language"),
    [
        ("po polsku proszę", "pl"),
        ("можна українською?", "uk"),
        ("in english please", "en"),
        ("czy możesz pisać po angielsku", "en"),
        ("говори по польски", "pl"),
        ("mozhna ukrainskoyu", "uk"),
        ("інша мова", None),
        ("not polish, english", "en"),
        ("please answer in english, i cannot read ukrainian", "en"),
        ("moja mama nie zna polskiego, proszę pisać po ukraińsku", "uk"),
        ("po polsku nie rozumiem mozna po angielsku", "en"),
        ("по польски не понимаю можно по английски", "en"),
        ("not in Ukrainian but English", "en"),
        ("не польский а украинский", "uk"),
        ("po polsku albo po angielsku", None),
        ("deutsch bitte", None),
    ],
)
def test_a_language_is_recognised_by_its_name(sentence: str, language: str | None) -> None:
    assert language == named_language(sentence)


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("fair_work-contract_uk", ("fair_work/contract", "uk")),
        ("fair_work-contract", ("fair_work/contract", None)),
        ("fair_work_pl", ("fair_work", "pl")),
        ("fair_work", ("fair_work", None)),
        ("en", (None, "en")),
        ("privacy_en", (None, "en")),
        ("", (None, None)),
        ("unknown_de", (None, None)),
    ],
)
def test_a_link_names_a_topic_and_a_language(argument: str, expected: tuple[str | None, str | None]) -> None:
    assert expected == deep_link(argument, DOMAIN)
