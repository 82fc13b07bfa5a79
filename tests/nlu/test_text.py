"""Normalising, and the two alphabets of one language."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.nlu.text import LONGEST, cyrillic_from_latin, in_one_alphabet, in_right_layout, latin_from_cyrillic, normalise, without_diacritics

UKRAINIAN = (
    "Мій роботодавець не заплатив мені за останній місяць",
    "Як подовжити карту побиту, якщо в мене статус УКР?",
    "Чоловік забрав мій паспорт і не віддає, що робити?",
    "Хочу повернутися додому, але не маю грошей на квиток",
    "Підкажіть, будь ласка, де безкоштовно вивчити польську мову у Кракові",
    "Як називається установа, де підписується умова?",
    "Шукаю щось із житлом для сім'ї з двома дітьми",
)
RUSSIAN = (
    "Я хочу вернуться домой, но у меня нет паспорта",
    "Начальник не платит мне за последний месяц",
    "Как подтвердить диплом врача в Польше?",
    "Нужен ли мне польский язык для работы на складе",
    "Помогите, пожалуйста, это очень срочно",
    "Ещё вопрос: где получить бесплатную помощь юриста",
)
LOST = {
    "uk": str.maketrans({"ь": None, "'": None, "’": None, "й": "и"}),
    "ru": str.maketrans({"ь": None, "ъ": None, "й": "и", "э": "е"}),
}

anything = st.text(st.characters(codec=None), max_size=60)
troublesome = st.text(st.sampled_from("aAÉéeİJǰЇїΣß \t\n\u00a0\u0301\u0307\u030c\u200b\u200d\ufe0f\ud83d\x00\x1c"), max_size=60)


def after_the_way_through_latin(sentence: str, language: str) -> str:
    """Soft signs and the short i are lost, and `ts` is always read as one letter."""
    return sentence.lower().translate(LOST[language]).replace("тс", "ц")


# --- normalise


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("SZEF MI NIE PŁACI", "szef mi nie płaci"),
        ("ДОПОМОЖІТЬ БУДЬ ЛАСКА", "допоможіть будь ласка"),
        ("NIE PŁACĄ!!! 3 MIESIĄCE", "nie płacą!!! 3 miesiące"),
        ("Co to jest PESEL UKR?", "Co to jest PESEL UKR?"),
        ("PIP", "PIP"),
        ("ZUS", "ZUS"),
    ],
)
def test_shouting_becomes_quiet_and_abbreviations_stay(written: str, expected: str) -> None:
    assert normalise(written) == expected


@pytest.mark.parametrize("invisible", ["\u00ad", "\u200b", "\u200d", "\u200e", "\u202e", "\u2060", "\ufeff", "\ufe0f", "\ud83d"])
def test_invisible_characters_disappear(invisible: str) -> None:
    assert normalise(f"{invisible}pa{invisible}szport{invisible}") == "paszport"


@pytest.mark.parametrize("space", [" ", "\n", "\t", "\r\n", "\u00a0", "\u3000", "\x00", "\x1f", "\x85", " \n "])
def test_every_kind_of_space_becomes_one_space(space: str) -> None:
    assert normalise(f"{space}nie{space}{space}mam{space}") == "nie mam"


def test_a_letter_and_its_accent_become_one_character() -> None:
    assert normalise("nie płacą".replace("ą", "a\u0328")) == "nie płacą"
    assert normalise("мої".replace("ї", "і\u0308")) == "мої"


def test_an_invisible_character_between_letter_and_accent_does_not_keep_them_apart() -> None:
    assert normalise("zaplaca\u200b\u0328") == "zaplacą"


def test_a_shouted_letter_without_a_capital_of_its_own_is_composed() -> None:
    assert normalise("J\u030cAAA") == "ǰaaa"


@pytest.mark.parametrize("text", ["", " ", "\u200b\ufeff", "\ud83d", "\x00\n"])
def test_nothing_readable_becomes_nothing(text: str) -> None:
    assert normalise(text) == ""


@pytest.mark.parametrize("text", ["słowo " * 20_000, "я" * 100_000, "\u0301" * 100_000, "İ" * 100_000, "\u200b" * 100_000, " " * 100_000])
def test_a_very_long_text_is_read_up_to_a_limit(text: str) -> None:
    assert len(normalise(text)) <= LONGEST


def test_a_text_cut_at_a_space_does_not_end_with_it() -> None:
    assert normalise("x" * (LONGEST - 1) + " y") == "x" * (LONGEST - 1)


@settings(deadline=None)
@given(anything | troublesome | troublesome.map(lambda text: text * 60))
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@settings(deadline=None)
@given(anything | troublesome)
def test_a_normalised_text_is_composed_trimmed_single_spaced_and_can_be_encoded(text: str) -> None:
    result = normalise(text)
    assert result == unicodedata.normalize("NFC", result)
    assert result == " ".join(result.split())
    assert result.encode().decode() == result


# --- diacritics


@pytest.mark.parametrize(
    ("written", "expected"),
    [("zażółć gęślą jaźń", "zazolc gesla jazn"), ("ŁÓDŹ", "LODZ"), ("plain", "plain"), ("café naïve", "cafe naive"), ("", "")],
)
def test_diacritics_go_as_on_a_keyboard_without_them(written: str, expected: str) -> None:
    assert without_diacritics(written) == expected


@settings(deadline=None)
@given(anything)
def test_removing_diacritics_twice_changes_nothing_more(text: str) -> None:
    once = without_diacritics(text)
    assert without_diacritics(once) == once


# --- alphabets


@pytest.mark.parametrize("sentence", UKRAINIAN)
def test_a_ukrainian_sentence_comes_back_from_latin_letters_but_for_soft_signs_and_short_i(sentence: str) -> None:
    assert cyrillic_from_latin(latin_from_cyrillic(sentence, "uk"), "uk") == after_the_way_through_latin(sentence, "uk")


@pytest.mark.parametrize("sentence", RUSSIAN)
def test_a_russian_sentence_comes_back_from_latin_letters_but_for_signs_and_short_i(sentence: str) -> None:
    assert cyrillic_from_latin(latin_from_cyrillic(sentence, "ru"), "ru") == after_the_way_through_latin(sentence, "ru")


@pytest.mark.parametrize(("language", "sentences"), [("uk", UKRAINIAN), ("ru", RUSSIAN)])
def test_no_cyrillic_letter_is_left_in_latin_typing(language: str, sentences: tuple[str, ...]) -> None:
    assert all(latin_from_cyrillic(sentence, language).isascii() for sentence in sentences)


@pytest.mark.parametrize(
    ("typed", "language", "expected"),
    [
        ("ne khochu zhyty", "uk", "не хочу жити"),
        ("dopomozhit bud laska", "uk", "допоможіт буд ласка"),
        ("shcho robyty", "uk", "що робити"),
        ("scho robyty", "uk", "що робити"),
        ("4oho vony 6ukayut", "uk", "чого вони шукают"),
        ("Vin b'ye mene", "uk", "він бьє мене"),
        ("moyi dity", "uk", "мої діти"),
        ("jak otrymaty", "uk", "як отримати"),
        ("co robyty z umową", "uk", "цо робити з умово"),
        ("ya hochu domoi", "ru", "я хочу домои"),
        ("gde moi den'gi", "ru", "где мои деньги"),
        ("eshchyo raz", "ru", "ещё раз"),
        ("y menya net viz", "ru", "ы меня нет виз"),
    ],
)
def test_latin_typing_is_read_in_its_own_alphabet(typed: str, language: str, expected: str) -> None:
    assert cyrillic_from_latin(typed, language) == expected


@settings(deadline=None)
@given(st.text(st.sampled_from("абвгґдеєжзиіїйклмнопрстуфхцчшщьюяыэёъў ,.?")), st.sampled_from(["uk", "ru"]))
def test_cyrillic_is_left_alone_by_the_way_back(text: str, language: str) -> None:
    assert cyrillic_from_latin(text, language) == text


@settings(deadline=None)
@given(st.text(st.characters(max_codepoint=0x24F, categories=["L", "N", "P", "Zs"])), st.sampled_from(["uk", "ru"]))
def test_the_way_back_never_makes_a_text_longer(text: str, language: str) -> None:
    assert len(cyrillic_from_latin(text, language)) <= len(text.lower())


WORDS = {"привіт", "мені", "не", "заплатили", "спасибо", "dzień", "dobry", "hello"}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ghbdsn", "привіт"),
        ("ghbdsn vtys yt pfgkfnbkb", "привіт мені не заплатили"),
        ("vtys yt pfgkfnbkb", "мені не заплатили"),
        ("cgfcb,j", "спасибо"),
        ("руддщ", "hello"),
        ("hello", "hello"),
        ("мені не заплатили", "мені не заплатили"),
        ("xkcd", "xkcd"),
    ],
)
def test_words_of_the_wrong_keyboard_are_brought_back(typed: str, meant: str) -> None:
    assert in_right_layout(typed, WORDS.__contains__) == meant


# --- in one alphabet


@pytest.mark.parametrize(
    "word",
    [
        ("umowa", "умова"),
        ("karta pobytu", "карта побиту", "карта побыту"),
        ("meldunek", "мельдунек"),
        ("zaświadczenie", "заświadczenie", "засвядчене"),
        ("część", "czesc", "чєсць"),
    ],
)
def test_an_office_word_is_the_same_in_each_alphabet(word: tuple[str, ...]) -> None:
    assert len({in_one_alphabet(form) for form in word}) == 1


@given(anything | troublesome)
def test_in_one_alphabet_takes_any_text(text: str) -> None:
    assert not set(in_one_alphabet(normalise(text))) & set("абвгґдеєжзиіїйклмнопрстуфхцчшщьюяыэёъўwgy")
