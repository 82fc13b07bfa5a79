"""What cannot wait is seen before it is read, in every language and without a model."""

import pytest

from bot.types import Address, Message, Turn
from bot.types import Conversation as Talk
from bot.urgency import is_urgent

OLENA = Address("telegram", "1")


@pytest.mark.parametrize(
    ("text", "payload"),
    [
        ("112", None),
        (" 112 ", None),
        ("on mnie bije", None),
        ("я не хочу жити", None),
        ("he has a knife", None),
        ("", "/crisis/danger"),
        ("", "/crisis/suicide"),
    ],
)
def test_a_call_for_help_cannot_wait(text: str, payload: str | None) -> None:
    assert is_urgent(Message("1", OLENA, text, payload))


@pytest.mark.parametrize(
    ("text", "payload"),
    [("szef nie zapłacił za maj", None), ("help", None), ("", None), ("", "/fair_work/contract"), ("112 zł za godzinę", None)],
)
def test_a_question_can_wait(text: str, payload: str | None) -> None:
    assert not is_urgent(Message("1", OLENA, text, payload))


@pytest.mark.parametrize(
    ("action", "urgent"), [("utter_crisis/danger", True), ("utter_crisis/trafficking", True), ("utter_fair_work/contract", False)]
)
def test_help_in_danger_passes_what_waits_for_its_person(action: str, urgent: bool) -> None:
    assert Turn(Talk(OLENA), (), action).urgent is urgent
