from typing import Any

import pytest

from bot.channels.base import utf16
from bot.channels.messenger_messages import CALL, LIMITS, WEBSITE, message_for
from bot.i18n import translate
from bot.types import CLEAR, Button, ContactCard, Language, Reply

CARD = ContactCard("Anna Nowak", "IOM Kraków", "+48530595013", "office@example.org", "https://example.org")


def buttons(count: int, title: str = "Umowa") -> tuple[Button, ...]:
    return tuple(Button(title, f"/help/{n}") for n in range(count))


def template(message: dict[str, Any]) -> dict[str, Any]:
    assert message["attachment"]["type"] == "template"
    found: dict[str, Any] = message["attachment"]["payload"]
    assert found["template_type"] == "button"
    return found


def test_a_text_is_a_text_and_carries_our_mark() -> None:
    assert message_for(Reply("Dzień dobry", Language.PL)) == {"text": "Dzień dobry", "metadata": "bot"}


@pytest.mark.parametrize("count", [1, 3])
def test_up_to_three_buttons_stay_in_the_chat(count: int) -> None:
    message = message_for(Reply("Co dalej?", Language.PL, buttons(count)))
    expected = [{"type": "postback", "title": "Umowa", "payload": f"/help/{n}"} for n in range(count)]
    assert ("Co dalej?", expected) == (template(message)["text"], template(message)["buttons"])
    assert message["metadata"] == "bot"


@pytest.mark.parametrize("count", [4, 13])
def test_more_buttons_are_quick_replies(count: int) -> None:
    message = message_for(Reply("Co dalej?", Language.PL, buttons(count)))
    expected = [{"content_type": "text", "title": "Umowa", "payload": f"/help/{n}"} for n in range(count)]
    assert {"text": "Co dalej?", "quick_replies": expected, "metadata": "bot"} == message


def test_the_button_that_can_delete_nothing_here_gives_way_before_the_others_would_vanish() -> None:
    clear = Button("Wyczyść czat", CLEAR)
    message = message_for(Reply("Co dalej?", Language.PL, (*buttons(3), clear)))
    assert [f"/help/{n}" for n in range(3)] == [button["payload"] for button in template(message)["buttons"]]
    assert template(message_for(Reply("Co dalej?", Language.PL, (*buttons(2), clear))))["buttons"][-1]["payload"] == CLEAR


def test_a_text_too_long_for_a_template_loses_neither_words_nor_buttons() -> None:
    text = "ą" * 639 + "😀"
    message = message_for(Reply(text, Language.PL, buttons(2)))
    assert (text, 2) == (message["text"], len(message["quick_replies"]))
    assert template(message_for(Reply("ą" * 640, Language.PL, buttons(2))))["text"] == "ą" * 640


@pytest.mark.parametrize("count", [2, 5])
@pytest.mark.parametrize(("language", "words"), [(Language.PL, "Do wyboru"), (Language.EN, "What you can choose")])
def test_buttons_without_a_text_get_one(count: int, language: Language, words: str) -> None:
    message = message_for(Reply(" ", language, buttons(count)))
    assert words == (template(message)["text"] if count == 2 else message["text"])


@pytest.mark.parametrize("count", [1, 5])
@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("x" * 20, "x" * 20),
        ("x" * 21, "x" * 19 + "…"),
        ("Zatrudnienie i umowa o pracę", "Zatrudnienie i umow…"),
        ("Legalizacja pobytu w Polsce", "Legalizacja pobytu…"),
        ("😀" * 11, "😀" * 9 + "…"),
    ],
)
def test_a_long_title_is_cut(title: str, shown: str, count: int) -> None:
    message = message_for(Reply("?", Language.PL, buttons(count, title)))
    first = template(message)["buttons"][0] if count == 1 else message["quick_replies"][0]
    assert shown == first["title"]
    assert utf16(shown) <= 20


@pytest.mark.parametrize(
    ("language", "call", "website"),
    [(Language.PL, "Zadzwoń", "Strona internetowa"), (Language.UK, "Зателефонувати", "Вебсайт"), (Language.EN, "Call", "Website")],
)
def test_a_contact_is_a_number_to_press_and_all_of_it_to_read(language: Language, call: str, website: str) -> None:
    found = template(message_for(Reply("", language, contact=CARD)))
    assert found["text"] == "Anna Nowak\nIOM Kraków\n+48\u00a0530\u00a0595\u00a0013\noffice@example.org"
    assert found["buttons"] == [
        {"type": "phone_number", "title": call, "payload": "+48530595013"},
        {"type": "web_url", "title": website, "url": "https://example.org"},
    ]


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("title", [CALL, WEBSITE])
def test_our_own_titles_fit(title: str, language: Language) -> None:
    assert utf16(translate(title, language)) <= LIMITS.title
