from datetime import UTC, datetime
from typing import Any

import pytest

from bot import content
from bot.dialogue import Dialogue, choose_language
from bot.editions import Edition
from bot.executor import executor
from bot.i18n import format_phone
from bot.profile import profiles_from
from bot.types import Address, Button, Conversation, Crisis, Language, Message, Turn, Understanding
from bot.worry import with_line

OLENA = Address("telegram", "1")
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
ACT, ACTIONS = executor()
PROGRAM = "Odpowiada Ci program, a nie człowiek."


class Bot:
    """One person talking to a dialogue whose understanding is said in advance."""

    def __init__(self, found: content.Content, now: datetime = NOW) -> None:
        self.content = found
        self.understanding = Understanding("greet", 1.0, language="pl", language_confidence=1.0)
        self.conversation = Conversation(OLENA)
        self.dialogue = Dialogue(found, self.understand, ACT, ACTIONS, lambda: now)

    @property
    def edition(self) -> Edition:
        return Edition(self.content, profiles_from(self.content), self.understand, self.dialogue)

    async def understand(self, _text: str) -> Understanding:
        return self.understanding

    async def hear(self, text: str, **understood: Any) -> Turn:
        defaults: dict[str, Any] = {"intent": "greet", "confidence": 1.0, "language": "pl", "language_confidence": 1.0}
        self.understanding = Understanding(**defaults | understood)
        return await self.take(Message("1", OLENA, text))

    async def press(self, payload: str, hint: Language | None = None) -> Turn:
        return await self.take(Message("1", OLENA, "", payload, hint))

    async def take(self, message: Message) -> Turn:
        turn = await self.dialogue.answer(message, self.conversation)
        self.conversation = turn.conversation
        return turn


@pytest.fixture
def bot(own_content: content.Content) -> Bot:
    return Bot(own_content)


async def test_who_waits_is_told_in_their_language_that_the_answer_is_coming(bot: Bot) -> None:
    waiting = Message("1", Address("telegram", "1"), "hello", None, Language.UK)
    said = bot.dialogue.reassure(waiting, Conversation(waiting.sender)).text
    assert "повідомлення вже в нас" in said
    assert "112" in said
    assert "has arrived" in bot.dialogue.reassure(waiting, Conversation(waiting.sender, {"language": "en"})).text


async def test_a_question_gets_guidance_the_date_the_contact_and_buttons(bot: Bot) -> None:
    turn = await bot.hear("szef nie płaci", intent="fair_work/unpaid_wages")
    (reply,) = turn.replies
    assert turn.action == "utter_fair_work/unpaid_wages"
    assert "23 listopada 2026" in reply.text
    assert format_phone("+48530595013") in reply.text
    assert reply.buttons[-1].payload == "/iom/contact"
    assert len(reply.buttons) <= 3
    assert turn.conversation.slots["topic"] == "fair_work/unpaid_wages"


@pytest.mark.parametrize(("kind", "helpline"), [(Crisis.DANGER, "+48800120002"), (Crisis.SUICIDE, "116 123")])
async def test_a_crisis_is_answered_with_112_first_and_then_the_helpline(bot: Bot, kind: Crisis, helpline: str) -> None:
    turn = await bot.hear("pomocy", intent=f"crisis/{kind}", crisis=kind)
    text = turn.replies[0].text
    assert "112" in text.partition("\n")[0]
    assert (format_phone(helpline) if helpline.startswith("+") else helpline) in text


async def test_what_a_person_in_crisis_also_asks_about_follows_after_112(bot: Bot) -> None:
    turn = await bot.hear("pomocy", intent="crisis/danger", crisis=Crisis.DANGER, topic="fair_work/unpaid_wages")
    assert "112" in turn.replies[0].text.partition("\n")[0]
    assert len(turn.replies) == 3
    assert "PIP" in turn.replies[2].text


async def test_somebody_who_is_held_and_sold_gets_the_lines_against_trafficking(bot: Bot) -> None:
    turn = await bot.hear("pomocy", intent="crisis/danger", crisis=Crisis.DANGER, topic="counter_trafficking/get_help")
    assert turn.action == "utter_crisis/trafficking"
    assert format_phone("+48226280120") in turn.replies[0].text


async def test_doubt_offers_two_or_three_plain_choices_and_the_contact(bot: Bot) -> None:
    ranking = (
        ("fair_work/contract", 0.4),
        ("out_of_scope", 0.3),
        ("fair_work/unpaid_wages", 0.2),
        ("crisis/danger", 0.1),
        ("greet", 0.1),
        ("border/rights", 0.1),
    )
    turn = await bot.hear("hm", intent="fair_work/contract", sure=False, ranking=ranking)
    (reply,) = turn.replies
    assert turn.action == "action_default_fallback"
    assert [button.payload for button in reply.buttons] == ["/fair_work/contract", "/fair_work/unpaid_wages", "/border/rights"]
    assert format_phone("+48530595013") in reply.text


async def test_a_best_guess_is_what_the_next_message_may_lean_on(bot: Bot) -> None:
    turn = await bot.hear("hm", intent="out_of_scope", sure=False, ranking=(("out_of_scope", 0.5), ("fair_work/contract", 0.4)))
    assert turn.conversation.slots["topic"] == "fair_work/contract"


async def test_out_of_scope_is_said_honestly(bot: Bot) -> None:
    turn = await bot.hear("jaka jutro pogoda", intent="out_of_scope")
    assert turn.action == "utter_out_of_scope"
    assert "Zabłocie 20" in turn.replies[0].text


@pytest.mark.parametrize(
    ("text", "action"), [("", "action_unsupported"), (" \n ", "action_empty"), ("???", "action_empty"), ("👍", "action_empty")]
)
async def test_what_cannot_be_read_gets_a_kind_sentence_and_the_menu(bot: Bot, text: str, action: str) -> None:
    turn = await bot.hear(text)
    assert action == turn.action
    assert "/fair_work" in [button.payload for button in turn.replies[0].buttons]


async def test_an_emergency_number_typed_here_is_answered_as_an_emergency(bot: Bot) -> None:
    assert (await bot.hear("112")).action == "utter_crisis/danger"


async def test_the_start_says_that_it_is_a_program(bot: Bot) -> None:
    turn = await bot.hear("/start")
    assert "programem" in turn.replies[0].text


@pytest.mark.parametrize(
    ("link", "language", "topic"),
    [
        ("fair_work-unpaid_wages_uk", Language.UK, "fair_work/unpaid_wages"),
        ("fair_work-unpaid_wages", Language.PL, "fair_work/unpaid_wages"),
        ("fair_work_en", Language.EN, "fair_work"),
        ("uk", Language.UK, None),
        ("nonsense_en", Language.EN, None),
        ("\u202e<b>", Language.PL, None),
    ],
)
async def test_a_qr_code_opens_its_topic_in_its_language(bot: Bot, link: str, language: Language, topic: str | None) -> None:
    turn = await bot.hear(f"/start {link}")
    assert {language} == {reply.language for reply in turn.replies}
    assert (2 if topic else 1) == len(turn.replies)


async def test_the_menu_leads_to_every_area_and_each_area_to_every_question(bot: Bot, own_content: content.Content) -> None:
    menu = await bot.hear("/help")
    reached = set()
    for area in menu.replies[0].buttons:
        questions = await bot.press(area.payload)
        reached |= {button.payload.lstrip("/") for button in questions.replies[0].buttons}
    assert {intent for intent in own_content.intents if "/" in intent and not intent.startswith("crisis/")} == reached


async def test_the_contact_is_text_and_a_card(bot: Bot) -> None:
    turn = await bot.press("/iom/contact")
    assert "alegutzemla@iom.int" in turn.replies[0].text
    assert turn.replies[0].contact
    assert turn.replies[0].contact.phone == "+48530595013"


async def test_a_chosen_language_stays(bot: Bot) -> None:
    await bot.press('/change_language{"language":"en"}')
    turn = await bot.press("/help")
    assert turn.replies[0].language == Language.EN
    assert (await bot.hear("добрый день", language="ru")).replies[0].language == Language.EN


async def test_a_language_named_in_a_sentence_is_chosen(bot: Bot) -> None:
    turn = await bot.hear("чи можна англійською", intent="change_language", language="uk")
    assert turn.replies[0].language == Language.EN


async def test_without_a_named_language_there_is_a_choice(bot: Bot) -> None:
    turn = await bot.hear("/language")
    assert 2 <= len(turn.replies[0].buttons) <= 3


async def test_russian_is_answered_in_ukrainian_with_one_line_that_offers_the_others_once(bot: Bot) -> None:
    first = await bot.hear("здравствуйте", language="ru")
    second = await bot.hear("здравствуйте", language="ru")
    offer = bot.dialogue.replies.line("utter_answered_in_uk", Language.UK)
    assert first.replies[0].language == Language.UK
    assert first.replies[-1].text.endswith(offer)
    assert offer not in second.replies[-1].text


async def test_belarusian_is_answered_in_polish(bot: Bot) -> None:
    turn = await bot.hear("добры дзень", language="be")
    assert turn.replies[0].language == Language.PL


async def test_forgetting_leaves_an_empty_conversation_and_says_so_in_their_language(bot: Bot) -> None:
    await bot.hear("привіт", language="uk")
    turn = await bot.hear("/forget")
    assert turn.forget
    assert turn.conversation.slots == {}
    assert turn.replies[0].language == Language.UK


CHANNELS_AND_WORDS = [("telegram", "usunąć"), ("messenger", "skrzynce biura"), ("web", "zamknij jeszcze tę kartę"), ("viber", "tylko Ty")]


@pytest.mark.parametrize(("channel", "words"), CHANNELS_AND_WORDS)
async def test_whoever_clears_the_chat_is_forgotten_and_reads_one_sentence_about_what_is_left(bot: Bot, channel: str, words: str) -> None:
    bot.conversation = Conversation(Address(channel, "1"), {"language": "pl", "topic": "counter_trafficking/get_help"})
    turn = await bot.press("/clear")
    assert (turn.forget, turn.conversation.slots) == (True, {})
    (reply,) = turn.replies
    assert (reply.clears, reply.buttons) == ((), ())
    assert words in reply.text
    assert "\n" not in reply.text
    assert reply.text.count(".") == 1


@pytest.mark.parametrize(("words", "language"), [("Wyczyść czat", "pl"), ("очистити чат", "uk"), ("clear this chat.", "en")])
async def test_the_words_of_the_button_clear_the_chat_too(bot: Bot, words: str, language: str) -> None:
    turn = await bot.hear(words)
    assert (turn.action, turn.replies[0].language) == ("action_clear", Language(language))


async def test_no_other_answer_clears_the_chat(bot: Bot) -> None:
    for payload in ("/forget", "/privacy", "/crisis/danger", "/help"):
        assert all(reply.clears is None for reply in (await bot.press(payload)).replies)


SENSITIVE = (
    "/crisis/danger",
    "/crisis/suicide",
    "/crisis/trafficking",
    "/counter_trafficking/check_offer",
    "/psychosocial/children_family",
)


@pytest.mark.parametrize("payload", SENSITIVE)
@pytest.mark.parametrize("language", Language)
async def test_below_a_sensitive_answer_the_chat_can_be_cleared_and_no_other_button_is_lost(
    bot: Bot, own_content: content.Content, payload: str, language: Language
) -> None:
    bot.conversation = Conversation(OLENA, {"language": language.value})
    (reply,) = (await bot.press(payload)).replies
    *others, last = reply.buttons
    assert last == Button(own_content.titles["clear"][language], "/clear")
    own = [choice.payload for choice in own_content.responses[f"utter_{payload[1:]}"].choices]
    assert [button.payload for button in others] == own + ([] if payload.startswith("/crisis/") else ["/iom/contact"])


async def test_below_any_other_answer_it_cannot(bot: Bot) -> None:
    for payload in ("/fair_work/contract", "/psychosocial/health_care", "/iom/contact", "/help"):
        assert all(button.payload != "/clear" for reply in (await bot.press(payload)).replies for button in reply.buttons)


async def test_danger_is_answered_even_while_a_consultant_is_writing(bot: Bot) -> None:
    bot.conversation = Conversation(OLENA, {}, NOW.timestamp() + 60)
    assert (await bot.hear("dzień dobry")).replies == ()
    bot.conversation = Conversation(OLENA, {}, NOW.timestamp() + 60)
    assert (await bot.hear("pomocy", intent="crisis/danger", crisis=Crisis.DANGER)).replies


async def test_a_button_that_asks_for_help_in_danger_is_answered_even_while_a_consultant_is_writing(bot: Bot) -> None:
    bot.conversation = Conversation(OLENA, {}, NOW.timestamp() + 60)
    assert (await bot.press("/help")).replies == ()
    bot.conversation = Conversation(OLENA, {}, NOW.timestamp() + 60)
    assert (await bot.press("/crisis/danger")).action == "utter_crisis/danger"


@pytest.mark.parametrize(("command", "action"), [("/forget", "action_forget"), ("/clear", "action_clear"), ("/privacy", "action_privacy")])
async def test_what_is_kept_is_told_and_erased_even_while_a_consultant_is_writing(bot: Bot, command: str, action: str) -> None:
    bot.conversation = Conversation(OLENA, {"language": "uk"}, NOW.timestamp() + 60)
    assert (await bot.press(command)).action == action


async def test_a_pressed_call_for_help_is_not_remembered_as_a_topic(bot: Bot) -> None:
    await bot.press("/fair_work/unpaid_wages")
    await bot.press("/crisis/danger")
    assert "topic" not in bot.conversation.slots


async def test_an_answer_past_its_review_sends_people_to_the_office(own_content: content.Content) -> None:
    late = Bot(own_content, datetime(2030, 1, 1, tzinfo=UTC))
    guidance = await late.hear("szef nie płaci", intent="fair_work/unpaid_wages")
    assert late.dialogue.replies.line("utter_ask_office", Language.PL) in guidance.replies[0].text
    crisis = await late.hear("pomocy", intent="crisis/danger", crisis=Crisis.DANGER)
    assert "112" in crisis.replies[0].text.partition("\n")[0]


async def test_an_unknown_command_or_payload_is_met_with_choices(bot: Bot) -> None:
    for turn in (await bot.hear("/weather"), await bot.press("/old/button"), await bot.press("/change_language{broken")):
        assert turn.replies[0].buttons


async def test_an_apology_is_in_the_persons_language(bot: Bot) -> None:
    turn = bot.dialogue.apologise(Conversation(OLENA, {"language": "uk"}))
    assert turn.replies[0].language == Language.UK
    assert "112" in turn.replies[0].text


def understood(language: str | None, confidence: float = 1.0) -> Understanding:
    return Understanding("greet", 1.0, language=language, language_confidence=confidence)


@pytest.mark.parametrize(
    ("understanding", "slots", "hint", "expected"),
    [
        (understood("en"), {"language": "uk"}, Language.PL, Language.EN),
        (understood("en"), {"language": "uk", "language_chosen": True}, None, Language.EN),
        (understood("pl", 0.6), {"language": "uk"}, None, Language.UK),
        (understood("pl", 0.6), {}, Language.UK, Language.PL),
        (understood(None), {"language": "uk"}, Language.EN, Language.UK),
        (understood(None), {}, Language.EN, Language.EN),
        (understood(None), {}, None, Language.PL),
        (None, {"language": "en"}, Language.UK, Language.EN),
        (understood("ru"), {}, Language.EN, Language.UK),
        (understood("ru"), {"language": "pl"}, None, Language.UK),
        (understood("ru"), {"language": "pl", "language_chosen": True}, None, Language.PL),
        (understood("be"), {}, None, Language.PL),
        (understood("be", 0.75), {"language": "uk"}, None, Language.UK),
    ],
)
def test_what_was_just_written_then_what_came_before_then_the_client_then_polish(
    understanding: Understanding | None, slots: dict[str, Any], hint: Language | None, expected: Language
) -> None:
    assert expected == choose_language(understanding, slots, hint)[0]


async def test_a_crisis_is_not_remembered_as_a_topic(bot: Bot) -> None:
    turn = await bot.hear("pomocy", intent="crisis/suicide", crisis=Crisis.SUICIDE)
    assert "topic" not in turn.conversation.slots


async def test_a_question_that_leaves_out_its_topic_stays_in_the_area_of_the_last_one(own_content: content.Content) -> None:
    bot = Bot(own_content)
    await bot.hear("chcę wrócić do domu", intent="voluntary_return/overview")
    ranking = (("fair_work/recruitment_fees", 0.9), ("voluntary_return/costs", 0.1))
    turn = await bot.hear("a ile to kosztuje?", intent="fair_work/recruitment_fees", ranking=ranking)
    assert turn.action == "utter_voluntary_return/costs"


async def test_without_a_topic_such_a_question_is_read_as_it_stands(bot: Bot) -> None:
    turn = await bot.hear("a ile to kosztuje?", intent="fair_work/recruitment_fees")
    assert turn.action == "utter_fair_work/recruitment_fees"


async def test_two_questions_get_two_answers(own_content: content.Content) -> None:
    meant = {
        "szef nie płaci od maja": "fair_work/unpaid_wages",
        "gdzie uczyć się polskiego?": "integration/polish_course",
    }

    async def understand(text: str) -> Understanding:
        return Understanding(meant.get(text, "fair_work/unpaid_wages"), 0.9, language="pl", language_confidence=1.0)

    dialogue = Dialogue(own_content, understand, ACT, ACTIONS, lambda: NOW)
    turn = await dialogue.answer(Message("1", OLENA, "szef nie płaci od maja i gdzie uczyć się polskiego?"), Conversation(OLENA))
    assert (turn.intent, turn.also, len(turn.replies)) == ("fair_work/unpaid_wages", "integration/polish_course", 2)


async def test_a_crisis_in_one_of_two_questions_is_a_crisis_and_the_other_one_follows(own_content: content.Content) -> None:
    read = {
        "де курси польської?": Understanding("integration/polish_course", 0.9, language="uk", language_confidence=1.0),
        "де мені сховатися?": Understanding("crisis/danger", 1.0, language="uk", language_confidence=1.0, crisis=Crisis.DANGER),
    }

    async def understand(text: str) -> Understanding:
        return read.get(text, read["де курси польської?"])

    dialogue = Dialogue(own_content, understand, ACT, ACTIONS, lambda: NOW)
    for text in ("де курси польської? де мені сховатися?", "де мені сховатися? де курси польської?"):
        turn = await dialogue.answer(Message("1", OLENA, text), Conversation(OLENA))
        assert turn.action == "utter_crisis/danger"
        assert "112" in turn.replies[0].text.partition("\n")[0]
        assert turn.conversation.slots["topic"] == "integration/polish_course"


async def test_each_of_two_questions_is_acted_on_with_its_own_words(own_content: content.Content) -> None:
    read = {
        "can you speak english?": Understanding("change_language", 0.9, language="en", language_confidence=1.0),
        "where can i learn polish?": Understanding("integration/polish_course", 0.9, language="en", language_confidence=1.0),
    }

    async def understand(text: str) -> Understanding:
        return read.get(text, read["where can i learn polish?"])

    dialogue = Dialogue(own_content, understand, ACT, ACTIONS, lambda: NOW)
    turn = await dialogue.answer(Message("1", OLENA, "can you speak english? where can i learn polish?"), Conversation(OLENA))
    assert (turn.intent, turn.also) == ("change_language", "integration/polish_course")
    assert turn.conversation.slots["language_chosen"] is True


@pytest.mark.parametrize("payload", ["/help", "/fair_work", "/start"])
async def test_a_menu_and_a_start_end_what_was_spoken_of(bot: Bot, payload: str) -> None:
    await bot.hear("umowa?", intent="fair_work/contract")
    assert "topic" not in (await bot.press(payload)).conversation.slots


async def test_a_crisis_ends_what_was_spoken_of(bot: Bot) -> None:
    await bot.hear("umowa?", intent="fair_work/contract")
    turn = await bot.hear("pomocy", intent="crisis/danger", crisis=Crisis.DANGER)
    assert "topic" not in turn.conversation.slots


async def test_the_contact_button_does_not_change_what_was_spoken_of(bot: Bot) -> None:
    await bot.hear("umowa?", intent="fair_work/contract")
    assert (await bot.press("/iom/contact")).conversation.slots["topic"] == "fair_work/contract"
    assert (await bot.hear("gdzie jest biuro?", intent="iom/contact")).conversation.slots["topic"] == "iom/contact"


async def test_an_unlikely_guess_is_not_what_the_next_message_leans_on(bot: Bot) -> None:
    turn = await bot.hear("hm", intent="greet", sure=False, ranking=(("greet", 0.7), ("fair_work/contract", 0.1)))
    assert "topic" not in turn.conversation.slots


@pytest.mark.parametrize("beside", ["help", "change_language", "talk_to_human", "iom/contact"])
async def test_what_needs_an_action_keeps_its_buttons_beside_a_crisis(own_content: content.Content, beside: str) -> None:
    async def understand(text: str) -> Understanding:
        if text == "where can i hide tonight?":
            return Understanding("crisis/danger", 1.0, language="en", language_confidence=1.0, crisis=Crisis.DANGER)
        return Understanding(beside, 0.9, language="en", language_confidence=1.0)

    dialogue = Dialogue(own_content, understand, ACT, ACTIONS, lambda: NOW)
    turn = await dialogue.answer(Message("1", OLENA, "one thing first please? where can i hide tonight?"), Conversation(OLENA))
    alone = await dialogue.answer(Message("2", OLENA, "one thing first please?"), Conversation(OLENA))
    assert "112" in turn.replies[0].text.partition("\n")[0]
    assert turn.replies[-1].buttons == alone.replies[-1].buttons != ()


def edited(text: str, original: str = "77") -> Message:
    return Message("2", OLENA, text, original=original, edited=True)


async def asked(bot: Bot, text: str, intent: str = "fair_work/unpaid_wages") -> Turn:
    bot.understanding = Understanding(intent, 1.0, language="pl", language_confidence=1.0)
    return await bot.take(Message("1", OLENA, text, original="77"))


@pytest.mark.parametrize("text", ["Szef nie płaci!", "szef mi nie płaci od maja"])
async def test_an_edit_that_changes_no_answer_is_not_answered_again(bot: Bot, text: str) -> None:
    await asked(bot, "szef nie płaci")
    turn = await bot.take(edited(text))
    assert (turn.replies, turn.action) == ((), "action_listen")


async def test_an_edit_that_asks_something_else_is_answered(bot: Bot) -> None:
    await asked(bot, "szef nie płaci")
    bot.understanding = Understanding("career/job_search", 1.0, language="pl", language_confidence=1.0)
    assert (await bot.take(edited("szukam pracy"))).action == "utter_career/job_search"


async def test_an_edit_into_another_language_is_answered_in_it(bot: Bot) -> None:
    await asked(bot, "szef nie płaci")
    bot.understanding = Understanding("fair_work/unpaid_wages", 1.0, language="uk", language_confidence=1.0)
    (reply,) = (await bot.take(edited("шеф не платить"))).replies
    assert reply.language == Language.UK


async def test_an_edit_of_an_older_message_is_not_answered(bot: Bot) -> None:
    await asked(bot, "szef nie płaci")
    bot.understanding = Understanding("career/job_search", 1.0, language="pl", language_confidence=1.0)
    assert (await bot.take(edited("szukam pracy", original="76"))).replies == ()


async def test_an_edit_into_a_call_for_help_is_always_answered(bot: Bot) -> None:
    await asked(bot, "szef nie płaci")
    bot.understanding = Understanding("crisis/danger", 1.0, language="pl", language_confidence=1.0, crisis=Crisis.DANGER)
    assert (await bot.take(edited("on mnie bije", original="76"))).action == "utter_crisis/danger"


async def test_what_is_kept_to_know_an_edit_holds_no_words(bot: Bot) -> None:
    await asked(bot, "canary4714")
    original, digest = bot.conversation.slots["last_message"]
    assert (original, len(digest)) == ("77", 16)
    assert "canary" not in digest


async def test_the_first_answer_says_that_it_is_a_program_and_the_next_one_need_not(bot: Bot) -> None:
    first = await bot.hear("szef nie płaci", intent="fair_work/unpaid_wages")
    second = await bot.hear("szukam pracy", intent="career/job_search")
    assert [PROGRAM in turn.replies[0].text for turn in (first, second)] == [True, False]


@pytest.mark.parametrize("crisis", list(Crisis))
async def test_help_in_danger_comes_without_a_word_about_programs_and_the_next_answer_has_it(bot: Bot, crisis: Crisis) -> None:
    danger = await bot.hear("pomocy", intent=f"crisis/{crisis}", crisis=crisis)
    after = await bot.hear("szukam pracy", intent="career/job_search")
    assert [PROGRAM in turn.replies[0].text for turn in (danger, after)] == [False, True]


@pytest.mark.parametrize("payload", ["/start", "/greet", "/bot_challenge"])
async def test_what_says_it_in_its_own_words_says_it_once(bot: Bot, payload: str) -> None:
    turn = await bot.press(payload)
    assert PROGRAM not in turn.replies[0].text
    assert "program" in turn.replies[0].text.lower()
    assert PROGRAM not in (await bot.press("/help")).replies[0].text


@pytest.mark.parametrize(
    ("typed", "action", "language"),
    [
        ("контакт", "action_iom/contact", Language.UK),
        ("Umowa.", "utter_fair_work/contract", Language.PL),
        (" unpaid  WAGES ", "utter_fair_work/unpaid_wages", Language.EN),
        ("Going home", "action_help", Language.EN),
        ("Frontex", "utter_border/frontex", Language.PL),
    ],
)
async def test_the_words_of_a_button_may_be_typed(bot: Bot, typed: str, action: str, language: Language) -> None:
    turn = await bot.hear(typed, intent="out_of_scope", sure=False)
    assert (turn.action, turn.replies[0].language) == (action, language)


async def test_every_title_leads_where_its_button_leads(bot: Bot, own_content: content.Content) -> None:
    for name, titles in own_content.titles.items():
        for title in titles.values():
            typed, pressed = await bot.hear(title, intent="out_of_scope", sure=False), await bot.press(f"/{name}")
            assert typed.action == pressed.action, title


# --- a worry


WORRIED: dict[str, Any] = {"intent": "fair_work/unpaid_wages", "worry": Crisis.DANGER}
LINE = "zadzwoń pod 112"


@pytest.mark.parametrize(("kind", "number"), [(Crisis.DANGER, "112"), (Crisis.SUICIDE, "116 123")])
async def test_a_worry_adds_a_line_and_a_button_below_the_ordinary_answer(bot: Bot, kind: Crisis, number: str) -> None:
    calm = await Bot(bot.content).hear("szef nie płaci", intent="fair_work/unpaid_wages")
    turn = await bot.hear("szef nie płaci", intent="fair_work/unpaid_wages", worry=kind)
    (before,), (reply,) = calm.replies, turn.replies
    assert turn.action == "utter_fair_work/unpaid_wages"
    assert reply.text.startswith(f"{before.text}\n\n")
    assert number in reply.text.removeprefix(before.text)
    assert [*(button.payload for button in before.buttons), f"/crisis/{kind}"] == [button.payload for button in reply.buttons]


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("kind", Crisis)
async def test_the_line_is_short_and_names_112_in_every_language(bot: Bot, kind: Crisis, language: Language) -> None:
    turn = await bot.hear("hm", worry=kind, language=language.value)
    line = turn.replies[-1].text.rpartition("\n\n")[2]
    assert "112" in line
    assert len(line) <= 140
    assert turn.replies[-1].language == language


async def test_in_doubt_the_line_follows_the_choices_and_its_button_is_one_more(bot: Bot) -> None:
    ranking = (("fair_work/contract", 0.4), ("fair_work/unpaid_wages", 0.2), ("border/rights", 0.1))
    turn = await bot.hear("hm", intent="fair_work/contract", sure=False, ranking=ranking, worry=Crisis.DANGER)
    payloads = [button.payload for button in turn.replies[-1].buttons]
    assert payloads == ["/fair_work/contract", "/fair_work/unpaid_wages", "/border/rights", "/crisis/danger"]


async def test_the_line_comes_once_for_each_kind(bot: Bot) -> None:
    said = [(await bot.hear("szef", **WORRIED | {"worry": kind})).replies[-1].text for kind in (*Crisis, *Crisis)]
    assert [LINE in said[0], "116 123" in said[1]] == [True, True]
    assert not any(LINE in text or "116 123" in text for text in said[2:])


@pytest.mark.parametrize("held", [None, "counter_trafficking/get_help"])
async def test_after_the_answer_in_danger_its_line_does_not_come_again(bot: Bot, held: str | None) -> None:
    await bot.hear("pomocy", intent="crisis/danger", crisis=Crisis.DANGER, topic=held)
    assert LINE not in (await bot.hear("szef", **WORRIED)).replies[-1].text
    assert "116 123" in (await bot.hear("szef", **WORRIED | {"worry": Crisis.SUICIDE})).replies[-1].text


async def test_a_pressed_crisis_button_counts_as_the_line(bot: Bot) -> None:
    await bot.press("/crisis/suicide")
    assert "116 123" not in (await bot.hear("szef", **WORRIED | {"worry": Crisis.SUICIDE})).replies[-1].text


async def test_an_ordinary_answer_has_no_line_and_leaves_nothing_behind(bot: Bot) -> None:
    turn = await bot.hear("szef nie płaci", intent="fair_work/unpaid_wages")
    assert LINE not in turn.replies[-1].text
    assert "helplines" not in turn.conversation.slots


async def test_while_a_consultant_writes_no_line_comes_and_none_is_counted(bot: Bot) -> None:
    bot.conversation = Conversation(OLENA, {}, NOW.timestamp() + 60)
    turn = await bot.hear("szef", **WORRIED)
    assert (turn.replies, "helplines" in turn.conversation.slots) == ((), False)


def test_where_nothing_is_said_there_is_nothing_to_add_to(bot: Bot) -> None:
    silent = Turn(Conversation(OLENA), (), "action_of_staff", understanding=Understanding("greet", 1.0, worry=Crisis.DANGER))
    assert with_line(silent, bot.dialogue.replies, NOW.date()) == silent


async def test_the_line_stands_below_the_last_of_two_answers_whichever_question_worries(own_content: content.Content) -> None:
    texts = ("szef nie płaci od maja", "gdzie uczyć się polskiego?", "szef nie płaci od maja i gdzie uczyć się polskiego?")
    for worrying in texts:

        async def understand(text: str, worrying: str = worrying) -> Understanding:
            intent = "integration/polish_course" if text.startswith("gdzie") else "fair_work/unpaid_wages"
            worry = Crisis.DANGER if text == worrying else None
            return Understanding(intent, 0.9, language="pl", language_confidence=1.0, worry=worry)

        dialogue = Dialogue(own_content, understand, ACT, ACTIONS, lambda: NOW)
        turn = await dialogue.answer(Message("1", OLENA, texts[2]), Conversation(OLENA))
        assert [LINE in reply.text for reply in turn.replies] == [False, True], worrying


async def test_an_edit_that_begins_to_worry_is_answered(bot: Bot) -> None:
    await asked(bot, "szef nie płaci")
    bot.understanding = Understanding("fair_work/unpaid_wages", 1.0, language="pl", language_confidence=1.0, worry=Crisis.DANGER)
    assert LINE in (await bot.take(edited("szef nie płaci i stoi pod drzwiami"))).replies[-1].text
