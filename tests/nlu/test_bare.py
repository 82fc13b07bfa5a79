"""Yes, no and well."""

import pytest

from bot.nlu.bare import is_well, is_yes_or_no


@pytest.mark.parametrize(
    "text", ["yes", "Yes!", "no", "Tak", "tak, tak", "nie", "так", "ні", "да", "нет", "yes it is", "Nie wiem.", "не знаю"]
)
def test_yes_and_no_are_seen_for_what_they_are(text: str) -> None:
    assert is_yes_or_no(text)
    assert not is_well(text)


@pytest.mark.parametrize("text", ["ok", "OK 👍", "okej", "dobrze", "добре", "хорошо", "got it", "rozumiem"])
def test_well_is_seen_for_what_it_is(text: str) -> None:
    assert is_well(text)
    assert not is_yes_or_no(text)


@pytest.mark.parametrize("text", ["", "👍", "yes he beats me", "nie płacą", "так вийшло що без роботи", "no contract", "praca", "help"])
def test_a_message_with_more_in_it_is_left_to_the_classifier(text: str) -> None:
    assert not is_yes_or_no(text)
    assert not is_well(text)
