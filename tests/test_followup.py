"""Which messages lean on the one before, and which ask two things."""

from dataclasses import replace

import pytest

from bot.followup import SAME, in_context, leans_on_topic, questions_in, stays_on_topic
from bot.types import Understanding


@pytest.mark.parametrize(
    "text",
    [
        "a ile to kosztuje?",
        "gdzie to jest",
        "jak długo to trwa?",
        "i co dalej",
        "a czy to jest darmowe?",
        "а де це?",
        "скільки це коштує",
        "а як довго чекати?",
        "и сколько это стоит",
        "and how long?",
        "how much does it cost",
        "where is it",
        "what documents do i need?",
        "колькі гэта каштуе?",
        "скілки коштуе",
        "ile?",
        "а где?",
        "Коли",
        "how?",
    ],
)
def test_a_question_without_a_topic_leans_on_the_last_one(text: str) -> None:
    assert leans_on_topic(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "???",
        "ile kosztuje kurs polskiego",
        "а де дитячий садок?",
        "how long does the visa take",
        "szef nie płaci",
        "Frontex",
        "112",
        "what?",
        "but no",
        "what is the address?",
    ],
)
def test_a_question_that_names_its_topic_stands_alone(text: str) -> None:
    assert not leans_on_topic(text)


@pytest.mark.parametrize("text", ["a to na pewno darmo?", "а дорого їй вийде?", "а за вход платить?", "so who pays for that visit"])
def test_what_is_asked_of_anything_stays_on_the_topic(text: str) -> None:
    assert stays_on_topic(text, alone(("voluntary_return/costs", 0.9)))


@pytest.mark.parametrize(
    ("text", "language"), [("a yaki papery treba?", "uk"), ("skilky tse koshtuye", "uk"), ("chto eshche nuzhno", "ru")]
)
def test_a_follow_up_typed_in_latin_letters_stays_on_the_topic(text: str, language: str) -> None:
    assert stays_on_topic(text, replace(alone(("greet", 0.5)), language=language))


@pytest.mark.parametrize(
    ("text", "read_as"),
    [
        ("a bilet jest za darmo?", "voluntary_return/costs"),
        ("а хто заплатить за дорогу додому?", "voluntary_return/costs"),
        ("а билет оплатите?", "voluntary_return/costs"),
        ("who pays my flight", "voluntary_return/costs"),
        ("and then what do I have to pay to them before they let me go there", "voluntary_return/costs"),
        ("a to na pewno darmo?", "integration/polish_course"),
    ],
)
def test_what_names_the_way_home_or_is_told_at_length_or_is_about_something_else_stands_alone(text: str, read_as: str) -> None:
    assert not stays_on_topic(text, alone((read_as, 0.9)))


@pytest.mark.parametrize(
    ("text", "second"),
    [
        ("szef nie zapłacił mi za maj. i gdzie mogę uczyć się polskiego?", "gdzie mogę uczyć się polskiego?"),
        ("Jak zrobić kartę pobytu? Ile wynosi minimalna pensja?", "Ile wynosi minimalna pensja?"),
        ("де вчити польську? і ще як записати сина до школи", "як записати сина до школи"),
        ("як запісаць сына ў школу і яшчэ дзе вучыць польскую", "дзе вучыць польскую"),
        ("where can i learn polish and also how do i get a residence card", "how do i get a residence card"),
    ],
)
def test_two_questions_are_taken_apart(text: str, second: str) -> None:
    assert questions_in(text)[1:] == [second]


@pytest.mark.parametrize(
    "text",
    [
        "szef nie zapłacił mi za maj i mówi że nie zapłaci",
        "My boss took my passport. He does not pay me.",
        "gdzie i jak",
        "just moved here, any group where i can meet people",
        "what is the minimum wage?",
        " ".join(["word"] * 70) + " and how do i get a card?",
    ],
)
def test_a_story_is_one_question(text: str) -> None:
    assert questions_in(text) == []


# --- in context


def alone(*ranking: tuple[str, float], sure: bool = True) -> Understanding:
    return Understanding(ranking[0][0], ranking[0][1], ranking, sure)


def test_what_is_clear_alone_is_not_changed_by_what_came_before() -> None:
    clear = alone(("integration/schooling", 0.98), ("fair_work/contract", 0.002))
    read = in_context(clear, "fair_work/contract", leans=False)
    assert (read.intent, read.sure) == ("integration/schooling", True)


def test_in_doubt_the_question_before_decides() -> None:
    doubtful = alone(("career/job_search", 0.3), ("border/rights", 0.2), ("fair_work/contract", 0.1), sure=False)
    read = in_context(doubtful, "fair_work/contract", leans=False)
    assert (read.intent, read.sure) == ("fair_work/contract", True)
    assert sum(p for _, p in read.ranking) == pytest.approx(1)


def test_what_leans_stays_in_the_area_even_when_it_looks_like_another() -> None:
    price = alone(("voluntary_return/costs", 0.97), ("career/counselling", 0.01))
    assert in_context(price, "career/professional_qualifications", leans=True).intent in (
        "career/counselling",
        "career/professional_qualifications",
    )
    assert in_context(price, "voluntary_return/overview", leans=True).intent == "voluntary_return/costs"


def test_an_area_that_the_ranking_does_not_name_still_keeps_its_question() -> None:
    read = in_context(alone(("voluntary_return/costs", 1.0)), "career/counselling", leans=True)
    assert (read.intent, read.sure) == ("career/counselling", True)


@pytest.mark.parametrize(("confidence", "sure"), [(0.7, True), (0.5, False)])
def test_an_apology_or_a_greeting_is_not_about_what_was_spoken_of(confidence: float, sure: bool) -> None:
    read = in_context(
        alone(("thanks", confidence), ("integration/polish_course", 0.1), sure=False), "integration/polish_course", leans=False
    )
    assert (read.intent, read.sure) == ("thanks", sure)


def test_what_leans_is_about_what_was_spoken_of_even_if_it_looks_like_thanks() -> None:
    read = in_context(alone(("thanks", 0.7), sure=False), "integration/polish_course", leans=True)
    assert (read.intent, read.sure) == ("integration/polish_course", True)


def test_neither_reading_wins_when_both_are_as_likely() -> None:
    torn = alone(("border/rights", 0.6), ("fair_work/contract", 0.6 / SAME), sure=False)
    assert not in_context(torn, "fair_work/contract", leans=False).sure


@pytest.mark.parametrize("text", ["," * 4000, "? " * 2000, "i co " * 800, "and also how " * 300, "і ще " * 800])
def test_looking_for_two_questions_takes_no_longer_for_nonsense(text: str) -> None:
    assert questions_in(text) == []
