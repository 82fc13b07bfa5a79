"""What a person gets to read: text, date, contact and buttons, and what they get when an answer is too old."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from bot.content import Choice, Content, Place, Response
from bot.i18n import translate
from bot.replies import Replies, fingerprint, is_profile, out_of_date, readable, untranslated
from bot.types import CLEAR, Button, ContactCard, Language

PLACE = Place("responses/any.yml", 1)
TODAY, CHECKED, REVIEW = date(2026, 11, 24), date(2026, 11, 23), date(2027, 2, 23)
CONTACT = {"name": "Agnieszka", "organisation": "IOM", "phone": "+48530595013", "email": "office@iom.int", "url": "https://iom.int"}


def response(name: str, text: str = "", choices: tuple[Choice, ...] = (), **other: Any) -> Response:
    texts = {language: f"{text or name} {language}" for language in Language}
    places = dict.fromkeys(Language, PLACE)
    made = Response(name, texts, choices, ("source",), CHECKED, REVIEW, "legal", {}, places, PLACE, other)
    return replace(made, translates=dict.fromkeys((Language.UK, Language.EN), fingerprint(made)))


def choice(payload: str) -> Choice:
    return Choice(payload, {language: f"{payload} {language}" for language in Language}, PLACE)


def replies(*responses: Response) -> Replies:
    ask = response("utter_ask_office", "ask", (choice("/help"),), office=True)
    office = response("utter_office", "{name}\n{phone}, {email}", contact=CONTACT)
    return Replies(Content((), {r.name: r for r in (*responses, ask, office)}, ()))


CONTRACT = response("utter_fair_work/contract", "contract")
OWN = ["/a", "/b", "/c"]


def office(language: Language) -> str:
    return f"Agnieszka\n+48\u00a0530\u00a0595\u00a0013, office@iom.int {language}"


@pytest.mark.parametrize(
    ("language", "day"),
    [(Language.PL, "23 listopada 2026"), (Language.UK, "23 листопада 2026\u202fр."), (Language.EN, "23 November 2026")],
)
def test_guidance_says_when_its_facts_were_checked_and_whom_to_ask(language: Language, day: str) -> None:
    reply = replies(CONTRACT).say(CONTRACT.name, language, TODAY)
    checked = translate("Facts checked on {date}.", language).format(date=day)
    assert reply.text.split("\n\n") == [f"contract {language}", checked, office(language)]
    assert reply.language == language


@pytest.mark.parametrize("name", ["utter_greet", "utter_crisis/danger"])
def test_small_talk_and_a_crisis_answer_are_complete_as_they_are(name: str) -> None:
    answer = response(name, "text", tuple(map(choice, OWN)))
    reply = replies(answer).say(name, Language.PL, TODAY)
    assert reply.text == "text pl"
    assert [button.payload for button in reply.buttons] == OWN


def test_other_answers_name_the_office_when_they_say_so() -> None:
    reply = replies(response("utter_complaint", "sorry", office=True)).say("utter_complaint", Language.PL, TODAY)
    assert reply.text.split("\n\n") == ["sorry pl", office(Language.PL)]


def test_guidance_that_was_never_checked_has_no_date() -> None:
    reply = replies(replace(CONTRACT, checked_on=None)).say(CONTRACT.name, Language.PL, TODAY)
    assert reply.text.split("\n\n") == ["contract pl", office(Language.PL)]


@pytest.mark.parametrize(
    ("own", "shown"),
    [
        ([], ["/iom/contact"]),
        (["/a"], ["/a", "/iom/contact"]),
        (["/a", "/b", "/c"], ["/a", "/b", "/iom/contact"]),
        (["/iom/contact", "/a", "/b"], ["/a", "/b", "/iom/contact"]),
    ],
)
def test_guidance_has_at_most_two_buttons_of_its_own_and_then_the_contact(own: list[str], shown: list[str]) -> None:
    answer = replace(CONTRACT, choices=tuple(map(choice, own)))
    assert [button.payload for button in replies(answer).say(answer.name, Language.PL, TODAY).buttons] == shown


@pytest.mark.parametrize("language", Language)
def test_buttons_are_named_in_the_language_of_the_reply(language: Language) -> None:
    answer = replace(CONTRACT, choices=(choice("/a"),))
    assert replies(answer).say(answer.name, language, TODAY).buttons == (
        Button(f"/a {language}", "/a"),
        Button(translate("Contact", language), "/iom/contact"),
    )


def test_the_contact_itself_has_no_button_that_leads_to_it() -> None:
    answer = response("utter_iom/contact", "contact", (choice("/a"),))
    assert [button.payload for button in replies(answer).say(answer.name, Language.PL, TODAY).buttons] == ["/a"]


def test_buttons_that_are_given_replace_those_of_the_answer() -> None:
    given = [Button(str(number), "/help") for number in range(5)]
    said = replies(replace(CONTRACT, choices=(choice("/a"),)))
    assert said.say(CONTRACT.name, Language.PL, TODAY, given).buttons == tuple(given)
    assert said.say(CONTRACT.name, Language.PL, TODAY, []).buttons == ()


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("call +48459599000.", "call +48_459_599_000."),
        ("+48459599000, +48800120002", "+48_459_599_000, +48_800_120_002"),
        ("112, 116 123 and 4806", "112, 116 123 and 4806"),
        ("+0000000000", "+0000000000"),
    ],
)
def test_phone_numbers_are_written_in_groups_that_stay_on_one_line(written: str, read: str) -> None:
    expected = read.replace("_", "\u00a0")
    assert readable(written) == expected
    answer = replace(CONTRACT, texts=dict.fromkeys(Language, written))
    said = replies(answer)
    assert said.say(answer.name, Language.PL, TODAY).text.startswith(f"{expected}\n\n")
    assert said.line(answer.name, Language.PL) == expected


@pytest.mark.parametrize("language", Language)
def test_an_answer_past_its_review_day_is_replaced_by_the_office(language: Language) -> None:
    said = replies(replace(CONTRACT, choices=(choice("/a"),)))
    assert said.say(CONTRACT.name, language, REVIEW).text.startswith(f"contract {language}")
    reply = said.say(CONTRACT.name, language, date(2027, 2, 24))
    assert reply.text.split("\n\n") == [f"ask {language}", office(language)]
    assert [button.payload for button in reply.buttons] == ["/help"]


def test_a_translation_that_lags_behind_the_polish_text_is_replaced_by_the_office() -> None:
    changed = replace(CONTRACT, texts={**CONTRACT.texts, Language.PL: "new"})
    said = replies(replace(changed, translates={**CONTRACT.translates, Language.EN: fingerprint(changed)}))
    begun = {language: said.say(CONTRACT.name, language, TODAY).text.partition("\n")[0] for language in Language}
    assert begun == {Language.PL: "new", Language.UK: "ask uk", Language.EN: "contract en"}


def test_a_crisis_answer_is_better_old_than_missing() -> None:
    danger = replace(response("utter_crisis/danger", "112"), translates=dict.fromkeys(Language, "outdated"))
    for language in Language:
        assert replies(danger).say(danger.name, language, date(2099, 1, 1)).text == f"112 {language}"


def test_a_crisis_answer_is_better_polish_than_missing() -> None:
    whole = response("utter_crisis/danger", "112", (choice("/help"),))
    button = replace(whole.choices[0], titles={Language.PL: "menu"})
    half = replace(whole, texts={Language.PL: "112 pl"}, choices=(button,))
    reply = replies(half).say(half.name, Language.EN, TODAY)
    assert (reply.text, reply.buttons) == ("112 pl", (Button("menu", "/help"),))
    assert untranslated({half.name: half, CONTRACT.name: CONTRACT}) == [str(PLACE)]


def test_small_talk_does_not_grow_old() -> None:
    assert not out_of_date(response("utter_greet"), Language.PL, date(2099, 1, 1))


def test_an_answer_without_a_review_day_is_not_too_old() -> None:
    assert not out_of_date(replace(CONTRACT, review_by=None), Language.PL, date(2099, 1, 1))


def test_the_fingerprint_is_that_of_the_polish_text_alone() -> None:
    assert fingerprint(replace(CONTRACT, texts={**CONTRACT.texts, Language.EN: "new"})) == fingerprint(CONTRACT)
    assert fingerprint(replace(CONTRACT, texts={**CONTRACT.texts, Language.PL: "new"})) != fingerprint(CONTRACT)


def test_the_contact_card_is_that_of_the_office() -> None:
    assert replies().card == ContactCard("Agnieszka", "IOM", "+48530595013", "office@iom.int", "https://iom.int")


def test_every_answer_of_ours_can_be_said_in_every_language(own_content: Content) -> None:
    said = Replies(own_content)
    answers = {name: answer for name, answer in own_content.responses.items() if not is_profile(name)}
    for name, answer in answers.items():
        for language in Language:
            reply = said.say(name, language, answer.checked_on or TODAY)
            assert reply.text
            assert len([button for button in reply.buttons if button.payload != CLEAR]) <= 3
